//! Sessions in a real directory, used by several processes at once and left behind by killed ones.

mod races;

use std::thread;

use clawft_types::{Message, Role, Session, SessionError, SessionId};
use tempfile::TempDir;

use super::{Sessions, StoreError, id_of_file, is_device, name};
use crate::fs::{FileSystem, FsFault};

fn temporary() -> (TempDir, FileSystem, Sessions) {
    let dir = TempDir::new().unwrap();
    let fs = FileSystem::with_base_path(dir.path().to_str().unwrap());
    let sessions = Sessions::new(fs.clone());
    (dir, fs, sessions)
}

fn id(text: &str) -> SessionId {
    text.parse().unwrap()
}

/// Fails on any warning.
fn no_warning(text: &str) {
    panic!("warned: {text}");
}

/// Begins a turn from the stored session: returns the session with a question and an answer added, and its
/// previous length.
fn turn(sessions: &Sessions, name: &str, text: &str) -> (Session, usize) {
    let mut session = sessions.load(id(name)).unwrap();
    let known = session.messages.len();
    session.messages.push(Message::new(Role::User, text));
    session.messages.push(Message::new(Role::Assistant, text));
    (session, known)
}

fn store(sessions: &Sessions, (session, known): (Session, usize)) {
    sessions.store(&session, known, &mut no_warning).unwrap();
}

fn stored(sessions: &Sessions, name: &str) -> Vec<String> {
    let session = sessions.read(&id(name)).unwrap().unwrap();
    session
        .messages
        .into_iter()
        .map(|message| message.content)
        .collect()
}

/// Returns the files in the directory of sessions, and asserts that the directory of locks is empty.
fn names(fs: &FileSystem) -> Vec<String> {
    assert_eq!(fs.list_dir("sessions/.locks").unwrap_or_default(), [""; 0]);
    let mut names = fs.list_dir("sessions").unwrap_or_default();
    names.retain(|name| name != ".locks");
    names
}

#[test]
fn session_is_found_by_file_name() {
    let (_dir, fs, sessions) = temporary();
    store(&sessions, turn(&sessions, "one", "hello"));
    fs.write_string(
        "sessions/two.json",
        &fs.read_to_string("sessions/one.json").unwrap(),
    )
    .unwrap();
    let two = sessions.load(id("two")).unwrap();
    assert_eq!(two.id.as_str(), "two");
    assert_eq!(stored(&sessions, "two"), ["hello", "hello"]);
}

#[test]
fn two_simultaneous_turns_are_both_kept() {
    let (_dir, _fs, sessions) = temporary();
    store(&sessions, turn(&sessions, "s", "a"));
    let second = turn(&sessions, "s", "b");
    let third = turn(&sessions, "s", "c");
    store(&sessions, second);
    store(&sessions, third);
    assert_eq!(stored(&sessions, "s"), ["a", "a", "b", "b", "c", "c"]);
}

#[test]
fn many_simultaneous_turns_are_all_kept() {
    let (_dir, fs, sessions) = temporary();
    thread::scope(|scope| {
        for writer in 0..4 {
            let sessions = &sessions;
            scope.spawn(move || {
                for number in 0..10 {
                    store(sessions, turn(sessions, "s", &format!("{writer}.{number}")));
                }
            });
        }
    });
    let texts = stored(&sessions, "s");
    assert_eq!(texts.len(), 80);
    for pair in texts.chunks(2) {
        assert_eq!(pair[0], pair[1], "a turn stays together");
    }
    assert_eq!(names(&fs), ["s.json"]);
}

#[test]
fn session_deleted_during_turn_stays_deleted() {
    let (_dir, _fs, sessions) = temporary();
    store(&sessions, turn(&sessions, "s", "a"));
    let (session, known) = turn(&sessions, "s", "b");
    assert!(sessions.remove(&id("s")).unwrap());
    let error = sessions.store(&session, known, &mut no_warning).unwrap_err();
    assert!(matches!(error, StoreError::Deleted));
    assert_eq!(error.to_string(), "the session was deleted meanwhile");
    assert_eq!(sessions.list().unwrap(), []);
    // The turn does not change another conversation of the same name.
    store(&sessions, turn(&sessions, "s", "other"));
    assert!(matches!(
        sessions.store(&session, known, &mut no_warning).unwrap_err(),
        StoreError::Deleted
    ));
    assert_eq!(stored(&sessions, "s"), ["other", "other"]);
}

