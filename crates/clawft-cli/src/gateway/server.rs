//! Connections: taken, served, closed, each with bounds on what it may take.
//!
//! ```text
//! listener ─→ connections: is there room? ─→ io: writes in time ─→ hyper ─→ door ─→ the routes
//! ```

mod activity;
mod canned;
mod connections;
mod door;
mod io;

pub(super) use connections::Bounds;
#[cfg(test)]
pub(super) use io::{LINGER_BYTES, LINGER_PAUSE, LINGER_TIME, WRITE_TIME};

use super::api_error::ApiError;
use super::log;
use super::metrics::Metrics;
use super::state::Shared;
use axum::Router;
use axum::http::StatusCode;
use connections::{Connections, Place};
use door::Door;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use io::{Guarded, Stream};
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// How long a request's head may take to come, and how long a connection may stay without one.
pub(super) const HEAD_TIME: Duration = Duration::from_secs(15);

/// The most bytes that a request's head may have.
pub(super) const HEAD_BYTES: usize = 16 * 1024;

/// The most bytes that are kept of what has come and was not looked at yet.
const BUFFER: usize = 64 * 1024;

/// How long to wait before the next connection is taken where one could not be: most likely there are too many files open.
const BREATH: Duration = Duration::from_millis(100);

/// How many of those for whom there is no room are told so at the same time. Others are cut.
const REFUSALS: usize = 64;

/// How long that may take.
const REFUSAL_TIME: Duration = Duration::from_secs(1);

/// The seconds after which one who found no room may try again.
const FULL_SECONDS: u64 = 1;

/// How many files are open beside connections and those of answers in the making.
const OTHER_FILES: usize = 64;

/// Takes connections and answers them by `router` until `closing`, then ends each after the answer it is at.
pub(super) async fn serve(listener: TcpListener, router: Router, shared: Shared, closing: CancellationToken) {
    let server = Server {
        connections: Connections::new(bounds(&shared)),
        refusals: Arc::new(Semaphore::new(REFUSALS)),
        tasks: TaskTracker::new(),
        router,
        shared,
        closing,
    };
    while let Some((stream, address)) = server.accept(&listener).await {
        server.welcome(stream, address);
    }
    drop(listener);
    server.tasks.close();
    server.tasks.wait().await;
}

/// How many connections there may be: as the settings say, but no more than the system allows this process to have beside its
/// other files.
fn bounds(shared: &Shared) -> Bounds {
    let Bounds { total, per_address } = shared.settings.bounds();
    let room = file_limit().map(|limit| {
        let answers = (shared.settings.max_concurrent as usize).min(limit / 3);
        limit.saturating_sub(answers).saturating_sub(OTHER_FILES).max(1)
    });
    let total_allowed = room.map_or(total, |room| total.min(room));
    if total_allowed < total {
        log::warn(&format!(
            "the system allows this process too few open files for {total} connections, there will be at most {total_allowed}"
        ));
    }
    Bounds { total: total_allowed, per_address: per_address.min(total_allowed) }
}

/// What takes connections.
struct Server {
    connections: Arc<Connections>,
    refusals: Arc<Semaphore>,
    tasks: TaskTracker,
    router: Router,
    shared: Shared,
    closing: CancellationToken,
}

impl Server {
    fn metrics(&self) -> &Metrics {
        &self.shared.metrics
    }

    /// Returns the next connection; `None` when there shall be no more.
    async fn accept(&self, listener: &TcpListener) -> Option<(TcpStream, SocketAddr)> {
        loop {
            let accepted = tokio::select! {
                biased;
                () = self.closing.cancelled() => return None,
                accepted = listener.accept() => accepted,
            };
            match accepted {
                Ok(accepted) => return Some(accepted),
                Err(error) => {
                    log::warn(&format!("could not take a connection: {error}"));
                    if self.connections.evict() {
                        self.metrics().cut("evicted");
                    }
                    tokio::time::sleep(BREATH).await;
                }
            }
        }
    }

    /// Finds room for a connection and has it served, or refuses it.
    fn welcome(&self, stream: TcpStream, address: SocketAddr) {
        // A piece of an answer leaves at once, however small. Where that cannot be set, it is only slower.
        let _ = stream.set_nodelay(true);
        let admitted = self.connections.admit(address.ip());
        if admitted.evicted {
            self.metrics().cut("evicted");
        }
        match admitted.place {
            Some(place) => self.serve(stream, place),
            None => self.refuse(stream),
        }
    }

    fn serve(&self, stream: TcpStream, place: Place) {
        let (router, shared, closing) = (self.router.clone(), self.shared.clone(), self.closing.clone());
        let connected = shared.metrics.connected();
        self.tasks.spawn(async move {
            let draining = shared.draining.clone();
            converse(stream, router, &place, &draining, &closing).await;
            if place.activity.is_stalled() {
                shared.metrics.cut("stalled");
            }
            drop((place, connected));
        });
    }

    /// Tells the client that there is no room, if it listens.
    fn refuse(&self, mut stream: TcpStream) {
        self.metrics().rejected("connections");
        let Ok(permit) = Arc::clone(&self.refusals).try_acquire_owned() else { return stream.forget() };
        self.tasks.spawn(async move {
            let _ = timeout(REFUSAL_TIME, tell_full(&mut stream)).await;
            drop(permit);
        });
    }
}

async fn tell_full(stream: &mut TcpStream) -> std::io::Result<()> {
    let message = "there are too many connections (`gateway.max_connections`), try again later";
    let error = ApiError::new(StatusCode::SERVICE_UNAVAILABLE, "too_many_connections", message);
    stream.write_all(&canned::response(error.retry_after(FULL_SECONDS))).await?;
    stream.shutdown().await?;
    let mut request = [0; 4096];
    while stream.read(&mut request).await? > 0 {}
    Ok(())
}

/// Answers the requests of one connection until it is over or has to go. When `closing`, the answer it is at is the last.
async fn converse(
    stream: impl Stream,
    router: Router,
    place: &Place,
    draining: &CancellationToken,
    closing: &CancellationToken,
) {
    let door = Door::new(router, Arc::clone(&place.activity), draining.clone());
    let guarded = TokioIo::new(Guarded::new(stream, Arc::clone(&place.activity)));
    let mut builder = http1::Builder::new();
    builder
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD_TIME)
        .max_header_size(HEAD_BYTES)
        .max_buf_size(BUFFER);
    let mut connection = pin!(builder.serve_connection(guarded, door));
    // That a client broke off, or sent something else than HTTP, is its own affair.
    tokio::select! {
        biased;
        () = place.cut.cancelled() => return,
        _ = connection.as_mut() => return,
        () = closing.cancelled() => {}
    }
    connection.as_mut().graceful_shutdown();
    tokio::select! {
        biased;
        () = place.cut.cancelled() => {}
        _ = connection => {}
    }
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

/// Returns how many files this process may have open, if that is limited.
fn file_limit() -> Option<usize> {
    #[cfg(unix)]
    {
        use rustix::process::{Resource, getrlimit};
        getrlimit(Resource::Nofile).current.map(|limit| usize::try_from(limit).unwrap_or(usize::MAX))
    }
    #[cfg(not(unix))]
    None
}

#[cfg(test)]
mod tests;
