//! Tools on the files of this machine.

#![cfg(unix)]

use std::{
    fs,
    os::unix::{
        ffi::OsStrExt as _,
        fs::{PermissionsExt as _, symlink},
    },
    path::Path,
};

use clawft_tools::{FileFault, Files, Identity, Kind, Outcome, Settings, Toolbox};
use clawft_types::{
    ToolCall,
    json::{self, Node},
};
use serde_json::{Value, json};
use tempfile::TempDir;
use weft_agent::{
    Home,
    workspace::{Directory, host},
};

const SECRET: &str = "SECRET";

/// A home directory in a workspace, with other ways to it.
struct Fixture {
    directory: TempDir,
    home: Home,
}

impl Fixture {
    fn new() -> Fixture {
        let directory = TempDir::new().unwrap();
        let work = directory.path().join("work");
        let home = work.join(".clawft");
        for path in ["sessions/.locks", "notes", "deep"] {
            fs::create_dir_all(home.join(path)).unwrap();
        }
        for path in [
            "sessions/a.json",
            "sessions/.locks/a",
            "notes/n.txt",
            "deep/token",
        ] {
            fs::write(home.join(path), SECRET).unwrap();
        }
        // The configuration is a link, as tools for dotfiles make them.
        fs::write(work.join("dotfile.json"), SECRET).unwrap();
        symlink("../dotfile.json", home.join("config.json")).unwrap();
        fs::create_dir_all(work.join("a/b")).unwrap();
        fs::write(work.join("a/plain"), "plain").unwrap();
        let home = Home {
            config: home.join("config.json"),
            directory: home,
        };
        Fixture { directory, home }
    }

    fn work(&self) -> std::path::PathBuf {
        self.directory.path().join("work")
    }

    fn tools(&self) -> Toolbox {
        let text = json!({"tools": {"files": {"write": true}, "notes": true}}).to_string();
        let document = json::parse(text.as_bytes()).unwrap();
        let settings = Settings::read(Node::root(&document).get("tools")).unwrap();
        Toolbox::new(settings, host(Some(&self.work()), &self.home).unwrap())
    }
}

fn run(tools: &mut Toolbox, name: &str, arguments: &Value) -> (bool, String) {
    let call = ToolCall {
        id: "1".to_owned(),
        name: name.to_owned(),
        arguments: arguments.to_string(),
        extra: String::new(),
    };
    match tools.start(&call) {
        Outcome::Done(result) => (!result.is_error, result.content),
        other => panic!("{other:?}"),
    }
}

fn done(tools: &mut Toolbox, name: &str, arguments: &Value) -> String {
    let (is_done, content) = run(tools, name, arguments);
    assert!(is_done, "{content}");
    content
}

#[test]
fn reads_and_writes_files_of_workspace() {
    let fixture = Fixture::new();
    let mut tools = fixture.tools();
    let root = fixture.work().canonicalize().unwrap();
    let absolute = root.join("a/plain");
    assert_eq!(
        done(&mut tools, "read_file", &json!({"path": absolute.to_str()})),
        "plain"
    );
    done(
        &mut tools,
        "write_file",
        &json!({"path": "new/x.sh", "content": "echo one\n"}),
    );
    let script = root.join("new/x.sh");
    fs::set_permissions(&script, fs::Permissions::from_mode(0o755)).unwrap();
    done(
        &mut tools,
        "edit_file",
        &json!({"path": "new/x.sh", "old_text": "one", "new_text": "two"}),
    );
    assert_eq!(fs::read_to_string(&script).unwrap(), "echo two\n");
    assert_eq!(fs::metadata(&script).unwrap().permissions().mode() & 0o777, 0o755);
    for _ in 0..2 {
        assert_eq!(
            done(&mut tools, "list_files", &json!({"recursive": true})),
            "a/\na/b/\na/plain  5\nnew/\nnew/x.sh  9\n"
        );
    }
    assert_eq!(
        done(&mut tools, "search_files", &json!({"text": "two"})),
        "new/x.sh:1: echo two\n"
    );
    done(&mut tools, "delete_file", &json!({"path": "new/x.sh"}));
    assert!(!script.exists());
    done(&mut tools, "remember", &json!({"key": "k", "text": "v"}));
    assert_eq!(done(&mut tools, "recall", &json!({})), "k\nn");
    assert_eq!(done(&mut tools, "recall", &json!({"key": "k"})), "v");
}