#[test]
fn first_turn_recreates_a_removed_session() {
    let (_dir, _fs, sessions) = temporary();
    let first = turn(&sessions, "s", "a");
    store(&sessions, turn(&sessions, "s", "b"));
    assert!(sessions.remove(&id("s")).unwrap());
    store(&sessions, first);
    assert_eq!(stored(&sessions, "s"), ["a", "a"]);
}

#[test]
fn keeps_copy_of_replaced_damaged_session() {
    let (dir, fs, sessions) = temporary();
    fs.write_string("sessions/s.json", "[]").unwrap();
    for _ in 0..2 {
        assert!(sessions.load(id("s")).unwrap().messages.is_empty());
        assert_eq!(
            fs.list_dir("sessions").unwrap(),
            ["s.json"],
            "it is still there if there is no answer"
        );
    }
    let (session, known) = turn(&sessions, "s", "a");
    let mut warnings = Vec::new();
    sessions
        .store(&session, known, &mut |text| warnings.push(text.to_owned()))
        .unwrap();
    assert_eq!(stored(&sessions, "s"), ["a", "a"]);
    assert_eq!(fs.read_to_string("sessions/s.json.damaged-1").unwrap(), "[]");
    let kept = format!("{}/sessions/s.json.damaged-1", dir.path().display());
    let cause = "session `s` is damaged (expected an object, found an array)";
    assert_eq!(
        warnings,
        [format!("{cause}: it is kept as `{kept}` and a new one begun")]
    );
}

#[test]
fn stores_whole_conversation_over_damaged_session() {
    let (_dir, fs, sessions) = temporary();
    store(&sessions, turn(&sessions, "s", "a"));
    let (session, known) = turn(&sessions, "s", "b");
    // An equal copy is not kept twice.
    for (damage, copies) in [("{", 1), ("{}", 2), ("{", 2)] {
        let mut warnings = 0;
        fs.write_string("sessions/s.json", damage).unwrap();
        sessions.store(&session, known, &mut |_| warnings += 1).unwrap();
        assert_eq!((stored(&sessions, "s").len(), warnings), (4, 1));
        assert_eq!(names(&fs).len(), 1 + copies);
    }
}

#[test]
fn leaves_newer_session_unchanged() {
    let (_dir, fs, sessions) = temporary();
    let newer = r#"{"version":99}"#;
    let (session, known) = turn(&sessions, "s", "a");
    fs.write_string("sessions/s.json", newer).unwrap();
    for error in [
        sessions.load(id("s")).unwrap_err(),
        sessions.store(&session, known, &mut no_warning).unwrap_err(),
    ] {
        assert!(
            matches!(
                &error,
                StoreError::Session {
                    error: SessionError::Newer(99),
                    ..
                }
            ),
            "{error}"
        );
    }
    assert_eq!(fs.read_to_string("sessions/s.json").unwrap(), newer);
    assert_eq!(names(&fs), ["s.json"]);
}

#[test]
fn refuses_session_that_is_no_file() {
    let (_dir, fs, sessions) = temporary();
    let (session, known) = turn(&sessions, "s", "a");
    fs.create_dir_all("sessions/s.json").unwrap();
    for error in [
        sessions.load(id("s")).unwrap_err(),
        sessions.store(&session, known, &mut no_warning).unwrap_err(),
        sessions.remove(&id("s")).unwrap_err(),
    ] {
        let StoreError::File(error) = error else {
            panic!("{error}")
        };
        let expected = if error.operation == "remove" {
            FsFault::IsDirectory
        } else {
            FsFault::NotFile
        };
        assert_eq!(error.fault, expected);
        assert!(error.path.ends_with("sessions/s.json"));
    }
    assert_eq!(names(&fs), ["s.json"]);
}

#[test]
fn reading_session_changes_nothing() {
    let (_dir, fs, sessions) = temporary();
    assert_eq!(sessions.read(&id("s")).unwrap(), None);
    assert!(!fs.exists("sessions"));
    fs.write_string("sessions/s.json", "{").unwrap();
    let error = sessions.read(&id("s")).unwrap_err();
    assert!(matches!(
        &error,
        StoreError::Session {
            error: SessionError::Damaged(_),
            ..
        }
    ));
    let text = error.to_string();
    assert!(
        text.starts_with(&sessions.path(&id("s")).unwrap()) && text.contains("damaged"),
        "{text}"
    );
    assert_eq!(fs.list_dir("sessions").unwrap(), ["s.json"]);
}

