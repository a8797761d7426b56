//! The negotiation of a revision over HTTP, and sessions.

use clawft_core::HttpRequest;
use clawft_mcp::{HttpServer, McpError, Outcome};
use serde_json::{Value, json};

use crate::common::{
    NOW, Response, TOKEN, body, call, error, exchange, header, http, list, listed, result, text, tool_call,
    tools,
};

/// A server of a revision with a handshake and sessions, as the official SDKs are.
struct Older {
    version: &'static str,
    /// The number of the session, counted from 1; 0 if the server has none.
    session: u32,
    /// The methods that arrived.
    methods: Vec<String>,
    /// The status for a request without a session.
    refuses: u16,
}

impl Older {
    fn new(version: &'static str) -> Older {
        Older {
            version,
            session: 1,
            methods: Vec::new(),
            refuses: 400,
        }
    }

    fn answer(&mut self, request: &HttpRequest) -> Response {
        let message = body(request);
        let method = message["method"].as_str().unwrap();
        self.methods.push(method.to_owned());
        let session = self.session.to_string();
        if method == "initialize" {
            assert_eq!(header(request, "mcp-session-id"), None);
            assert_eq!(header(request, "mcp-protocol-version"), None);
            let params = &message["params"];
            assert_eq!(params["protocolVersion"], "2025-11-25");
            assert_eq!(
                (&params["capabilities"], &params["clientInfo"]["name"]),
                (&json!({}), &json!("clawft"))
            );
            let offered = json!({"protocolVersion": self.version, "capabilities": {"tools": {"listChanged": true}},
                "serverInfo": {"name": "older", "version": "1"}});
            return Response::new(200, result(&message["id"], &offered)).with("Mcp-Session-Id", &session);
        }
        if header(request, "mcp-session-id") != Some(&session) {
            return Response::new(
                self.refuses,
                error(&json!("server-error"), -32600, "Bad Request: no session"),
            );
        }
        assert_eq!(header(request, "mcp-protocol-version"), Some(self.version));
        assert_eq!(header(request, "mcp-method"), None);
        assert_eq!(message["params"].get("_meta"), None);
        match method {
            "notifications/initialized" => {
                assert_eq!(message.get("id"), None);
                Response::new(202, "")
            }
            "tools/list" => Response::events(&[result(&message["id"], &tools(&["search"]))]),
            "tools/call" => Response::events(&[
                json!({"jsonrpc": "2.0", "method": "notifications/message", "params": {"data": "x"}})
                    .to_string(),
                json!({"jsonrpc": "2.0", "id": 0, "method": "ping"}).to_string(),
                result(&message["id"], &text("found")),
            ]),
            _ => panic!("{method}"),
        }
    }
}

#[test]
fn newest_revision_needs_one_request_a_call() {
    let mut server = http();
    let mut requests = 0;
    list(&mut server, |request| {
        requests += 1;
        let message = body(request);
        assert_eq!(
            (
                header(request, "mcp-protocol-version"),
                header(request, "mcp-method")
            ),
            (Some("2026-07-28"), Some("tools/list"))
        );
        assert_eq!(
            header(request, "accept"),
            Some("application/json, text/event-stream")
        );
        assert_eq!(header(request, "content-type"), Some("application/json"));
        assert_eq!(header(request, "authorization"), Some(TOKEN));
        assert_eq!(header(request, "mcp-name"), None);
        assert_eq!(
            message["params"],
            json!({"_meta": {
            "io.modelcontextprotocol/protocolVersion": "2026-07-28",
            "io.modelcontextprotocol/clientInfo": {"name": "clawft", "version": env!("CARGO_PKG_VERSION")},
            "io.modelcontextprotocol/clientCapabilities": {}}})
        );
        Response::new(200, result(&message["id"], &tools(&["search"])))
    })
    .unwrap();
    let found = call(&mut server, "mcp__s__search", r#"{"q": "a\nb"}"#, |request| {
        requests += 1;
        let message = body(request);
        assert_eq!(
            (&message["method"], &message["params"]["name"]),
            (&json!("tools/call"), &json!("search"))
        );
        assert_eq!(message["params"]["arguments"], json!({"q": "a\nb"}));
        assert_eq!(
            (header(request, "mcp-method"), header(request, "mcp-name")),
            (Some("tools/call"), Some("search"))
        );
        assert_eq!(header(request, "mcp-session-id"), None);
        Response::new(200, result(&message["id"], &text("found")))
    });
    assert_eq!(
        (found.id.as_str(), found.content.as_str(), found.is_error),
        ("call-1", "found", false)
    );
    assert_eq!(requests, 2);
}

