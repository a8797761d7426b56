//! The configuration of MCP servers: accepted forms, and the message of each error.

use std::time::Duration;

use clawft_types::{
    Secret,
    config::mcp::{self, McpServer, McpSource, McpTransport, McpVariable},
    json::{self, Node},
};
use serde_json::{Value, json};

fn read(servers: &Value) -> Result<Vec<McpServer>, String> {
    let text = json!({"tools": {"mcp": servers}}).to_string();
    let document = json::parse(text.as_bytes()).unwrap();
    mcp::servers(Node::root(&document)).map_err(|error| error.to_string())
}

/// Returns the error of a server with these members.
fn error(server: &Value) -> String {
    read(&json!({"s": server})).unwrap_err()
}

fn given(name: &str, value: &str) -> McpVariable {
    McpVariable {
        name: name.to_owned(),
        source: McpSource::Value(Secret::new(value)),
    }
}

fn taken(name: &str, variable: &str) -> McpVariable {
    McpVariable {
        name: name.to_owned(),
        source: McpSource::Variable(variable.to_owned()),
    }
}

#[test]
fn no_servers_without_configuration() {
    for text in [
        "{}",
        r#"{"tools":{}}"#,
        r#"{"tools":{"mcp":null}}"#,
        r#"{"tools":{"mcp":{}}}"#,
    ] {
        let document = json::parse(text.as_bytes()).unwrap();
        assert_eq!(mcp::servers(Node::root(&document)), Ok(Vec::new()), "{text}");
    }
}

#[test]
fn reads_a_server_behind_a_url() {
    let servers = read(&json!({"git_hub-2": {
        "url": "https://api.example/mcp?key=abc", "timeout_secs": 5, "tools": ["search", "a.b"],
        "headers": {"X-Tenant": " blue "}, "headers_env": {"Authorization": "GITHUB_AUTHORIZATION"},
    }}))
    .unwrap();
    assert_eq!(
        servers,
        [McpServer {
            name: "git_hub-2".to_owned(),
            transport: McpTransport::Http {
                url: Secret::new("https://api.example/mcp?key=abc"),
                headers: vec![
                    given("x-tenant", "blue"),
                    taken("authorization", "GITHUB_AUTHORIZATION")
                ],
            },
            timeout: Duration::from_secs(5),
            tools: Some(vec!["search".to_owned(), "a.b".to_owned()]),
        }]
    );
    let shown = format!("{servers:?}");
    assert!(!shown.contains("abc") && !shown.contains("blue"), "{shown}");
}

#[test]
fn reads_a_server_that_is_a_program() {
    let servers = read(&json!({"files": {
        "command": "npx", "args": ["-y", "server", ""], "env": {"MODE": "", "Token": "t0ken"}, "env_from": ["API_KEY"],
    }, "least": {"command": "serve"}}))
    .unwrap();
    assert_eq!(
        servers[0].transport,
        McpTransport::Stdio {
            command: "npx".to_owned(),
            args: ["-y", "server", ""].map(str::to_owned).to_vec(),
            env: vec![
                given("MODE", ""),
                given("Token", "t0ken"),
                taken("API_KEY", "API_KEY")
            ],
        }
    );
    assert_eq!(
        servers[1],
        McpServer {
            name: "least".to_owned(),
            transport: McpTransport::Stdio {
                command: "serve".to_owned(),
                args: Vec::new(),
                env: Vec::new(),
            },
            timeout: Duration::from_secs(30),
            tools: None,
        }
    );
    assert!(!format!("{servers:?}").contains("t0ken"));
}

