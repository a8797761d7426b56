//! Every way to ask for the configuration, the sessions and the notes is refused.

use clawft_tools::{Decision, Host, Outcome, Toolbox};
use serde_json::json;

use crate::memory::{Disk, MemoryFiles, call, settings, workspace};

const CONFIDENTIAL: [&str; 7] = [
    "work/.clawft/config.json",
    "work/.clawft/sessions/a.json",
    "work/.clawft/sessions/.locks/a.json+1",
    "work/.clawft/notes/n.txt",
    "work/.clawft/deep/er/token",
    "work/.clawft/keys/alice/sessions/a.json",
    "work/.clawft/keys/alice/notes/n.txt",
];

/// Returns a workspace that holds the home directory, with many other ways to it.
fn disk() -> Disk {
    let disk = Disk::new();
    for path in CONFIDENTIAL {
        disk.file(path, "SECRET");
    }
    disk.file("work/a/b/plain", "plain")
        .file("elsewhere/config.json", "SECRET");
    disk.link("work/to-home", ".clawft")
        .link("work/to-config", ".clawft/config.json")
        .link("work/a/to-home", "../.clawft")
        .link("work/a/b/to-session", "../../.clawft/sessions/a.json")
        .link("work/chain", "a/to-home")
        .link("work/chain-config", "chain/config.json")
        .link("work/through", "a/b/../../.clawft/../.clawft/config.json")
        .link("work/up-and-in", "../work/.clawft/config.json")
        .link("work/absolute", "/work/.clawft/config.json")
        .link("work/to-deep", ".clawft/deep/er");
    // Hard links, and mounts of files and directories.
    disk.again("work/.clawft/config.json", "work/a/hard-config")
        .again("work/.clawft/sessions/a.json", "work/a/hard-session")
        .again("work/.clawft/notes/n.txt", "work/a/hard-note")
        .again("work/.clawft/sessions/.locks/a.json+1", "work/a/hard-lock")
        .again("work/.clawft", "work/mounted")
        .again("work/.clawft/sessions", "work/mounted-sessions")
        .again("work/.clawft/sessions/.locks", "work/mounted-locks")
        .again("work/.clawft/notes", "work/mounted-notes")
        .again(
            "work/.clawft/keys/alice/sessions/a.json",
            "work/a/hard-client-session",
        )
        .again("work/.clawft/keys/alice/notes/n.txt", "work/a/hard-client-note")
        .again("work/.clawft/keys", "work/mounted-keys")
        .again("work/.clawft/keys/alice", "work/mounted-client");
    disk
}

fn toolbox(workspace: MemoryFiles, disk: &Disk) -> Toolbox {
    let host = Host {
        workspace: Some(Box::new(workspace)),
        root: "/work".to_owned(),
        home: Some(Box::new(disk.mounted("work/.clawft"))),
        ..Host::default()
    };
    Toolbox::new(
        settings(&json!({"files": {"write": true}, "notes": true})).unwrap(),
        host,
    )
}

const PATHS: [&str; 48] = [
    ".clawft/config.json",
    "./.clawft/config.json",
    ".clawft//config.json",
    ".clawft/./config.json",
    "a/../.clawft/config.json",
    "a/b/../../.clawft/config.json",
    ".clawft/sessions/../config.json",
    "/work/.clawft/config.json",
    "/work//.clawft/config.json",
    "../work/.clawft/config.json",
    ".clawft\\config.json",
    ".CLAWFT/config.json",
    ".clawft/CONFIG.JSON",
    ".Clawft/Config.Json",
    ".clawft/sessions/a.json",
    ".clawft/sessions/A.JSON",
    ".clawft/sessions/.locks/a.json+1",
    ".clawft/notes/n.txt",
    ".clawft/deep/er/token",
    "to-home/config.json",
    "to-home/sessions/a.json",
    "to-home/deep/er/token",
    "to-config",
    "a/to-home/config.json",
    "a/b/to-session",
    "chain/config.json",
    "chain/sessions/a.json",
    "chain-config",
    "through",
    "up-and-in",
    "absolute",
    "to-deep/token",
    "a/hard-config",
    "A/HARD-CONFIG",
    "a/hard-session",
    "a/hard-note",
    "a/hard-lock",
    "mounted/config.json",
    "mounted/deep/er/token",
    "mounted-sessions/a.json",
    "mounted-locks/a.json+1",
    "mounted-notes/n.txt",
    ".clawft/keys/alice/sessions/a.json",
    "a/hard-client-session",
    "a/hard-client-note",
    "mounted-keys/alice/sessions/a.json",
    "mounted-client/sessions/a.json",
    "mounted-client/notes/n.txt",
];

