//! Turns in the middle of which others come. A thread plays a process, and stops, fails or dies before any one of the calls
//! that storing a turn makes.

use super::{id, names, no_warning, store, stored, temporary, turn};
use crate::fs::{FileSystem, FsFault, Wait, intercept};
use crate::sessions::{Sessions, StoreError};
use clawft_types::Session;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex};
use std::thread::{self, ScopedJoinHandle};
use std::time::Duration;

/// Longer than any test takes.
const LONG: Duration = Duration::from_secs(30);

/// After so long without a change a lock counts as abandoned where a test wants that.
const SILENCE: Duration = Duration::from_millis(5);

type Stored = Result<(), StoreError>;

/// Stores a turn, with locks taken over after `silence`.
fn store_after(sessions: &Sessions, silence: Duration, (session, known): &(Session, usize)) -> Stored {
    sessions.store_within(Wait::with(silence, LONG), session, *known, &mut no_warning)
}

/// Returns the calls to the file system that storing a turn makes, such as `rename sessions/s.json`.
fn calls_of_storing() -> Vec<String> {
    let (dir, _fs, sessions) = temporary();
    store(&sessions, turn(&sessions, "s", "old"));
    let turn = turn(&sessions, "s", "new");
    let calls = Arc::new(Mutex::new(Vec::new()));
    let (log, base) = (Arc::clone(&calls), dir.path().to_str().unwrap().to_owned() + "/");
    let note = move |call: &'static str, path: &str| {
        log.lock().unwrap().push([call, " ", path.strip_prefix(&base).unwrap()].concat());
        Ok(())
    };
    intercept(note, || store(&sessions, turn));
    Arc::try_unwrap(calls).unwrap().into_inner().unwrap()
}

/// Where in those calls the turn is published.
fn publishing(calls: &[String]) -> usize {
    calls.iter().position(|call| call == "rename sessions/s.json").unwrap()
}

/// A process that stops before its call of the number `at`, and goes on when it is told to.
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
                // Nobody waits for a thread that ends before.
                let _ = stop.send(());
                let _ = go_on.recv();
            }
            call += 1;
            Ok(())
        };
        let thread = scope.spawn(move || intercept(script, || store_after(sessions, silence, &turn)));
        Self { thread, stops, goes_on }
    }

    /// Waits until it has stopped, or ended before.
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

/// Nothing is left beside the session.
fn only_the_session(fs: &FileSystem) {
    assert_eq!(names(fs), ["s.json"]);
}

#[test]
fn the_disk_is_asked_in_an_order_that_survives_a_power_cut() {
    let calls = calls_of_storing();
    let publishing = publishing(&calls);
    assert!(calls[publishing - 1].starts_with("fill sessions/.locks/s.json+"), "{calls:?}");
    assert_eq!(calls[publishing + 1], "sync_dir sessions");
    assert_eq!(calls.iter().filter(|call| call.starts_with("sync_dir")).count(), 1);
    // The directory of sessions is made, with its name on the disk before anything is in it.
    let (dir, _fs, sessions) = temporary();
    let base = dir.path().to_str().unwrap().to_owned();
    let (log, first) = (Arc::new(Mutex::new(Vec::new())), turn(&sessions, "s", "a"));
    let note = {
        let log = Arc::clone(&log);
        move |call: &'static str, path: &str| {
            log.lock().unwrap().push([call, " ", path].concat());
            Ok(())
        }
    };
    intercept(note, || store(&sessions, first));
    let calls = log.lock().unwrap();
    let made = calls.iter().position(|call| *call == format!("create_dir {base}/sessions")).unwrap();
    assert_eq!(calls[made + 1], format!("sync_dir {base}"));
}

/// A process that is stopped at any point, until another one has taken its lock away, loses no turn, and neither does the other.
#[test]
fn stopped_anywhere_while_another_stores_loses_no_turn() {
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
        assert_eq!(texts, ["old", "old", "one", "one", "two", "two"], "stopped before call {at}");
        only_the_session(&fs);
    }
}

/// Three processes: two are stopped, one after the other, each anywhere, and the third does not wait.
#[test]
fn two_stopped_anywhere_while_a_third_stores_lose_no_turn() {
    let calls = calls_of_storing().len();
    for (first, second) in (0..calls).flat_map(|first| (0..calls).map(move |second| (first, second))) {
        // Every third of the pairs, and over all of them every call of each.
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
            // In the other order, so that each overtakes the other.
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

/// A session that is removed at any point of a turn stays removed, and the turn fails unless it was stored before.
#[test]
fn a_session_removed_anywhere_in_a_turn_stays_away() {
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
                    assert!(at <= publishing && matches!(error, StoreError::Deleted), "call {at}: {error}");
                }
            }
        });
        assert_eq!(names(&fs), [""; 0], "removed before call {at}");
    }
}

