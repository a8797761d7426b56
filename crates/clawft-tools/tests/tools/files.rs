//! The tools for files.

use serde_json::json;

use crate::memory::{Disk, done, refused, run, workspace};

#[test]
fn reads_file_as_a_whole() {
    let disk = Disk::new();
    disk.file("work/a.txt", "one\ntwo\n").file("work/empty", "");
    let mut tools = workspace(&disk);
    for path in ["a.txt", "./a.txt", "/work/a.txt", "x/../a.txt", "//a.txt"] {
        let result = run(&mut tools, "read_file", json!({"path": path}));
        let is_known = !matches!(path, "x/../a.txt" | "//a.txt");
        assert_eq!(!result.is_error, is_known, "{path}: {}", result.content);
    }
    assert_eq!(done(&mut tools, "read_file", json!({"path": "empty"})), "");
}

#[test]
fn reads_range_of_lines() {
    let disk = Disk::new();
    disk.file("work/a.txt", "1\n2\n3\n4\n5");
    let mut tools = workspace(&disk);
    let mut read = |arguments| run(&mut tools, "read_file", arguments).content;
    for (first, last, text) in [
        (json!(2), json!(3), "2\n3\n[the file goes on with line 4]"),
        (json!("4"), json!(null), "4\n5"),
        (json!(4.0), json!("5.0"), "4\n5"),
        (json!(5), json!(9), "5"),
        (json!(null), json!(1), "1\n[the file goes on with line 2]"),
        (json!(0), json!(1), "1\n[the file goes on with line 2]"),
        (json!(6), json!(null), "the file has no such line"),
        (json!(3), json!(2), "the file has no such line"),
        (
            json!("x"),
            json!(null),
            "malformed arguments: start_line: expected a whole number, found a string",
        ),
    ] {
        assert_eq!(
            read(json!({"path": "a.txt", "start_line": first, "end_line": last})),
            text
        );
    }
}

#[test]
fn describes_large_files_and_reads_their_lines() {
    let disk = Disk::new();
    let long: String = (1..=50_000).map(|line| format!("line {line} é\n")).collect();
    disk.file("work/long", &long)
        .file("work/one", "é".repeat(100_000));
    let mut tools = workspace(&disk);
    let described = done(&mut tools, "read_file", json!({"path": "long"}));
    assert!(
        described.len() < 300 && described.contains("start_line"),
        "{described}"
    );
    assert_eq!(
        done(
            &mut tools,
            "read_file",
            json!({"path": "long", "start_line": 49_999})
        ),
        "line 49999 é\nline 50000 é\n"
    );
    // A result is bounded, and tells where to go on.
    let part = done(&mut tools, "read_file", json!({"path": "long", "start_line": 10}));
    assert!(part.len() < 70_000 && part.starts_with("line 10 é\n"));
    let (lines, note) = part.rsplit_once("\n[there is more of line ").unwrap();
    let next: usize = note.trim_end_matches(']').parse().unwrap();
    assert!((9 + lines.lines().count()).abs_diff(next) <= 1, "{next}");
    let part = done(&mut tools, "read_file", json!({"path": "one", "end_line": 1}));
    assert!(part.len() < 70_000 && part.ends_with("é\n[there is more of line 1]"));
}

#[test]
fn describes_binary_files_by_size() {
    let disk = Disk::new();
    disk.file("work/nul", b"a\0b")
        .file("work/latin", b"caf\xe9")
        .file("work/large", [&b"\x7fELF"[..], &[0; 100_000]].concat());
    let mut tools = workspace(&disk);
    for (path, size) in [("nul", 3), ("latin", 4), ("large", 100_004)] {
        let described = format!("this is a binary file of {size} bytes");
        assert_eq!(done(&mut tools, "read_file", json!({"path": path})), described);
        assert_eq!(
            done(&mut tools, "read_file", json!({"path": path, "start_line": 1})),
            described
        );
    }
    assert_eq!(
        refused(
            &mut tools,
            "edit_file",
            json!({"path": "nul", "old_text": "a", "new_text": "b"})
        ),
        "this is a binary file"
    );
}

#[test]
fn reads_no_directories_pipes_and_missing_files() {
    let disk = Disk::new();
    disk.directory("work/d").pipe("work/p").file("work/f", "");
    let mut tools = workspace(&disk);
    for (path, cause) in [
        ("d", "this is a directory"),
        ("", "this is a directory"),
        ("p", "this is not a regular file"),
        ("x", "no such file or directory"),
        ("x/y", "no such file or directory"),
        ("f/y", "a part of the path is not a directory"),
        (
            "../x",
            "this is outside of the workspace: give a path relative to the workspace",
        ),
        (
            "/etc/passwd",
            "this is outside of the workspace: give a path relative to the workspace",
        ),
        (
            "/workspace2",
            "this is outside of the workspace: give a path relative to the workspace",
        ),
        (
            "a\0b",
            "the path is too long or holds a character that is not supported",
        ),
        (
            "a\\..\\b",
            "the path is too long or holds a character that is not supported",
        ),
    ] {
        let message = refused(&mut tools, "read_file", json!({"path": path}));
        assert!(message.ends_with(cause), "{path}: {message}");
    }
    let long = "x/".repeat(2000);
    assert!(refused(&mut tools, "read_file", json!({"path": long})).starts_with("the path is too long"));
}

