//! Runs the server until the process is told to end, lets running answers complete, and ends within ten
//! seconds in any case.

use std::time::Duration;

use tokio::{
    net::TcpListener,
    time::{Instant, timeout, timeout_at},
};
use tokio_util::sync::CancellationToken;
use weft_agent::Error;

use super::{
    config_warnings,
    log::{self, Line},
    routes, server,
    state::Shared,
    workers::Workers,
};

/// The time that running answers may take to complete.
pub(super) const GRACE: Duration = Duration::from_millis(7000);

/// The time for storing the received parts of stopped answers.
pub(super) const STORING: Duration = Duration::from_millis(1000);

/// The time that clients may take for the last bytes.
pub(super) const FLUSHING: Duration = Duration::from_millis(500);

/// The time for writing files after everything else has ended.
pub(super) const LAST_WRITES: Duration = Duration::from_millis(700);

/// The time for writing the last lines of the log.
pub(super) const LAST_LINES: Duration = Duration::from_millis(200);

/// The exit code after a second signal, as in shells for SIGINT.
const SECOND_SIGNAL: i32 = 130;

/// The signals to the process.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Signal {
    /// SIGTERM, SIGINT, Ctrl-C.
    End,
    /// SIGHUP: reload the configuration.
    Reload,
}

/// Serves on `listener`, with the threads of `workers`, until the first signal to end.
pub(super) async fn run(listener: TcpListener, shared: Shared, workers: Workers, mut signals: Signals) {
    let closing = CancellationToken::new();
    let router = routes::router(shared.clone());
    let mut served = tokio::spawn(server::serve(
        listener,
        router,
        shared.clone(),
        Some(workers),
        closing.clone(),
    ));
    while signals.next().await == Signal::Reload {
        reload(&shared);
    }
    tokio::spawn(end_at_once(signals));
    // Cancelled before the announcement: a client that reads about the shutdown is refused.
    shared.draining.cancel();
    Line::new("stopping")
        .literal("answers", shared.turns.len())
        .write();
    let end = Instant::now() + GRACE;
    drain(&shared, end).await;
    closing.cancel();
    // If there is time left, clients that still send a refused request can read the reason.
    if timeout_at(end.max(Instant::now() + FLUSHING), &mut served)
        .await
        .is_err()
    {
        served.abort();
    }
    // Programs that do not end in time are killed with the process.
    let _ = timeout(FLUSHING, shared.owner.agent.close()).await;
    Line::new("stopped").write();
}

/// Waits for running answers to complete, then for the received parts of the others to be stored. Requests
/// are still accepted meanwhile, so that clients get an answer that sends them elsewhere.
async fn drain(shared: &Shared, end: Instant) {
    shared.turns.close();
    shared.answers.close();
    let all = async || {
        shared.turns.wait().await;
        shared.answers.wait().await;
    };
    if timeout_at(end, all()).await.is_err() {
        Line::new("cancelling")
            .literal("answers", shared.turns.len())
            .write();
        shared.stop.stop();
        let _ = timeout(STORING, all()).await;
    }
}

async fn end_at_once(mut signals: Signals) {
    while signals.next().await == Signal::Reload {}
    Line::new("stopped").text("reason", "a second signal").write();
    log::flush(LAST_LINES);
    std::process::exit(SECOND_SIGNAL);
}

fn reload(shared: &Shared) {
    match shared.reload() {
        Ok(file) => {
            Line::new("reloaded")
                .text("model", &shared.config().agents.model)
                .write();
            config_warnings::write(shared, &file);
        }
        Err(error) => log::warn(&format!("the configuration is not read again: {error}")),
    }
}

/// The signals of the process.
pub(super) struct Signals(imp::Signals);

impl Signals {
    /// Takes over the signals, which would otherwise end the process.
    ///
    /// # Errors
    /// If the system refuses.
    pub(super) fn new() -> Result<Signals, Error> {
        let failed = |error| Error::other(format!("could not listen for signals: {error}"));
        imp::Signals::new().map(Signals).map_err(failed)
    }

    async fn next(&mut self) -> Signal {
        self.0.next().await
    }
}

#[cfg(unix)]
mod imp {
    use std::io;

    use tokio::signal::unix::{self, SignalKind, signal};

    use super::Signal;

    pub(super) struct Signals {
        terminate: unix::Signal,
        interrupt: unix::Signal,
        hang_up: unix::Signal,
    }

    impl Signals {
        pub(super) fn new() -> io::Result<Signals> {
            Ok(Signals {
                terminate: signal(SignalKind::terminate())?,
                interrupt: signal(SignalKind::interrupt())?,
                hang_up: signal(SignalKind::hangup())?,
            })
        }

        pub(super) async fn next(&mut self) -> Signal {
            tokio::select! {
                _ = self.terminate.recv() => Signal::End,
                _ = self.interrupt.recv() => Signal::End,
                _ = self.hang_up.recv() => Signal::Reload,
            }
        }
    }
}

#[cfg(not(unix))]
mod imp {
    use std::io;

    use super::Signal;

    pub(super) struct Signals;

    impl Signals {
        pub(super) fn new() -> io::Result<Signals> {
            Ok(Signals)
        }

        pub(super) async fn next(&mut self) -> Signal {
            // If Ctrl-C cannot be awaited, it ends the process as usual.
            if tokio::signal::ctrl_c().await.is_err() {
                std::future::pending::<()>().await;
            }
            Signal::End
        }
    }
}
