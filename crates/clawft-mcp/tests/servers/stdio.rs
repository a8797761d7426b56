//! Programs: lines, the probe for the newest revision, requests of the server's own.

use std::time::Duration;

use clawft_mcp::{McpError, Outcome, StdioEvent, StdioServer, StdioThen, limits::MAX_RESPONSE};
use clawft_types::ToolResult;
use serde_json::{Value, json};

use crate::common::{NOW, config, converse, env, error, result, stdio, text, tool_call, tools};

const SEARCH: &str = "mcp__s__search";

fn methods(lines: &[Value]) -> Vec<&str> {
    lines
        .iter()
        .map(|line| line["method"].as_str().unwrap_or("answer"))
        .collect()
}

fn list(
    server: &mut StdioServer,
    answer: impl FnMut(&Value) -> Vec<String>,
) -> (Result<(), McpError>, Vec<Value>) {
    let step = server.list(NOW);
    match converse(server, step, answer) {
        (Outcome::Listed(listed), lines) => (listed, lines),
        (outcome, _) => panic!("{outcome:?}"),
    }
}

fn call(server: &mut StdioServer, answer: impl FnMut(&Value) -> Vec<String>) -> (ToolResult, Vec<Value>) {
    let step = server.call(&tool_call(SEARCH, "{\"a\": \"1\\n2\"}"), NOW);
    match converse(server, step, answer) {
        (Outcome::Called(result), lines) => (result, lines),
        (outcome, _) => panic!("{outcome:?}"),
    }
}

/// A program that speaks the newest revision.
fn newest(line: &Value) -> Vec<String> {
    let params = &line["params"]["_meta"];
    assert_eq!(params["io.modelcontextprotocol/protocolVersion"], "2026-07-28");
    vec![match line["method"].as_str().unwrap() {
        "server/discover" => result(
            &line["id"],
            &json!({"supportedVersions": ["2026-07-28"], "capabilities": {}}),
        ),
        "tools/list" => result(&line["id"], &tools(&["search"])),
        "tools/call" => result(&line["id"], &text("found")),
        method => panic!("{method}"),
    }]
}

/// A program with a handshake.
fn older(line: &Value) -> Vec<String> {
    assert_eq!(
        line["params"].get("_meta").is_some(),
        line["method"] == "server/discover"
    );
    vec![match line["method"].as_str().unwrap() {
        "server/discover" => error(&line["id"], -32601, "Method not found"),
        "initialize" => result(
            &line["id"],
            &json!({"protocolVersion": "2025-06-18", "capabilities": {"tools": {}}}),
        ),
        "notifications/initialized" => return Vec::new(),
        "tools/list" => result(&line["id"], &tools(&["search"])),
        "tools/call" => result(&line["id"], &text("found")),
        method => panic!("{method}"),
    }]
}

#[test]
fn program_is_asked_for_the_newest_revision() {
    let mut server = stdio();
    let (listed, lines) = list(&mut server, newest);
    assert_eq!(
        (listed, methods(&lines)),
        (Ok(()), vec!["server/discover", "tools/list"])
    );
    let (found, lines) = call(&mut server, newest);
    assert_eq!(
        (found.content.as_str(), found.is_error, methods(&lines)),
        ("found", false, vec!["tools/call"])
    );
    assert_eq!(lines[0]["params"]["arguments"], json!({"a": "1\n2"}));
    assert!(!server.catalog().is_fresh(NOW));
}

#[test]
fn older_program_is_greeted() {
    let mut server = stdio();
    let (listed, lines) = list(&mut server, older);
    let handshake = [
        "server/discover",
        "initialize",
        "notifications/initialized",
        "tools/list",
    ];
    assert_eq!((listed, methods(&lines)), (Ok(()), handshake.to_vec()));
    assert_eq!(call(&mut server, older).0.content, "found");
    // Its list holds until it says something else.
    assert!(server.catalog().is_fresh(Duration::from_secs(1_000_000)));
    let changed = json!({"jsonrpc": "2.0", "method": "notifications/tools/list_changed"}).to_string();
    let step = server.feed(StdioEvent::Output(format!("{changed}\n").as_bytes()), NOW);
    assert!(matches!(step.then, StdioThen::Rest) && !server.catalog().is_fresh(NOW));
    assert_eq!(server.catalog().tools().len(), 1);
}

#[test]
fn offer_of_an_older_revision_is_taken() {
    let discovered = |versions: Value| {
        let (listed, lines) = list(&mut stdio(), |line| match line["method"].as_str() {
            Some("server/discover") => vec![result(&line["id"], &json!({"supportedVersions": versions}))],
            _ => older(line),
        });
        (listed.is_ok(), lines.len())
    };
    assert_eq!(discovered(json!(["2025-11-25", "2027-01-01"])), (true, 4));
    assert_eq!(discovered(json!(null)), (true, 4));
    let unsupported = |versions: Value| {
        list(&mut stdio(), |line| {
            match line["method"].as_str() {
            Some("server/discover") => vec![
                json!({"jsonrpc": "2.0", "id": line["id"], "error": {"code": -32022, "message": "no", "data": {"supported": versions}}})
                    .to_string(),
            ],
            _ => older(line),
        }
        })
    };
    assert_eq!(unsupported(json!(["2025-11-25"])).0, Ok(()));
    let (refused, lines) = unsupported(json!(["2027-01-01"]));
    assert_eq!(
        (refused.unwrap_err().cause.as_str(), lines.len()),
        ("it refuses the request: no", 1)
    );
}