#[test]
fn follows_links_inside_only() {
    let disk = Disk::new();
    disk.file("work/a/b/f", "text")
        .file("outside", "SECRET")
        .link("work/relative", "a/b/f")
        .link("work/a/up", "../a/./b")
        .link("work/chain", "relative")
        .link("work/out", "../outside")
        .link("work/absolute", "/work/a/b/f")
        .link("work/loop", "loop")
        .link("work/dangling", "a/new");
    let mut tools = workspace(&disk);
    for path in ["relative", "a/up/f", "chain", "a/up/../b/f"] {
        assert_eq!(
            done(&mut tools, "read_file", json!({"path": path})),
            "text",
            "{path}"
        );
    }
    for path in ["out", "absolute", "loop", "a/up/../../../outside"] {
        let message = refused(&mut tools, "read_file", json!({"path": path}));
        assert!(!message.contains("SECRET"), "{message}");
        refused(&mut tools, "write_file", json!({"path": path, "content": "x"}));
    }
    assert_eq!(disk.content("outside").unwrap(), "SECRET");
    // A link is written through, and removed itself.
    done(
        &mut tools,
        "write_file",
        json!({"path": "dangling", "content": "new"}),
    );
    assert_eq!(disk.content("work/a/new").unwrap(), "new");
    done(&mut tools, "delete_file", json!({"path": "relative"}));
    assert_eq!(disk.content("work/a/b/f").unwrap(), "text");
}

#[test]
fn writes_files_with_their_directories() {
    let disk = Disk::new();
    disk.directory("work/d").file("work/f", "");
    let mut tools = workspace(&disk);
    let mut write = |path: &str, content: &str| {
        run(
            &mut tools,
            "write_file",
            json!({"path": path, "content": content}),
        )
        .content
    };
    assert_eq!(
        write("a/b/c.txt", "one"),
        "written, changed from line 1 on; the file has 3 bytes"
    );
    assert_eq!(
        write("a/b/c.txt", ""),
        "written, changed from line 1 on; the file has 0 bytes"
    );
    for path in ["d", "", "new/", "f/x"] {
        assert!(!write(path, "x").starts_with("written"), "{path}");
    }
    assert_eq!(disk.content("work/a/b/c.txt").unwrap(), "");
}

#[test]
fn edits_only_what_is_unique() {
    let disk = Disk::new();
    disk.file("work/f", "fn a() {}\nfn b() {}\n\tfn a_b() {}\n")
        .file("work/crlf", "one\r\ntwo\r\n");
    let mut tools = workspace(&disk);
    let mut edit = |path: &str, old: &str, new: &str| {
        run(
            &mut tools,
            "edit_file",
            json!({"path": path, "old_text": old, "new_text": new}),
        )
        .content
    };
    assert_eq!(
        edit("f", "fn ", "x"),
        "`old_text` is not unique: add lines before or after it. It occurs at the lines 1, 2, 3"
    );
    assert_eq!(
        edit("f", "gone", "x"),
        "`old_text` does not occur in the file: read the file again and copy the text exactly"
    );
    assert_eq!(
        edit("f", "    fn a_b() {}\n}", "x"),
        "`old_text` does not occur in the file: copy it exactly, white space included. Its first line occurs at line 3"
    );
    assert_eq!(
        edit("crlf", "one\ntwo", "x"),
        "`old_text` does not occur in the file: copy it exactly, white space included. Its first line occurs at line 1, and the file has CRLF line ends"
    );
    assert!(edit("f", "", "x").contains("is empty"));
    assert!(edit("f", "a", "a").contains("the same as"));
    assert_eq!(
        edit("f", "fn b() {}\n", "fn c() {\n}\n"),
        "written, changed from line 2 on; the file has 34 bytes"
    );
    assert_eq!(
        disk.content("work/f").unwrap(),
        "fn a() {}\nfn c() {\n}\n\tfn a_b() {}\n"
    );
    disk.file("work/large", "x".repeat(2_000_000));
    assert!(edit("large", "y", "z").contains("is larger than"));
}

#[test]
fn deletes_files_but_no_directories() {
    let disk = Disk::new();
    disk.file("work/d/f", "x");
    let mut tools = workspace(&disk);
    for path in ["d", "", "missing"] {
        refused(&mut tools, "delete_file", json!({"path": path}));
    }
    assert_eq!(done(&mut tools, "delete_file", json!({"path": "d/f"})), "deleted");
    assert_eq!(disk.content("work/d/f"), None);
}

