//! Offered tools, decisions and previews.

use clawft_tools::{
    Decision, Declined, Host, Outcome, Permission, Toolbox,
    toolbox::{declined, line},
};
use clawft_types::ToolCall;
use serde_json::{Value, json};

use crate::memory::{Disk, call, preview, settings};

fn everything() -> Value {
    json!({"files": {"write": true}, "fetch": {"allow": ["https://a.example"]}, "notes": true, "run_command": true})
}

fn host(disk: &Disk) -> Host {
    disk.directory("work").file("home/config.json", "");
    Host {
        workspace: Some(Box::new(disk.mounted("work"))),
        home: Some(Box::new(disk.mounted("home"))),
        http: true,
        commands: true,
        ..Host::default()
    }
}

fn names(settings_json: &Value, host: Host) -> Vec<String> {
    let tools = Toolbox::new(settings(settings_json).unwrap(), host);
    let definitions = tools.definitions();
    definitions.iter().map(|tool| tool.name.to_string()).collect()
}

const ALL: [&str; 10] = [
    "read_file",
    "list_files",
    "search_files",
    "write_file",
    "edit_file",
    "delete_file",
    "fetch",
    "remember",
    "recall",
    "run_command",
];

#[test]
fn offers_what_is_configured_and_granted() {
    let disk = Disk::new();
    assert_eq!(names(&everything(), host(&disk)), ALL);
    assert_eq!(names(&json!({}), host(&disk)), [""; 0]);
    assert_eq!(names(&json!({"files": {}}), host(&disk)), ALL[..3]);
    assert_eq!(names(&json!({"notes": true}), host(&disk)), ALL[7..9]);
    assert_eq!(names(&everything(), Host::default()), [""; 0]);
    let without_workspace = Host {
        workspace: None,
        ..host(&disk)
    };
    assert_eq!(names(&everything(), without_workspace), ALL[6..]);
    let mut denied = everything();
    denied["permissions"] = json!({"*_file": "deny", "read_file": "ask", "fetch": "deny"});
    assert_eq!(
        names(&denied, host(&disk)),
        [
            "read_file",
            "list_files",
            "search_files",
            "remember",
            "recall",
            "run_command"
        ]
    );
}

#[test]
fn definitions_are_valid_and_small() {
    let disk = Disk::new();
    for methods in [json!(["GET"]), json!(["GET", "POST"])] {
        let mut all = everything();
        all["fetch"]["methods"] = methods;
        let tools = Toolbox::new(settings(&all).unwrap(), host(&disk));
        let mut size = 0;
        for tool in tools.definitions() {
            let schema: Value = serde_json::from_str(&tool.parameters).unwrap();
            assert_eq!(schema["type"], "object");
            let known = schema["properties"].as_object().unwrap();
            for required in schema["required"].as_array().into_iter().flatten() {
                assert!(known.contains_key(required.as_str().unwrap()), "{}", tool.name);
            }
            assert!(
                tool.name.len() <= 64 && tool.description.ends_with(['.', 'e', 'T']),
                "{}",
                tool.description
            );
            size += tool.parameters.len() + tool.description.len();
        }
        assert!(size < 4000, "{size}");
    }
}

#[test]
fn reading_is_allowed_and_changes_are_asked_about() {
    let disk = Disk::new();
    disk.file("work/f", "a\nb\n");
    let mut all = everything();
    all["fetch"]["methods"] = json!(["GET", "POST"]);
    let mut tools = Toolbox::new(settings(&all).unwrap(), host(&disk));
    for (name, arguments) in [
        ("read_file", json!({"path": "f"})),
        ("list_files", json!({})),
        ("fetch", json!({"url": "https://a.example"})),
        ("recall", json!({})),
        ("remember", json!({"key": "a", "text": "b"})),
    ] {
        assert_eq!(tools.check(&call(name, &arguments)), Decision::Allow, "{name}");
    }
    for (name, arguments, shown) in [
        (
            "write_file",
            json!({"path": "f", "content": "a\nc\n"}),
            "--- f\n+++ f\n@@ -1,2 +1,2 @@\n a\n-b\n+c\n",
        ),
        (
            "edit_file",
            json!({"path": "f", "old_text": "a", "new_text": "z"}),
            "--- f\n+++ f\n@@ -1,2 +1,2 @@\n-a\n+z\n b\n",
        ),
        ("delete_file", json!({"path": "f"}), "deletes f\n"),
        (
            "fetch",
            json!({"url": "https://a.example", "method": "POST", "body": "x\u{1b}y"}),
            "fetch\nurl: https://a.example\nmethod: POST\nbody: x\u{fffd}y\n",
        ),
        (
            "run_command",
            json!({"command": "ls\nrm x"}),
            "run_command\ncommand: ls\nrm x\n",
        ),
    ] {
        let shown_text = preview(&mut tools, name, arguments);
        // serde_json sorts keys, so only the lines are compared.
        let sorted = |text: &str| {
            let mut lines: Vec<_> = text.lines().map(str::to_owned).collect();
            lines.sort();
            lines
        };
        assert_eq!(sorted(&shown_text), sorted(shown), "{name}");
    }
    assert_eq!(
        disk.content("work/f").unwrap(),
        "a\nb\n",
        "a preview changes nothing"
    );
}

#[test]
fn rules_decide_by_name() {
    let rules = json!({"permissions": {
        "*": "ask", "mcp.*": "allow", "mcp.github.*": "deny", "mcp.github.get_*": "allow", "write_file": "deny"
    }});
    let permissions = settings(&rules).unwrap().permissions;
    for (name, permission) in [
        ("read_file", Permission::Ask),
        ("write_file", Permission::Deny),
        ("mcp.files.read", Permission::Allow),
        ("mcp.github.create", Permission::Deny),
        ("mcp.github.get_issue", Permission::Allow),
    ] {
        assert_eq!(permissions.of(name, Permission::Allow), permission, "{name}");
    }
    let none = settings(&json!({})).unwrap().permissions;
    assert_eq!(none.of("x", Permission::Ask), Permission::Ask);
}

