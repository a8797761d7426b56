//! A turn with tools and the same response to every request: whatever a provider sends, the turn ends, and its
//! session can be continued.

use std::{borrow::Cow, collections::BTreeSet, time::Duration};

use clawft_core::{Event, HttpRequest, Step, Turn};
use clawft_types::{Config, Input, Message, Role, Session, ToolCall, ToolDefinition, ToolResult};

use crate::response::Response;

/// The result of a turn. It must not depend on the split of the bytes.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Outcome {
    /// The session with the answer, or the error with the session that is stored after it.
    session: Result<Session, (String, Option<Session>)>,
    /// The calls in the order in which they were to be performed.
    calls: Vec<ToolCall>,
}

/// Drives a turn to its end. Bodies come in parts of `size` bytes. Of several calls at once the last ones get no
/// result.
pub(crate) fn drive(config: &Config, response: &Response<'_>, size: usize) -> Outcome {
    let (mut turn, _) = begin(config, Session::default());
    let mut calls = Vec::new();
    let mut elapsed = Duration::ZERO;
    // A request is also sent again without an option that a server rejects.
    let requests = (config.agents.max_steps + 1) * (config.provider.retries + 1) + 4;
    for _ in 0..requests {
        let mut step = feed(&mut turn, response, size, elapsed);
        if let Step::Call(asked) = step {
            assert!(!asked.is_empty(), "no call is to be performed");
            let answered = asked.len().div_ceil(2);
            let results = asked.iter().take(answered).map(result).collect();
            calls.extend(asked);
            step = turn.resume(results, &|| elapsed);
        }
        let session = match step {
            Step::Send(_) => continue,
            Step::Retry { after, .. } => {
                elapsed += after;
                continue;
            }
            Step::Done(reply) => Ok(reply.session),
            Step::Failed(error) => Err((error.to_string(), turn.take_unfinished())),
            step => panic!("a response that is over leads nowhere: {step:?}"),
        };
        if let Ok(session) | Err((_, Some(session))) = &session {
            check(config, session);
        }
        return Outcome { session, calls };
    }
    panic!("the turn does not end");
}

fn begin(config: &Config, session: Session) -> (Turn<'_>, HttpRequest) {
    let tools = ["read_file", "list_files"].map(|name| ToolDefinition {
        name: name.into(),
        description: "Works on a file.".into(),
        parameters: r#"{"type":"object"}"#.into(),
    });
    let variable = |name: &str| (name == "KEY").then(|| "sk-secret".to_owned());
    let input = Input::parse("Hello!").expect("a message");
    Turn::begin_with_tools(Cow::Borrowed(config), &variable, session, input, tools.into()).expect("a turn")
}

fn result(call: &ToolCall) -> ToolResult {
    ToolResult {
        id: call.id.clone(),
        content: format!("the result of {}", call.name),
        is_error: false,
    }
}

/// Feeds a complete response, as long as the turn asks for more.
fn feed(turn: &mut Turn<'_>, response: &Response<'_>, size: usize, elapsed: Duration) -> Step {
    let head = Event::Head {
        status: response.status,
        headers: &response.headers,
    };
    let body = response.body.chunks(size).map(Event::Body);
    for event in [head].into_iter().chain(body).chain([Event::End]) {
        let mut step = turn.feed(event, &|| elapsed);
        while let Step::Delta(_) | Step::Reasoning(_) = step {
            step = turn.feed(Event::Body(&[]), &|| elapsed);
        }
        if !matches!(step, Step::More) {
            return step;
        }
    }
    panic!("more is read after the end");
}

/// Asserts that a session can be stored, and continued at a provider that refuses a call without its result.
fn check(config: &Config, session: &Session) {
    let stored = Session::parse(&session.to_json()).expect("it cannot be stored");
    assert_eq!(
        &without_extra(session),
        &stored.messages,
        "it is stored as another one"
    );
    let mut messages = stored.messages.iter().peekable();
    let mut known = BTreeSet::new();
    while let Some(message) = messages.next() {
        assert_ne!(message.role, Role::Tool, "a result without its call");
        let mut open: BTreeSet<&str> = message.calls.iter().map(|call| &*call.id).collect();
        assert_eq!(open.len(), message.calls.len(), "two calls have the same id");
        assert!(
            open.iter().all(|id| known.insert((*id).to_owned())),
            "an id is used again"
        );
        while let Some(answer) = messages.next_if(|next| next.role == Role::Tool) {
            let id = answer.answered.as_ref().map(|call| &*call.id).expect("an id");
            assert!(open.remove(id), "a result of no call");
        }
        assert!(open.is_empty(), "calls without results: {open:?}");
    }
    begin(config, stored);
}

/// Returns the messages without what is not stored.
fn without_extra(session: &Session) -> Vec<Message> {
    let mut messages = session.messages.clone();
    for call in messages.iter_mut().flat_map(|message| &mut message.calls) {
        call.extra.clear();
    }
    messages
}