/// A turn that is stored at any point of a removal is removed as well, or fails.
#[test]
fn a_turn_stored_anywhere_in_a_removal_is_told_or_removed() {
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

/// A process that dies at any point keeps nobody waiting, leaves the old session or the new one, and no other file.
#[test]
fn dead_anywhere_delays_nobody_and_leaves_whole_turns() {
    let calls = calls_of_storing();
    let publishing = publishing(&calls);
    for at in 0..calls.len() {
        let (_dir, fs, sessions) = temporary();
        store(&sessions, turn(&sessions, "s", "old"));
        let dying = turn(&sessions, "s", "dying");
        let mut call = 0;
        // Nothing that it does from then on has an effect; its files are closed, as the system does that.
        let dies = move |_: &'static str, _: &str| {
            call += 1;
            if call > at { Err(FsFault::Other(None)) } else { Ok(()) }
        };
        let died = intercept(dies, || store_after(&sessions, LONG, &dying));
        // With the patience of the command: after that long it would take the lock over all the same.
        let next = turn(&sessions, "s", "next");
        let begun = std::time::Instant::now();
        store(&sessions, next);
        assert!(begun.elapsed() < Duration::from_secs(9), "dead before call {at}, it was waited for");
        let texts = stored(&sessions, "s");
        let expected: &[&str] = if at <= publishing { &["old", "next"] } else { &["old", "dying", "next"] };
        let turns: Vec<&str> = texts.chunks(2).map(|pair| pair[0].as_str()).collect();
        assert_eq!(turns, expected, "dead before call {at}");
        assert!(died.is_err() || at > publishing, "it was stored, or told");
        assert_eq!(names(&fs), ["s.json"], "dead before call {at}");
    }
}

/// Whichever call fails, the turn is stored or fails, and no file is left.
#[test]
fn failing_anywhere_leaves_the_old_session_or_the_new_one() {
    for (at, call) in calls_of_storing().into_iter().enumerate() {
        let (_dir, fs, sessions) = temporary();
        store(&sessions, turn(&sessions, "s", "old"));
        let new = turn(&sessions, "s", "new");
        let mut calls = 0;
        let fails_once = move |_: &'static str, _: &str| {
            calls += 1;
            if calls == at + 1 { Err(FsFault::Full) } else { Ok(()) }
        };
        let result = intercept(fails_once, || store_after(&sessions, LONG, &new));
        let texts = stored(&sessions, "s");
        let whole = texts == ["old", "old", "new", "new"];
        assert!(whole || texts == ["old", "old"], "{call} failed: {texts:?}");
        assert!(whole || result.is_err(), "{call} failed, and nobody was told");
        if let Err(error) = result {
            assert!(error.to_string().ends_with("sessions/s.json`: no space left"), "{call}: {error}");
        }
        if !call.starts_with("remove") {
            only_the_session(&fs);
        }
        // Nobody is kept from the session by it.
        store(&sessions, turn(&sessions, "s", "next"));
        assert_eq!(stored(&sessions, "s").last().unwrap(), "next");
        only_the_session(&fs);
    }
}

/// A disk that takes longer than a lock may stay unchanged: each process loses its lock to others until all wait long enough.
#[test]
fn a_disk_slower_than_silence_is_waited_for_in_the_end() {
    let (_dir, fs, sessions) = temporary();
    store(&sessions, turn(&sessions, "s", "old"));
    let turns = [1, 2, 3, 4].map(|number| turn(&sessions, "s", &number.to_string()));
    let fills = Arc::new(Mutex::new(0));
    thread::scope(|scope| {
        for turn in &turns {
            let (sessions, fills) = (&sessions, Arc::clone(&fills));
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
    assert!(*fills.lock().unwrap() > 4, "no process has lost its lock: this test shows nothing");
    only_the_session(&fs);
}

/// A process that loses its lock time and again gives up with an error.
#[test]
fn patience_ends() {
    let (_dir, fs, sessions) = temporary();
    store(&sessions, turn(&sessions, "s", "old"));
    let (session, known) = turn(&sessions, "s", "new");
    let lost = |call: &'static str, _: &str| if call == "fill" { Err(FsFault::NotFound) } else { Ok(()) };
    let wait = Wait::with(LONG, Duration::from_millis(100));
    let error =
        intercept(lost, || sessions.store_within(wait, &session, known, &mut no_warning).unwrap_err());
    assert!(error.to_string().ends_with("sessions/s.json`: another process has it locked"), "{error}");
    assert_eq!(stored(&sessions, "s"), ["old", "old"]);
    only_the_session(&fs);
}

/// Removing needs no room on the disk, and waits for no lock.
#[test]
fn a_session_is_removed_from_a_full_disk_and_from_under_a_lock() {
    let (_dir, fs, sessions) = temporary();
    store(&sessions, turn(&sessions, "s", "a"));
    let turn = turn(&sessions, "s", "b");
    thread::scope(|scope| {
        let at = calls_of_storing().iter().position(|call| call.starts_with("fill")).unwrap();
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