#[test]
fn lists_sessions_and_nothing_else() {
    let (_dir, fs, sessions) = temporary();
    assert_eq!(sessions.list().unwrap(), []);
    for name in [
        "b.json",
        "a.json",
        "a-b.json",
        "a.lock",
        "c.json.damaged-1",
        ".json",
        "ä.json",
        "notes.txt",
    ] {
        fs.write_string(&["sessions/", name].concat(), "").unwrap();
    }
    assert_eq!(sessions.list().unwrap(), ["a", "a-b", "b"].map(id));
}

#[test]
fn returns_the_path_of_the_file() {
    let (dir, _fs, sessions) = temporary();
    store(&sessions, turn(&sessions, "s", "a"));
    let path = sessions.path(&id("s")).unwrap();
    assert_eq!(path, dir.path().join("sessions/s.json").to_str().unwrap());
    assert!(std::fs::exists(path).unwrap());
}

#[test]
fn removes_session_and_reports_it_once() {
    let (_dir, fs, sessions) = temporary();
    assert!(!sessions.remove(&id("s")).unwrap());
    store(&sessions, turn(&sessions, "s", "a"));
    assert!(sessions.remove(&id("s")).unwrap());
    assert!(!sessions.remove(&id("s")).unwrap());
    assert_eq!(names(&fs), [""; 0]);
}

#[test]
fn store_error_names_the_file() {
    let (_dir, fs, sessions) = temporary();
    fs.write_string("sessions", "in the way").unwrap();
    let session = Session::new(id("s"));
    let text = sessions
        .store(&session, 0, &mut no_warning)
        .unwrap_err()
        .to_string();
    assert!(text.starts_with("cannot write `"), "{text}");
    assert!(
        text.ends_with("/sessions/s.json`: a file is in the way of the directory"),
        "{text}"
    );
    assert!(
        sessions
            .list()
            .unwrap_err()
            .to_string()
            .starts_with("cannot list `")
    );
}

#[test]
fn truncated_session_can_be_continued() {
    let (_dir, _fs, sessions) = temporary();
    assert!(!sessions.truncate(&id("a"), 0).unwrap(), "there is none");
    for text in ["1", "2"] {
        store(&sessions, turn(&sessions, "a", text));
    }
    let running = turn(&sessions, "a", "late");
    assert!(sessions.truncate(&id("a"), 2).unwrap());
    assert_eq!(stored(&sessions, "a"), ["1", "1"]);
    let (session, known) = running;
    let error = sessions.store(&session, known, &mut no_warning).unwrap_err();
    assert!(matches!(error, StoreError::Deleted), "{error}");
    store(&sessions, turn(&sessions, "a", "3"));
    assert_eq!(stored(&sessions, "a"), ["1", "1", "3", "3"]);
}

#[test]
fn replaced_turn_gives_way_to_new_one() {
    let (_dir, _fs, sessions) = temporary();
    for text in ["1", "2"] {
        store(&sessions, turn(&sessions, "a", text));
    }
    let running = turn(&sessions, "a", "late");
    let again = |text: &str| {
        let mut session = sessions.load(id("a")).unwrap();
        let length = session.messages.len();
        session.messages.truncate(2);
        session.messages.push(Message::new(Role::User, text));
        (session, 2, length)
    };
    let replace = |(session, keep, length): (Session, usize, usize)| sessions.replace(&session, keep, length);
    let [first, second] = [again("new"), again("second")];
    replace(first).unwrap();
    assert_eq!(stored(&sessions, "a"), ["1", "1", "new"]);
    // Neither the one that was replaced nor a turn that it had before is stored afterwards.
    let late = sessions
        .store(&running.0, running.1, &mut no_warning)
        .unwrap_err();
    for error in [late, replace(second).unwrap_err()] {
        assert!(matches!(error, StoreError::Deleted), "{error}");
    }
    assert_eq!(stored(&sessions, "a"), ["1", "1", "new"]);
}

#[test]
fn finds_names_of_windows_devices() {
    for name in ["CON", "nul", "aux.txt", "Prn.a.b", "com1", "LPT9.log", "con."] {
        assert!(is_device(name), "{name}");
    }
    for name in [
        "icon", "con-1", "com", "com10", "lptx", "console", "a.con", "nul_",
    ] {
        assert!(!is_device(name), "{name}");
    }
}

#[test]
fn file_of_every_session_names_its_id() {
    for text in ["default", "CON", "nul.txt", "a.b-c_d"] {
        let session: SessionId = text.parse().unwrap();
        assert_eq!(id_of_file(&name(&session)), Some(text));
    }
    assert_eq!(id_of_file("x.txt"), None);
}
