//! Real sockets and child processes as MCP servers.

use std::{
    io::{BufRead as _, BufReader, Read as _, Write as _},
    net::{TcpListener, TcpStream},
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use clawft_types::{
    ToolCall, ToolResult,
    config::mcp::{self, McpServer},
    json::{self, Node},
};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::runtime::Builder;
use weft_agent::{Agent, Home, McpServers, Stop};

fn config(servers: &Value) -> Vec<McpServer> {
    let text = json!({"tools": {"mcp": servers}}).to_string();
    let document = json::parse(text.as_bytes()).unwrap();
    mcp::servers(Node::root(&document)).unwrap()
}

/// Runs a test with the servers of this configuration.
fn with<T>(servers: &Value, test: impl AsyncFnOnce(&McpServers) -> T) -> T {
    let directory = TempDir::new().unwrap();
    let home = Home {
        config: directory.path().join("config.json"),
        directory: directory.path().to_owned(),
    };
    let runtime = Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let servers = McpServers::new(Agent::new(&home).unwrap().client(), &config(servers));
        test(&servers).await
    })
}

fn tool_call(name: &str) -> ToolCall {
    ToolCall {
        id: "1".to_owned(),
        name: name.to_owned(),
        arguments: "{}".to_owned(),
        extra: String::new(),
    }
}

async fn call(servers: &McpServers, name: &str) -> ToolResult {
    servers.call(&tool_call(name)).await.expect("the tool is there")
}

fn names(servers: &McpServers) -> Vec<String> {
    servers.tools().into_iter().map(|tool| tool.permission).collect()
}

fn result(id: u32, result: &Value) -> String {
    json!({"jsonrpc": "2.0", "id": id, "result": result}).to_string()
}

fn tools() -> Value {
    json!({"tools": [{"name": "t", "inputSchema": {"type": "object"}}]})
}

/// Reads a request, and returns its head and its body.
fn request(stream: &TcpStream) -> (String, Value) {
    let mut reader = BufReader::new(stream);
    let mut head = String::new();
    while !head.ends_with("\r\n\r\n") {
        reader.read_line(&mut head).unwrap();
    }
    let head = head.to_lowercase();
    let (_, length) = head.split_once("content-length: ").unwrap();
    let mut body = vec![0; length.lines().next().unwrap().parse().unwrap()];
    reader.read_exact(&mut body).unwrap();
    (head, serde_json::from_slice(&body).unwrap())
}

/// Starts a server of the newest revision, which gives the head of a call as its result.
fn serve() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let (head, message) = request(&stream);
            let answer =
                |result: &Value| json!({"jsonrpc": "2.0", "id": message["id"], "result": result}).to_string();
            let (kind, body) = if message["method"] == "tools/list" {
                ("application/json", answer(&tools()))
            } else {
                let note = json!({"jsonrpc": "2.0", "method": "notifications/message"});
                let found = answer(&json!({"content": [{"type": "text", "text": head}]}));
                ("text/event-stream", format!("data: {note}\n\ndata: {found}\n\n"))
            };
            let head = format!("HTTP/1.1 200 OK\r\ncontent-type: {kind}\r\nconnection: close\r\n\r\n");
            stream.write_all(head.as_bytes()).unwrap();
            stream.write_all(body.as_bytes()).unwrap();
        }
    });
    format!("http://{address}/mcp")
}

#[test]
fn server_behind_a_url_is_listed_and_called() {
    let servers = json!({"web": {"url": serve(), "headers": {"X-Tenant": "blue"}}});
    with(&servers, async |servers| {
        assert_eq!(servers.list(&Stop::new()).await, [""; 0]);
        assert_eq!(names(servers), ["mcp.web.t"]);
        let found = call(servers, "mcp__web__t").await;
        assert!(!found.is_error);
        for header in [
            "post /mcp http/1.1",
            "mcp-method: tools/call",
            "mcp-protocol-version: 2026-07-28",
            "x-tenant: blue",
        ] {
            assert!(found.content.contains(header), "{}", found.content);
        }
        assert!(servers.call(&tool_call("mcp__web__other")).await.is_none());
    });
}

#[test]
fn connection_is_used_again_after_a_stream() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let connections = Arc::new(AtomicUsize::new(0));
    let counter = Arc::clone(&connections);
    thread::spawn(move || {
        for stream in listener.incoming() {
            counter.fetch_add(1, Ordering::SeqCst);
            let mut stream = stream.unwrap();
            // The client closes connections that it does not use again.
            thread::spawn(move || {
                while stream.peek(&mut [0]).is_ok_and(|count| count > 0) {
                    let (_, message) = request(&stream);
                    let text = json!({"jsonrpc": "2.0", "id": message["id"], "result": tools()}).to_string();
                    let event = format!("data: {text}\n\n");
                    let head = "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n";
                    let body = format!("{head}{:x}\r\n{event}\r\n", event.len());
                    stream.write_all(body.as_bytes()).unwrap();
                    // The end comes later than the answer.
                    thread::sleep(Duration::from_millis(2));
                    if stream.write_all(b"0\r\n\r\n").is_err() {
                        return;
                    }
                }
            });
        }
    });
    with(
        &json!({"web": {"url": format!("http://{address}/")}}),
        async |servers| {
            let begun = Instant::now();
            let mut calls = 1;
            assert_eq!(servers.list(&Stop::new()).await, [""; 0]);
            while connections.load(Ordering::SeqCst) == calls {
                assert!(
                    begun.elapsed() < Duration::from_secs(60),
                    "{calls} calls, each with its own connection"
                );
                tokio::time::sleep(Duration::from_millis(10)).await;
                call(servers, "mcp__web__t").await;
                calls += 1;
            }
        },
    );
}