#[test]
fn errors_name_the_field() {
    let url = "http://127.0.0.1:1/mcp";
    for (server, message) in [
        (json!(3), ": expected an object, found a number"),
        (json!({}), ".url: missing"),
        (
            json!({"url": "ftp://h"}),
            ".url: expected a URL that starts with `https://` or `http://`",
        ),
        (json!({"url": "http://?a"}), ".url: the URL names no host"),
        (
            json!({"url": "http://u:p@h/"}),
            ".url: holds a user name or password: give the key as `headers_env`",
        ),
        (
            json!({"url": "http://h/#a"}),
            ".url: holds a query, a fragment or a character that no URL may hold",
        ),
        (
            json!({"url": url, "command": "npx"}),
            ".url: a server has either a `url` or a `command`",
        ),
        (
            json!({"url": url, "headers": []}),
            ".headers: expected an object, found an array",
        ),
        (
            json!({"url": url, "headers": {"a b": "c"}}),
            ".headers.a b: this is not the name of a header",
        ),
        (
            json!({"url": url, "headers": {"": "c"}}),
            ".headers.: this is not the name of a header",
        ),
        (
            json!({"url": url, "headers": {"a": "\r\n"}}),
            ".headers.a: must not be empty",
        ),
        (
            json!({"url": url, "headers": {"a": "b\r\nc: d"}}),
            ".headers.a: a header's value has printable ASCII characters only",
        ),
        (
            json!({"url": url, "headers": {"Mcp-Session-Id": "c"}}),
            ".headers.Mcp-Session-Id: this header cannot be configured, because the protocol sets it",
        ),
        (
            json!({"url": url, "headers": {"HOST": "c"}}),
            ".headers.HOST: this header cannot be configured, because the protocol sets it",
        ),
        (
            json!({"url": url, "headers": {"A": "c"}, "headers_env": {"a": "C"}}),
            ".headers_env.a: `a` is given twice",
        ),
        (
            json!({"url": url, "headers_env": {"a": "ghp_A1b2C3"}}),
            ".headers_env.a: expected the name of an environment variable; a key itself goes to `api_key`",
        ),
        (
            json!({"url": url, "timeout_secs": 0}),
            ".timeout_secs: expected a whole number from 1 to 3600",
        ),
        (
            json!({"url": url, "tools": "search"}),
            ".tools: expected an array, found a string",
        ),
        (
            json!({"url": url, "tools": [1]}),
            ".tools.0: expected a string, found a number",
        ),
        (json!({"command": " "}), ".command: must not be empty"),
        (
            json!({"command": "c", "args": ["a\u{0}"]}),
            ".args.0: holds a NUL character",
        ),
        (
            json!({"command": "c", "env": {"A=": "b"}}),
            ".env.A=: this is not the name of an environment variable",
        ),
        (
            json!({"command": "c", "env": {"A": "\u{0}"}}),
            ".env.A: holds a NUL character",
        ),
        (
            json!({"command": "c", "env": {"A": "b"}, "env_from": ["A"]}),
            ".env_from.0: `A` is given twice",
        ),
        (
            json!({"command": "c", "env_from": ["a b"]}),
            ".env_from.0: expected the name of an environment variable; a key itself goes to `api_key`",
        ),
    ] {
        assert_eq!(error(&server), format!("tools.mcp.s{message}"));
    }
    assert_eq!(
        read(&json!([])),
        Err("tools.mcp: expected an object, found an array".to_owned())
    );
}

#[test]
fn names_stay_apart_from_tools() {
    let server = json!({"command": "c"});
    for name in ["a", "A-1", "a_b_c", "-", &"n".repeat(32)] {
        assert!(read(&json!({name: server})).is_ok(), "{name}");
    }
    for name in ["", "_a", "a_", "a__b", "a.b", "a b", "ä", &"n".repeat(33)] {
        let error = read(&json!({name: server})).unwrap_err();
        assert!(error.contains("a server's name has up to 32 letters"), "{error}");
    }
}

#[test]
fn lists_are_bounded_and_without_repetition() {
    let many = |count: usize| -> Value {
        let servers = (0..count).map(|number| (format!("s{number}"), json!({"command": "c"})));
        Value::Object(servers.collect())
    };
    assert_eq!(read(&many(64)).map(|servers| servers.len()), Ok(64));
    assert_eq!(read(&many(65)), Err("tools.mcp: too many servers".to_owned()));
    let headers = |count: usize| -> Value {
        let headers = (0..count).map(|number| (format!("h{number}"), json!("v")));
        json!({"s": {"url": "http://h", "headers": Value::Object(headers.collect())}})
    };
    assert!(read(&headers(64)).is_ok());
    assert!(read(&headers(65)).unwrap_err().ends_with("too many entries"));
    let document = json::parse(br#"{"tools":{"mcp":{"a":{"command":"c"},"a":{"command":"d"}}}}"#).unwrap();
    let error = mcp::servers(Node::root(&document)).unwrap_err();
    assert_eq!(error.to_string(), "tools.mcp.a: this server is given twice");
}
