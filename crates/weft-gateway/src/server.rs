//! Accepts connections, serves and closes them, within limits of number, time and size.
//!
//! ```text
//! listener ─→ connections: is there room? ─→ timed_stream: writes in time ─→ hyper ─→ service ─→ the routes
//! ```

mod activity;
mod connections;
mod raw_response;
mod service;
mod timed_stream;

pub(super) use service::RequestActivity;
#[cfg(test)]
pub(super) use timed_stream::{LINGER_BYTES, LINGER_PAUSE, LINGER_TIME, WRITE_TIME};

use std::{io, net::SocketAddr, pin::pin, sync::Arc, time::Duration};

use axum::{Router, http::StatusCode};
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
    sync::Semaphore,
    time::timeout,
};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use super::{api_error::ApiError, log, metrics::Metrics, state::Shared, workers::Workers};
use connections::{ConnectionLimits, ConnectionSlot, Connections};
use service::RequestService;
use timed_stream::{TimedStream, Transport};

/// The time for a request's head to arrive, and for a connection without one.
pub(super) const HEAD_TIME: Duration = Duration::from_secs(15);

/// The maximum size of a request's head in bytes.
pub(super) const HEAD_BYTES: usize = 16 * 1024;

/// The maximum number of bytes that are buffered before they are parsed.
const BUFFER: usize = 64 * 1024;

/// The number of bytes that the system takes of an answer before it can send them. By default it takes megabytes:
/// hundreds of answers for each client that sends requests and never reads.
#[cfg(target_os = "linux")]
const UNSENT_BYTES: u32 = 16 * 1024;

/// The pause after a connection could not be accepted, most likely because too many files are open.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// The number of connections that are told at the same time that there is no room. Others are reset.
const REFUSALS: usize = 64;

/// The time for telling a connection that there is no room.
const REFUSAL_TIME: Duration = Duration::from_secs(1);

/// The `Retry-After` of a connection for which there is no room, in seconds.
const FULL_SECONDS: u64 = 1;

/// The time in which a request that was sent before the end is read: its connection may have just come to another
/// event loop, which does not know yet that there is something to read.
const ON_THE_WAY: Duration = Duration::from_millis(50);

/// The number of files that are kept free for other purposes than connections and turns.
const OTHER_FILES: usize = 64;

/// Accepts connections and answers them through `router` until `closing`, then ends each after its current
/// answer. Without `workers`, connections are tasks of the current event loop.
pub(super) async fn serve(
    listener: TcpListener,
    router: Router,
    shared: Shared,
    workers: Option<Workers>,
    closing: CancellationToken,
) {
    let server = Server {
        connections: Connections::new(connection_limits(&shared)),
        refusals: Arc::new(Semaphore::new(REFUSALS)),
        tasks: TaskTracker::new(),
        router,
        shared,
        workers,
        closing,
    };
    while let Some((stream, address)) = server.accept(&listener).await {
        server.admit(stream, address);
    }
    if let Err(error) = server.admit_waiting(listener) {
        log::warn(&format!("could not accept the last connections: {error}"));
    }
    server.tasks.close();
    server.tasks.wait().await;
}

/// Returns the limits of the settings, lowered if the system does not allow enough open files for them.
fn connection_limits(shared: &Shared) -> ConnectionLimits {
    let settings = &shared.settings;
    let total = settings.max_connections as usize;
    let room = file_limit().map(|limit| {
        let answers = (settings.max_concurrent as usize).min(limit / 3);
        limit.saturating_sub(answers).saturating_sub(OTHER_FILES).max(1)
    });
    let total_allowed = room.map_or(total, |room| total.min(room));
    if total_allowed < total {
        log::warn(&format!(
            "the system allows this process too few open files for {total} connections, there will be at most {total_allowed}"
        ));
    }
    ConnectionLimits {
        total: total_allowed,
        per_address: (settings.max_connections_per_address as usize).min(total_allowed),
    }
}

/// The state of the server.
struct Server {
    connections: Arc<Connections>,
    refusals: Arc<Semaphore>,
    tasks: TaskTracker,
    router: Router,
    shared: Shared,
    workers: Option<Workers>,
    closing: CancellationToken,
}

impl Server {
    fn metrics(&self) -> &Metrics {
        &self.shared.metrics
    }

