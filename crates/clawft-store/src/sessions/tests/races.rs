//! Turns that are interrupted by other turns. A thread plays a process, and stops, fails or dies before any
//! one of the calls that store a turn.

use std::{
    sync::{
        Arc, Mutex,
        mpsc::{Receiver, Sender, channel},
    },
    thread::{self, ScopedJoinHandle},
    time::Duration,
};

use clawft_types::Session;

use super::{id, names, no_warning, store, stored, temporary, turn};
use crate::{
    fs::{FileSystem, FsFault, Wait, intercept},
    sessions::{Sessions, StoreError},
};

/// Longer than any test takes.
const LONG: Duration = Duration::from_secs(30);

/// The silence after which a lock counts as abandoned, for tests that want that soon.
const SILENCE: Duration = Duration::from_millis(5);

type Stored = Result<(), StoreError>;

/// Stores a turn, with locks taken over after `silence`.
fn store_after(sessions: &Sessions, silence: Duration, (session, known): &(Session, usize)) -> Stored {
    sessions.store_within(Wait::with(silence, LONG), session, *known, &mut no_warning)
}

/// Returns the calls to the file system that store a turn, such as `rename sessions/s.json`.
fn calls_of_storing() -> Vec<String> {
    let (dir, _fs, sessions) = temporary();
    store(&sessions, turn(&sessions, "s", "old"));
    let turn = turn(&sessions, "s", "new");
    let calls = Arc::new(Mutex::new(Vec::new()));
    let log = Arc::clone(&calls);
    let base = dir.path().to_str().unwrap().to_owned() + "/";
    let note = move |call: &'static str, path: &str| {
        log.lock()
            .unwrap()
            .push([call, " ", path.strip_prefix(&base).unwrap()].concat());
        Ok(())
    };
    intercept(note, || store(&sessions, turn));
    Arc::try_unwrap(calls).unwrap().into_inner().unwrap()
}

/// Returns the index of the call that publishes the turn.
fn publishing(calls: &[String]) -> usize {
    calls
        .iter()
        .position(|call| call == "rename sessions/s.json")
        .unwrap()
}

/// A process that stops before its call number `at`, and continues on request.
struct Stopped<'scope> {
    thread: ScopedJoinHandle<'scope, Stored>,
    stops: Receiver<()>,
    goes_on: Sender<()>,
}

impl<'scope> Stopped<'scope> {
    fn begin<'env>(
        scope: &'scope thread::Scope<'scope, 'env>,
        sessions: &'env Sessions,
        silence: Duration,
        turn: (Session, usize),
        at: usize,
    ) -> Self {
        let (stop, stops) = channel();
        let (goes_on, go_on) = channel();
        let mut call = 0;
        let script = move |_: &'static str, _: &str| {
            if call == at {
                // The thread may have ended before.
                let _ = stop.send(());
                let _ = go_on.recv();
            }
            call += 1;
            Ok(())
        };
        let thread = scope.spawn(move || intercept(script, || store_after(sessions, silence, &turn)));
        Self {
            thread,
            stops,
            goes_on,
        }
    }

    /// Waits until the process has stopped or ended.
    fn stopped(&self) {
        let _ = self.stops.recv();
    }

    fn go_on(self) -> Stored {
        let _ = self.goes_on.send(());
        self.thread.join().unwrap()
    }
}

fn sorted(mut texts: Vec<String>) -> Vec<String> {
    for pair in texts.chunks(2) {
        assert_eq!(pair[0], pair[1], "a turn stays together");
    }
    texts.sort();
    texts
}

/// Asserts that there are no files but the session.
fn only_the_session(fs: &FileSystem) {
    assert_eq!(names(fs), ["s.json"]);
}

#[test]
fn call_order_survives_a_power_cut() {
    let calls = calls_of_storing();
    let publishing = publishing(&calls);
    assert!(
        calls[publishing - 1].starts_with("fill sessions/.locks/s.json+"),
        "{calls:?}"
    );
    assert_eq!(calls[publishing + 1], "sync_dir sessions");
    assert_eq!(
        calls.iter().filter(|call| call.starts_with("sync_dir")).count(),
        1
    );
    // The directory of sessions is made, and its name synchronised to the disk before anything is in it.
    let (dir, _fs, sessions) = temporary();
    let base = dir.path().to_str().unwrap().to_owned();
    let log = Arc::new(Mutex::new(Vec::new()));
    let first = turn(&sessions, "s", "a");
    let note = {
        let log = Arc::clone(&log);
        move |call: &'static str, path: &str| {
            log.lock().unwrap().push([call, " ", path].concat());
            Ok(())
        }
    };
    intercept(note, || store(&sessions, first));
    let calls = log.lock().unwrap();
    let made = calls
        .iter()
        .position(|call| *call == format!("create_dir {base}/sessions"))
        .unwrap();
    assert_eq!(calls[made + 1], format!("sync_dir {base}"));
}