#[test]
fn asks_for_no_fetch_that_cannot_succeed() {
    let disk = Disk::new();
    let mut all = everything();
    all["fetch"]["methods"] = json!(["GET", "POST"]);
    for (url, method, message) in [
        (
            "https://a.example",
            "DELETE",
            "the configuration does not allow this method",
        ),
        ("https://b.example", "POST", "the origin of the URL"),
        ("no address", "POST", "URL"),
    ] {
        let mut tools = Toolbox::new(settings(&all).unwrap(), host(&disk));
        let decision = tools.check(&call("fetch", &json!({"url": url, "method": method})));
        let Decision::Refuse(result) = decision else {
            panic!("{method} {url}: {decision:?}")
        };
        assert!(result.content.contains(message), "{}", result.content);
    }
}

#[test]
fn a_rule_for_fetch_covers_every_method() {
    let disk = Disk::new();
    let mut all = everything();
    all["fetch"]["methods"] = json!(["GET", "POST"]);
    let post = call("fetch", &json!({"url": "https://a.example", "method": "POST"}));
    for (rule, decision) in [("allow", Some(Decision::Allow)), ("ask", None)] {
        all["permissions"] = json!({"fetch": rule});
        let mut tools = Toolbox::new(settings(&all).unwrap(), host(&disk));
        let found = tools.check(&post);
        match decision {
            Some(decision) => assert_eq!(found, decision),
            None => assert!(matches!(found, Decision::Ask(_))),
        }
    }
}

#[test]
fn calls_that_cannot_succeed_are_results() {
    let disk = Disk::new();
    disk.file("work/f", "a");
    let mut tools = Toolbox::new(settings(&json!({"files": {"write": true}})).unwrap(), host(&disk));
    for (name, arguments, message) in [
        (
            "fetch",
            "{}",
            "there is no such tool, known are: read_file list_files search_files write_file edit_file delete_file",
        ),
        ("write_file", "{\"path\"", "malformed arguments: 1:7: not JSON"),
        (
            "write_file",
            "[]",
            "malformed arguments: expected an object, found an array",
        ),
        ("write_file", "", "malformed arguments: path: missing"),
        (
            "write_file",
            r#"{"path":"f"}"#,
            "malformed arguments: content: missing",
        ),
        (
            "write_file",
            r#"{"path":3,"content":""}"#,
            "malformed arguments: path: expected a string, found a number",
        ),
        (
            "edit_file",
            r#"{"path":"f","old_text":"x","new_text":"y"}"#,
            "`old_text` does not occur",
        ),
        (
            "write_file",
            r#"{"path":"../f","content":""}"#,
            "this is outside of the workspace",
        ),
    ] {
        let call = ToolCall {
            id: "7".to_owned(),
            name: name.to_owned(),
            arguments: arguments.to_owned(),
            extra: String::new(),
        };
        let Decision::Refuse(result) = tools.check(&call) else {
            panic!("{name} {arguments}")
        };
        assert!(
            result.is_error && result.content.starts_with(message),
            "{}",
            result.content
        );
        let Outcome::Done(again) = tools.start(&call) else {
            panic!("{name}")
        };
        assert_eq!(again, result);
    }
    let empty = ToolCall {
        id: "7".to_owned(),
        name: "list_files".to_owned(),
        arguments: " ".to_owned(),
        extra: String::new(),
    };
    assert!(matches!(tools.start(&empty), Outcome::Done(result) if !result.is_error));
}

#[test]
fn preview_of_any_call_shows_all_arguments() {
    let other = call(
        "mcp__x__run",
        &json!({"n": 3, "list": ["a\u{1b}", {"b": null}], "command": "rm x"}),
    );
    assert_eq!(
        clawft_tools::toolbox::preview(&other),
        "mcp__x__run\ncommand: rm x\nlist: [\"a\\u001b\",{\"b\":null}]\nn: 3\n"
    );
    let escaped = ToolCall {
        arguments: r#"{"command":"\u0072m \u001b[8mx"}"#.to_owned(),
        ..other.clone()
    };
    assert_eq!(
        clawft_tools::toolbox::preview(&escaped),
        "mcp__x__run\ncommand: rm \u{fffd}[8mx\n"
    );
    let malformed = ToolCall {
        arguments: "{\"a".to_owned(),
        ..other.clone()
    };
    assert_eq!(clawft_tools::toolbox::preview(&malformed), "mcp__x__run\n{\"a\n");
    let long = call("x", &json!({"a": "y".repeat(20_000)}));
    assert!(clawft_tools::toolbox::preview(&long).ends_with("y\n… 3621 more bytes\n"));
}

#[test]
fn refusals_tell_model_and_logs_get_line() {
    let edit = call(
        "edit_file",
        &json!({"path": "a\nb", "old_text": "x", "new_text": "y"}),
    );
    assert!(
        declined(&edit, Declined::NoTerminal)
            .content
            .contains("tools.permissions")
    );
    assert!(declined(&edit, Declined::ByUser).is_error);
    assert_eq!(line(&edit), "edit_file a\u{fffd}b");
    let long = call("fetch", &json!({"url": "x".repeat(1000)}));
    assert!(line(&long).len() < 200);
    let odd = ToolCall {
        name: "\u{1b}]0;x\n".to_owned(),
        arguments: "{".to_owned(),
        ..edit
    };
    assert_eq!(line(&odd), "\u{fffd}]0;x\u{fffd}");
}