#[test]
fn servers_that_do_not_answer_are_warnings() {
    // It accepts and says nothing.
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let unused = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let servers = json!({
        "down": {"url": format!("http://{unused}")},
        "web": {"url": serve()},
        "silent": {"url": format!("http://{}", silent.local_addr().unwrap()), "timeout_secs": 1},
        "missing": {"command": "/no/such/program"},
        "unset": {"url": "http://127.0.0.1:1", "headers_env": {"authorization": "NO_SUCH_VARIABLE"}},
    });
    with(&servers, async |servers| {
        assert_eq!(
            servers.list(&Stop::new()).await,
            [
                "MCP server `unset`: the environment variable `NO_SUCH_VARIABLE` is not set",
                "MCP server `down`: HTTP unavailable: connection refused",
                "MCP server `missing`: `/no/such/program` cannot be started: there is no such program",
                "MCP server `silent`: it did not answer within 1 s",
            ]
        );
        assert_eq!(names(servers), ["mcp.web.t"]);
    });
}

#[test]
fn stop_ends_the_wait_for_a_list() {
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let servers =
        json!({"silent": {"url": format!("http://{}", silent.local_addr().unwrap()), "timeout_secs": 3600}});
    with(&servers, async |servers| {
        let stop = Stop::new();
        stop.stop();
        assert_eq!(servers.list(&stop).await, [""; 0]);
    });
}

/// Returns a program that answers each line in turn with the output of a command, and then waits.
#[cfg(unix)]
fn program(start: &str, answers: &[&str]) -> Value {
    let answers: String = answers
        .iter()
        .map(|answer| format!("read -r line\n{answer}\n"))
        .collect();
    json!({"command": "sh", "args": ["-c", format!("{start}\n{answers}while read -r line; do :; done")]})
}

/// Returns the command that prints `text`.
#[cfg(unix)]
fn print(text: &str) -> String {
    format!("printf '%s\\n' '{text}'")
}

#[cfg(unix)]
fn greeting() -> String {
    print(&result(1, &json!({"supportedVersions": ["2026-07-28"]})))
}

#[cfg(unix)]
fn list() -> String {
    print(&result(2, &tools()))
}

#[cfg(unix)]
fn found(id: u32) -> String {
    print(&result(
        id,
        &json!({"content": [{"type": "text", "text": "found"}]}),
    ))
}

/// Returns the process id that a program has written to `path`.
#[cfg(unix)]
fn id_in(path: &Path) -> String {
    std::fs::read_to_string(path).unwrap().trim().to_owned()
}

/// Waits until the process has ended.
#[cfg(unix)]
fn assert_ends(id: &str) {
    let begun = Instant::now();
    while Path::new("/proc").join(id).join("exe").read_link().is_ok() {
        assert!(
            begun.elapsed() < Duration::from_secs(20),
            "the process {id} lives on"
        );
        thread::sleep(Duration::from_millis(10));
    }
}

#[cfg(unix)]
#[test]
fn program_gets_only_named_variables() {
    let content = r#"printf '{"id":3,"result":{"content":[{"type":"text","text":"%s"}]}}\n' "$(env | sort | tr '\n' ' ')""#;
    let mut server = program("", &[&greeting(), &list(), content]);
    server["env"] = json!({"MODE": "test"});
    server["env_from"] = json!(["CARGO_PKG_NAME"]);
    with(&json!({"child": server}), async |servers| {
        assert_eq!(servers.list(&Stop::new()).await, [""; 0]);
        let found = call(servers, "mcp__child__t").await;
        let variables: Vec<_> = found.content.split_whitespace().collect();
        for expected in ["MODE=test", "CARGO_PKG_NAME=weft-agent"] {
            assert!(variables.contains(&expected), "{variables:?}");
        }
        assert!(variables.iter().any(|variable| variable.starts_with("PATH=")));
        let foreign = ["CARGO_MANIFEST_DIR", "CARGO_PKG_VERSION", "RUST_"];
        assert!(
            !variables
                .iter()
                .any(|variable| foreign.iter().any(|name| variable.starts_with(name))),
            "{variables:?}"
        );
    });
}