#[test]
fn nothing_confidential_is_reachable() {
    let fixture = Fixture::new();
    let work = fixture.work();
    let outside = fixture.directory.path().join("outside");
    fs::write(&outside, SECRET).unwrap();
    for (path, target) in [
        ("to-home", ".clawft"),
        ("to-config", ".clawft/config.json"),
        ("a/to-home", "../.clawft"),
        ("a/b/chain", "../to-home"),
        ("up", "../work/.clawft/sessions/a.json"),
        ("out", "../outside"),
        ("root", "/"),
        ("proc", "/proc/self/cwd"),
        ("absolute", outside.to_str().unwrap()),
        ("loop", "loop"),
    ] {
        symlink(target, work.join(path)).unwrap();
    }
    for (from, to) in [
        (".clawft/sessions/a.json", "hard-session"),
        ("dotfile.json", "hard-config"),
        (".clawft/notes/n.txt", "hard-note"),
        (".clawft/sessions/.locks/a", "hard-lock"),
    ] {
        fs::hard_link(work.join(from), work.join(to)).unwrap();
    }
    let paths = [
        ".clawft/config.json",
        "dotfile.json",
        ".clawft/sessions/a.json",
        ".clawft/deep/token",
        "a/../.clawft/deep/token",
        "to-home/config.json",
        "to-home/deep/token",
        "to-config",
        "a/to-home/deep/token",
        "a/b/chain/deep/token",
        "a/b/chain/../.clawft/deep/token",
        "up",
        "out",
        "root/etc/passwd",
        "proc/work/dotfile.json",
        "absolute",
        "loop",
        "hard-session",
        "hard-config",
        "hard-note",
        "hard-lock",
        "../outside",
        "/etc/passwd",
        outside.to_str().unwrap(),
    ];
    let mut tools = fixture.tools();
    for path in paths {
        for (name, arguments) in [
            ("read_file", json!({"path": path})),
            (
                "edit_file",
                json!({"path": path, "old_text": "SECRET", "new_text": "x"}),
            ),
            ("write_file", json!({"path": path, "content": "x"})),
            ("list_files", json!({"path": path})),
            ("search_files", json!({"path": path, "text": "S"})),
        ] {
            let (is_done, content) = run(&mut tools, name, &arguments);
            assert!(
                !is_done && !content.contains(SECRET) && !content.contains("root:"),
                "{name} {path}: {content}"
            );
        }
    }
    assert_eq!(
        done(&mut tools, "search_files", &json!({"text": "SEC"})),
        "nothing was found"
    );
    assert!(!done(&mut tools, "list_files", &json!({})).contains("clawft"));
    for file in [
        "dotfile.json",
        ".clawft/sessions/a.json",
        ".clawft/deep/token",
        "../outside",
    ] {
        assert_eq!(fs::read_to_string(work.join(file)).unwrap(), SECRET, "{file}");
    }
}

#[test]
fn the_home_directory_is_no_workspace() {
    let fixture = Fixture::new();
    for path in [
        &fixture.home.directory,
        &fixture.home.directory.join("sessions/.locks"),
    ] {
        let error = host(Some(path), &fixture.home).err().unwrap().to_string();
        assert!(error.contains("use another one"), "{error}");
    }
    let missing = fixture.work().join("missing");
    let error = host(Some(&missing), &fixture.home).err().unwrap().to_string();
    assert!(error.ends_with("no such file or directory"), "{error}");
    assert!(host(Some(&fixture.work().join("a/plain")), &fixture.home).is_err());
}

#[test]
fn makes_missing_home_before_a_tool_can() {
    let directory = TempDir::new().unwrap();
    let home = Home {
        directory: directory.path().join(".clawft"),
        config: directory.path().join("elsewhere.json"),
    };
    host(Some(directory.path()), &home).unwrap();
    assert!(home.directory.is_dir());
}