#[test]
fn older_revisions_are_greeted() {
    for version in ["2025-11-25", "2025-06-18", "2025-03-26", "2024-11-05"] {
        let mut older = Older::new(version);
        let mut server = http();
        list(&mut server, |request| older.answer(request)).unwrap();
        let found = call(&mut server, "mcp__s__search", "{}", |request| {
            older.answer(request)
        });
        assert_eq!((found.content.as_str(), found.is_error), ("found", false));
        assert_eq!(
            older.methods,
            [
                "tools/list",
                "initialize",
                "notifications/initialized",
                "tools/list",
                "tools/call"
            ]
        );
    }
}

#[test]
fn only_older_servers_are_greeted() {
    let unsupported = |supported: &[&str]| {
        json!({"jsonrpc": "2.0", "id": 1, "error": {"code": -32022, "message": "Unsupported protocol version",
            "data": {"supported": supported, "requested": "2026-07-28"}}})
        .to_string()
    };
    for (status, answer, greeted) in [
        (400, String::new(), true),
        (400, "Bad Request".to_owned(), true),
        (404, "<html>".to_owned(), true),
        (405, String::new(), true),
        (406, error(&json!(1), -32000, "Not Acceptable"), true),
        (400, error(&json!("server-error"), -32600, "no session"), true),
        (400, error(&json!(null), -32000, "no session"), true),
        (404, error(&json!(1), -32601, "Method not found"), true),
        (200, error(&json!(1), -32602, "Invalid request parameters"), true),
        (400, unsupported(&["2025-11-25"]), true),
        (400, unsupported(&["2027-01-01", "2025-06-18"]), true),
        (400, unsupported(&["2027-01-01"]), false),
        (400, unsupported(&[]), false),
        (400, error(&json!(1), -32020, "Header mismatch"), false),
        (400, error(&json!(1), -32021, "Missing capability"), false),
        (401, String::new(), false),
        (403, error(&json!(1), -32000, "no"), false),
        (429, String::new(), false),
        (500, error(&json!(1), -32603, "crashed"), false),
        (503, String::new(), false),
        (302, String::new(), false),
    ] {
        let mut methods = Vec::new();
        let mut server = http();
        let listed = list(&mut server, |request| {
            methods.push(body(request)["method"].as_str().unwrap().to_owned());
            Response::new(if methods.len() == 1 { status } else { 500 }, answer.clone())
        });
        assert!(listed.is_err());
        assert_eq!(
            methods.contains(&"initialize".to_owned()),
            greeted,
            "{status} {answer}"
        );
        assert_eq!(methods.len(), if greeted { 2 } else { 1 });
    }
}

#[test]
fn lost_session_begins_again_once() {
    for refuses in [404, 400] {
        let mut older = Older::new("2025-06-18");
        let mut server = http();
        list(&mut server, |request| older.answer(request)).unwrap();
        older.methods.clear();
        older.refuses = refuses;
        older.session = 2;
        let found = call(&mut server, "mcp__s__search", "{}", |request| {
            older.answer(request)
        });
        assert_eq!((found.content.as_str(), found.is_error), ("found", false));
        assert_eq!(
            older.methods,
            [
                "tools/call",
                "initialize",
                "notifications/initialized",
                "tools/call"
            ]
        );
        // A server that loses every session ends the call.
        let mut calls = 0;
        let lost = call(&mut server, "mcp__s__search", "{}", |request| {
            calls += 1;
            older.session += u32::from(body(request)["method"] == "tools/call");
            older.answer(request)
        });
        assert!(lost.is_error && calls == 4, "{lost:?}");
        assert_eq!(
            lost.content,
            "MCP server `s`: it refuses the request: Bad Request: no session"
        );
    }
}