    /// Returns the next connection; `None` when no more are accepted.
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
                    log::warn(&format!("could not accept a connection: {error}"));
                    if self.connections.evict() {
                        self.metrics().cut("evicted");
                    }
                    tokio::time::sleep(ACCEPT_PAUSE).await;
                }
            }
        }
    }

    /// Serves the connections that wait to be accepted, and closes `listener`. Without this the system would reset
    /// them, and a proxy could not know whether their requests were carried out.
    fn admit_waiting(&self, listener: TcpListener) -> io::Result<()> {
        let listener = listener.into_std()?;
        loop {
            match listener.accept() {
                Ok((stream, address)) => {
                    stream.set_nonblocking(true)?;
                    self.admit(TcpStream::from_std(stream)?, address);
                }
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(()),
                // A client that gave up while it waited is no reason to reset the others.
                Err(error) if error.kind() == io::ErrorKind::ConnectionAborted => {}
                Err(error) => return Err(error),
            }
        }
    }

    /// Serves a connection, or refuses it if there is no room.
    fn admit(&self, stream: TcpStream, address: SocketAddr) {
        // Sends each part of an answer immediately, however small. Without this option it is only slower.
        let _ = stream.set_nodelay(true);
        limit_unsent(&stream);
        let admission = self.connections.admit(address.ip());
        if admission.evicted {
            self.metrics().cut("evicted");
        }
        match admission.slot {
            Some(slot) => self.serve(stream, slot),
            None => self.refuse(stream),
        }
    }

    fn serve(&self, stream: TcpStream, slot: ConnectionSlot) {
        let (router, shared, closing) = (self.router.clone(), self.shared.clone(), self.closing.clone());
        let connected = shared.metrics.connected();
        let serve = async move |stream: TcpStream| {
            let draining = shared.draining.clone();
            converse(stream, router, &slot, &draining, &closing).await;
            if slot.activity.is_stalled() {
                shared.metrics.cut("stalled");
            }
            drop((slot, connected));
        };
        let Some(worker) = self.workers.as_ref().and_then(Workers::next) else {
            self.tasks.spawn(serve(stream));
            return;
        };
        // The connection moves to the other event loop.
        let stream = stream.into_std();
        let moved = async move {
            if let Ok(stream) = stream.and_then(TcpStream::from_std) {
                serve(stream).await;
            }
        };
        self.tasks.spawn_on(moved, worker);
    }

    /// Tells the client that there is no room.
    fn refuse(&self, mut stream: TcpStream) {
        self.metrics().rejected("connections");
        let Ok(permit) = Arc::clone(&self.refusals).try_acquire_owned() else {
            return stream.reset_on_drop();
        };
        self.tasks.spawn(async move {
            let _ = timeout(REFUSAL_TIME, tell_full(&mut stream)).await;
            drop(permit);
        });
    }
}

/// Limits the bytes that the system keeps for a client that does not read. Bytes on their way do not count, so answers
/// arrive as fast as without a limit.
fn limit_unsent(stream: &TcpStream) {
    // Without this option it is only more work.
    #[cfg(target_os = "linux")]
    let _ = socket2::SockRef::from(stream).set_tcp_notsent_lowat(UNSENT_BYTES);
    #[cfg(not(target_os = "linux"))]
    let _ = stream;
}

async fn tell_full(stream: &mut TcpStream) -> io::Result<()> {
    let message = "there are too many connections (`gateway.max_connections`), try again later";
    let error = ApiError::new(StatusCode::SERVICE_UNAVAILABLE, "too_many_connections", message);
    stream
        .write_all(&raw_response::serialize(error.retry_after(FULL_SECONDS)))
        .await?;
    stream.shutdown().await?;
    let mut request = [0; 4096];
    while stream.read(&mut request).await? > 0 {}
    Ok(())
}

/// Answers the requests of one connection until it is closed or evicted. If `closing`, the current answer is
/// the last.
async fn converse(
    stream: impl Transport,
    router: Router,
    slot: &ConnectionSlot,
    draining: &CancellationToken,
    closing: &CancellationToken,
) {
    let service = RequestService::new(router, Arc::clone(&slot.activity), draining.clone());
    let stream = TokioIo::new(TimedStream::new(stream, Arc::clone(&slot.activity)));
    let mut builder = http1::Builder::new();
    builder
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD_TIME)
        .max_header_size(HEAD_BYTES)
        .max_buf_size(BUFFER);
    let mut connection = pin!(builder.serve_connection(stream, service));
    // Errors of the client, such as a closed connection or bytes that are not HTTP, are ignored.
    tokio::select! {
        biased;
        () = slot.cut.cancelled() => return,
        _ = connection.as_mut() => return,
        () = closing.cancelled() => {}
    }
    if !slot.activity.is_answering() {
        tokio::select! {
            biased;
            () = slot.cut.cancelled() => return,
            ended = timeout(ON_THE_WAY, connection.as_mut()) => if ended.is_ok() {
                return;
            },
        }
    }
    connection.as_mut().graceful_shutdown();
    tokio::select! {
        biased;
        () = slot.cut.cancelled() => {}
        _ = connection => {}
    }
}

/// Raises the number of open files to the system's limit: each answer takes two, and the usual limit of 1024
/// only serves programs older than `poll`.
pub(super) fn raise_file_limit() {
    #[cfg(unix)]
    {
        use rustix::process::{Resource, getrlimit, setrlimit};
        let mut limit = getrlimit(Resource::Nofile);
        limit.current = limit.maximum;
        // If this fails, the limit stays as it was.
        let _ = setrlimit(Resource::Nofile, limit);
    }
}

/// Returns the number of files that this process may have open, if it is limited.
fn file_limit() -> Option<usize> {
    #[cfg(unix)]
    {
        use rustix::process::{Resource, getrlimit};
        getrlimit(Resource::Nofile)
            .current
            .map(|limit| usize::try_from(limit).unwrap_or(usize::MAX))
    }
    #[cfg(not(unix))]
    None
}

#[cfg(test)]
mod tests;
