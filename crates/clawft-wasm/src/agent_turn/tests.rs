//! Turns with tools, fed with responses by hand.

use std::time::Duration;

use clawft_core::{Event, HttpRequest, TransportError};
use clawft_types::{
    Config, Input, Session, ToolDefinition,
    json::{self, Node},
};

use super::{AgentTurn, Next, Report, Setup, ToolConfig, host};
use crate::env::WasiEnvironment;

const SAY_HELLO: &str = r#"{"choices":[{"message":{"content":"Hello!"}}]}"#;
const LISTED: &str = r#"{"jsonrpc":"2.0","id":1,"result":{"tools":[
    {"name":"search","inputSchema":{"type":"object"}},{"name":"drop","inputSchema":{"type":"object"}}]}}"#;
const FOUND: &str = r#"{"jsonrpc":"2.0","id":2,"result":{"content":[{"type":"text","text":"found it"}]}}"#;

/// A turn with its reports.
struct Driver {
    turn: AgentTurn,
    next: Next,
    said: Vec<String>,
}

impl Driver {
    /// Begins a turn with `tools` in the configuration.
    fn new(tools: &str, host_tools: Vec<ToolDefinition>) -> Driver {
        let text = format!(
            r#"{{"agents":{{"model":"m"}},"tools":{tools},"providers":{{"providers":{{"openai":{{"api_key":"sk-secret"}}}}}}}}"#
        );
        let document = json::parse(text.as_bytes()).unwrap();
        let setup = Setup {
            config: Config::parse("config.json", text.as_bytes()).unwrap(),
            tools: ToolConfig::read(Node::root(&document)).unwrap(),
            host: host("/config"),
            host_tools,
            env: WasiEnvironment::new(),
            session: Session::default(),
            input: Input::parse("Hi").unwrap(),
            jitter: 0,
        };
        let mut driver = Driver {
            turn: AgentTurn::new(setup),
            next: Next::Act,
            said: Vec::new(),
        };
        driver.act();
        driver
    }

    fn act(&mut self) {
        let said = &mut self.said;
        while let Next::Act = self.next {
            self.next = self.turn.act(&|| Duration::ZERO, &mut |report| {
                said.push(match report {
                    Report::Call(call) => format!("call {}", call.name),
                    Report::Result(call, result) => {
                        format!("{} {} {}", call.name, result.is_error, result.content)
                    }
                    Report::Warning(text) => format!("warning {text}"),
                });
            });
        }
    }

    fn feed(&mut self, event: Event<'_>) {
        self.next = self.turn.feed(event, &|| Duration::ZERO);
        self.act();
    }

    /// Feeds a complete response.
    fn respond(&mut self, status: u16, body: &str) {
        let headers = [("content-type".to_owned(), "application/json".to_owned())];
        self.feed(Event::Head {
            status,
            headers: &headers,
        });
        if let Next::More = self.next {
            self.feed(Event::Body(body.as_bytes()));
        }
        if let Next::More = self.next {
            self.feed(Event::End);
        }
    }

    fn call(&mut self, calls: &[(&str, &str)]) {
        let list: Vec<_> = calls
            .iter()
            .enumerate()
            .map(|(number, (name, arguments))| {
                serde_json::json!({"id": format!("c{number}"), "type": "function",
                    "function": {"name": name, "arguments": arguments}})
            })
            .collect();
        let body = serde_json::json!({"choices": [{"message": {"content": null, "tool_calls": list}}]});
        self.respond(200, &body.to_string());
    }

    fn request(&self) -> &HttpRequest {
        match &self.next {
            Next::Send { request, .. } => request,
            other => panic!("no request, but {other:?}"),
        }
    }

    fn body(&self) -> String {
        String::from_utf8(self.request().body.clone()).unwrap()
    }

    fn is_done(&mut self) {
        self.respond(200, SAY_HELLO);
        assert!(matches!(&self.next, Next::Done(reply) if reply.text() == "Hello!"));
    }
}

#[test]
fn nothing_is_offered_without_configuration_or_grant() {
    for tools in [
        "{}",
        r#"{"files":{"write":true},"notes":true,"run_command":true}"#,
    ] {
        let mut driver = Driver::new(tools, Vec::new());
        assert!(!driver.body().contains("\"tools\""), "{}", driver.body());
        driver.is_done();
        assert!(driver.said.is_empty());
    }
}

