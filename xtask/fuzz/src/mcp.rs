//! Servers of tools with arbitrary messages, over HTTP and as programs.

use std::time::Duration;

use clawft_core::Event;
use clawft_mcp::{HttpServer, Outcome, StdioEvent, StdioServer, StdioThen, Step, Tool, limits};
use clawft_types::{
    ToolCall,
    config::mcp::{self, McpServer},
    json::{self, Node},
};

use crate::response::Response;

/// The most requests of an operation: all pages, and twice a handshake of two requests.
const MAX_REQUESTS: u32 = limits::MAX_PAGES + 4;

/// No time passes.
const NOW: Duration = Duration::ZERO;

/// A list of one tool, as the answer to the first request.
const LIST: &[u8] =
    br#"{"jsonrpc":"2.0","id":1,"result":{"tools":[{"name":"t","inputSchema":{"type":"object"}}]}}"#;

/// The result of an operation, which must not depend on the split of the bytes.
type Result = (Outcome, Vec<Tool>, Vec<String>);

/// The input is a response to each request of a server behind a URL, and the output of a program.
pub fn check(bytes: &[u8]) {
    let response = Response::read(bytes);
    for operate in [list_over_http, call_over_http, list_of_program] {
        let whole = operate(&response, usize::MAX);
        for size in [1, 7] {
            assert_eq!(operate(&response, size), whole, "in parts of {size} bytes");
        }
        bounded(&whole);
    }
}

/// Asserts that nothing larger than the limits is kept.
fn bounded((outcome, tools, warnings): &Result) {
    assert!(tools.len() <= limits::MAX_TOOLS && warnings.len() <= limits::MAX_WARNINGS + 1);
    for tool in tools {
        let definition = &tool.definition;
        let accepted = |byte: u8| byte.is_ascii_alphanumeric() || b"_-".contains(&byte);
        assert!(definition.name.len() <= 64 && definition.name.bytes().all(accepted));
        let schema = json::parse(definition.parameters.as_bytes()).expect("a schema of JSON");
        assert!(Node::root(&schema).object().is_ok());
    }
    if let Outcome::Called(result) = outcome {
        assert_eq!(result.id, "1");
    }
}

fn server(entry: &str) -> McpServer {
    let text = format!(r#"{{"tools":{{"mcp":{{"s":{entry}}}}}}}"#);
    let document = json::parse(text.as_bytes()).expect("a configuration");
    mcp::servers(Node::root(&document)).expect("a server").remove(0)
}

fn http() -> HttpServer {
    HttpServer::new(&server(r#"{"url":"https://s.example/mcp"}"#), &|_| None).expect("a client")
}

fn list_over_http(response: &Response<'_>, size: usize) -> Result {
    let mut server = http();
    let step = server.list(NOW);
    let outcome = to_the_end(&mut server, step, response, size);
    (
        outcome,
        server.catalog().tools().to_vec(),
        server.catalog().warnings().to_vec(),
    )
}

fn call_over_http(response: &Response<'_>, size: usize) -> Result {
    let mut server = http();
    let listed = Response {
        status: 200,
        headers: Vec::new(),
        body: LIST,
    };
    let step = server.list(NOW);
    to_the_end(&mut server, step, &listed, usize::MAX);
    let step = server.call(&call(), NOW);
    let outcome = to_the_end(&mut server, step, response, size);
    (outcome, Vec::new(), Vec::new())
}

fn call() -> ToolCall {
    ToolCall {
        id: "1".to_owned(),
        name: "mcp__s__t".to_owned(),
        arguments: "{}".to_owned(),
        extra: String::new(),
    }
}

/// Answers each request with `response`.
fn to_the_end(server: &mut HttpServer, mut step: Step, response: &Response<'_>, size: usize) -> Outcome {
    for _ in 0..=MAX_REQUESTS {
        let Step::Send(_) = step else { break };
        step = server.feed(
            Event::Head {
                status: response.status,
                headers: &response.headers,
            },
            NOW,
        );
        let mut parts = response.body.chunks(size);
        while let Step::More = step {
            step = match parts.next() {
                Some(part) => server.feed(Event::Body(part), NOW),
                None => {
                    step = server.feed(Event::End, NOW);
                    assert!(!matches!(step, Step::More), "more is read after the end");
                    break;
                }
            };
        }
    }
    match step {
        Step::Done(outcome) => outcome,
        step => panic!("the operation does not end: {step:?}"),
    }
}

fn list_of_program(response: &Response<'_>, size: usize) -> Result {
    let mut server = StdioServer::new(&server(r#"{"command":"x"}"#), &|_| None).expect("a client");
    let mut step = server.list(NOW);
    let mut parts = response.body.chunks(size);
    let outcome = loop {
        step = match step.then {
            StdioThen::Done(outcome) => break outcome,
            StdioThen::Start => server.feed(StdioEvent::Started, NOW),
            StdioThen::Read(_) => match parts.next() {
                Some(part) => server.feed(StdioEvent::Output(part), NOW),
                None => server.feed(StdioEvent::TimedOut, Duration::MAX),
            },
            StdioThen::Rest => panic!("there is no operation"),
        };
    };
    (
        outcome,
        server.catalog().tools().to_vec(),
        server.catalog().warnings().to_vec(),
    )
}
