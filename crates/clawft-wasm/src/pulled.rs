//! Turns that a host pulls event by event: the implementation of the interface `turns` in `wit/world.wit`.
//!
//! The types here are those of the interface; [`Pulled`] is its resource. So the turns are tested natively.

mod failure;

use clawft_types::text::number;
pub use failure::{Failure, Kind};

use std::collections::VecDeque;

use clawft_core::Reply;
use clawft_store::{StoreError, clock::Stopwatch};
use clawft_tools::toolbox::line;
use clawft_types::{
    Session, SessionId, SessionIdError, ToolCall, ToolDefinition, Usage, join,
    json::{self, Node},
};

use crate::{
    agent_turn::Report,
    driver::{self, Driver},
    platform::{self, WasmPlatform},
};

/// The error message for a turn that the host has ended.
const CANCELLED: &str = "the host cancelled the turn";

/// Everything that a turn begins with.
#[derive(Default)]
pub struct Options {
    /// The user's message: plain text or `{"role":"user","content":"…"}`.
    pub message: String,
    /// The name of the session; without one `default`.
    pub session: Option<String>,
    /// The configuration as JSON; without one the file is read.
    pub configuration: Option<String>,
    /// Whether the text is returned while it arrives; without one as configured.
    pub streamed: Option<bool>,
    /// The tools of the host.
    pub tools: Vec<ToolDefinition>,
}

/// An event of a turn.
#[derive(Debug, PartialEq, Eq)]
pub enum Output {
    /// The next part of the answer.
    Text(String),
    /// The next part of the model's reasoning.
    Reasoning(String),
    /// A call to perform: see [`Pulled::answer`].
    Call(ToolCall),
    /// Something that the user may want to know.
    Notice(String),
    /// Something that the user should know.
    Warning(String),
    /// The turn is over.
    End(Box<End>),
}

/// The way an answer ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Finish {
    /// As the provider or the turn ended it.
    By(clawft_types::Finish),
    /// The host called [`Pulled::cancel`].
    Cancelled,
}

/// The end of a turn.
#[derive(Debug, PartialEq, Eq)]
pub struct End {
    /// The complete answer.
    pub text: String,
    /// The way it ended.
    pub finish: Finish,
    /// The finish reason as the provider sent it.
    pub finish_reason: Option<String>,
    /// The tokens used, if the provider sends their number.
    pub usage: Option<Usage>,
    /// The name of the session.
    pub session: String,
    /// Whether the session holds the turn.
    pub stored: bool,
    /// The reason why a part of the text is missing.
    pub incomplete: Option<String>,
}

/// A turn in progress. Dropping it closes its request.
pub struct Pulled {
    platform: WasmPlatform,
    driver: Driver,
    /// The number of messages in the session before the turn.
    known: usize,
    session: SessionId,
    /// The events that are returned before anything else happens.
    outputs: VecDeque<Output>,
    /// The failure that is returned after the events.
    failure: Option<Failure>,
}

impl Pulled {
    /// Begins a turn with the files and the environment of `platform`. Nothing is sent yet.
    ///
    /// # Errors
    /// If the options, the configuration or the session cannot be used.
    pub fn begin(mut platform: WasmPlatform, options: Options) -> Result<Self, Failure> {
        check(&options.tools)?;
        let session = match &options.session {
            None => SessionId::default(),
            Some(name) => session(name)?,
        };
        platform.set_configuration(options.configuration);
        platform.set_stream(options.streamed);
        let watch = Stopwatch::start();
        let mut setup = platform.setup(session.clone(), &options.message)?;
        setup.host_tools = options.tools;
        let mut outputs = VecDeque::new();
        if let Some(text) = platform::plain_key(&setup.config.provider) {
            outputs.push_back(Output::Warning(text.to_owned()));
        }
        Ok(Self {
            platform,
            known: setup.session.messages.len(),
            driver: Driver::new(setup, watch),
            session,
            outputs,
            failure: None,
        })
    }

    /// Waits for the next event.
    ///
    /// # Errors
    /// If there is no answer. The turn is then over, unless the error is [`Kind::Invalid`].
    pub fn pull(&mut self) -> Result<Output, Failure> {
        loop {
            if let Some(output) = self.outputs.pop_front() {
                return Ok(output);
            }
            if let Some(failure) = self.failure.take() {
                return Err(failure);
            }
            self.failure = self.advance().err();
        }
    }

    /// Takes the result of the call with this id.
    ///
    /// # Errors
    /// [`Kind::Invalid`] if the host was not asked for this call.
    pub fn answer(&mut self, id: &str, content: String, is_error: bool) -> Result<(), Failure> {
        if self.driver.called() != Some(id) {
            return Err(Failure::invalid(join!("no call `", id, "` waits for an answer")));
        }
        self.driver.answer(content, is_error);
        Ok(())
    }

    /// Closes the request, and stores what has arrived. [`Self::pull`] returns the end.
    pub fn cancel(&mut self) {
        if self.driver.is_over() {
            return;
        }
        let outputs = &mut self.outputs;
        let reply = self.driver.cancel(CANCELLED, &mut |output| add(outputs, output));
        let mut end = match reply {
            Some(reply) => self.end(*reply),
            None => End {
                text: String::new(),
                finish: Finish::Cancelled,
                finish_reason: None,
                usage: self.driver.usage(),
                session: self.session.as_str().to_owned(),
                stored: self.keep_unfinished(),
                incomplete: None,
            },
        };
        end.finish = Finish::Cancelled;
        end.incomplete = Some(CANCELLED.to_owned());
        self.outputs.push_back(Output::End(Box::new(end)));
    }

