//! Sessions in a real directory, used by several at once and left behind by those that were killed.

use super::{Sessions, StoreError};
use crate::fs::FileSystem;
use clawft_types::{Message, Role, Session, SessionError, SessionId};
use std::thread;
use tempfile::TempDir;

fn temporary() -> (TempDir, FileSystem, Sessions) {
    let dir = TempDir::new().unwrap();
    let fs = FileSystem::with_base_path(dir.path().to_str().unwrap());
    let sessions = Sessions::new(fs.clone());
    (dir, fs, sessions)
}

fn id(text: &str) -> SessionId {
    text.parse().unwrap()
}

/// Of a session that is as it should be.
fn no_warning(text: &str) {
    panic!("warned: {text}");
}

/// A turn that begins with what is stored: the session with a question and an answer added, and how long it was before.
fn turn(sessions: &Sessions, name: &str, text: &str) -> (Session, usize) {
    let mut session = sessions.load(id(name), &mut no_warning).unwrap();
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
    session.messages.into_iter().map(|message| message.content).collect()
}

#[test]
fn a_session_is_found_again_by_its_files_name() {
    let (_dir, fs, sessions) = temporary();
    store(&sessions, turn(&sessions, "one", "hello"));
    fs.write_string("sessions/two.json", &fs.read_to_string("sessions/one.json").unwrap()).unwrap();
    let two = sessions.load(id("two"), &mut no_warning).unwrap();
    assert_eq!(two.id.as_str(), "two");
    assert_eq!(stored(&sessions, "two"), ["hello", "hello"]);
}

#[test]
fn of_two_turns_at_the_same_time_none_is_lost() {
    let (_dir, _fs, sessions) = temporary();
    store(&sessions, turn(&sessions, "s", "a"));
    let second = turn(&sessions, "s", "b");
    let third = turn(&sessions, "s", "c");
    store(&sessions, second);
    store(&sessions, third);
    assert_eq!(stored(&sessions, "s"), ["a", "a", "b", "b", "c", "c"]);
}

#[test]
fn of_many_turns_at_the_same_time_none_is_lost() {
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
    assert_eq!(fs.list_dir("sessions").unwrap(), ["s.json"]);
}

#[test]
fn what_a_killed_process_left_is_removed() {
    let (_dir, fs, sessions) = temporary();
    fs.write_string("sessions/s.lock", "a process that is no more").unwrap();
    fs.write_string("sessions/s.json.tmp-1", "{\"vers").unwrap();
    fs.write_string("sessions/s.json.tmp-2", "").unwrap();
    store(&sessions, turn(&sessions, "s", "hello"));
    assert_eq!(fs.list_dir("sessions").unwrap(), ["s.json"]);
}

#[test]
fn a_session_that_is_gone_by_the_end_of_the_turn_is_stored_whole() {
    let (_dir, _fs, sessions) = temporary();
    store(&sessions, turn(&sessions, "s", "a"));
    let second = turn(&sessions, "s", "b");
    assert!(sessions.remove(&id("s")).unwrap());
    store(&sessions, second);
    assert_eq!(stored(&sessions, "s"), ["a", "a", "b", "b"]);
}

#[test]
fn a_damaged_session_is_set_aside_and_warned_of() {
    let (dir, fs, sessions) = temporary();
    let (session, known) = turn(&sessions, "s", "a");
    let mut warnings = Vec::new();
    fs.write_string("sessions/s.json", "{").unwrap();
    sessions.store(&session, known, &mut |text| warnings.push(text.to_owned())).unwrap();
    assert_eq!(stored(&sessions, "s"), ["a", "a"]);
    assert_eq!(fs.read_to_string("sessions/s.json.damaged-1").unwrap(), "{");

    fs.write_string("sessions/s.json", "[]").unwrap();
    let empty = sessions.load(id("s"), &mut |text| warnings.push(text.to_owned())).unwrap();
    assert!(empty.messages.is_empty());
    assert_eq!(
        warnings[1],
        format!(
            "session `s` is damaged (expected an object, found an array): it is kept as \
             `{}/sessions/s.json.damaged-2` and a new one begun",
            dir.path().display()
        )
    );
    assert_eq!(warnings.len(), 2);
}

#[test]
fn looking_changes_nothing() {
    let (_dir, fs, sessions) = temporary();
    assert_eq!(sessions.read(&id("s")).unwrap(), None);
    assert!(!fs.exists("sessions"));
    fs.write_string("sessions/s.json", "{").unwrap();
    let error = sessions.read(&id("s")).unwrap_err();
    assert!(matches!(&error, StoreError::Session { error: SessionError::Damaged(_), .. }));
    let text = error.to_string();
    assert!(text.starts_with(&sessions.path(&id("s")).unwrap()) && text.contains("damaged"), "{text}");
    assert_eq!(fs.list_dir("sessions").unwrap(), ["s.json"]);
}

#[test]
fn lists_sessions_and_nothing_else() {
    let (_dir, fs, sessions) = temporary();
    assert_eq!(sessions.list().unwrap(), []);
    for name in ["b.json", "a.json", "a-b.json", "a.lock", "c.json.damaged-1", ".json", "ä.json", "notes.txt"]
    {
        fs.write_string(&["sessions/", name].concat(), "").unwrap();
    }
    assert_eq!(sessions.list().unwrap(), ["a", "a-b", "b"].map(id));
}

#[test]
fn removes_a_session_once() {
    let (_dir, fs, sessions) = temporary();
    assert!(!sessions.remove(&id("s")).unwrap());
    store(&sessions, turn(&sessions, "s", "a"));
    assert!(sessions.remove(&id("s")).unwrap());
    assert!(!sessions.remove(&id("s")).unwrap());
    assert_eq!(fs.list_dir("sessions").unwrap(), [""; 0]);
}

#[test]
fn what_cannot_be_stored_is_said_with_the_file() {
    let (_dir, fs, sessions) = temporary();
    fs.write_string("sessions", "in the way").unwrap();
    let session = Session::new(id("s"));
    let text = sessions.store(&session, 0, &mut no_warning).unwrap_err().to_string();
    assert!(text.starts_with("cannot write `"), "{text}");
    assert!(text.ends_with("/sessions/s.json`: a file is in the way of the directory"), "{text}");
    assert!(sessions.list().unwrap_err().to_string().starts_with("cannot list `"));
}
