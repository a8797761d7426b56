//! Sessions in a real directory, used by several at once and left behind by those that were killed.

use super::{find, load, store};
use crate::fs::WasiFileSystem;
use clawft_types::{Message, Role, Session, SessionId};
use std::thread;
use tempfile::TempDir;

fn temporary() -> (TempDir, WasiFileSystem) {
    let dir = TempDir::new().unwrap();
    let fs = WasiFileSystem::with_base_path(dir.path().to_str().unwrap());
    (dir, fs)
}

fn id(text: &str) -> SessionId {
    text.parse().unwrap()
}

/// A turn that begins with what is stored: the session with a question and an answer added, and how long it was before.
fn turn(fs: &WasiFileSystem, name: &str, text: &str) -> (Session, usize) {
    let mut session = load(fs, id(name)).unwrap();
    let known = session.messages.len();
    session.messages.push(Message::new(Role::User, text));
    session.messages.push(Message::new(Role::Assistant, text));
    (session, known)
}

fn stored(fs: &WasiFileSystem, name: &str) -> Vec<String> {
    let session = find(fs, &id(name)).unwrap().unwrap();
    session.messages.into_iter().map(|message| message.content).collect()
}

#[test]
fn a_session_is_found_again_by_its_files_name() {
    let (_dir, fs) = temporary();
    let (session, known) = turn(&fs, "one", "hello");
    store(&fs, &session, known).unwrap();
    fs.write_string("sessions/two.json", &fs.read_to_string("sessions/one.json").unwrap()).unwrap();
    let two = load(&fs, id("two")).unwrap();
    assert_eq!((two.id.as_str(), two.messages), ("two", session.messages));
}

#[test]
fn of_two_turns_at_the_same_time_none_is_lost() {
    let (_dir, fs) = temporary();
    let (first, known) = turn(&fs, "s", "a");
    store(&fs, &first, known).unwrap();
    let (second, second_known) = turn(&fs, "s", "b");
    let (third, third_known) = turn(&fs, "s", "c");
    store(&fs, &second, second_known).unwrap();
    store(&fs, &third, third_known).unwrap();
    assert_eq!(stored(&fs, "s"), ["a", "a", "b", "b", "c", "c"]);
}

#[test]
fn of_many_turns_at_the_same_time_none_is_lost() {
    let (_dir, fs) = temporary();
    thread::scope(|scope| {
        for writer in 0..4 {
            let fs = &fs;
            scope.spawn(move || {
                for number in 0..10 {
                    let (session, known) = turn(fs, "s", &format!("{writer}.{number}"));
                    store(fs, &session, known).unwrap();
                }
            });
        }
    });
    let texts = stored(&fs, "s");
    assert_eq!(texts.len(), 80);
    for pair in texts.chunks(2) {
        assert_eq!(pair[0], pair[1], "a turn stays together");
    }
    assert_eq!(fs.list_dir("sessions").unwrap(), ["s.json"]);
}

#[test]
fn what_a_killed_process_left_is_removed() {
    let (_dir, fs) = temporary();
    fs.write_string("sessions/s.lock", "a process that is no more").unwrap();
    fs.write_string("sessions/s.json.tmp-1", "{\"vers").unwrap();
    fs.write_string("sessions/s.json.tmp-2", "").unwrap();
    let (session, known) = turn(&fs, "s", "hello");
    store(&fs, &session, known).unwrap();
    assert_eq!(fs.list_dir("sessions").unwrap(), ["s.json"]);
}

#[test]
fn a_session_that_is_gone_by_the_end_of_the_turn_is_stored_whole() {
    let (_dir, fs) = temporary();
    let (first, known) = turn(&fs, "s", "a");
    store(&fs, &first, known).unwrap();
    let (second, known) = turn(&fs, "s", "b");
    fs.remove_file("sessions/s.json").unwrap();
    store(&fs, &second, known).unwrap();
    assert_eq!(stored(&fs, "s"), ["a", "a", "b", "b"]);
}

#[test]
fn a_session_damaged_meanwhile_is_set_aside() {
    let (_dir, fs) = temporary();
    let (session, known) = turn(&fs, "s", "a");
    fs.write_string("sessions/s.json", "{").unwrap();
    store(&fs, &session, known).unwrap();
    assert_eq!(stored(&fs, "s"), ["a", "a"]);
    assert_eq!(fs.read_to_string("sessions/s.json.damaged-1").unwrap(), "{");
}

#[test]
fn what_cannot_be_stored_is_said_with_the_file() {
    let (_dir, fs) = temporary();
    fs.write_string("sessions", "in the way").unwrap();
    let session = Session::new(id("s"));
    let text = store(&fs, &session, 0).unwrap_err().to_string();
    assert!(text.starts_with("cannot write `"), "{text}");
    assert!(text.ends_with("/sessions/s.json`: a file is in the way of the directory"), "{text}");
}