/// A process that is stopped at any point until another one has taken its lock away loses no turn, and
/// neither does the other.
#[test]
fn process_stopped_anywhere_loses_no_turn() {
    for at in 0..calls_of_storing().len() {
        let (_dir, fs, sessions) = temporary();
        store(&sessions, turn(&sessions, "s", "old"));
        let (first, second) = (turn(&sessions, "s", "one"), turn(&sessions, "s", "two"));
        thread::scope(|scope| {
            let process = Stopped::begin(scope, &sessions, LONG, first, at);
            process.stopped();
            store_after(&sessions, SILENCE, &second).unwrap();
            process.go_on().unwrap();
        });
        let texts = sorted(stored(&sessions, "s"));
        assert_eq!(
            texts,
            ["old", "old", "one", "one", "two", "two"],
            "stopped before call {at}"
        );
        only_the_session(&fs);
    }
}

/// Of three processes two are stopped, one after the other, at any point, and the third does not wait.
#[test]
fn two_processes_stopped_anywhere_lose_no_turn() {
    let calls = calls_of_storing().len();
    for (first, second) in (0..calls).flat_map(|first| (0..calls).map(move |second| (first, second))) {
        // Every third of the pairs, which together cover every call of each.
        if (first + second) % 3 != 0 {
            continue;
        }
        let (_dir, fs, sessions) = temporary();
        store(&sessions, turn(&sessions, "s", "old"));
        let [one, two, three] = ["one", "two", "three"].map(|text| turn(&sessions, "s", text));
        thread::scope(|scope| {
            let one = Stopped::begin(scope, &sessions, SILENCE, one, first);
            one.stopped();
            let two = Stopped::begin(scope, &sessions, SILENCE, two, second);
            two.stopped();
            store_after(&sessions, SILENCE, &three).unwrap();
            // In the opposite order, so that each overtakes the other.
            two.go_on().unwrap();
            one.go_on().unwrap();
        });
        let texts = sorted(stored(&sessions, "s"));
        assert_eq!(
            texts,
            ["old", "old", "one", "one", "three", "three", "two", "two"],
            "stopped before the calls {first} and {second}"
        );
        only_the_session(&fs);
    }
}

/// A session that is removed at any point of a turn stays removed, and the turn fails unless it was stored
/// before.
#[test]
fn session_removed_during_turn_stays_removed() {
    let calls = calls_of_storing();
    let publishing = publishing(&calls);
    for at in 0..calls.len() {
        let (_dir, fs, sessions) = temporary();
        store(&sessions, turn(&sessions, "s", "old"));
        let turn = turn(&sessions, "s", "new");
        thread::scope(|scope| {
            let process = Stopped::begin(scope, &sessions, LONG, turn, at);
            process.stopped();
            assert!(sessions.remove(&id("s")).unwrap());
            match process.go_on() {
                Ok(()) => assert!(at > publishing, "removed before call {at}, and nobody was told"),
                Err(error) => {
                    assert!(
                        at <= publishing && matches!(error, StoreError::Deleted),
                        "call {at}: {error}"
                    );
                }
            }
        });
        assert_eq!(names(&fs), [""; 0], "removed before call {at}");
    }
}

/// A turn that is stored at any point of a removal is removed as well, or fails.
#[test]
fn turn_stored_during_removal_fails_or_is_removed() {
    for at in 0..8 {
        let (_dir, fs, sessions) = temporary();
        store(&sessions, turn(&sessions, "s", "old"));
        let turn = turn(&sessions, "s", "new");
        let mut call = 0;
        let others = sessions.clone();
        let store_meanwhile = move |_: &'static str, _: &str| {
            if call == at {
                match store_after(&others, LONG, &turn) {
                    Ok(()) | Err(StoreError::Deleted) => {}
                    Err(error) => panic!("{error}"),
                }
            }
            call += 1;
            Ok(())
        };
        assert!(intercept(store_meanwhile, || sessions.remove(&id("s")).unwrap()));
        assert_eq!(names(&fs), [""; 0], "stored before call {at}");
    }
}

/// A process that dies at any point delays no other process, and leaves the old session or the new one and no
/// other file.
#[test]
fn process_dying_anywhere_leaves_whole_turns() {
    let calls = calls_of_storing();
    let publishing = publishing(&calls);
    for at in 0..calls.len() {
        let (_dir, fs, sessions) = temporary();
        store(&sessions, turn(&sessions, "s", "old"));
        let dying = turn(&sessions, "s", "dying");
        let mut call = 0;
        // Its later calls have no effect, and the system closes its files.
        let dies = move |_: &'static str, _: &str| {
            call += 1;
            if call > at {
                Err(FsFault::Other(None))
            } else {
                Ok(())
            }
        };
        let died = intercept(dies, || store_after(&sessions, LONG, &dying));
        // With the patience of the command, after which the lock would be taken over anyway.
        let next = turn(&sessions, "s", "next");
        let begun = std::time::Instant::now();
        store(&sessions, next);
        assert!(
            begun.elapsed() < Duration::from_secs(9),
            "dead before call {at}, it was waited for"
        );
        let texts = stored(&sessions, "s");
        let expected: &[&str] = if at <= publishing {
            &["old", "next"]
        } else {
            &["old", "dying", "next"]
        };
        let turns: Vec<&str> = texts.chunks(2).map(|pair| pair[0].as_str()).collect();
        assert_eq!(turns, expected, "dead before call {at}");
        assert!(died.is_err() || at > publishing, "it was stored, or told");
        assert_eq!(names(&fs), ["s.json"], "dead before call {at}");
    }
}

