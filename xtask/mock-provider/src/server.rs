//! The server: takes a request, writes it down, answers it as its path says.

use std::{
    collections::HashMap,
    future, io,
    net::{Ipv4Addr, SocketAddr, TcpListener},
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use axum::{
    Router,
    body::{Body, Bytes, to_bytes},
    extract::{Request, State},
    http::{HeaderMap, Response, StatusCode, header, request::Parts},
    response::IntoResponse as _,
};
use serde_json::Value;

use crate::{HUGE_TEXT_BYTES, LARGE_TEXT_BYTES, Received, RequestLog, Scenario, openai, route, wire};

/// The most that a request body may have, in bytes: far above what any test sends.
const MAX_REQUEST_BYTES: usize = 64 << 20;

/// How long [`Scenario::Slow`] thinks.
const SLOW: Duration = Duration::from_secs(1);

/// A server that listens already and answers once it runs.
#[derive(Debug)]
pub struct Server {
    listener: TcpListener,
    address: SocketAddr,
    log: RequestLog,
}

/// What requests share.
#[derive(Debug)]
struct Shared {
    log: RequestLog,
    /// How many requests each path has seen.
    seen: Mutex<HashMap<String, u32>>,
}

impl Server {
    /// Listens on loopback. Port 0 takes any that is free; [`Self::address`] says which.
    ///
    /// # Errors
    ///
    /// The port is taken.
    pub fn bind(port: u16, log: RequestLog) -> io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port))?;
        let address = listener.local_addr()?;
        Ok(Self { listener, address, log })
    }

    /// Where the server listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Answers requests for as long as the process lives.
    ///
    /// # Errors
    ///
    /// The runtime cannot be started.
    pub fn run(self) -> io::Result<()> {
        let shared = Arc::new(Shared { log: self.log, seen: Mutex::default() });
        let router = Router::new().fallback(take).with_state(shared);
        self.listener.set_nonblocking(true)?;
        tokio::runtime::Builder::new_multi_thread().enable_all().worker_threads(2).build()?.block_on(async {
            let listener = tokio::net::TcpListener::from_std(self.listener)?;
            axum::serve(listener, router).await
        })
    }
}

impl Shared {
    /// Counts a request to `path`; 1 is the first.
    fn count(&self, path: &str) -> u32 {
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        let count = seen.entry(path.to_owned()).or_default();
        *count += 1;
        *count
    }
}

async fn take(State(shared): State<Arc<Shared>>, request: Request) -> Response<Body> {
    let (head, body) = request.into_parts();
    let body = match to_bytes(body, MAX_REQUEST_BYTES).await {
        Ok(body) => body,
        Err(error) => return plain(StatusCode::BAD_REQUEST, format!("could not read the body: {error}")),
    };
    if let Err(error) = shared.log.record(&received(&head, &body)) {
        return plain(StatusCode::INTERNAL_SERVER_ERROR, format!("could not write the log: {error}"));
    }
    match route::find(&head.method, head.uri.path()) {
        Ok(scenario) => answer(scenario, &shared, &head, &body).await,
        Err((status, why)) => plain(status, why),
    }
}

async fn answer(scenario: Scenario, shared: &Shared, head: &Parts, body: &Bytes) -> Response<Body> {
    let echo = || echo(&head.headers, body);
    match scenario {
        Scenario::Ok => echo(),
        Scenario::Status(status) => provider_error(status, &head.headers),
        Scenario::Recovers if shared.count(head.uri.path()) == 1 => provider_error(503, &head.headers),
        Scenario::Recovers => echo(),
        Scenario::Slow => {
            tokio::time::sleep(SLOW).await;
            echo()
        }
        Scenario::Silent => future::pending().await,
        Scenario::Stalled => wire::stalled(&good_body()),
        Scenario::Truncated => wire::truncated(&good_body()),
        Scenario::Large => json(StatusCode::OK, &openai::long(LARGE_TEXT_BYTES)),
        Scenario::Huge => json(StatusCode::OK, &openai::long(HUGE_TEXT_BYTES)),
        Scenario::Garbage => typed(StatusCode::OK, "application/json", "<html>502 Bad Gateway</html>".into()),
    }
}

/// The good answer, if the request is good: it carries a key and has the right shape.
fn echo(headers: &HeaderMap, body: &[u8]) -> Response<Body> {
    if bearer(headers).is_none() {
        return provider_error(401, headers);
    }
    match openai::echo(body) {
        Ok(answer) => json(StatusCode::OK, &answer),
        Err(refusal) => json(StatusCode::BAD_REQUEST, &openai::bad_request(&refusal)),
    }
}

fn provider_error(status: u16, headers: &HeaderMap) -> Response<Body> {
    let code = StatusCode::from_u16(status).expect("a scenario's status is in range");
    json(code, &openai::error(status, bearer(headers)))
}

/// The body that the answers which break off would have had.
fn good_body() -> Vec<u8> {
    openai::long(1000).to_string().into_bytes()
}

fn bearer(headers: &HeaderMap) -> Option<&str> {
    headers.get(header::AUTHORIZATION)?.to_str().ok()?.strip_prefix("Bearer ")
}

fn json(status: StatusCode, body: &Value) -> Response<Body> {
    typed(status, "application/json", body.to_string())
}

fn plain(status: StatusCode, text: String) -> Response<Body> {
    typed(status, "text/plain; charset=utf-8", text + "\n")
}

fn typed(status: StatusCode, content_type: &'static str, body: String) -> Response<Body> {
    (status, [(header::CONTENT_TYPE, content_type)], body).into_response()
}

fn received(head: &Parts, body: &[u8]) -> Received {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    Received {
        method: head.method.to_string(),
        path: head.uri.to_string(),
        headers: head
            .headers
            .iter()
            .map(|(name, value)| (name.to_string(), text(value.as_bytes())))
            .collect(),
        body: text(body),
        body_length: body.len(),
    }
}
