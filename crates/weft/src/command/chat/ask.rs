//! A message and its answer, with Ctrl-C and a spinner.

use std::{convert::Infallible, future::pending, process};

use clawft_types::{Config, Input, SessionId, ToolDefinition};
use tokio::{
    runtime::{Builder, Runtime},
    signal::ctrl_c,
};
use weft_agent::{Agent, Answer, ConfigFile, Delta, Error, Stop};

use super::{ending::Answering, screen::Screen};
use crate::command::{exit::Exit, terminal};

/// A conversation in one session with one configuration.
pub(super) struct Conversation {
    pub(super) agent: Agent,
    runtime: Runtime,
    pub(super) file: ConfigFile,
    /// The configuration, with the options of the command line applied.
    pub(super) config: Config,
    /// The session in which the turns are stored.
    pub(super) session: SessionId,
    /// Whether the user wants to see the model's reasoning.
    pub(super) reasoning: bool,
    /// The terminal.
    pub(super) screen: Screen,
}

/// The result of a message.
pub(super) struct AskResult {
    pub(super) answer: Answer,
    /// Whether the user pressed Ctrl-C meanwhile.
    pub(super) stopped: bool,
}

impl Conversation {
    /// Returns a conversation. Nothing is sent or read yet.
    ///
    /// # Errors
    /// If the system refuses the resources to wait for sockets and signals.
    pub(super) fn new(
        agent: Agent,
        file: ConfigFile,
        config: Config,
        session: SessionId,
        reasoning: bool,
        screen: Screen,
    ) -> Result<Self, Error> {
        // One thread is enough for one conversation.
        let runtime = Builder::new_current_thread().enable_all().build();
        let runtime =
            runtime.map_err(|error| Error::other(format!("cannot wait for the network: {error}")))?;
        Ok(Self {
            agent,
            runtime,
            file,
            config,
            session,
            reasoning,
            screen,
        })
    }

    /// Asks the model `name` from now on, or `PROVIDER/MODEL` of another configured provider.
    ///
    /// # Errors
    /// As [`ConfigFile::agent_with`].
    pub(super) fn use_model(&mut self, name: &str) -> Result<(), Error> {
        let other = self.file.agent_with(name)?;
        self.config.agents.model = other.agents.model;
        self.config.provider = other.provider;
        Ok(())
    }

    /// Answers the `input`. The first Ctrl-C ends the answer, the second one the
    /// process.
    ///
    /// # Errors
    /// As [`Agent::answer`].
    pub(super) fn ask(
        &self,
        input: Input,
        show: &mut (dyn FnMut(Delta<'_>) + Send),
    ) -> Result<AskResult, Error> {
        let stop = Stop::new();
        terminal::set_interrupted(false);
        let answering = Answering::begin(&stop);
        self.screen.wait(&self.config.agents.model);
        let shows_reasoning = self.reasoning;
        let mut show = |delta: Delta<'_>| {
            if shows_reasoning || matches!(delta, Delta::Text(_)) {
                show(delta);
            }
        };
        let work = self
            .agent
            .answer(&self.config, self.session.clone(), input, &stop, &mut show);
        let answer = self.runtime.block_on(interruptible(work, &stop, &self.screen));
        self.screen.rest();
        drop(answering);
        Ok(AskResult {
            answer: answer?,
            stopped: stop.is_stopped(),
        })
    }

    /// Returns the tools that the model is offered, and prints warnings about them.
    pub(super) fn tools(&self) -> Vec<ToolDefinition> {
        let (tools, warnings) = self.runtime.block_on(self.agent.offered(&Stop::new()));
        terminal::warn(&warnings);
        tools
    }

    /// Ends the programs of tools, and abandons work that still waits, for example for a resolver that does not
    /// answer.
    pub(super) fn end(self) {
        self.runtime.block_on(self.agent.close());
        self.runtime.shutdown_background();
    }
}

/// Runs `work`, and stops it at Ctrl-C. Ctrl-Z suspends the process.
async fn interruptible<T>(work: impl Future<Output = T>, stop: &Stop, screen: &Screen) -> T {
    let interrupts = stop_at_interrupts(stop);
    tokio::pin!(work, interrupts);
    let mut resumes = Resumes::watch();
    loop {
        tokio::select! {
            done = &mut work => return done,
            never = &mut interrupts => match never {},
            () = resumes.next() => screen.resume(),
        }
    }
}

/// Stops the work at the first Ctrl-C, and ends the process at the second. It has to be polled from the beginning to
/// the end of the work: a Ctrl-C that comes while nobody waits for one is lost.
async fn stop_at_interrupts(stop: &Stop) -> Infallible {
    while ctrl_c().await.is_ok() {
        if stop.is_stopped() {
            terminal::restore();
            process::exit(Exit::Interrupted as i32)
        }
        terminal::set_interrupted(true);
        stop.stop();
    }
    // The system does not report signals.
    pending().await
}

/// The times at which the process goes on after it was suspended.
#[cfg(unix)]
struct Resumes(Option<tokio::signal::unix::Signal>);

#[cfg(unix)]
impl Resumes {
    fn watch() -> Resumes {
        use tokio::signal::unix::{SignalKind, signal};
        Resumes(signal(SignalKind::from_raw(rustix::process::Signal::CONT.as_raw())).ok())
    }

    async fn next(&mut self) {
        let resumed = match &mut self.0 {
            Some(signal) => signal.recv().await,
            None => None,
        };
        if resumed.is_none() {
            pending::<()>().await;
        }
    }
}

/// Other systems suspend no programs at a terminal.
#[cfg(not(unix))]
struct Resumes;

#[cfg(not(unix))]
impl Resumes {
    fn watch() -> Resumes {
        Resumes
    }

    async fn next(&mut self) {
        pending().await
    }
}