#[test]
fn silence_is_an_older_program() {
    let mut server = stdio();
    let mut step = server.list(NOW);
    assert!(matches!(step.then, StdioThen::Start));
    step = server.feed(StdioEvent::Started, Duration::from_secs(1));
    let StdioThen::Read(wait) = step.then else {
        panic!()
    };
    assert_eq!(wait, Duration::from_secs(9));
    step = server.feed(StdioEvent::TimedOut, Duration::from_secs(10));
    assert!(String::from_utf8(step.write).unwrap().contains("\"initialize\""));
    let StdioThen::Read(wait) = step.then else {
        panic!()
    };
    assert_eq!(wait, Duration::from_secs(20));
    // The late answer to the probe changes nothing.
    let late = error(&json!(1), -32601, "Method not found") + "\n";
    assert!(matches!(
        server
            .feed(StdioEvent::Output(late.as_bytes()), Duration::from_secs(11))
            .then,
        StdioThen::Read(_)
    ));
    let step = server.feed(StdioEvent::TimedOut, Duration::from_secs(30));
    assert_eq!(step.write, b"", "the handshake cannot be cancelled");
    let StdioThen::Done(Outcome::Listed(Err(error))) = step.then else {
        panic!()
    };
    assert_eq!(error.to_string(), "MCP server `s`: it did not answer within 30 s");
}

#[test]
fn starts_program_again_that_ends_at_probe() {
    let mut server = stdio();
    assert!(matches!(server.list(NOW).then, StdioThen::Start));
    server.feed(StdioEvent::Started, NOW);
    let step = server.feed(StdioEvent::Ended("it ended with status 1"), NOW);
    assert!(matches!(step.then, StdioThen::Start) && step.write.is_empty());
    let (outcome, lines) = converse(&mut server, step, older);
    assert_eq!(outcome, Outcome::Listed(Ok(())));
    assert_eq!(
        methods(&lines),
        ["initialize", "notifications/initialized", "tools/list"]
    );
    // It is not started a third time.
    let mut server = stdio();
    server.list(NOW);
    server.feed(StdioEvent::Started, NOW);
    server.feed(StdioEvent::Ended("first"), NOW);
    server.feed(StdioEvent::Started, NOW);
    let StdioThen::Done(Outcome::Listed(Err(error))) = server.feed(StdioEvent::Ended("second"), NOW).then
    else {
        panic!()
    };
    assert_eq!(error.cause, "second");
}

#[test]
fn ended_program_is_started_by_the_next_operation() {
    for (program, handshake) in [
        (
            older as fn(&Value) -> Vec<String>,
            &["initialize", "notifications/initialized", "tools/call"][..],
        ),
        (newest, &["tools/call"][..]),
    ] {
        let mut server = stdio();
        list(&mut server, program).0.unwrap();
        server.call(&tool_call(SEARCH, "{}"), NOW);
        let StdioThen::Done(Outcome::Called(failed)) = server.feed(StdioEvent::Ended("killed"), NOW).then
        else {
            panic!()
        };
        assert_eq!(
            (failed.content.as_str(), failed.is_error),
            ("MCP server `s`: killed", true)
        );
        let (found, lines) = call(&mut server, program);
        assert_eq!(
            (found.content.as_str(), methods(&lines)),
            ("found", handshake.to_vec())
        );
        // It may also end between two operations.
        server.feed(StdioEvent::Ended("killed"), NOW);
        let (found, lines) = call(&mut server, program);
        assert_eq!(
            (found.content.as_str(), methods(&lines)),
            ("found", handshake.to_vec())
        );
    }
}

#[test]
fn empty_answers_are_failures_at_once() {
    for answer in [
        "{}",
        r#"{"result":null}"#,
        r#"{"result":{},"error":{"code":1,"message":"no"}}"#,
    ] {
        let mut server = stdio();
        list(&mut server, older).0.unwrap();
        let (failed, _) = call(&mut server, |line| {
            let mut answer: Value = serde_json::from_str(answer).unwrap();
            answer["jsonrpc"] = json!("2.0");
            answer["id"] = line["id"].clone();
            vec![answer.to_string()]
        });
        let is_known =
            failed.content.ends_with("neither a result nor an error") || failed.content.ends_with(": no");
        assert!(failed.is_error && is_known, "{}", failed.content);
    }
}