#[test]
fn lists_sorted_and_bounded() {
    let disk = Disk::new();
    disk.file("work/b", "12")
        .file("work/a/y", "1")
        .file("work/a/x/z", "")
        .file("work/.git/config", "")
        .link("work/l", "a")
        .pipe("work/p");
    let mut tools = workspace(&disk);
    assert_eq!(
        done(&mut tools, "list_files", json!({})),
        ".git/\na/\nb  2\nl  link\np  not a file\n"
    );
    assert_eq!(
        done(&mut tools, "list_files", json!({"recursive": true})),
        ".git/\na/\na/x/\na/x/z  0\na/y  1\nb  2\nl  link\np  not a file\n"
    );
    assert_eq!(
        done(&mut tools, "list_files", json!({"path": "l"})),
        "a/x/\na/y  1\n"
    );
    assert_eq!(done(&mut tools, "list_files", json!({"path": "b"})), "b  2\n");
    refused(&mut tools, "list_files", json!({"path": "missing"}));
    for number in 0..3000 {
        disk.file(&format!("work/many/{number}"), "");
    }
    let list = done(&mut tools, "list_files", json!({"path": "many"}));
    assert_eq!(list.lines().count(), 1001);
    assert!(list.ends_with("[there are more: list a directory below it]\n"));
    disk.directory("work/none");
    assert_eq!(
        done(&mut tools, "list_files", json!({"path": "none"})),
        "the directory is empty"
    );
}

#[test]
fn names_that_cannot_be_used_are_mentioned() {
    const NOTE: &str = "[files whose names are not UTF-8 or hold control characters are left out]\n";
    let disk = Disk::new();
    disk.file("work/a", "12").file("work/x\ny", "12");
    disk.directory("work/empty");
    disk.file("work/odd/\x1b[2J", "12");
    let mut tools = workspace(&disk);
    for (arguments, expected) in [
        (json!({}), "a  2\nempty/\nodd/\n"),
        (json!({"recursive": "True"}), "a  2\nempty/\nodd/\n"),
        (json!({"recursive": "false"}), "a  2\nempty/\nodd/\n"),
        (json!({"recursive": null}), "a  2\nempty/\nodd/\n"),
        (json!({"path": "odd"}), ""),
    ] {
        assert_eq!(
            done(&mut tools, "list_files", arguments),
            [expected, NOTE].concat()
        );
    }
    assert_eq!(
        done(&mut tools, "search_files", json!({"text": "12"})),
        ["a:1: 12\n", NOTE].concat()
    );
    assert_eq!(
        done(&mut tools, "search_files", json!({"text": "34"})),
        ["nothing was found\n", NOTE].concat()
    );
}

#[test]
fn wrong_types_are_reported() {
    let disk = Disk::new();
    let mut tools = workspace(&disk);
    for (name, arguments, message) in [
        ("list_files", json!({"path": 5}), "malformed arguments: path: "),
        (
            "list_files",
            json!({"recursive": 1}),
            "malformed arguments: recursive: ",
        ),
        (
            "list_files",
            json!({"recursive": "yes"}),
            "malformed arguments: recursive: ",
        ),
        ("search_files", json!({"text": 5}), "malformed arguments: text: "),
        ("search_files", json!({"name": []}), "malformed arguments: name: "),
        (
            "write_file",
            json!({"path": "a", "content": {}}),
            "malformed arguments: content: ",
        ),
    ] {
        let content = refused(&mut tools, name, arguments);
        assert!(content.starts_with(message), "{content}");
    }
    for path in ["new/", "new/.", "new/./", "."] {
        let content = refused(&mut tools, "write_file", json!({"path": path, "content": ""}));
        assert_eq!(content, "this is a directory", "{path}");
    }
}

#[test]
fn searches_by_text_and_name() {
    let disk = Disk::new();
    disk.file("work/a.rs", "fn main() {\n    call();\n}\n// call call\ncall")
        .file("work/src/b.rs", "no\n")
        .file("work/src/c.txt", "call")
        .file("work/image", b"call\0")
        .file("work/.git/x", "call");
    let mut tools = workspace(&disk);
    let mut search = |arguments| run(&mut tools, "search_files", arguments).content;
    assert_eq!(
        search(json!({"text": "call"})),
        "a.rs:2: call();\na.rs:4: // call call\na.rs:5: call\nsrc/c.txt:1: call\n"
    );
    assert_eq!(search(json!({"name": "*.rs"})), "a.rs\nsrc/b.rs\n");
    assert_eq!(search(json!({"name": "src/*"})), "src/b.rs\nsrc/c.txt\n");
    assert_eq!(
        search(json!({"text": "call", "name": "*.txt"})),
        "src/c.txt:1: call\n"
    );
    assert_eq!(search(json!({"text": "no", "path": "src"})), "src/b.rs:1: no\n");
    assert_eq!(search(json!({"text": "nowhere"})), "nothing was found");
    assert!(search(json!({})).starts_with("give a"));
    assert!(search(json!({"text": "a\nb"})).starts_with("give a"));
    disk.file("work/many", "call\n".repeat(1000))
        .file("work/wide", "call".repeat(100_000));
    let found = search(json!({"text": "call"}));
    assert!(
        found.lines().count() <= 102 && found.len() < 10_000,
        "{}",
        found.len()
    );
    assert!(found.ends_with("[the search was stopped here: narrow it with `path` or `name`]\n"));
}
