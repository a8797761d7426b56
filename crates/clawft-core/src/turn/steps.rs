//! The tool calls of a turn: which ones the platform performs, and when the turn ends without an answer.

use alloc::{boxed::Box, string::String, vec::Vec};
use core::mem;

use clawft_types::{
    Finish, Message, Role, Session, ToolCall, ToolDefinition, ToolResult, Usage, join,
    json::{self, Node},
    memory::{self, NoMemory},
    text,
};

use super::{Clock, Phase, Reply, Step, Turn};
use crate::{answer::Answer, error::TurnError, history};

/// The number of times that the same calls may follow each other. A model that repeats them once more is stuck.
const MAX_REPETITIONS: u32 = 3;

/// The number of calls in an answer that are kept. Each result is looked for among the calls of its answer, which
/// must not take long for an answer full of calls.
const MAX_CALLS: usize = 128;

/// The tools of a turn and what became of their calls.
#[derive(Debug, Default)]
pub(super) struct Steps {
    /// The tools that are offered.
    pub(super) tools: Vec<ToolDefinition>,
    /// The number of answers with calls.
    count: u32,
    /// The number of times that the last calls have followed each other.
    repetitions: u32,
    /// The results of calls that the platform does not perform.
    refused: Vec<ToolResult>,
    /// The number of times that the server refused the reasoning of earlier messages as it was sent.
    reasoning_changes: u32,
    /// The line breaks between the text that was shown and the text of the next answer.
    separator: &'static str,
}

impl Steps {
    pub(super) fn new(tools: Vec<ToolDefinition>) -> Steps {
        Steps {
            tools,
            ..Steps::default()
        }
    }

    /// Returns whether there are tools.
    pub(super) fn are_offered(&self) -> bool {
        !self.tools.is_empty()
    }

    /// Returns whether the model has called tools.
    pub(super) fn have_called(&self) -> bool {
        self.count > 0
    }

    /// Returns whether the request may be sent once more with other reasoning: first with all of it, then with none.
    pub(super) fn may_change_reasoning(&mut self) -> bool {
        self.reasoning_changes += 1;
        self.reasoning_changes <= 2
    }

    /// Returns the next text to show: that of another answer begins a paragraph of its own.
    pub(super) fn separated(&mut self, text: String) -> String {
        match mem::take(&mut self.separator) {
            "" => text,
            separator => [separator, &text].concat(),
        }
    }
}

