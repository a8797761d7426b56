//! The agent: reads the session, sends the request, and stores the answer.

mod drive;

pub use drive::Unanswered;

use std::sync::Arc;

use clawft_store::Sessions;
use clawft_types::{Config, Input, Session, SessionId, ToolDefinition, Usage};

use crate::{
    blocking,
    error::Error,
    home::Home,
    stop::Stop,
    tools::{Tools, User},
    transport,
};

/// A function that receives an answer while it arrives.
pub type Show<'a> = &'a mut (dyn FnMut(Delta<'_>) + Send);

/// The next part of an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Delta<'a> {
    /// Text of the answer.
    Text(&'a str),
    /// Reasoning of the model, which is not part of the answer.
    Reasoning(&'a str),
}

/// An answer of the model.
#[derive(Debug, Clone, Default)]
pub struct Answer {
    /// The complete text. Empty only if it is `curtailed`.
    pub text: String,
    /// The model's reasoning, if the provider sends it.
    pub reasoning: String,
    /// Whether the complete text was shown while it arrived.
    pub shown: bool,
    /// Reason why the answer broke off, as a sentence fragment. `text` is the received part.
    pub incomplete: Option<String>,
    /// Reason why the model stopped, if the provider sends it: `stop`, `length`, …
    pub finish_reason: Option<String>,
    /// Whether the answer ended for another reason than that it was complete, or has no text. `warnings` has
    /// the reason.
    pub curtailed: bool,
    /// Tokens used, if the provider sends them.
    pub usage: Option<Usage>,
    /// Reason why the turn was not stored, as a sentence fragment. `warnings` contains it as well.
    pub unstored: Option<String>,
    /// Warnings for the user as sentence fragments, for example that the answer could not be stored.
    pub warnings: Vec<String>,
}

impl Answer {
    /// Notes that the turn could not be stored because of `error`, with a warning.
    pub fn is_not_stored(&mut self, error: &Error) {
        let cause = error.to_string();
        self.warnings.push(format!("the answer is not stored, {cause}"));
        self.unstored = Some(cause);
    }
}

/// The agent with a home directory and the network. It is cheap to clone; all clones share their connections.
#[derive(Clone)]
pub struct Agent {
    home: Home,
    sessions: Sessions,
    client: reqwest::Client,
    tools: Option<Arc<Tools>>,
}

impl Agent {
    /// Returns the agent for `home`. Reads no file except the one that `SSL_CERT_FILE` names.
    ///
    /// # Errors
    /// If the home's path is not UTF-8, or the certificates or a proxy's address cannot be used.
    pub fn new(home: &Home) -> Result<Agent, Error> {
        Ok(Agent {
            home: home.clone(),
            sessions: home.sessions()?,
            client: transport::client()?,
            tools: None,
        })
    }

    /// Returns the same agent on the sessions and notes of another home directory.
    ///
    /// # Errors
    /// If the home's path is not UTF-8, or the directory cannot be used by the tools.
    pub fn at(&self, home: &Home) -> Result<Agent, Error> {
        Ok(Agent {
            home: home.clone(),
            sessions: home.sessions()?,
            client: self.client.clone(),
            tools: match &self.tools {
                Some(tools) => Some(Arc::new(tools.at(home)?)),
                None => None,
            },
        })
    }

    /// Returns the same agent for another user of its tools.
    #[must_use]
    pub fn for_user(&self, user: Arc<dyn User>) -> Agent {
        let tools = self.tools.as_ref().map(|tools| Arc::new(tools.for_user(user)));
        Agent {
            tools,
            ..self.clone()
        }
    }

    /// Returns the agent with tools that it offers to the model.
    #[must_use]
    pub fn with_tools(self, tools: Option<Tools>) -> Agent {
        Agent {
            tools: tools.map(Arc::new),
            ..self
        }
    }

    /// Ends the programs that the tools have started.
    pub async fn close(&self) {
        if let Some(tools) = &self.tools {
            tools.close().await;
        }
    }

    /// Returns the stored sessions. Blocks: use it in async code under `spawn_blocking`.
    pub fn store(&self) -> &Sessions {
        &self.sessions
    }

    /// Answers `input` in the session `id` and stores both there. If the answer is streamed, `show` receives
    /// its text while it arrives. When `stop` is stopped, the received part is kept as an incomplete answer.
    ///
    /// # Errors
    /// If there is no answer, with [`Fault::Stopped`](crate::Fault::Stopped) if it was stopped before any of
    /// it was shown; the session is then unchanged. An answer that cannot be stored is not an error but a
    /// warning.
    pub async fn answer(
        &self,
        config: &Config,
        id: SessionId,
        input: Input,
        stop: &Stop,
        show: Show<'_>,
    ) -> Result<Answer, Error> {
        let session = self.load(id).await?;
        let known = session.messages.len();
        let (mut answer, session) = match self.continue_session(config, session, input, stop, show).await {
            Ok(done) => done,
            Err(Unanswered { error, session }) => {
                // The next turn has to know what the tools have done.
                if let Some(session) = session {
                    self.keep(*session, known, &mut Vec::new()).await?;
                }
                return Err(error);
            }
        };
        if let Err(error) = self.keep(session, known, &mut answer.warnings).await {
            answer.is_not_stored(&error);
        }
        Ok(answer)
    }

    /// Answers `input` in a session that the caller has read and is going to store. Returns the session with
    /// this turn as well.
    ///
    /// # Errors
    /// As [`Self::answer`], with the session if it has calls of tools that the next turn has to know.
    pub async fn continue_session(
        &self,
        config: &Config,
        session: Session,
        input: Input,
        stop: &Stop,
        show: Show<'_>,
    ) -> Result<(Answer, Session), Unanswered> {
        let (reply, warnings) = self.turn(config, session, input, stop, show).await?;
        let (mut answer, session) = split(reply);
        answer.warnings.splice(..0, warnings);
        Ok((answer, session))
    }

    /// Answers `input` in a conversation that the caller holds. Nothing is stored.
    ///
    /// # Errors
    /// As [`Self::answer`].
    pub async fn converse(
        &self,
        config: &Config,
        session: Session,
        input: Input,
        stop: &Stop,
        show: Show<'_>,
    ) -> Result<Answer, Error> {
        Ok(self.continue_session(config, session, input, stop, show).await?.0)
    }

    /// Returns the tools that the model is offered, and warnings about those that cannot be.
    pub async fn offered(&self, stop: &Stop) -> (Vec<ToolDefinition>, Vec<String>) {
        match &self.tools {
            Some(tools) => tools.offer(stop).await,
            None => Default::default(),
        }
    }

    /// Returns the name of an offered tool that permissions and messages use.
    pub fn shown_name(&self, name: &str) -> String {
        match &self.tools {
            Some(tools) => tools.shown_name(name),
            None => name.to_owned(),
        }
    }

    /// Performs a turn with the tools. Returns warnings about them as well.
    async fn turn(
        &self,
        config: &Config,
        session: Session,
        input: Input,
        stop: &Stop,
        show: Show<'_>,
    ) -> Result<(clawft_core::Reply, Vec<String>), Unanswered> {
        let tools = self.tools.as_deref();
        let (offered, warnings) = self.offered(stop).await;
        let begun = drive::begin(config, session, input, offered).await?;
        let reply = drive::drive(&self.client, begun, tools, stop, show).await?;
        Ok((reply, warnings))
    }

    /// Returns the client of HTTP, for other servers than those of a turn.
    pub fn client(&self) -> &reqwest::Client {
        &self.client
    }

    async fn load(&self, id: SessionId) -> Result<Session, Error> {
        let sessions = self.sessions.clone();
        Ok(blocking::run(move || sessions.load(id)).await??)
    }

    /// Stores the session, and adds warnings for the user to `warnings`.
    async fn keep(&self, session: Session, known: usize, warnings: &mut Vec<String>) -> Result<(), Error> {
        let (home, sessions) = (self.home.clone(), self.sessions.clone());
        let kept = blocking::run(move || {
            let mut warnings = Vec::new();
            let made = home.make();
            let stored = made.and_then(|()| {
                Ok(sessions.store(&session, known, &mut |text| warnings.push(text.to_owned()))?)
            });
            (stored, warnings)
        });
        let (stored, told) = kept.await?;
        warnings.extend(told);
        stored
    }
}

fn split(reply: clawft_core::Reply) -> (Answer, Session) {
    let text = reply.text().to_owned();
    let reasoning = reply.reasoning();
    let clawft_core::Reply {
        session,
        finish_reason,
        usage,
        streamed,
        incomplete,
        warning,
        ..
    } = reply;
    (
        Answer {
            text,
            reasoning,
            shown: streamed,
            incomplete,
            finish_reason,
            usage,
            unstored: None,
            warnings: warning.iter().cloned().collect(),
            curtailed: warning.is_some(),
        },
        session,
    )
}
