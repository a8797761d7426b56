//! Answers of a model that can do everything that its protocol offers: it calls tools, keeps to a schema, shows its
//! reasoning and counts its tokens. And the other paths of its provider: the list of models, embeddings, completions
//! of a text, and the count of a request's tokens.

mod chat;
mod messages;
mod other;
mod schema;

use std::io;

use serde_json::{Value, json};

use crate::{
    asked::{self, echo},
    dialect::Dialect,
    exchange::Exchange,
    request::Request,
    stream,
    wire::Wire,
};

pub(crate) use other::answer as answer_other;

/// The prefix of a model's name that shows its reasoning.
const REASONS: &str = "reason";

/// The reasoning of such a model.
const REASONING: &str = "Let me think about this. ";

/// The content of an answer.
#[derive(Debug, Default)]
struct Reply {
    model: String,
    reasoning: Option<&'static str>,
    text: String,
    calls: Vec<Call>,
    /// Whether a stream ends with the token usage.
    usage: bool,
    /// The number of equal answers.
    choices: usize,
}

/// A call of a tool.
#[derive(Debug)]
struct Call {
    id: String,
    name: String,
    arguments: Value,
}

/// A tool that the request offers.
struct Tool<'a> {
    name: &'a str,
    schema: &'a Value,
}

/// The tools that a request lets the model call.
enum Choice<'a> {
    Free,
    None,
    Any,
    Named(&'a str),
}

/// Answers as the request asks for.
pub(crate) fn answer(exchange: &mut Exchange<'_>) -> io::Result<()> {
    let Some(asked) = exchange.asked()? else {
        return Ok(());
    };
    let body: Value = serde_json::from_slice(&exchange.request.body).unwrap_or_default();
    let text = match (format(&body), last_result(&body)) {
        (Some(value), _) => value.to_string(),
        (None, Some(result)) => format!("the tool says: {result}"),
        (None, None) => echo(&asked),
    };
    let reply = Reply {
        reasoning: asked.model.starts_with(REASONS).then_some(REASONING),
        calls: calls(&body),
        choices: body["n"].as_u64().map_or(1, |n| usize::try_from(n).unwrap_or(1)),
        model: asked.model,
        text,
        usage: asked.usage,
    };
    let streams = exchange.request.wants_stream();
    match (exchange.dialect, streams) {
        (Dialect::OpenAi, false) => exchange.json(200, &[], &chat::whole(&reply)),
        (Dialect::Anthropic, false) => exchange.json(200, &[], &messages::whole(&reply)),
        (Dialect::OpenAi, true) => stream::send(exchange, &chat::events(&reply)),
        (Dialect::Anthropic, true) => stream::send(exchange, &messages::events(&reply)),
    }
}

/// Returns the calls that the request asks for: of the first tool, unless a result is there already, or of the one
/// that it names.
fn calls(body: &Value) -> Vec<Call> {
    let tools = tools(body);
    let chosen = match choice(&body["tool_choice"]) {
        Choice::None => None,
        Choice::Named(name) => tools.iter().find(|tool| tool.name == name),
        Choice::Any => tools.first(),
        Choice::Free => tools.first().filter(|_| last_result(body).is_none()),
    };
    let call = |tool: &Tool<'_>| Call {
        id: "call_1".to_owned(),
        name: tool.name.to_owned(),
        arguments: schema::fill(tool.schema),
    };
    chosen.map(call).into_iter().collect()
}

/// Returns the tools of a request of either protocol.
fn tools(body: &Value) -> Vec<Tool<'_>> {
    let list = body["tools"].as_array().map_or(&[][..], Vec::as_slice);
    list.iter().filter_map(tool).collect()
}

fn tool(tool: &Value) -> Option<Tool<'_>> {
    let (inner, schema) = match &tool["function"] {
        Value::Object(_) => (&tool["function"], "parameters"),
        _ => (tool, "input_schema"),
    };
    Some(Tool {
        name: inner["name"].as_str()?,
        schema: &inner[schema],
    })
}

fn choice(choice: &Value) -> Choice<'_> {
    let word = choice.as_str().or_else(|| choice["type"].as_str());
    match word {
        Some("none") => Choice::None,
        Some("required" | "any") => Choice::Any,
        Some("function") => Choice::Named(choice["function"]["name"].as_str().unwrap_or_default()),
        Some("tool") => Choice::Named(choice["name"].as_str().unwrap_or_default()),
        _ => Choice::Free,
    }
}

/// Returns the value that fits the requested format; `None` if none is requested.
fn format(body: &Value) -> Option<Value> {
    let ours = &body["output_config"]["format"];
    let theirs = &body["response_format"];
    match (ours["type"].as_str(), theirs["type"].as_str()) {
        (Some("json_schema"), _) => Some(schema::fill(&ours["schema"])),
        (_, Some("json_schema")) => Some(schema::fill(&theirs["json_schema"]["schema"])),
        (_, Some("json_object")) => Some(json!({ "city": "Paris", "temp": 42 })),
        _ => None,
    }
}

/// Returns the result of a tool if it is the last thing in the conversation.
fn last_result(body: &Value) -> Option<String> {
    let last = body["messages"].as_array()?.last()?;
    if last["role"] == "tool" {
        return Some(asked::said(&last["content"]));
    }
    let blocks = last["content"].as_array()?;
    let result = blocks.iter().rfind(|block| block["type"] == "tool_result")?;
    Some(asked::said(&result["content"]))
}

/// Returns whether `path` is one of the other paths of a provider whose model is capable.
pub(crate) fn is_other(path: &str) -> bool {
    let scenario = path.trim_start_matches('/').split('/').next();
    scenario == Some("capable") && other::find(path).is_some()
}

/// The connection and the request of another path.
#[derive(Debug)]
pub(crate) struct Other<'a> {
    pub(crate) request: &'a Request,
    pub(crate) wire: &'a mut Wire,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn calls_tool_that_the_request_allows() {
        let tool = |name: &str| json!({ "type": "function", "function": { "name": name, "parameters": {} } });
        let named = |choice: Value| {
            let body = json!({ "tools": [tool("a"), tool("b")], "tool_choice": choice });
            calls(&body).into_iter().map(|call| call.name).collect::<Vec<_>>()
        };
        assert_eq!(named(json!("auto")), ["a"]);
        assert_eq!(named(Value::Null), ["a"]);
        assert_eq!(named(json!({ "type": "any" })), ["a"]);
        assert_eq!(
            named(json!({ "type": "function", "function": { "name": "b" } })),
            ["b"]
        );
        assert_eq!(named(json!({ "type": "tool", "name": "b" })), ["b"]);
        assert!(named(json!("none")).is_empty());
    }

    #[test]
    fn result_ends_free_calls_only() {
        let body = |choice: &str| {
            json!({
                "tools": [{ "name": "a", "input_schema": {} }],
                "tool_choice": { "type": choice },
                "messages": [{ "role": "user", "content": [{ "type": "tool_result", "content": "sunny" }] }],
            })
        };
        assert!(calls(&body("auto")).is_empty());
        assert_eq!(calls(&body("any")).len(), 1);
        assert_eq!(last_result(&body("auto")).as_deref(), Some("sunny"));
    }
}