impl Turn<'_> {
    /// Takes an answer that calls tools.
    pub(super) fn call(&mut self, answer: Answer, streamed: bool, clock: Clock<'_>) -> Step {
        let Answer {
            text,
            reasoning,
            echoed,
            calls,
            ..
        } = answer;
        let mut calls = calls.into_vec();
        let is_flood = calls.len() > MAX_CALLS;
        calls.truncate(MAX_CALLS);
        self.make_unique(&mut calls);
        if streamed && !text.is_empty() {
            self.steps.separator = paragraph_end(&text);
        }
        self.steps.count += 1;
        self.steps.repetitions = match self.are_repeated(&calls) {
            true => self.steps.repetitions + 1,
            false => 1,
        };
        let message = Message {
            reasoning,
            echoed,
            calls: calls.clone(),
            ..Message::new(Role::Assistant, text)
        };
        if let Err(error) = memory::push(&mut self.session.messages, message) {
            return Step::Failed(super::no_memory(error));
        }
        let flood = || {
            join!(
                "it called more than ",
                &text::number(MAX_CALLS as u64),
                " tools at once"
            )
        };
        if let Some(reason) = self.limit(clock).or_else(|| is_flood.then(flood)) {
            return self.stop(&reason, &calls, streamed);
        }
        let (performed, refused) = self.divide(calls);
        self.steps.refused = refused;
        if performed.is_empty() {
            return self.ask_again(Vec::new(), clock);
        }
        self.phase = Phase::Calling;
        Step::Call(performed)
    }

    /// Takes the results of the calls in [`Step::Call`], in any order, and asks the model again. A call without a
    /// result counts as interrupted.
    pub fn resume(&mut self, results: Vec<ToolResult>, clock: Clock<'_>) -> Step {
        match mem::replace(&mut self.phase, Phase::Over) {
            Phase::Calling => {
                let begun = self.begun;
                self.ask_again(results, &move || clock().saturating_sub(begun))
            }
            _ => Step::Failed(TurnError::OutOfOrder),
        }
    }

    fn ask_again(&mut self, results: Vec<ToolResult>, clock: Clock<'_>) -> Step {
        let refused = mem::take(&mut self.steps.refused);
        for result in refused.into_iter().chain(results) {
            if let Err(error) = self.add_result(result) {
                return Step::Failed(super::no_memory(error));
            }
        }
        // The platform need not answer every call.
        if let Err(error) = history::answer_interrupted(&mut self.session.messages) {
            return Step::Failed(super::no_memory(error));
        }
        self.attempts = 1;
        self.begun += clock();
        let provider = &self.config.provider;
        match self.request(provider.timeout, provider.total_timeout) {
            Ok(request) => {
                self.phase = Phase::Waiting;
                Step::Send(request)
            }
            Err(NoMemory { bytes }) => Step::Failed(TurnError::NoMemory {
                what: "the conversation",
                bytes,
            }),
        }
    }

    /// Returns the token usage of all answers so far, if the provider sends it.
    pub fn usage(&self) -> Option<Usage> {
        self.usage
    }

    /// Takes the session of a turn that failed after tools were called, so that the next turn knows what they
    /// have done. `None` if nothing was called.
    pub fn take_unfinished(&mut self) -> Option<Session> {
        if !self.steps.have_called() {
            return None;
        }
        history::answer_interrupted(&mut self.session.messages).ok()?;
        self.steps.count = 0;
        Some(mem::take(&mut self.session))
    }

    /// Adds a result, if it is one of the calls of the last answer and the first one of it.
    fn add_result(&mut self, result: ToolResult) -> Result<(), NoMemory> {
        let mut last = self.session.messages.iter().rev();
        let is_known = |message: &&Message| message.role != Role::Tool;
        let repeated = last
            .clone()
            .take_while(|message| message.role == Role::Tool)
            .any(|message| message.answered.as_ref().is_some_and(|call| call.id == result.id));
        let asked = last.find(is_known);
        let asked = asked.is_some_and(|message| message.calls.iter().any(|call| call.id == result.id));
        if asked && !repeated {
            memory::push(&mut self.session.messages, result.into())?;
        }
        Ok(())
    }

    /// Gives each call an id of its own in the conversation. Some servers number the calls of each answer from the
    /// same number on, or give all of them the same id; providers refuse that, and results would be confused.
    fn make_unique(&self, calls: &mut [ToolCall]) {
        let messages = &self.session.messages;
        for at in 0..calls.len() {
            let (before, rest) = calls.split_at_mut(at);
            let Some(call) = rest.first_mut() else { return };
            let is_known = |id: &str| {
                let earlier = messages.iter().flat_map(|message| &message.calls);
                earlier.chain(&*before).any(|known| known.id == id)
            };
            let mut number = messages.len();
            while is_known(&call.id) {
                let message = text::number(number as u64);
                let position = text::number(at as u64 + 1);
                call.id = join!("call_", &message, "_", &position);
                number += 1;
            }
        }
    }

    /// Returns the calls that the platform performs, and the results of the others.
    fn divide(&self, calls: Vec<ToolCall>) -> (Vec<ToolCall>, Vec<ToolResult>) {
        let (mut performed, mut refused) = (Vec::new(), Vec::new());
        for call in calls {
            match self.fault(&call) {
                None => performed.push(call),
                Some(content) => refused.push(ToolResult {
                    id: call.id,
                    content,
                    is_error: true,
                }),
            }
        }
        (performed, refused)
    }

    /// Returns the message for the model if a call cannot be performed.
    fn fault(&self, call: &ToolCall) -> Option<String> {
        let tools = &self.steps.tools;
        if !tools.iter().any(|tool| tool.name == call.name) {
            let names: Vec<&str> = tools.iter().map(|tool| &*tool.name).collect();
            return Some(join!("there is no such tool, known are: ", &names.join(", ")));
        }
        let text = match call.arguments.trim() {
            "" => "{}",
            text => text,
        };
        let read = json::parse(text.as_bytes()).and_then(|document| Node::root(&document).object());
        read.err()
            .map(|error| join!("the arguments are malformed: ", &error.message()))
    }

    /// Returns whether the calls are those of the answer before. Ids do not count.
    fn are_repeated(&self, calls: &[ToolCall]) -> bool {
        let last = self
            .session
            .messages
            .iter()
            .rev()
            .find(|message| message.role != Role::Tool);
        let known = last.map_or(&[][..], |message| &message.calls);
        let same = |(one, other): (&ToolCall, &ToolCall)| {
            one.name == other.name && one.arguments.trim() == other.arguments.trim()
        };
        known.len() == calls.len() && known.iter().zip(calls).all(same)
    }

    /// Returns the reason why no further tool is called, as a sentence fragment.
    fn limit(&self, clock: Clock<'_>) -> Option<String> {
        let agents = &self.config.agents;
        let used = self.usage.map_or(0, |usage| usage.total_tokens);
        let (begin, number, end) = if self.steps.count > agents.max_steps {
            (
                "it called tools ",
                agents.max_steps.into(),
                " times (`max_steps`)",
            )
        } else if self.steps.repetitions >= MAX_REPETITIONS {
            let end = " times in a row with the same arguments";
            ("it called a tool ", MAX_REPETITIONS.into(), end)
        } else if agents.turn_tokens.is_some_and(|limit| used > u64::from(limit)) {
            ("it used ", used, " tokens (`turn_tokens`)")
        } else if self.begun + clock() >= agents.turn_timeout {
            let seconds = agents.turn_timeout.as_secs();
            ("it took ", seconds, " s (`turn_timeout_secs`)")
        } else {
            return None;
        };
        Some(join!(begin, &text::number(number), end))
    }

    /// Ends the turn without performing its last calls.
    fn stop(&mut self, reason: &str, calls: &[ToolCall], streamed: bool) -> Step {
        for call in calls {
            let result = ToolResult {
                id: call.id.clone(),
                content: join!("not performed, the turn is over: ", reason),
                is_error: true,
            };
            if let Err(error) = memory::push(&mut self.session.messages, result.into()) {
                return Step::Failed(super::no_memory(error));
            }
        }
        Step::Done(Box::new(Reply {
            session: mem::take(&mut self.session),
            finish_reason: None,
            finish: Finish::Stopped,
            warning: Some(join!("the turn was ended before the model answered: ", reason)),
            usage: self.usage,
            streamed,
            incomplete: None,
        }))
    }
}

/// Returns the line breaks that end the paragraph at the end of `text`.
fn paragraph_end(text: &str) -> &'static str {
    if text.ends_with("\n\n") {
        ""
    } else if text.ends_with('\n') {
        "\n"
    } else {
        "\n\n"
    }
}
