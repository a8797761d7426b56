//! Helpers that play servers.

use std::time::Duration;

use clawft_core::{Event, HttpRequest};
use clawft_mcp::{HttpServer, McpError, Outcome, StdioEvent, StdioServer, StdioStep, StdioThen, Step};
use clawft_types::{
    ToolCall, ToolResult,
    config::mcp::{self, McpServer},
    json::{self, Node},
};
use serde_json::{Value, json};

/// The time since the operation began, which suits most tests.
pub(crate) const NOW: Duration = Duration::ZERO;

pub(crate) const TOKEN: &str = "Bearer ghp_Abc123Def456Ghi789";

/// Returns the configuration of one server, `s`.
pub(crate) fn config(server: &Value) -> McpServer {
    let text = json!({"tools": {"mcp": {"s": server}}}).to_string();
    let document = json::parse(text.as_bytes()).unwrap();
    mcp::servers(Node::root(&document)).unwrap().remove(0)
}

/// Reads an environment that holds a token.
pub(crate) fn env(name: &str) -> Option<String> {
    (name == "TOKEN").then(|| TOKEN.to_owned())
}

/// Returns the client of a server behind a URL.
pub(crate) fn http() -> HttpServer {
    http_with(&json!({"url": "http://127.0.0.1:1/mcp", "headers_env": {"authorization": "TOKEN"}}))
}

pub(crate) fn http_with(server: &Value) -> HttpServer {
    HttpServer::new(&config(server), &env).unwrap()
}

/// Returns the client of a program.
pub(crate) fn stdio() -> StdioServer {
    StdioServer::new(&config(&json!({"command": "serve"})), &env).unwrap()
}

/// A response of HTTP.
#[derive(Debug, Clone)]
pub(crate) struct Response {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
}

impl Response {
    pub(crate) fn new(status: u16, body: impl Into<Vec<u8>>) -> Response {
        Response {
            status,
            headers: Vec::new(),
            body: body.into(),
        }
    }

    pub(crate) fn with(mut self, name: &str, value: &str) -> Response {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    /// A stream whose events have these data.
    pub(crate) fn events(data: &[String]) -> Response {
        let body: String = data
            .iter()
            .map(|data| format!("event: message\ndata: {data}\n\n"))
            .collect();
        Response::new(200, body).with("Content-Type", "text/event-stream")
    }
}

/// Returns the result of `id` in JSON-RPC.
pub(crate) fn result(id: &Value, result: &Value) -> String {
    json!({"jsonrpc": "2.0", "id": id, "result": result}).to_string()
}

/// Returns the error of `id` in JSON-RPC.
pub(crate) fn error(id: &Value, code: i32, message: &str) -> String {
    json!({"jsonrpc": "2.0", "id": id, "error": {"code": code, "message": message}}).to_string()
}

/// Returns a list of tools without parameters.
pub(crate) fn tools(names: &[&str]) -> Value {
    let tool = |name: &&str| json!({"name": name, "description": "", "inputSchema": {"type": "object"}});
    json!({"resultType": "complete", "tools": names.iter().map(tool).collect::<Vec<_>>()})
}

/// Returns a result with one text.
pub(crate) fn text(text: &str) -> Value {
    json!({"content": [{"type": "text", "text": text}]})
}

pub(crate) fn body(request: &HttpRequest) -> Value {
    serde_json::from_slice(&request.body).unwrap()
}

/// Returns a header of a request, even if it is secret.
pub(crate) fn header<'a>(request: &'a HttpRequest, name: &str) -> Option<&'a str> {
    let found: Vec<_> = request
        .headers
        .iter()
        .filter(|header| header.name == name)
        .collect();
    assert!(found.len() <= 1, "{name} is sent twice");
    found.first().map(|header| header.value.expose())
}

/// Feeds a response in parts of `size` bytes.
pub(crate) fn feed(server: &mut HttpServer, response: &Response, size: usize) -> Step {
    let head = Event::Head {
        status: response.status,
        headers: &response.headers,
    };
    let parts = response.body.chunks(size).map(Event::Body);
    for event in [head].into_iter().chain(parts).chain([Event::End]) {
        match server.feed(event, NOW) {
            Step::More => {}
            step => return step,
        }
    }
    panic!("a complete response must lead somewhere");
}

/// Performs an operation with a server that answers each request.
pub(crate) fn exchange(
    server: &mut HttpServer,
    mut step: Step,
    mut answer: impl FnMut(&HttpRequest) -> Response,
) -> Outcome {
    for _ in 0..100 {
        match step {
            Step::Send(request) => step = feed(server, &answer(&request), usize::MAX),
            Step::Done(outcome) => return outcome,
            Step::More => panic!("nothing is to be read"),
        }
    }
    panic!("the operation does not end");
}

/// Reads a list from a server that answers each request.
pub(crate) fn list(
    server: &mut HttpServer,
    answer: impl FnMut(&HttpRequest) -> Response,
) -> Result<(), McpError> {
    let step = server.list(NOW);
    match exchange(server, step, answer) {
        Outcome::Listed(listed) => listed,
        outcome => panic!("{outcome:?}"),
    }
}

/// Calls a tool of a server that answers each request.
pub(crate) fn call(
    server: &mut HttpServer,
    name: &str,
    arguments: &str,
    answer: impl FnMut(&HttpRequest) -> Response,
) -> ToolResult {
    let step = server.call(&tool_call(name, arguments), NOW);
    match exchange(server, step, answer) {
        Outcome::Called(result) => result,
        outcome => panic!("{outcome:?}"),
    }
}

pub(crate) fn tool_call(name: &str, arguments: &str) -> ToolCall {
    ToolCall {
        id: "call-1".to_owned(),
        name: name.to_owned(),
        arguments: arguments.to_owned(),
        extra: String::new(),
    }
}

/// Returns the client of a server that speaks the newest revision and has these tools.
pub(crate) fn listed(names: &[&str]) -> HttpServer {
    let mut server = http();
    list(&mut server, |request| {
        Response::new(200, result(&body(request)["id"], &tools(names)))
    })
    .unwrap();
    server
}

/// Performs an operation with a program that answers each line with lines. Returns the outcome, and the lines
/// that the program got.
pub(crate) fn converse(
    server: &mut StdioServer,
    mut step: StdioStep,
    mut answer: impl FnMut(&Value) -> Vec<String>,
) -> (Outcome, Vec<Value>) {
    let mut got = Vec::new();
    for _ in 0..100 {
        let StdioStep { write, then } = step;
        let mut output = String::new();
        for line in String::from_utf8(write).unwrap().split_terminator('\n') {
            let line: Value = serde_json::from_str(line).unwrap();
            output.extend(answer(&line).iter().map(|line| format!("{line}\n")));
            got.push(line);
        }
        let event = match then {
            StdioThen::Start => StdioEvent::Started,
            StdioThen::Done(outcome) => return (outcome, got),
            StdioThen::Read(_) if output.is_empty() => StdioEvent::TimedOut,
            StdioThen::Read(_) => StdioEvent::Output(output.as_bytes()),
            StdioThen::Rest => panic!("there is an operation"),
        };
        step = server.feed(event, NOW);
    }
    panic!("the operation does not end");
}
