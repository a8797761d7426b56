//! Properties that hold for all paths, edits and arguments.

use clawft_tools::{Decision, Host, Outcome, Toolbox};
use clawft_types::ToolCall;
use proptest::prelude::*;
use serde_json::json;

use crate::memory::{Disk, call, run, settings, workspace};

/// Returns a workspace with links in all directions, next to a file that it does not hold.
fn linked(links: &[(String, String)]) -> Disk {
    let disk = Disk::new();
    disk.file("secret", "SECRET")
        .file("work/a/b/c", "plain")
        .file("work/home/config.json", "SECRET")
        .directory("work/home/sessions");
    for (path, target) in links {
        disk.link(&["work/", path].concat(), target);
    }
    disk
}

fn links() -> impl Strategy<Value = Vec<(String, String)>> {
    let path = "(a/|a/b/)?[xyz]";
    let target = "(\\.\\./|\\./|/|a/|b/|c/|x/|y/|home/|work/){0,4}(secret|config\\.json|x|y|home|\\.\\.)";
    prop::collection::vec((path, target), 0..4)
}

const PATH: &str =
    "/?(\\.\\./|\\./|a/|b/|c/|x/|y/|z/|home/|work/|//){0,5}(secret|config\\.json|x|y|z|c|\\.\\.|new)?";

proptest! {
    #[test]
    fn paths_never_escape_the_workspace(links in links(), path in PATH) {
        let disk = linked(&links);
        let host = Host {
            workspace: Some(Box::new(disk.mounted("work"))),
            root: "/work".to_owned(),
            home: Some(Box::new(disk.mounted("work/home"))),
            ..Host::default()
        };
        let mut tools = Toolbox::new(settings(&json!({"files": {"write": true}})).unwrap(), host);
        for (name, arguments) in [
            ("read_file", json!({"path": path})),
            ("search_files", json!({"path": path, "text": "SEC"})),
            ("list_files", json!({"path": path, "recursive": true})),
            ("edit_file", json!({"path": path, "old_text": "SECRE", "new_text": "x"})),
            ("write_file", json!({"path": path, "content": "x"})),
            ("delete_file", json!({"path": path})),
        ] {
            let content = run(&mut tools, name, arguments).content;
            prop_assert!(!content.contains("SECRET") && !content.contains("config.json  "), "{content}");
        }
        for file in ["secret", "work/home/config.json"] {
            let content = disk.content(file);
            prop_assert_eq!(content.as_deref(), Some("SECRET"));
        }
        prop_assert_eq!(disk.content("new"), None);
        prop_assert_eq!(disk.content("work/home/new"), None);
    }

    #[test]
    fn edits_need_exactly_one_match(text in "[ab\n]{0,30}", old in "[ab\n]{1,4}", new in "[abc\n]{0,4}") {
        let disk = Disk::new();
        disk.file("work/f", &text);
        let mut tools = workspace(&disk);
        let arguments = json!({"path": "f", "old_text": old, "new_text": new});
        let asked = matches!(tools.check(&call("edit_file", &arguments)), Decision::Ask(_));
        let result = run(&mut tools, "edit_file", arguments);
        prop_assert_eq!(asked, !result.is_error);
        let starts = (0..text.len()).filter(|at| text[*at..].starts_with(&old)).count();
        let expected = if starts == 1 && old != new { text.replacen(&old, &new, 1) } else { text.clone() };
        prop_assert_eq!(result.is_error, starts != 1 || old == new);
        let content = disk.content("work/f");
        prop_assert_eq!(content, Some(expected));
    }

    #[test]
    fn ranges_of_lines_join_to_the_file(text in "[a\n]{0,40}", size in 1_usize..5) {
        let disk = Disk::new();
        disk.file("work/f", &text);
        let mut tools = workspace(&disk);
        let mut joined = String::new();
        for first in (1..).step_by(size) {
            let part = run(&mut tools, "read_file", json!({"path": "f", "start_line": first, "end_line": first + size - 1}));
            if part.is_error {
                break;
            }
            let note = format!("[the file goes on with line {}]", first + size);
            joined.push_str(part.content.strip_suffix(&note).unwrap_or(&part.content));
        }
        prop_assert_eq!(joined, text);
    }

    #[test]
    fn any_call_has_a_result(name in "read_file|edit_file|write_file|list_files|search_files|fetch|remember|\\PC{0,9}", arguments in "\\PC{0,40}|\\{(\"(path|url|key|text|old_text|new_text|content)\":(\"\\PC{0,9}\"|[0-9]|null|\\[\\]),?){0,4}\\}") {
        let disk = Disk::new();
        disk.file("work/f", "x").file("home/config.json", "{}");
        let host = Host {
            workspace: Some(Box::new(disk.mounted("work"))),
            home: Some(Box::new(disk.mounted("home"))),
            http: true,
            ..Host::default()
        };
        let all = json!({"files": {"write": true}, "fetch": {"allow": ["https://*"]}, "notes": true});
        let mut tools = Toolbox::new(settings(&all).unwrap(), host);
        let call = ToolCall { id: "9".to_owned(), name, arguments, extra: String::new() };
        tools.check(&call);
        if let Outcome::Done(result) = tools.start(&call) {
            prop_assert_eq!(result.id, "9");
        }
        prop_assert!(!clawft_tools::toolbox::line(&call).contains(char::is_control));
    }
}