#[test]
fn fetch_follows_redirects_within_listed_origins() {
    let mut driver = Driver::new(r#"{"fetch":{"allow":["https://a.example"]}}"#, Vec::new());
    assert!(driver.body().contains("\"fetch\""));
    driver.call(&[("fetch", r#"{"url":"https://a.example/x"}"#)]);
    assert_eq!(driver.request().url, "https://a.example/x");
    let away = [("location".to_owned(), "/y".to_owned())];
    driver.feed(Event::Head {
        status: 302,
        headers: &away,
    });
    assert_eq!(driver.request().url, "https://a.example/y");
    driver.respond(200, r#"{"n":1}"#);
    let said = "fetch false [from https://a.example/y]\n{\"n\":1}";
    assert_eq!(driver.said, ["call fetch", said]);
    assert!(driver.body().contains(r#"{\"n\":1}"#));
    driver.is_done();
}

#[test]
fn failures_of_tools_are_results() {
    let mut driver = Driver::new(r#"{"fetch":{"allow":["https://a.example"]}}"#, Vec::new());
    driver.call(&[
        ("fetch", r#"{"url":"https://b.example/"}"#),
        ("read_file", r#"{"path":"x"}"#),
        ("fetch", r#"{"url":"https://a.example/"}"#),
    ]);
    assert!(driver.turn.is_for_tool());
    driver.feed(Event::Failed(TransportError::Unavailable(
        "connection refused".to_owned(),
    )));
    assert!(!driver.turn.is_for_tool());
    let body = driver.body();
    for text in ["the configuration allows", "no such tool", "connection refused"] {
        assert!(body.contains(text), "{text} is missing in {body}");
    }
    driver.is_done();
}

#[test]
fn lists_and_calls_servers_under_permissions() {
    let tools = r#"{"mcp":{"s":{"url":"https://s.example/mcp"}},
        "permissions":{"mcp.s.search":"allow"}}"#;
    let mut driver = Driver::new(tools, Vec::new());
    assert_eq!(driver.request().url, "https://s.example/mcp");
    driver.respond(200, LISTED);
    assert!(driver.body().contains("mcp__s__search") && driver.body().contains("mcp__s__drop"));
    driver.call(&[("mcp__s__drop", "{}"), ("mcp__s__search", "{}")]);
    assert_eq!(driver.request().url, "https://s.example/mcp");
    driver.respond(200, FOUND);
    let body = driver.body();
    assert!(
        body.contains("found it") && body.contains("no terminal to ask at"),
        "{body}"
    );
    driver.is_done();
}

#[test]
fn server_that_fails_costs_a_warning() {
    let tools = r#"{"mcp":{"down":{"url":"https://s.example/mcp"},"program":{"command":"x"},
        "keyless":{"url":"https://s.example/","headers_env":{"x-key":"NONE"}},"up":{"url":"https://u.example/mcp"}}}"#;
    let mut driver = Driver::new(tools, Vec::new());
    driver.feed(Event::Failed(TransportError::Unavailable(
        "connection refused".to_owned(),
    )));
    assert_eq!(driver.request().url, "https://u.example/mcp");
    driver.respond(200, LISTED);
    assert!(driver.body().contains("mcp__up__search"));
    assert!(driver.said.iter().all(|line| line.starts_with("warning ")));
    for text in ["connection refused", "NONE"] {
        assert!(driver.said.iter().any(|line| line.contains(text)), "{text}");
    }
    driver.is_done();
}

#[test]
fn host_performs_its_own_tools() {
    let tool = ToolDefinition {
        name: "fetch".into(),
        description: "the host's own".into(),
        parameters: r#"{"type":"object"}"#.into(),
    };
    let mut driver = Driver::new(r#"{"fetch":{"allow":["https://*"]}}"#, vec![tool]);
    assert_eq!(driver.body().matches("\"fetch\"").count(), 1);
    driver.call(&[("fetch", "{}")]);
    assert!(matches!(&driver.next, Next::Call(call) if call.name == "fetch"));
    driver.turn.answer("the host's result".to_owned(), false);
    driver.next = Next::Act;
    driver.act();
    assert!(driver.body().contains("the host's result"));
    driver.is_done();
}

#[test]
fn failed_turn_leaves_the_calls_to_store() {
    let mut driver = Driver::new(r#"{"fetch":{"allow":["https://a.example"]}}"#, Vec::new());
    driver.call(&[("fetch", r#"{"url":"https://b.example/"}"#)]);
    driver.respond(401, "{}");
    assert!(matches!(driver.next, Next::Failed(_)));
    let session = driver.turn.take_unfinished().unwrap();
    assert_eq!(session.messages.len(), 3);
}
