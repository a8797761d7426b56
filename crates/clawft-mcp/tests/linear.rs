//! An operation takes time in proportion to what the server sends, whatever that is and however it is split.

#[path = "../../clawft-types/tests/work/mod.rs"]
mod work;

use std::time::Duration;

use clawft_core::Event;
use clawft_mcp::{HttpServer, Outcome, StdioEvent, StdioServer, StdioThen, Step};
use clawft_types::{
    ToolCall,
    config::mcp,
    json::{self, Node},
};

use work::assert_linear;

const NOW: Duration = Duration::ZERO;

fn config(server: &str) -> mcp::McpServer {
    let text = ["{\"tools\":{\"mcp\":{\"s\":", server, "}}}"].concat();
    let document = json::parse(text.as_bytes()).unwrap();
    mcp::servers(Node::root(&document)).unwrap().remove(0)
}

/// Returns the outcome for this response, in parts of `size` bytes.
fn end(server: &mut HttpServer, kind: &str, body: &[u8], size: usize) -> Outcome {
    let headers = [("content-type".to_owned(), kind.to_owned())];
    let head = Event::Head {
        status: 200,
        headers: &headers,
    };
    let parts = body.chunks(size).map(Event::Body);
    for event in [head].into_iter().chain(parts).chain([Event::End]) {
        if let Step::Done(outcome) = server.feed(event, NOW) {
            return outcome;
        }
    }
    panic!("the end is the end");
}

fn http() -> HttpServer {
    HttpServer::new(&config(r#"{"url":"http://h"}"#), &|_| None).unwrap()
}

fn many(start: &str, item: &str, end: &str, count: usize) -> Vec<u8> {
    [start, &vec![item; count].join(","), end].concat().into_bytes()
}

#[test]
fn lists_take_linear_time() {
    let linear = |name: &str, item: &str| {
        for part in [50_000, 50] {
            let list = |count| many(r#"{"id":1,"result":{"tools":["#, item, "]}}", count);
            assert_linear(name, 200, list, |body| {
                let mut server = http();
                server.list(NOW);
                end(&mut server, "application/json", body, part)
            });
        }
    };
    linear("nothing", "{}");
    linear("the same tool", r#"{"name":"t","inputSchema":{"type":"object"}}"#);
    linear(
        "names that are none",
        r#"{"name":"a b","inputSchema":{"type":"object"}}"#,
    );
    let long = format!(r#"{{"name":"t","description":"{}"}}"#, "x".repeat(500));
    linear("long descriptions", &long);
}

#[test]
fn schemas_take_linear_time() {
    let list = |start: &str, item: &str, end: &str, count| {
        let schema = String::from_utf8(many(start, item, end, count)).unwrap();
        format!(r#"{{"id":1,"result":{{"tools":[{{"name":"t","inputSchema":{schema}}}]}}}}"#).into_bytes()
    };
    for (name, start, item, last) in [
        ("members", "{", r#""a":1"#, "}"),
        (
            "properties",
            r#"{"properties":{"#,
            r#""a":{"type":"string"}"#,
            "}}",
        ),
        (
            "marks",
            r#"{"properties":{"#,
            r#""a":{"type":"string","x-mcp-header":"A"}"#,
            "}}",
        ),
        (
            "marks elsewhere",
            r#"{"anyOf":["#,
            r#"{"x-mcp-header":"A"}"#,
            "]}",
        ),
    ] {
        assert_linear(
            name,
            1000,
            |count| list(start, item, last, count),
            |body| {
                let mut server = http();
                server.list(NOW);
                end(&mut server, "application/json", body, 4096)
            },
        );
    }
}

#[test]
fn calls_take_linear_time() {
    let list = br#"{"id":1,"result":{"tools":[{"name":"t","inputSchema":{"type":"object"}}]}}"#;
    let call = ToolCall {
        id: "1".to_owned(),
        name: "mcp__s__t".to_owned(),
        arguments: "{}".to_owned(),
        extra: String::new(),
    };
    let called = |kind: &str, body: &[u8], part| {
        let mut server = http();
        server.list(NOW);
        end(&mut server, "application/json", list, usize::MAX);
        server.call(&call, NOW);
        end(&mut server, kind, body, part)
    };
    for (name, item) in [
        ("texts", r#"{"type":"text","text":"hello"}"#),
        (
            "images",
            r#"{"type":"image","data":"aGVsbG8=","mimeType":"image/png"}"#,
        ),
        (
            "links",
            r#"{"type":"resource_link","uri":"file:///a","name":"a"}"#,
        ),
        ("nothing", "{}"),
    ] {
        let content = |count| many(r#"{"id":2,"result":{"content":["#, item, "]}}", count);
        assert_linear(name, 1000, content, |body| called("application/json", body, 4096));
    }
    for (name, event) in [
        (
            "notifications",
            "data: {\"jsonrpc\":\"2.0\",\"method\":\"notifications/message\"}\n\n",
        ),
        ("answers to others", "data: {\"id\":7,\"result\":{}}\n\n"),
        ("comments", ": x\n\n"),
    ] {
        for part in [50_000, 50] {
            assert_linear(
                name,
                500,
                |count| event.repeat(count).into_bytes(),
                |body| called("text/event-stream", body, part),
            );
        }
    }
}

#[test]
fn output_of_programs_takes_linear_time() {
    for (name, line) in [
        ("pings", "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"ping\"}\n"),
        ("notifications", "{\"jsonrpc\":\"2.0\",\"method\":\"x\"}\n"),
        ("empty lines", "\n"),
        ("one line", "xxxxxxxxxxxxxxxxxxxxxxxxx"),
    ] {
        for part in [50_000, 50] {
            assert_linear(
                name,
                2000,
                |count| line.repeat(count).into_bytes(),
                |output| {
                    let mut server = StdioServer::new(&config(r#"{"command":"c"}"#), &|_| None).unwrap();
                    server.list(NOW);
                    server.feed(StdioEvent::Started, NOW);
                    let mut written = 0;
                    for part in output.chunks(part) {
                        let step = server.feed(StdioEvent::Output(part), NOW);
                        assert!(matches!(step.then, StdioThen::Read(_)));
                        written += step.write.len();
                    }
                    written
                },
            );
        }
    }
}
