//! `weft sessions`: lists, shows and removes sessions that `weft chat` has stored.

use std::fs;

use serde_json::Value;

use crate::common::{Home, Run};

#[test]
fn lists_shows_and_removes_sessions() {
    let home = Home::new("ok");
    assert_eq!(home.run(&["sessions", "list"]).result(), "");
    assert_eq!(home.run(&["sessions", "list", "--json"]).result(), "[]\n");
    home.run(&["chat", "--session", "first", "Hello"]).result();
    fs::write(home.path("sessions/broken.json"), "{").unwrap();

    let list = home.run(&["sessions", "list"]).result();
    let lines: Vec<Vec<&str>> = list
        .lines()
        .map(|line| line.split_whitespace().collect())
        .collect();
    assert_eq!(lines[0], ["SESSION", "MESSAGES", "LAST", "USED"]);
    assert!(lines.contains(&vec!["first", "2", "just", "now"]), "{list}");
    assert!(
        lines.contains(&vec!["broken", "unusable", "just", "now"]),
        "{list}"
    );
    let list: Value = serde_json::from_str(&home.run(&["sessions", "list", "--json"]).result()).unwrap();
    assert!(
        list.as_array()
            .unwrap()
            .iter()
            .any(|entry| entry["id"] == "first" && entry["messages"] == 2)
    );

    assert_eq!(
        home.run(&["sessions", "show", "first"]).result(),
        "> Hello\n\necho: Hello\n"
    );
    let json = home.run(&["sessions", "show", "first", "--json"]).result();
    assert_eq!(json.as_bytes(), home.session("first").to_json());
    let said = home.run(&["sessions", "show", "broken"]).failure(1);
    assert!(
        said.contains("/sessions/broken.json: damaged session: "),
        "{said}"
    );
    assert!(
        home.path("sessions/broken.json").exists(),
        "looking moves nothing"
    );

    assert_eq!(home.run(&["sessions", "rm", "first", "broken"]).result(), "");
    let left = fs::read_dir(home.path("sessions"))
        .unwrap()
        .map(|entry| entry.unwrap().file_name());
    assert_eq!(left.collect::<Vec<_>>(), [".locks"]);
    assert_eq!(fs::read_dir(home.path("sessions/.locks")).unwrap().count(), 0);
    let said = home.run(&["sessions", "rm", "first"]).failure(1);
    assert_eq!(
        said,
        "error: there is no session `first`: `weft sessions list` shows the existing ones\n"
    );
}

#[test]
fn removes_all_sessions_it_can() {
    let home = Home::new("ok");
    home.run(&["chat", "--session", "there", "Hello"]).result();
    let said = home.run(&["sessions", "rm", "gone", "there", "lost"]).failure(1);
    assert_eq!(said.lines().count(), 2, "{said}");
    assert!(!home.path("sessions/there.json").exists());
}

#[cfg(unix)]
#[test]
fn stored_files_are_private() {
    use std::os::unix::fs::PermissionsExt as _;

    let home = Home::new("ok");
    home.run(&["chat", "Hello"]).result();
    for (name, expected) in [
        ("sessions", 0o700),
        ("sessions/.locks", 0o700),
        ("sessions/default.json", 0o600),
    ] {
        let mode = fs::metadata(home.path(name)).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, expected, "{name}");
    }
}

#[test]
fn export_ends_quietly_with_its_reader() {
    let home = Home::new("ok");
    // More than a pipe holds.
    for number in 0..4 {
        let message = "word ".repeat(8000);
        home.run(&["chat", "--session", &number.to_string(), &message])
            .result();
    }
    let mut child = home.spawn(&["sessions", "export"]);
    drop(child.stdout.take());
    assert_eq!(Run::from(child.wait_with_output().unwrap()).result(), "");
}

#[test]
fn import_reads_what_powershell_writes() {
    let home = Home::new("ok");
    home.run(&["chat", "Grüße"]).result();
    let exported = home.run(&["sessions", "export"]);
    let mut utf16 = vec![0xff, 0xfe];
    let lines = exported.stdout.replace('\n', "\r\n");
    utf16.extend(lines.encode_utf16().flat_map(u16::to_le_bytes));
    let other = Home::new("ok");
    fs::write(other.path("exported"), utf16).unwrap();
    let file = other.path("exported");
    let imported = other.run(&["sessions", "import", file.to_str().unwrap()]);
    assert_eq!(
        (imported.code, imported.stderr.as_str()),
        (0, "sessions imported: 1, there already: 0\n")
    );
    assert_eq!(other.session("default").messages[0].content, "Grüße");
}

#[test]
fn reports_waiting_for_database_that_does_not_answer() {
    let home = Home::new("ok");
    let mut call = home.command(&["keys", "list"]);
    call.env("CLAWFT_STORE_URL", "postgres://user:password@127.0.0.1:1/x");
    let said = Run::of(call, "").failure(1);
    assert!(
        said.starts_with("waiting for the database, for up to 10 s\nerror: "),
        "{said}"
    );
}
