//! Connections: taken, served, closed, each with bounds on what it may take.

use super::log;
use axum::Router;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// How long a request's head may take to come, and how long a connection may stay without one.
const HEAD_TIME: Duration = Duration::from_secs(15);

/// The most bytes that a request's head may have.
const HEAD_BYTES: usize = 16 * 1024;

/// The most bytes that are kept of what has come and was not looked at yet.
const BUFFER: usize = 64 * 1024;

/// How many connections there may be beside those on which answers are in the making.
const SPARE_CONNECTIONS: usize = 1024;

/// How long to wait before the next connection is taken where one could not be: most likely there are too many files open.
const BREATH: Duration = Duration::from_millis(100);

/// Takes connections and answers them by `router` until `closing`, then ends each after the answer it is at.
pub(super) async fn serve(
    listener: TcpListener,
    router: Router,
    max_concurrent: usize,
    closing: CancellationToken,
) {
    let room = Arc::new(Semaphore::new(max_concurrent + SPARE_CONNECTIONS));
    let connections = TaskTracker::new();
    while let Some(stream) = accept(&listener, &closing).await {
        let Ok(place) = Arc::clone(&room).acquire_owned().await else { break };
        let connection = converse(stream, router.clone(), closing.clone());
        connections.spawn(async move {
            connection.await;
            drop(place);
        });
    }
    drop(listener);
    connections.close();
    connections.wait().await;
}

/// The next connection; `None` when there shall be no more.
async fn accept(listener: &TcpListener, closing: &CancellationToken) -> Option<TcpStream> {
    loop {
        let accepted = tokio::select! {
            biased;
            () = closing.cancelled() => return None,
            accepted = listener.accept() => accepted,
        };
        match accepted {
            Ok((stream, _)) => return Some(stream),
            Err(error) => {
                log::warn(&format!("could not take a connection: {error}"));
                tokio::time::sleep(BREATH).await;
            }
        }
    }
}

async fn converse(stream: TcpStream, router: Router, closing: CancellationToken) {
    // A piece of an answer leaves at once, however small. Where that cannot be set, it is only slower.
    let _ = stream.set_nodelay(true);
    let mut builder = http1::Builder::new();
    builder
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD_TIME)
        .max_header_size(HEAD_BYTES)
        .max_buf_size(BUFFER);
    let mut connection =
        pin!(builder.serve_connection(TokioIo::new(stream), TowerToHyperService::new(router)));
    // That a client broke off, or sent something else than HTTP, is its own affair.
    tokio::select! {
        _ = connection.as_mut() => return,
        () = closing.cancelled() => {}
    }
    connection.as_mut().graceful_shutdown();
    let _ = connection.await;
}

/// Allows as many open files as the system lets this process have: each answer takes two, and the usual allowance is 1024
/// only for the sake of programs older than `poll`.
pub(super) fn raise_file_limit() {
    #[cfg(unix)]
    {
        use rustix::process::{Resource, getrlimit, setrlimit};
        let mut limit = getrlimit(Resource::Nofile);
        limit.current = limit.maximum;
        // If that is refused, the limit is what it was.
        let _ = setrlimit(Resource::Nofile, limit);
    }
}