#[cfg(target_os = "linux")]
#[test]
fn programs_end_with_the_servers() {
    let directory = TempDir::new().unwrap();
    let [own, started] = ["own", "started"].map(|name| directory.path().join(name));
    // A program that ignores the end of its input, and one that it has started.
    let start = format!(
        "sleep 1000 & echo $! > {}; echo $$ > {}",
        started.display(),
        own.display()
    );
    let mut server = program(&start, &[&greeting(), &list()]);
    let script = server["args"][1].as_str().unwrap().to_owned() + "; sleep 1000";
    server["args"][1] = json!(script);
    with(&json!({"child": server}), async |servers| {
        assert_eq!(servers.list(&Stop::new()).await, [""; 0]);
        assert!(Path::new("/proc").join(id_in(&own)).exists());
    });
    for path in [&own, &started] {
        assert_ends(&id_in(path));
    }
}

#[cfg(unix)]
#[test]
fn program_that_ends_is_explained_and_started_again() {
    let directory = TempDir::new().unwrap();
    let crash = format!(
        "echo 'out of luck' >&2; test -e {0} || {{ touch {0}; exit 3; }}\n{1}",
        directory.path().join("crashed").display(),
        found(3)
    );
    // After the second start, the first line is the call.
    let again = format!("test -e {}", directory.path().join("crashed").display());
    let start = format!(
        "if {again}; then read -r line; {}; exec cat > /dev/null; fi",
        found(4)
    );
    let server = program(&start, &[&greeting(), &list(), &crash]);
    with(&json!({"child": server}), async |servers| {
        assert_eq!(servers.list(&Stop::new()).await, [""; 0]);
        let failed = call(servers, "mcp__child__t").await;
        assert!(failed.is_error);
        assert_eq!(
            failed.content,
            "MCP server `child`: it has ended (exit status: 3): out of luck"
        );
        let found = call(servers, "mcp__child__t").await;
        assert_eq!((found.content.as_str(), found.is_error), ("found", false));
    });
}

#[cfg(target_os = "linux")]
#[test]
fn dropped_call_ends_the_program() {
    let directory = TempDir::new().unwrap();
    let own = directory.path().join("own");
    let again = format!(
        "read -r line; {}; exec cat > /dev/null",
        print(&result(4, &tools()))
    );
    let start = format!(
        "old=$(test -e {0} && echo yes); echo $$ > {0}; test \"$old\" && {{ {again}; }}",
        own.display()
    );
    let server = program(&start, &[&greeting(), &list()]);
    with(&json!({"child": server}), async |servers| {
        assert_eq!(servers.list(&Stop::new()).await, [""; 0]);
        let first = id_in(&own);
        let call = tool_call("mcp__child__t");
        tokio::select! {
            _ = servers.call(&call) => panic!("it does not answer"),
            () = tokio::time::sleep(Duration::from_millis(50)) => {}
        }
        assert_ends(&first);
        // The next operation starts another one.
        assert_eq!(servers.list(&Stop::new()).await, [""; 0]);
        assert_ne!(id_in(&own), first);
    });
}

#[cfg(unix)]
#[test]
fn change_of_the_list_is_noticed_between_operations() {
    let older = json!({"protocolVersion": "2025-11-25", "capabilities": {"tools": {"listChanged": true}}});
    let unknown = json!({"jsonrpc": "2.0", "id": 1, "error": {"code": -32601, "message": ""}}).to_string();
    let changed = json!({"jsonrpc": "2.0", "method": "notifications/tools/list_changed"}).to_string();
    let other = json!({"tools": [{"name": "u", "inputSchema": {"type": "object"}}]});
    let answers = [
        print(&unknown),
        print(&result(2, &older)),
        "true".to_owned(),
        print(&result(3, &tools())) + "\n" + &print(&changed),
        print(&result(4, &other)),
    ];
    let server = program("", &answers.iter().map(String::as_str).collect::<Vec<_>>());
    with(&json!({"child": server}), async |servers| {
        assert_eq!(servers.list(&Stop::new()).await, [""; 0]);
        assert_eq!(names(servers), ["mcp.child.t"]);
        let begun = Instant::now();
        while names(servers) == ["mcp.child.t"] && begun.elapsed() < Duration::from_secs(20) {
            assert_eq!(servers.list(&Stop::new()).await, [""; 0]);
        }
        assert_eq!(names(servers), ["mcp.child.u"]);
        // Without a notification the list is kept.
        assert_eq!(servers.list(&Stop::new()).await, [""; 0]);
        servers.close().await;
    });
}

#[cfg(unix)]
#[test]
fn large_messages_pass_in_both_directions() {
    // The program writes more than a pipe holds before it reads, and gets more than a pipe holds.
    let flood = r#"i=0; while [ $i -lt 2000 ]; do printf '%s\n' '{"jsonrpc":"2.0","method":"notifications/message","params":{"data":"xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"}}'; i=$((i+1)); done"#;
    let length = r#"printf '{"id":3,"result":{"content":[{"type":"text","text":"%s"}]}}\n' "${#line}""#;
    let server = program(flood, &[&greeting(), &list(), length]);
    with(&json!({"child": server}), async |servers| {
        assert_eq!(servers.list(&Stop::new()).await, [""; 0]);
        let arguments = json!({"text": "y".repeat(300_000)}).to_string();
        let big = ToolCall {
            arguments,
            ..tool_call("mcp__child__t")
        };
        let found = servers.call(&big).await.unwrap();
        let length: usize = found.content.parse().unwrap();
        assert!(length > 300_000);
    });
}
