//! The HTTP server, a plugin of the runtime.
//!
//! The runtime's own server waits until the component has returned before it delivers the response, so a response that
//! is written while it arrives from elsewhere never starts. This one delivers it as soon as the component has set it.

use std::{collections::HashSet, net::{self, SocketAddr}};

use anyhow::{Context as _, Result};
use hyper::{Request, Response, body::Incoming, server::conn::http1, service::service_fn};
use tokio::{net::{TcpListener, TcpStream}, sync::oneshot};
use wash_runtime::{engine::{ctx::Ctx, workload::ResolvedWorkload}, plugin::HostPlugin, wit::{WitInterface, WitWorld}};
use wasmtime_wasi_http::{WasiHttpView as _, bindings::{ProxyPre, http::types::Scheme}, body::HyperOutgoingBody, io::TokioIo};

/// The interface that components export.
pub(crate) const INTERFACE: &str = "wasi:http/incoming-handler";

/// The server. Its clients wait until there is a component.
pub(crate) struct Server {
    listener: net::TcpListener,
}

impl Server {
    /// Returns a server that listens on `address`: nobody else can take it while the component is compiled.
    pub(crate) fn listen(address: SocketAddr) -> Result<Self> {
        let listener = net::TcpListener::bind(address).context("could not listen")?;
        listener.set_nonblocking(true)?;
        Ok(Self { listener })
    }
}

#[async_trait::async_trait]
impl HostPlugin for Server {
    fn id(&self) -> &'static str {
        "http-server"
    }

    fn world(&self) -> WitWorld {
        let interface = WitInterface::from("wasi:http/incoming-handler,outgoing-handler");
        WitWorld {
            imports: HashSet::from([interface]),
            ..WitWorld::default()
        }
    }

    async fn on_workload_resolved(&self, workload: &ResolvedWorkload, component: &str) -> Result<()> {
        let handler = Handler {
            workload: workload.clone(),
            component: component.to_owned(),
            proxy: ProxyPre::new(workload.instantiate_pre(component).await?)?,
        };
        let listener = TcpListener::from_std(self.listener.try_clone()?)?;
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                tokio::spawn(connection(client, handler.clone()));
            }
        });
        Ok(())
    }
}

async fn connection(client: TcpStream, handler: Handler) {
    let service = service_fn(|request| handler.respond(request));
    let served = http1::Builder::new().serve_connection(TokioIo::new(client), service);
    if let Err(error) = served.await {
        eprintln!("wash-host: a connection broke: {error}");
    }
}

/// The component, ready to be instantiated for each request.
#[derive(Clone)]
struct Handler {
    workload: ResolvedWorkload,
    component: String,
    proxy: ProxyPre<Ctx>,
}

impl Handler {
    async fn respond(&self, request: Request<Incoming>) -> Result<Response<HyperOutgoingBody>> {
        let mut store = self.workload.new_store(&self.component).await?;
        let (sender, receiver) = oneshot::channel();
        let request = store.data_mut().new_incoming_request(Scheme::Http, request)?;
        let out = store.data_mut().new_response_outparam(sender)?;
        let proxy = self.proxy.clone();
        // It goes on beside the response, whose body it writes.
        tokio::spawn(async move {
            let handle = async {
                let proxy = proxy.instantiate_async(&mut store).await?;
                let handler = proxy.wasi_http_incoming_handler();
                handler.call_handle(&mut store, request, out).await
            };
            if let Err(error) = handle.await {
                eprintln!("wash-host: the component failed: {error:?}");
            }
        });
        let response = receiver.await.context("the component set no response")?;
        Ok(response?)
    }
}
