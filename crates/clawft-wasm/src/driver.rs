//! A turn on this host's HTTP and clock, step by step, for the command and for hosts that pull events.

use std::{mem, time::Duration};

use clawft_core::{Clock, Event, HttpRequest, Reply, TransportError};
use clawft_store::clock::{self, Stopwatch};
use clawft_types::{Session, ToolCall, Usage};

use crate::{
    agent_turn::{AgentTurn, Next, Report, Setup},
    error::Error,
    http::{Exchange, HttpError, Part},
    transport::{send, transport_error},
};

/// Something that happens in a turn.
#[derive(Debug)]
pub(crate) enum Output<'a> {
    /// The next part of the answer.
    Text(String),
    /// The next part of the model's reasoning.
    Reasoning(String),
    /// No more has arrived yet, or the response is over.
    Pause,
    Report(Report<'a>),
    /// The request is sent again after this time.
    Again(Duration),
    /// A call of the host's own tool: see [`Driver::answer`].
    Call(ToolCall),
}

/// Receives what happens.
pub(crate) type Sink<'a> = &'a mut dyn FnMut(Output<'_>);

/// A turn in progress. Dropping it closes its request.
pub(crate) struct Driver {
    turn: AgentTurn,
    /// Runs since the beginning of the turn.
    watch: Stopwatch,
    state: State,
}

enum State {
    /// The request is sent after this time.
    Send(Duration, Box<HttpRequest>),
    Receive(Exchange),
    /// The turn goes on without a response.
    Act,
    /// The host performs the call with this id.
    Called(String),
    Over,
}

impl Driver {
    /// Returns a turn of which nothing is sent yet.
    pub(crate) fn new(setup: Setup, watch: Stopwatch) -> Self {
        Self {
            turn: AgentTurn::new(setup),
            watch,
            state: State::Act,
        }
    }

    /// Returns the id of the call that the host performs.
    pub(crate) fn called(&self) -> Option<&str> {
        match &self.state {
            State::Called(id) => Some(id),
            _ => None,
        }
    }

    /// Returns whether the turn is over.
    pub(crate) fn is_over(&self) -> bool {
        matches!(self.state, State::Over)
    }

    /// Takes the result of the host's call.
    pub(crate) fn answer(&mut self, content: String, is_error: bool) {
        self.state = State::Act;
        self.turn.answer(content, is_error);
    }

    /// Closes the request, and returns the text that has arrived, if it is a model's answer: a tool's response is not
    /// needed any more.
    pub(crate) fn cancel(&mut self, cause: &str, sink: Sink<'_>) -> Option<Box<Reply>> {
        let state = mem::replace(&mut self.state, State::Over);
        if !matches!(state, State::Send(..) | State::Receive(_)) || self.turn.is_for_tool() {
            return None;
        }
        let cause = TransportError::Impossible(cause.to_owned());
        match self.feed(Event::Failed(cause), sink) {
            Next::Done(reply) => Some(reply),
            _ => None,
        }
    }

    /// Returns the token usage of all answers so far, if the provider sends it.
    pub(crate) fn usage(&self) -> Option<Usage> {
        self.turn.usage()
    }

    /// Takes the session of a turn that failed after tools were called, so that the next turn knows what they have
    /// done.
    pub(crate) fn take_unfinished(&mut self) -> Option<Session> {
        self.turn.take_unfinished()
    }

    /// Performs the next step. Returns the reply if the turn is over.
    ///
    /// # Errors
    /// If there is no answer.
    pub(crate) fn advance(&mut self, sink: Sink<'_>) -> Result<Option<Box<Reply>>, Error> {
        let next = match mem::replace(&mut self.state, State::Over) {
            State::Send(after, request) => {
                clock::sleep(after);
                match send(&request) {
                    Ok(exchange) => {
                        self.state = State::Receive(exchange);
                        Next::More
                    }
                    Err(error) => self.fail(error, sink)?,
                }
            }
            State::Receive(exchange) => self.receive(exchange, sink)?,
            State::Act => {
                let watch = self.watch;
                self.turn
                    .act(&|| watch.elapsed(), &mut |report| sink(Output::Report(report)))
            }
            // Whoever drives the turn does not go on then.
            State::Called(_) | State::Over => return Err(ended_early()),
        };
        match next {
            Next::More if !self.is_over() => {}
            Next::Send { after, request } => {
                if !after.is_zero() {
                    sink(Output::Again(after));
                }
                self.state = State::Send(after, Box::new(request));
            }
            Next::Act => self.state = State::Act,
            Next::Call(call) => {
                self.state = State::Called(call.id.clone());
                sink(Output::Call(call));
            }
            Next::Done(reply) => return Ok(Some(reply)),
            Next::Failed(error) => return Err(Error::Turn(error)),
            // A response that is over leaves nothing to read.
            Next::More | Next::Text(_) | Next::Reasoning(_) => return Err(ended_early()),
        }
        Ok(None)
    }

    /// Takes the next part of the response, and returns the step that follows.
    fn receive(&mut self, mut exchange: Exchange, sink: Sink<'_>) -> Result<Next, Error> {
        let next = match exchange.receive() {
            Ok(Some(Part::Head { status, headers })) => self.feed(
                Event::Head {
                    status,
                    headers: &headers,
                },
                sink,
            ),
            Ok(Some(Part::Body(bytes))) => self.feed(Event::Body(bytes), sink),
            Ok(Some(Part::Pause)) => {
                sink(Output::Pause);
                Next::More
            }
            Ok(None) => {
                let next = self.feed(Event::End, sink);
                sink(Output::Pause);
                return Ok(next);
            }
            Err(error) => return self.fail(error, sink),
        };
        if matches!(next, Next::More) {
            self.state = State::Receive(exchange);
        } else {
            sink(Output::Pause);
        }
        Ok(next)
    }

    /// Returns the step that follows the failure of a request.
    fn fail(&mut self, error: HttpError, sink: Sink<'_>) -> Result<Next, Error> {
        let error = transport_error(error, self.turn.is_for_tool())?;
        let next = self.feed(Event::Failed(error), sink);
        sink(Output::Pause);
        Ok(next)
    }

    /// Returns the step that follows an event.
    fn feed(&mut self, event: Event<'_>, sink: Sink<'_>) -> Next {
        let watch = self.watch;
        let clock: Clock<'_> = &|| watch.elapsed();
        let mut next = self.turn.feed(event, clock);
        loop {
            sink(match next {
                Next::Text(text) => Output::Text(text),
                Next::Reasoning(text) => Output::Reasoning(text),
                next => return next,
            });
            // The same bytes may have completed the answer.
            next = self.turn.feed(Event::Body(&[]), clock);
        }
    }
}

fn ended_early() -> Error {
    HttpError::Interrupted("it ended early".to_owned()).into()
}