/// Tries every tool on `path` and asserts that nothing confidential comes out or changes.
fn assert_unreachable(disk: &Disk, tools: &mut Toolbox, path: &str) {
    let parent = path.rsplit_once('/').map_or("", |(parent, _)| parent);
    let file = [parent, "/new"].concat();
    for (name, arguments) in [
        ("read_file", json!({"path": path})),
        ("read_file", json!({"path": path, "start_line": 1, "end_line": 9})),
        (
            "edit_file",
            json!({"path": path, "old_text": "SECRET", "new_text": "changed"}),
        ),
        (
            "edit_file",
            json!({"path": path, "old_text": "SEC", "new_text": ""}),
        ),
        ("write_file", json!({"path": path, "content": "changed"})),
        ("delete_file", json!({"path": path})),
        ("list_files", json!({"path": path})),
        ("list_files", json!({"path": parent, "recursive": true})),
        ("search_files", json!({"path": parent, "text": "SEC"})),
        ("search_files", json!({"path": parent, "text": "E"})),
        ("search_files", json!({"path": parent, "name": "*n*"})),
        ("search_files", json!({"path": path, "text": "S"})),
    ] {
        // A link or another name may be removed: it is in the workspace.
        let call = call(name, &arguments);
        let decision = tools.check(&call);
        let removes_link = name == "delete_file" && matches!(decision, Decision::Ask(_));
        let decision = match decision {
            Decision::Ask(preview) => preview,
            Decision::Refuse(result) => result.content,
            Decision::Allow => String::new(),
        };
        let content = match tools.start(&call) {
            _ if removes_link => String::new(),
            Outcome::Done(result) => result.content,
            other => panic!("{other:?}"),
        };
        for text in [decision, content] {
            let quoted = text.replace("SECRET`", "");
            assert!(!quoted.contains("SECRET"), "{name} {arguments}: {text}");
            assert!(
                !text.contains("config.json  6") && !text.contains("a.json  6"),
                "{text}"
            );
        }
    }
    for path in CONFIDENTIAL {
        assert_eq!(disk.content(path).as_deref(), Some("SECRET"), "{path}");
    }
    if file.contains(".clawft") || file.contains("mounted") {
        let call = call("write_file", &json!({"path": file, "content": "x"}));
        assert!(
            matches!(tools.start(&call), Outcome::Done(result) if result.is_error),
            "{file}"
        );
    }
}

#[test]
fn no_path_leads_to_what_is_confidential() {
    for ignores_case in [false, true] {
        for path in PATHS {
            let disk = disk();
            let mut workspace = disk.mounted("work");
            workspace.ignores_case = ignores_case;
            assert_unreachable(&disk, &mut toolbox(workspace, &disk), path);
        }
    }
}

#[test]
fn walks_workspace_that_holds_itself_to_end() {
    let disk = disk();
    disk.again("work", "work/a/whole");
    let mut tools = toolbox(disk.mounted("work"), &disk);
    let mut content = |name, arguments| match tools.start(&call(name, &arguments)) {
        Outcome::Done(result) => result.content,
        other => panic!("{other:?}"),
    };
    for path in [
        "a/whole/.clawft/config.json",
        "a/whole/a/whole/a/to-home/config.json",
    ] {
        assert!(
            content("read_file", json!({"path": path})).starts_with("this belongs to the configuration"),
            "{path}"
        );
    }
    assert_eq!(
        content("read_file", json!({"path": "a/whole/a/b/plain"})),
        "plain"
    );
    assert_eq!(
        content("search_files", json!({"text": "SECRET"})),
        "nothing was found"
    );
}

#[test]
fn a_confidential_directory_is_no_workspace() {
    for directory in [
        "work/.clawft",
        "work/.clawft/sessions",
        "work/.clawft/sessions/.locks",
        "work/.clawft/notes",
    ] {
        let disk = disk();
        let mut tools = toolbox(disk.mounted(directory), &disk);
        for path in [
            "config.json",
            "a.json",
            "a.json+1",
            "n.txt",
            "sessions/a.json",
            "",
        ] {
            assert_unreachable(&disk, &mut tools, path);
        }
    }
}

#[test]
fn directory_in_home_may_be_workspace() {
    let disk = disk();
    disk.file("work/.clawft/workspace/a", "plain");
    let mut tools = toolbox(disk.mounted("work/.clawft/workspace"), &disk);
    let call = call("read_file", &json!({"path": "a"}));
    assert!(matches!(tools.start(&call), Outcome::Done(result) if result.content == "plain"));
}

#[test]
fn configuration_elsewhere_and_targets_of_links_are_confidential() {
    let disk = Disk::new();
    disk.file("work/dotfiles/clawft.json", "SECRET")
        .file("work/data/..1/config.json", "SECRET")
        .file("home/sessions/a.json", "SECRET")
        .directory("work/mount");
    disk.again("work/data/..1", "home/..1");
    disk.link("home/..data", "..1")
        .link("home/config.json", "..data/config.json");
    let host = Host {
        workspace: Some(Box::new(disk.mounted("work"))),
        home: Some(Box::new(disk.mounted("home"))),
        confidential: vec![disk.identity("work/dotfiles/clawft.json")],
        ..Host::default()
    };
    let mut tools = Toolbox::new(settings(&json!({"files": {}})).unwrap(), host);
    for path in ["dotfiles/clawft.json", "data/..1/config.json"] {
        let call = call("read_file", &json!({"path": path}));
        let Outcome::Done(result) = tools.start(&call) else {
            panic!("a request")
        };
        assert!(
            result.is_error && !result.content.contains("SECRET"),
            "{}",
            result.content
        );
    }
}

#[test]
fn a_host_without_identities_is_usable() {
    let disk = Disk::new();
    disk.file("work/a", "plain").file("home/config.json", "SECRET");
    let mut workspace = disk.mounted("work");
    workspace.has_identities = false;
    let mut home = disk.mounted("home");
    home.has_identities = false;
    let host = Host {
        workspace: Some(Box::new(workspace)),
        home: Some(Box::new(home)),
        ..Host::default()
    };
    let mut tools = Toolbox::new(settings(&json!({"files": {}})).unwrap(), host);
    let call = call("read_file", &json!({"path": "a"}));
    assert!(matches!(tools.start(&call), Outcome::Done(result) if result.content == "plain"));
}

#[test]
fn messages_about_a_path_are_safe_to_show() {
    let disk = Disk::new();
    let mut tools = workspace(&disk);
    let call = call("read_file", &json!({"path": "\u{1b}[2J"}));
    assert!(matches!(tools.start(&call), Outcome::Done(result) if !result.content.contains('\u{1b}')));
}
