//! The component as an HTTP server, for WASI 0.2 or 0.3.
//!
//! An instance for WASI 0.2 answers one request; one for WASI 0.3 answers several at once, as in `wasmtime serve`.

use std::{
    env,
    future::pending,
    pin::Pin,
    process::ExitCode,
    task::{Context, Poll},
    time::{Duration, Instant},
};

use http_body_util::BodyExt as _;
use hyper::{Request, Response, body::Incoming, server::conn::http1, service::service_fn};
use tokio::{
    net::{TcpListener, TcpStream},
    runtime::Runtime,
    time::{Sleep, sleep},
};
use wasmtime::{
    Engine, Result, Store, StoreContextMut,
    component::{Component, GuestTaskId, Linker, ResourceTable},
    error::Context as _,
};
use wasmtime_wasi::{WasiCtx, WasiCtxView, WasiView};
use wasmtime_wasi_http::{
    Error, WasiBody, WasiHttpCtx, WasiHttpCtxView, WasiHttpView,
    handler::{
        HandlerState, Instance, ProxyHandler, ProxyPre, ShouldAccept, WorkerExpiration, WorkerState,
        WorkerStatus,
    },
    io::TokioIo,
    p2, p3,
};

use crate::options::Served;

/// The time after which an instance without requests is dropped.
const IDLE: Duration = Duration::from_secs(1);

/// The requests that an instance for WASI 0.3 answers at once, and in all.
const CONCURRENT: usize = 16;
const REUSE: usize = 128;

/// Serves the component until this process is killed.
pub(crate) fn serve(options: &Served) -> Result<ExitCode> {
    let handler = ProxyHandler::new(Embedded::load(options)?);
    let runtime = Runtime::new().context("could not start the runtime")?;
    runtime.block_on(async {
        let listener = TcpListener::bind(options.address).await;
        let listener = listener.context("could not listen")?;
        loop {
            let (client, _) = listener.accept().await.context("could not accept a connection")?;
            tokio::spawn(connection(client, handler.clone()));
        }
    })
}

async fn connection(client: TcpStream, handler: ProxyHandler<Embedded>) {
    let service = service_fn(|request| respond(&handler, request));
    let served = http1::Builder::new().serve_connection(TokioIo::new(client), service);
    if let Err(error) = served.await {
        eprintln!("test-host: a connection broke: {error}");
    }
}

async fn respond(handler: &ProxyHandler<Embedded>, request: Request<Incoming>) -> Result<Response<WasiBody>> {
    let request = request.map(|body| body.map_err(Error::from).boxed_unsync());
    handler.handle((), request).await
}

/// The component, ready to be instantiated.
struct Embedded {
    engine: Engine,
    proxy: ProxyPre<State>,
    variables: Vec<(String, String)>,
}

impl Embedded {
    fn load(options: &Served) -> Result<Self> {
        let value = |name: &String| {
            let value = env::var(name).with_context(|| format!("could not read the variable `{name}`"))?;
            Ok((name.clone(), value))
        };
        let variables = options.variables.iter().map(value).collect::<Result<_>>()?;
        let engine = Engine::default();
        let mut linker = Linker::new(&engine);
        wasmtime_wasi::p2::add_to_linker_async(&mut linker)?;
        p2::add_only_http_to_linker_async(&mut linker)?;
        wasmtime_wasi::p3::add_to_linker(&mut linker)?;
        p3::add_to_linker(&mut linker)?;
        // SAFETY: `compile` wrote the file, in a directory that the tests made for themselves.
        let component = unsafe { Component::deserialize_file(&engine, &options.compiled)? };
        let instance = linker.instantiate_pre(&component)?;
        let proxy = match p3::bindings::ServicePre::new(instance.clone()) {
            Ok(service) => ProxyPre::P3(service),
            Err(_) => ProxyPre::P2(p2::bindings::ProxyPre::new(instance)?),
        };
        Ok(Self {
            engine,
            proxy,
            variables,
        })
    }
}

impl HandlerState for Embedded {
    type StoreData = State;
    type WorkerExpiration = Expiration;
    type WorkerState = Limits;

    async fn instantiate(&self) -> Result<Instance<State, Expiration, Limits>> {
        let state = State {
            wasi: WasiCtx::builder().inherit_stderr().envs(&self.variables).build(),
            http: WasiHttpCtx::new(),
            table: ResourceTable::new(),
        };
        let mut store = Store::new(&self.engine, state);
        let proxy = self.proxy.instantiate_async(&mut store).await?;
        let (concurrent, reuse) = match &self.proxy {
            ProxyPre::P2(_) => (1, 1),
            ProxyPre::P3(_) => (CONCURRENT, REUSE),
        };
        Ok(Instance {
            store,
            proxy,
            view: WasiHttpView::http,
            expiration: Expiration(Box::pin(sleep(IDLE))),
            state: Limits { concurrent, reuse },
        })
    }
}

/// The host's state for one instance.
struct State {
    wasi: WasiCtx,
    http: WasiHttpCtx,
    table: ResourceTable,
}

impl WasiView for State {
    fn ctx(&mut self) -> WasiCtxView<'_> {
        WasiCtxView {
            ctx: &mut self.wasi,
            table: &mut self.table,
        }
    }
}

impl WasiHttpView for State {
    fn http(&mut self) -> WasiHttpCtxView<'_> {
        WasiHttpCtxView {
            ctx: &mut self.http,
            table: &mut self.table,
            hooks: wasmtime_wasi_http::default_hooks(),
        }
    }
}

/// The end of an instance: some time after its last request.
struct Expiration(Pin<Box<Sleep>>);

impl WorkerExpiration for Expiration {
    fn poll(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        status: WorkerStatus,
        start: Instant,
    ) -> Poll<()> {
        if status != WorkerStatus::Idle {
            return Poll::Pending;
        }
        self.0.as_mut().reset((start + IDLE).into());
        self.0.as_mut().poll(context)
    }
}

/// The requests of an instance.
struct Limits {
    concurrent: usize,
    reuse: usize,
}

impl WorkerState for Limits {
    type StoreData = State;
    type RequestData = ();

    fn should_accept_request(&self, concurrent: usize, total: usize) -> ShouldAccept {
        if total >= self.reuse {
            ShouldAccept::Never
        } else if concurrent >= self.concurrent {
            ShouldAccept::No
        } else {
            ShouldAccept::Yes
        }
    }

    fn on_request_start(
        &self,
        _: StoreContextMut<'_, State>,
        (): (),
        _: GuestTaskId,
    ) -> Pin<Box<dyn Future<Output = ()> + 'static + Send + Sync>> {
        Box::pin(pending())
    }

    fn drop(&self, store: Store<State>, result: Result<()>) {
        if let Err(error) = result {
            eprintln!("test-host: an instance failed: {error:?}");
        }
        drop(store);
    }
}