#[test]
fn a_directory_keeps_every_operation_inside() {
    let fixture = Fixture::new();
    let work = fixture.work();
    fs::write(fixture.directory.path().join("outside"), SECRET).unwrap();
    symlink("..", work.join("up")).unwrap();
    symlink("a", work.join("inside")).unwrap();
    let mut files = Directory::open(&work).unwrap();
    let plain = files.stat("a/plain").unwrap();
    assert_eq!((plain.kind, plain.size), (Kind::File, 5));
    assert_eq!(files.stat("up").unwrap().kind, Kind::Link);
    assert_eq!(files.link_target("up").unwrap(), "..");
    // These paths have links that the tools would have resolved: someone exchanged a directory meanwhile.
    assert!(files.stat("up/outside").is_err());
    let a = files.stat("a").unwrap().identity;
    let up = files.stat("up").unwrap().identity;
    for identity in [a, up, None] {
        assert!(files.write("up/new", &identity, b"x").is_err());
        assert!(files.write("up/outside", &identity, b"x").is_err());
        assert!(files.remove("up/outside", &identity).is_err());
        assert!(files.make_directory("up/new", &identity).is_err());
    }
    let link = files.stat("up").unwrap().identity;
    assert!(files.read("up", link, 0, 9).is_err());
    // This one leads to another directory than the one that was checked.
    assert!(files.write("inside/b/new", &a, b"x").is_err());
    assert!(files.remove("inside/b/plain", &a).is_err());
    assert!(files.make_directory("inside/b/new", &a).is_err());
    // Two directories may also be exchanged for each other.
    let root = files.stat("").unwrap().identity;
    assert!(files.write("a/new", &root, b"x").is_err());
    // Another file than the one that was checked.
    for identity in [None, Some(Identity(1, 2))] {
        assert_eq!(files.read("a/plain", identity, 0, 9), Err(FileFault::NotFound));
        assert_eq!(
            files.names("a", identity, &mut |_| true),
            Err(FileFault::NotFound)
        );
    }
    assert_eq!(files.read("a/plain", plain.identity, 2, 2).unwrap(), b"ai");
    assert_eq!(fs::read_to_string(work.join("../outside")).unwrap(), SECRET);
}

#[test]
fn writes_long_names_and_no_read_only_files() {
    let fixture = Fixture::new();
    let work = fixture.work();
    let mut files = Directory::open(&work).unwrap();
    let long = "n".repeat(255);
    let root = files.stat("").unwrap().identity;
    files.write(&long, &root, b"x").unwrap();
    assert_eq!(fs::read(work.join(&long)).unwrap(), b"x");
    assert_eq!(
        files.write(&"n".repeat(256), &root, b"x"),
        Err(FileFault::Other("the name is too long"))
    );
    let path = work.join("fixed");
    fs::write(&path, "old").unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o444)).unwrap();
    assert_eq!(
        files.write("fixed", &root, b"new"),
        Err(FileFault::Other("permission denied"))
    );
    assert_eq!(fs::read_to_string(&path).unwrap(), "old");
}

#[test]
fn names_that_are_not_utf8_are_mentioned() {
    let fixture = Fixture::new();
    let name = std::ffi::OsStr::from_bytes(b"odd\xff");
    fs::write(fixture.work().join(name), "").unwrap();
    let list = done(&mut fixture.tools(), "list_files", &json!({}));
    assert!(list.contains("[files whose names are not UTF-8"), "{list}");
}

#[test]
fn named_pipes_block_no_tool() {
    let fixture = Fixture::new();
    let path = fixture.work().join("pipe");
    let name = std::ffi::CString::new(path.to_str().unwrap()).unwrap();
    // SAFETY: the name ends with a NUL.
    assert_eq!(unsafe { libc::mkfifo(name.as_ptr(), 0o600) }, 0);
    let mut tools = fixture.tools();
    for name in ["read_file", "write_file"] {
        let (is_done, content) = run(&mut tools, name, &json!({"path": "pipe", "content": ""}));
        assert!(
            !is_done && content.ends_with("this is not a regular file"),
            "{content}"
        );
    }
    assert_eq!(
        done(&mut tools, "search_files", &json!({"text": "x"})),
        "nothing was found"
    );
    // Exchanged after the check.
    let mut files = Directory::open(&fixture.work()).unwrap();
    let identity = files.stat("pipe").unwrap().identity;
    let _ = files.read("pipe", identity, 0, 9);
    assert!(Path::new(&path).exists());
}