#[test]
fn session_ids_are_secret_and_checked() {
    let initialize = |id: &str| {
        let mut server = http();
        let mut sent = None;
        let result = list(&mut server, |request| {
            let message = body(request);
            match message["method"].as_str().unwrap() {
                "initialize" => Response::new(
                    200,
                    result(&message["id"], &json!({"protocolVersion": "2025-06-18"})),
                )
                .with("mcp-session-id", id),
                "notifications/initialized" => {
                    sent = header(request, "mcp-session-id").map(str::to_owned);
                    assert!(!format!("{request:?}").contains("s3ssion"));
                    Response::new(202, "")
                }
                _ => Response::new(400, ""),
            }
        });
        (sent, result, format!("{server:?}"))
    };
    let (sent, listed, shown) = initialize(" s3ssion-1 ");
    assert_eq!((sent.as_deref(), listed), (Some("s3ssion-1"), Ok(())));
    assert!(!shown.contains("s3ssion") && !shown.contains("ghp_"), "{shown}");
    for id in ["", "a b", "é", &"x".repeat(4097)] {
        assert_eq!(initialize(id).0, None);
    }
}

#[test]
fn server_without_tools_is_not_asked_for_them() {
    let mut server = http();
    let mut methods = Vec::new();
    let listed = list(&mut server, |request| {
        let message = body(request);
        methods.push(message["method"].clone());
        match methods.len() {
            1 => Response::new(400, ""),
            2 => Response::new(
                200,
                result(
                    &message["id"],
                    &json!({"protocolVersion": "2025-06-18", "capabilities": {}}),
                ),
            ),
            _ => Response::new(202, ""),
        }
    });
    assert_eq!((listed, server.catalog().tools().len()), (Ok(()), 0));
    assert_eq!(methods, ["tools/list", "initialize", "notifications/initialized"]);
}

#[test]
fn unknown_revision_is_an_error() {
    for version in [json!("2023-01-01"), json!("2026-07-28"), json!(1), json!(null)] {
        let listed = greeted_with(&json!({"protocolVersion": version, "capabilities": {"tools": {}}}));
        assert_eq!(
            listed.unwrap_err().to_string(),
            "MCP server `s`: it speaks no revision of MCP that is known here"
        );
    }
}

fn greeted_with(greeting: &Value) -> Result<(), McpError> {
    list(&mut http(), |request| {
        let message = body(request);
        match message["method"].as_str().unwrap() {
            "initialize" => Response::new(200, result(&message["id"], greeting)),
            _ => Response::new(400, ""),
        }
    })
}

#[test]
fn failed_probe_is_repeated_by_the_next_operation() {
    let mut server = http();
    assert!(list(&mut server, |_| Response::new(503, "")).is_err());
    let mut older = Older::new("2025-11-25");
    assert_eq!(list(&mut server, |request| older.answer(request)), Ok(()));
}

#[test]
fn established_server_is_not_greeted_by_a_failure() {
    let mut server: HttpServer = listed(&["search"]);
    let mut requests = 0;
    let step = server.call(&tool_call("mcp__s__search", "{}"), NOW);
    let outcome = exchange(&mut server, step, |_| {
        requests += 1;
        Response::new(400, "")
    });
    let Outcome::Called(failed) = outcome else {
        panic!()
    };
    assert_eq!(
        (failed.content.as_str(), failed.is_error),
        ("MCP server `s`: it refuses the request (status 400)", true)
    );
    assert_eq!(requests, 1);
}