    /// Performs the next step.
    fn advance(&mut self) -> Result<(), Failure> {
        if let Some(id) = self.driver.called() {
            return Err(Failure::invalid(join!("the call `", id, "` is not answered")));
        }
        if self.driver.is_over() {
            return Err(Failure::invalid("the turn is over".to_owned()));
        }
        let outputs = &mut self.outputs;
        match self.driver.advance(&mut |output| add(outputs, output)) {
            Ok(None) => {}
            Ok(Some(reply)) => {
                let end = self.end(*reply);
                self.outputs.push_back(Output::End(Box::new(end)));
            }
            Err(error) => {
                self.keep_unfinished();
                return Err(error.into());
            }
        }
        Ok(())
    }

    /// Stores the answer and returns the end of the turn; what is to be shown goes to the outputs.
    fn end(&mut self, mut reply: Reply) -> End {
        if !reply.streamed && !reply.text().is_empty() {
            self.outputs.push_back(Output::Text(reply.text().to_owned()));
        }
        if let Some(warning) = reply.warning.take() {
            self.outputs.push_back(Output::Warning(warning));
        }
        End {
            stored: self.keep(&reply.session),
            finish: Finish::By(reply.finish),
            finish_reason: reply.finish_reason.take(),
            usage: reply.usage,
            session: self.session.as_str().to_owned(),
            incomplete: reply.incomplete.take(),
            text: reply.into_text(),
        }
    }

    /// Stores a session, and returns whether that succeeded.
    fn keep(&mut self, session: &Session) -> bool {
        let outputs = &mut self.outputs;
        let mut warn = |text: &str| outputs.push_back(Output::Warning(text.to_owned()));
        self.platform.keep(session, self.known, &mut warn).is_none()
    }

    /// Stores the calls of a turn that has no answer, so that the next turn knows what they have done.
    fn keep_unfinished(&mut self) -> bool {
        match self.driver.take_unfinished() {
            Some(session) => self.keep(&session),
            None => false,
        }
    }
}

/// Adds what has happened to the events.
fn add(outputs: &mut VecDeque<Output>, output: driver::Output<'_>) {
    let output = match output {
        driver::Output::Text(text) => Output::Text(text),
        driver::Output::Reasoning(text) => Output::Reasoning(text),
        driver::Output::Report(Report::Warning(text)) => Output::Warning(text.to_owned()),
        driver::Output::Report(Report::Call(call)) => Output::Notice(line(call)),
        driver::Output::Again(after) => {
            let millis = number(after.as_millis().try_into().unwrap_or(u64::MAX));
            Output::Notice(join!("the request failed and is sent again in ", &millis, " ms"))
        }
        driver::Output::Call(call) => {
            // The host is told about its own call once.
            outputs.pop_back();
            Output::Call(call)
        }
        driver::Output::Pause | driver::Output::Report(Report::Result(..)) => return,
    };
    outputs.push_back(output);
}

/// Returns the names of all sessions.
///
/// # Errors
/// If their directory cannot be read.
pub fn list_sessions(platform: &WasmPlatform) -> Result<Vec<String>, Failure> {
    let ids = platform.sessions().list().map_err(storage)?;
    Ok(ids.iter().map(|id| id.as_str().to_owned()).collect())
}

/// Returns a session as JSON.
///
/// # Errors
/// If it cannot be read.
pub fn export_session(platform: &WasmPlatform, name: &str) -> Result<Option<String>, Failure> {
    let found = platform.sessions().read(&session(name)?);
    let json = found.map_err(storage)?.map(|session| session.to_json());
    // JSON is UTF-8.
    Ok(json.and_then(|json| String::from_utf8(json).ok()))
}

/// Removes a session, and returns whether there was one.
///
/// # Errors
/// If it cannot be removed.
pub fn delete_session(platform: &WasmPlatform, name: &str) -> Result<bool, Failure> {
    let removed = platform.sessions().remove(&session(name)?);
    removed.map_err(storage)
}

/// In one place, because each use would be compiled anew.
#[inline(never)]
fn storage(error: StoreError) -> Failure {
    Failure::new(Kind::Storage, error.message())
}

#[inline(never)]
fn session(name: &str) -> Result<SessionId, Failure> {
    name.parse()
        .map_err(|error: SessionIdError| Failure::invalid(error.message()))
}

/// Checks that each tool has a name of its own that providers accept, and a schema that is a JSON object.
pub(crate) fn check(tools: &[ToolDefinition]) -> Result<(), Failure> {
    let mut rest = tools;
    while let Some((tool, others)) = rest.split_first() {
        rest = others;
        let is_known = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-');
        let fault = if !matches!(tool.name.len(), 1..=64) || !tool.name.bytes().all(is_known) {
            "a tool's name is not 1 to 64 of the characters `A-Z a-z 0-9 _ -`: `"
        } else if others.iter().any(|other| other.name == tool.name) {
            "two tools have the same name: `"
        } else if json::parse(tool.parameters.as_bytes())
            .and_then(|document| Node::root(&document).object())
            .is_err()
        {
            "the parameters of a tool are not a JSON object: `"
        } else {
            continue;
        };
        return Err(Failure::invalid(join!(fault, &tool.name, "`")));
    }
    Ok(())
}

#[cfg(test)]
mod tests;
