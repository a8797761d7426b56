//! Tools that the model calls through `weft chat`.

use std::fs;

use serde_json::{Value, json};

use crate::common::Home;

/// Returns a home whose model calls the tools in the lines of a message, with this `tools` configuration.
fn home(tools: &Value) -> Home {
    let home = Home::new("tools");
    let mut config: Value = serde_json::from_slice(&fs::read(home.path("config.json")).unwrap()).unwrap();
    config["tools"] = tools.clone();
    home.configure(&config);
    home
}

/// Makes a workspace with a file and returns its path.
fn workspace(home: &Home) -> String {
    let workspace = home.directory.path().join("work");
    fs::create_dir(&workspace).unwrap();
    fs::write(workspace.join("a.txt"), "one\ntwo\n").unwrap();
    workspace.to_str().unwrap().to_owned()
}

#[test]
fn model_reads_a_file_changes_it_and_reports() {
    let home = home(&json!({ "files": { "write": true }, "permissions": { "edit_file": "allow" } }));
    let workspace = workspace(&home);
    let script = "read_file {\"path\":\"a.txt\"}\n\
                  edit_file {\"path\":\"a.txt\",\"old_text\":\"two\",\"new_text\":\"three\"}\n\
                  read_file {\"path\":\"a.txt\"}";
    for arguments in [
        vec!["chat", "--workspace", &workspace, script],
        vec![
            "chat",
            "--session",
            "s2",
            "--no-stream",
            "--workspace",
            &workspace,
            script,
        ],
    ] {
        fs::write(format!("{workspace}/a.txt"), "one\ntwo\n").unwrap();
        let run = home.run(&arguments);
        assert_eq!(run.code, 0, "{}", run.stderr);
        assert!(run.stdout.starts_with("done: "), "{}", run.stdout);
        assert!(run.stdout.contains("three"), "{}", run.stdout);
        assert_eq!(
            fs::read_to_string(format!("{workspace}/a.txt")).unwrap(),
            "one\nthree\n"
        );
        assert!(run.stderr.contains("tool: read_file a.txt\n"), "{}", run.stderr);
    }
    let session = home.session("default");
    assert_eq!(session.messages.len(), 8);
    assert_eq!(session.messages[1].calls[0].name, "read_file");
    assert!(session.messages[2].content.contains("two"));
    let file = fs::read_to_string(home.path("sessions/default.json")).unwrap();
    assert!(file.starts_with(r#"{"version":2,"#));
}

#[test]
fn question_without_a_terminal_is_a_refusal() {
    let home = home(&json!({ "files": { "write": true } }));
    let workspace = workspace(&home);
    let script = "write_file {\"path\":\"b.txt\",\"content\":\"x\"}";
    let run = home.run(&["chat", "--workspace", &workspace, script]);
    assert_eq!(run.code, 0, "{}", run.stderr);
    assert!(run.stdout.contains("no terminal"), "{}", run.stdout);
    assert!(!home.path("work/b.txt").exists());

    let run = home.run(&["chat", "--yes", "--workspace", &workspace, script]);
    assert_eq!(run.code, 0, "{}", run.stderr);
    assert_eq!(fs::read_to_string(home.path("work/b.txt")).unwrap(), "x");
}

#[test]
fn nothing_is_offered_without_workspace_or_configuration() {
    let script = "read_file {\"path\":\"a.txt\"}";
    let configured = home(&json!({ "files": {} }));
    workspace(&configured);
    let run = configured.run(&["chat", script]);
    assert!(
        run.stderr.contains("(finish reason `tool_calls`)"),
        "{}",
        run.stderr
    );
    let plain = Home::new("tools");
    let workspace = workspace(&plain);
    let run = plain.run(&["chat", "--workspace", &workspace, script]);
    assert!(run.stderr.contains("no tools are configured"), "{}", run.stderr);
    assert!(!run.stdout.contains("two"), "{}", run.stdout);
}

#[test]
fn fetch_reaches_listed_origins_only() {
    let home = Home::new("tools");
    let base: Value = serde_json::from_slice(&fs::read(home.path("config.json")).unwrap()).unwrap();
    let api = base["providers"]["providers"]["openai"]["api_base"]
        .as_str()
        .unwrap();
    let origin = &api[..api
        .find('/')
        .map_or(0, |at| at + 2 + api[at + 2..].find('/').unwrap())];
    let mut config = base.clone();
    config["tools"] = json!({ "fetch": { "allow": [origin] } });
    home.configure(&config);
    let listed = home.run(&["chat", &format!("fetch {{\"url\":\"{origin}/nothing\"}}")]);
    assert!(
        listed.stdout.contains("status 404"),
        "{}{}",
        listed.stdout,
        listed.stderr
    );
    let other = home.run(&["chat", "fetch {\"url\":\"http://127.0.0.1:9/\"}"]);
    assert!(
        other.stdout.contains("not one that the configuration allows"),
        "{}",
        other.stdout
    );
}

#[test]
fn error_of_tool_is_result_for_model() {
    let home = home(&json!({ "files": {} }));
    let workspace = workspace(&home);
    let run = home.run(&[
        "chat",
        "--workspace",
        &workspace,
        "read_file {\"path\":\"none.txt\"}",
    ]);
    assert!(run.stdout.starts_with("done: "), "{}", run.stdout);
    assert!(
        home.session("default").messages[2]
            .answered
            .as_ref()
            .unwrap()
            .is_error
    );
}

#[test]
fn command_is_not_offered_without_a_terminal() {
    let home = home(&json!({ "run_command": true, "permissions": { "run_command": "allow" } }));
    let run = home.run(&["chat", "run_command {\"command\":\"echo hello\"}"]);
    assert!(!run.stdout.contains("hello\n"), "{}", run.stdout);
}

/// Returns an MCP server with a tool whose name the model cannot use.
#[cfg(unix)]
pub(crate) fn server() -> Value {
    let tool = json!({"name": "look.up", "description": "Looks it up.", "inputSchema": {"type": "object"}});
    let answer = |method: &str, result: Value| {
        format!(
            "*{method}*) printf '{{\"jsonrpc\":\"2.0\",\"id\":%s,\"result\":%s}}\\n' \"$id\" '{result}' ;;"
        )
    };
    let script = [
        "while read -r line; do".to_owned(),
        "id=$(printf '%s' \"$line\" | sed 's/.*\"id\":\\([0-9]*\\).*/\\1/')".to_owned(),
        "case \"$line\" in".to_owned(),
        answer("tools/list", json!({ "tools": [tool] })),
        answer(
            "tools/call",
            json!({"content": [{"type": "text", "text": "found"}]}),
        ),
        answer("\\\"id\\\"", json!({"supportedVersions": ["2026-07-28"]})),
        "esac".to_owned(),
        "done".to_owned(),
    ];
    json!({"command": "sh", "args": ["-c", script.join("\n")]})
}

#[cfg(unix)]
#[test]
fn shows_call_of_server_by_name_in_permissions() {
    let home = home(&json!({ "mcp": { "s": server() }, "permissions": { "mcp.s.look.up": "allow" } }));
    let run = home.run(&["chat", "mcp__s__look_up {}"]);
    assert_eq!(run.code, 0, "{}", run.stderr);
    assert_eq!(run.stderr, "tool: mcp.s.look.up\n");
    assert!(run.stdout.contains("found"), "{}", run.stdout);
}

#[cfg(unix)]
#[test]
fn misspelt_tool_of_a_server_is_named() {
    let home = home(&json!({ "mcp": { "s": server() } }));
    for name in ["look.up", "mcp.s.lok.up"] {
        let said = home.run(&["mcp", "call", name]).failure(1);
        assert!(said.ends_with("perhaps `mcp.s.look.up` is meant\n"), "{said}");
    }
    let said = home.run(&["mcp", "call", "other"]).failure(1);
    assert!(said.ends_with("`weft mcp list` prints them\n"), "{said}");
}