/// Whichever call fails, the turn is stored or fails, and no file is left.
#[test]
fn failing_call_leaves_old_or_new_session() {
    for (at, call) in calls_of_storing().into_iter().enumerate() {
        let (_dir, fs, sessions) = temporary();
        store(&sessions, turn(&sessions, "s", "old"));
        let new = turn(&sessions, "s", "new");
        let mut calls = 0;
        let fails_once = move |_: &'static str, _: &str| {
            calls += 1;
            if calls == at + 1 {
                Err(FsFault::Full)
            } else {
                Ok(())
            }
        };
        let result = intercept(fails_once, || store_after(&sessions, LONG, &new));
        let texts = stored(&sessions, "s");
        let whole = texts == ["old", "old", "new", "new"];
        assert!(whole || texts == ["old", "old"], "{call} failed: {texts:?}");
        assert!(whole || result.is_err(), "{call} failed, and nobody was told");
        if let Err(error) = result {
            assert!(
                error.to_string().ends_with("sessions/s.json`: no space left"),
                "{call}: {error}"
            );
        }
        if !call.starts_with("remove") {
            only_the_session(&fs);
        }
        // The session stays usable.
        store(&sessions, turn(&sessions, "s", "next"));
        assert_eq!(stored(&sessions, "s").last().unwrap(), "next");
        only_the_session(&fs);
    }
}

/// On a disk that is slower than the silence each process loses its lock to others, until all wait long
/// enough.
#[test]
fn disk_slower_than_silence_succeeds_in_the_end() {
    let (_dir, fs, sessions) = temporary();
    store(&sessions, turn(&sessions, "s", "old"));
    let turns = [1, 2, 3, 4].map(|number| turn(&sessions, "s", &number.to_string()));
    let fills = Arc::new(Mutex::new(0));
    thread::scope(|scope| {
        for turn in &turns {
            let sessions = &sessions;
            let fills = Arc::clone(&fills);
            let slow = move |call: &'static str, _: &str| {
                if call == "fill" {
                    *fills.lock().unwrap() += 1;
                    thread::sleep(SILENCE * 8);
                }
                Ok(())
            };
            scope.spawn(move || intercept(slow, || store_after(sessions, SILENCE, turn).unwrap()));
        }
    });
    let texts = sorted(stored(&sessions, "s"));
    assert_eq!(texts, ["1", "1", "2", "2", "3", "3", "4", "4", "old", "old"]);
    assert!(
        *fills.lock().unwrap() > 4,
        "no process has lost its lock: this test shows nothing"
    );
    only_the_session(&fs);
}

/// A process that loses its lock again and again fails in the end.
#[test]
fn losing_the_lock_repeatedly_is_an_error() {
    let (_dir, fs, sessions) = temporary();
    store(&sessions, turn(&sessions, "s", "old"));
    let (session, known) = turn(&sessions, "s", "new");
    let lost = |call: &'static str, _: &str| {
        if call == "fill" {
            Err(FsFault::NotFound)
        } else {
            Ok(())
        }
    };
    let wait = Wait::with(LONG, Duration::from_millis(100));
    let error = intercept(lost, || {
        sessions
            .store_within(wait, &session, known, &mut no_warning)
            .unwrap_err()
    });
    assert!(
        error
            .to_string()
            .ends_with("sessions/s.json`: another process has it locked"),
        "{error}"
    );
    assert_eq!(stored(&sessions, "s"), ["old", "old"]);
    only_the_session(&fs);
}

/// Removing needs no room on the disk, and waits for no lock.
#[test]
fn removal_needs_no_room_and_no_lock() {
    let (_dir, fs, sessions) = temporary();
    store(&sessions, turn(&sessions, "s", "a"));
    let turn = turn(&sessions, "s", "b");
    thread::scope(|scope| {
        let at = calls_of_storing()
            .iter()
            .position(|call| call.starts_with("fill"))
            .unwrap();
        let process = Stopped::begin(scope, &sessions, LONG, turn, at);
        process.stopped();
        let full = |call: &'static str, _: &str| match call {
            "create" | "create_dir" | "claim" | "fill" | "rename" | "append" | "sync_dir" => {
                Err(FsFault::Full)
            }
            _ => Ok(()),
        };
        assert!(intercept(full, || sessions.remove(&id("s")).unwrap()));
        assert_eq!(names(&fs), [""; 0]);
        assert!(matches!(process.go_on().unwrap_err(), StoreError::Deleted));
    });
    assert_eq!(names(&fs), [""; 0]);
}