#[test]
fn requests_of_the_program_are_answered() {
    let mut server = stdio();
    list(&mut server, older).0.unwrap();
    let (found, lines) = call(&mut server, |line| {
        if line.get("method").is_none() {
            return if line["id"] == "b\"2" {
                vec![result(&json!(4), &text("found"))]
            } else {
                Vec::new()
            };
        }
        let request =
            |id: Value, method: &str| json!({"jsonrpc": "2.0", "id": id, "method": method}).to_string();
        vec![
            "Listening…".to_owned(),
            request(json!(0), "ping"),
            request(json!("a"), "roots/list"),
            request(json!("b\"2"), "ping"),
            request(json!("x".repeat(5000)), "ping"),
        ]
    });
    assert_eq!(found.content, "found");
    assert_eq!(lines[1], json!({"jsonrpc": "2.0", "id": 0, "result": {}}));
    assert_eq!(
        (&lines[2]["id"], &lines[2]["error"]["code"]),
        (&json!("a"), &json!(-32601))
    );
    assert_eq!(
        (&lines[3], lines.len()),
        (&json!({"jsonrpc": "2.0", "id": "b\"2", "result": {}}), 4)
    );
}

#[test]
fn late_call_is_cancelled() {
    let mut server = stdio();
    list(&mut server, newest).0.unwrap();
    server.call(&tool_call(SEARCH, "{}"), NOW);
    let step = server.feed(StdioEvent::TimedOut, Duration::from_secs(30));
    let line: Value = serde_json::from_slice(&step.write).unwrap();
    assert_eq!(
        line,
        json!({"jsonrpc": "2.0", "method": "notifications/cancelled", "params": {"requestId": 3}})
    );
    let StdioThen::Done(Outcome::Called(failed)) = step.then else {
        panic!()
    };
    assert_eq!(failed.content, "MCP server `s`: it did not answer within 30 s");
    // Its answer does not count for the next call.
    let (found, _) = call(&mut server, |line| {
        let mut lines = vec![result(&json!(3), &text("late"))];
        lines.extend(newest(line));
        lines
    });
    assert_eq!(found.content, "found");
}

#[test]
fn output_is_limited_in_size_and_time() {
    let mut server = stdio();
    list(&mut server, newest).0.unwrap();
    server.call(&tool_call(SEARCH, "{}"), NOW);
    let flood = vec![b'x'; MAX_RESPONSE / 2];
    for _ in 0..2 {
        assert!(matches!(
            server.feed(StdioEvent::Output(&flood), NOW).then,
            StdioThen::Read(_)
        ));
    }
    let StdioThen::Done(Outcome::Called(failed)) = server.feed(StdioEvent::Output(b"x"), NOW).then else {
        panic!()
    };
    assert_eq!(
        failed.content,
        format!("MCP server `s`: it writes more than {MAX_RESPONSE} bytes")
    );
    // Such a program is not trusted with another call.
    assert!(matches!(
        server.call(&tool_call(SEARCH, "{}"), NOW).then,
        StdioThen::Start
    ));
    server.feed(StdioEvent::Started, NOW);
    let StdioThen::Done(Outcome::Called(failed)) = server
        .feed(StdioEvent::Output(b"\n"), Duration::from_secs(30))
        .then
    else {
        panic!()
    };
    assert!(failed.content.ends_with("it did not answer within 30 s"));
    // Between two operations the same holds.
    for _ in 0..3 {
        assert!(matches!(
            server.feed(StdioEvent::Output(&flood), NOW).then,
            StdioThen::Rest
        ));
    }
    assert!(matches!(server.list(NOW).then, StdioThen::Start));
}

#[test]
fn environment_is_resolved_and_secret() {
    let server = json!({"command": "serve", "args": ["-v"], "env": {"A": "s_ecret"}, "env_from": ["TOKEN"]});
    let program = StdioServer::new(&config(&server), &env).unwrap();
    let variables: Vec<_> = program
        .env()
        .iter()
        .map(|(name, value)| (name.as_str(), value.expose()))
        .collect();
    assert_eq!(variables, [("A", "s_ecret"), ("TOKEN", crate::common::TOKEN)]);
    assert_eq!(
        (program.command(), program.args(), program.name()),
        ("serve", &["-v".to_owned()][..], "s")
    );
    let shown = format!("{program:?}");
    assert!(!shown.contains("s_ecret") && !shown.contains("ghp_"), "{shown}");
    let error = StdioServer::new(&config(&server), &|_| None).unwrap_err();
    assert_eq!(
        error.to_string(),
        "MCP server `s`: the environment variable `TOKEN` is not set"
    );
    let error = StdioServer::new(&config(&json!({"url": "http://h"})), &env).unwrap_err();
    assert_eq!(error.to_string(), "MCP server `s`: it is no program");
    let mut program = program;
    program.list(NOW);
    program.feed(StdioEvent::Started, NOW);
    program.feed(StdioEvent::Ended("x"), NOW);
    let StdioThen::Done(Outcome::Listed(Err(error))) =
        program.feed(StdioEvent::Ended("said s_ecret"), NOW).then
    else {
        panic!()
    };
    assert_eq!(error.cause, "said ***");
}
