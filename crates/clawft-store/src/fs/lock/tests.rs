//! The lock by itself: who holds it, who loses it, and which files remain.

use std::{
    fs::{self, File},
    io::Write as _,
    path::{Path, PathBuf},
    sync::atomic::{AtomicU32, Ordering},
    thread,
    time::{Duration, Instant},
};

use tempfile::TempDir;

use super::{Lock, LockPath, Wait};
use crate::fs::{FsFault, intercept};

/// Longer than any test takes.
const LONG: Duration = Duration::from_secs(30);

const SHORT: Duration = Duration::from_millis(20);

/// A directory in which a file `f` is locked.
struct Fixture {
    dir: TempDir,
    path: LockPath,
}

impl Fixture {
    fn new() -> Self {
        let dir = TempDir::new().unwrap();
        let directory = dir.path().to_str().unwrap().to_owned() + "/.locks";
        Self {
            dir,
            path: LockPath {
                directory,
                prefix: "f+".to_owned(),
            },
        }
    }

    fn take(&self) -> Result<Lock, FsFault> {
        self.take_after(LONG)
    }

    fn take_after(&self, silence: Duration) -> Result<Lock, FsFault> {
        self.take_within(&Wait::with(silence, LONG))
    }

    fn take_within(&self, wait: &Wait) -> Result<Lock, FsFault> {
        self.path.take(self.join("f").to_str().unwrap(), wait)
    }

    /// Returns the names in the directory of locks.
    fn present(&self) -> Vec<String> {
        let entries = fs::read_dir(&self.path.directory).into_iter().flatten();
        let mut names: Vec<_> = entries
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        names
    }

    fn join(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    /// Publishes `text` as `f`.
    fn publish(&self, lock: Lock, text: &str) -> Result<(), FsFault> {
        let (start, end) = text.split_at(text.len() / 2);
        let published = lock.publish(&mut [start, end].map(Vec::from).into_iter());
        published.map_err(|error| {
            assert_eq!(
                (error.operation, Path::new(&error.path)),
                ("write", self.join("f").as_path())
            );
            error.fault
        })
    }

    fn published(&self) -> String {
        fs::read_to_string(self.join("f")).unwrap_or_default()
    }

    /// Creates a lock file as a process of another system would.
    fn plant(&self, name: &str) -> PathBuf {
        fs::create_dir_all(&self.path.directory).unwrap();
        let path = Path::new(&self.path.directory).join(name);
        File::create(&path).unwrap();
        path
    }
}

#[test]
fn publishing_releases_the_lock() {
    let fixture = Fixture::new();
    let lock = fixture.take().unwrap();
    assert!(
        matches!(&fixture.present()[..], [name] if name.starts_with("f+")),
        "{:?}",
        fixture.present()
    );
    fixture.publish(lock, "new").unwrap();
    assert_eq!(
        (fixture.published().as_str(), fixture.present().len()),
        ("new", 0)
    );
}

#[test]
fn dropping_releases_the_lock() {
    let fixture = Fixture::new();
    for _ in 0..3 {
        drop(fixture.take().unwrap());
        assert_eq!(fixture.present(), [""; 0]);
    }
}

#[test]
fn waits_for_another_holder() {
    let fixture = Fixture::new();
    let lock = fixture.take().unwrap();
    thread::scope(|scope| {
        let second = scope.spawn(|| fixture.take().map(|_| Instant::now()));
        thread::sleep(SHORT * 5);
        assert!(!second.is_finished());
        let ended = Instant::now();
        drop(lock);
        assert!(second.join().unwrap().unwrap() >= ended);
    });
}

#[test]
fn stops_waiting_after_patience() {
    let fixture = Fixture::new();
    let lock = fixture.take().unwrap();
    let begun = Instant::now();
    assert_eq!(
        fixture.take_within(&Wait::with(LONG, SHORT)).unwrap_err(),
        FsFault::Locked
    );
    assert!(begun.elapsed() >= SHORT);
    assert_eq!(
        fixture.present().len(),
        1,
        "whoever waited in vain has left nothing"
    );
    fixture.publish(lock, "new").unwrap();
}

#[test]
fn ignores_locks_of_other_files() {
    let fixture = Fixture::new();
    // `f+` is also the beginning of another name, but of none in a directory of sessions.
    let others = [
        fixture.plant("g+1"),
        fixture.plant("ff+1"),
        fixture.plant("f.json+1"),
    ];
    let lock = fixture.take().unwrap();
    fixture.path.revoke().unwrap();
    assert_eq!(fixture.publish(lock, "new").unwrap_err(), FsFault::Locked);
    assert!(others.iter().all(|path| path.exists()));
}

#[test]
fn publishes_nothing_after_silence() {
    let fixture = Fixture::new();
    fs::write(fixture.join("f"), "old").unwrap();
    let first = fixture.take().unwrap();
    let before = fixture.present();
    let second = fixture.take_after(SHORT).unwrap();
    assert_ne!(fixture.present(), before);
    assert_eq!(fixture.publish(first, "first").unwrap_err(), FsFault::Locked);
    assert_eq!(fixture.published(), "old");
    // The end of the first did not affect the second.
    fixture.publish(second, "second").unwrap();
    assert_eq!(
        (fixture.published().as_str(), fixture.present().len()),
        ("second", 0)
    );
}

#[test]
fn publishes_nothing_if_lost_while_writing() {
    let fixture = Fixture::new();
    let lock = fixture.take().unwrap();
    let directory = fixture.path.directory.clone();
    let lose = move |call, _: &str| {
        if call == "rename" {
            LockPath {
                directory: directory.clone(),
                prefix: "f+".to_owned(),
            }
            .revoke()
            .unwrap();
        }
        Ok(())
    };
    assert_eq!(
        intercept(lose, || fixture.publish(lock, "new").unwrap_err()),
        FsFault::Locked
    );
    assert_eq!((fixture.published().as_str(), fixture.present().len()), ("", 0));
}

#[test]
fn publishes_nothing_after_revocation() {
    let fixture = Fixture::new();
    fixture.path.revoke().unwrap();
    let lock = fixture.take().unwrap();
    fixture.plant("f+1");
    fixture.path.revoke().unwrap();
    assert_eq!(fixture.present(), [""; 0]);
    assert_eq!(fixture.publish(lock, "new").unwrap_err(), FsFault::Locked);
    let lock = fixture.take().unwrap();
    let denied = |call, _: &str| {
        if call == "remove" {
            Err(FsFault::Denied)
        } else {
            Ok(())
        }
    };
    assert_eq!(
        intercept(denied, || fixture.path.revoke().unwrap_err()),
        FsFault::Denied
    );
    fixture.publish(lock, "new").unwrap();
}

#[test]
fn takes_lock_of_dead_process_at_once() {
    let fixture = Fixture::new();
    let lock = fixture.take().unwrap();
    // The state that the system leaves at the end of a process: the file exists and is no longer locked.
    let file = fixture.present().remove(0);
    drop(lock);
    fixture.plant(&file);
    drop(fixture.take().unwrap());
    assert_eq!(fixture.present(), [""; 0]);
}

#[test]
fn takes_lock_of_remote_process_after_silence() {
    let fixture = Fixture::new();
    for name in ["f+1234567", "f+1234567-another"] {
        fixture.plant(name);
        assert_eq!(
            fixture.take_within(&Wait::with(LONG, SHORT)).unwrap_err(),
            FsFault::Locked,
            "{name}"
        );
        assert_eq!(fixture.present(), [name]);
        drop(fixture.take_after(SHORT).unwrap());
        assert_eq!(fixture.present(), [""; 0], "{name}");
    }
}

/// Waits for a lock while `renew` is called repeatedly, for twice the time of silence, and asserts that the
/// lock is kept. The silence of a machine that stands still for that long is detected and ignored.
fn kept_while(fixture: &Fixture, mut renew: impl FnMut()) {
    let silence = Duration::from_millis(500);
    thread::scope(|scope| {
        let waiting = scope.spawn(|| fixture.take_after(silence).map(drop));
        let begun = Instant::now();
        let (mut renewed, mut longest) = (begun, Duration::ZERO);
        while begun.elapsed() < silence * 2 {
            renew();
            longest = longest.max(renewed.elapsed());
            renewed = Instant::now();
            thread::sleep(Duration::from_millis(5));
        }
        assert!(!waiting.is_finished() || longest >= silence);
        fixture.path.revoke().unwrap();
        waiting.join().unwrap().unwrap();
    });
}

#[test]
fn new_holder_restarts_the_silence() {
    let fixture = Fixture::new();
    let mut last = fixture.plant("f+0");
    let mut number = 0;
    kept_while(&fixture, || {
        number += 1;
        let next = last.with_file_name(format!("f+{number}"));
        // A lock that was taken away after all is detected at the end.
        let _ = fs::rename(&last, &next);
        last = next;
    });
}

#[test]
fn growth_restarts_the_silence() {
    let fixture = Fixture::new();
    let path = fixture.plant("f+0");
    let mut file = File::options().append(true).open(path).unwrap();
    kept_while(&fixture, || file.write_all(b".").unwrap());
}

#[test]
fn waits_as_long_as_documented() {
    let Wait {
        silence, patience, ..
    } = Wait::start();
    assert_eq!((silence, patience), (10_000_000_000, 120_000_000_000));
}

#[cfg(target_os = "linux")]
#[test]
fn holder_name_holds_the_running_system() {
    let system = fs::read_to_string("/proc/sys/kernel/random/boot_id").unwrap();
    let (one, other) = (
        crate::fs::backend::holder_name(),
        crate::fs::backend::holder_name(),
    );
    let (number, mark) = one.split_once('-').unwrap();
    assert_eq!(mark, &system[..8]);
    assert!(number.parse::<u64>().is_ok() && one != other);
}

#[test]
fn losing_the_lock_lengthens_the_silence() {
    let mut wait = Wait::with(SHORT, SHORT * 6);
    let silence = wait.silence;
    for times in [2, 4, 8, 14, 20] {
        wait.again();
        assert_eq!(
            wait.silence,
            silence * times,
            "beyond patience it grows no faster"
        );
    }
    assert!(Wait::with(SHORT, LONG).again());
    thread::sleep(SHORT * 7);
    assert!(!wait.again());
}

#[test]
fn at_most_one_of_two_stays() {
    let fixture = Fixture::new();
    fs::create_dir(&fixture.path.directory).unwrap();
    let other = Path::new(&fixture.path.directory).join("f+other");
    // Another process enters between this one's entering and its check.
    let meanwhile = other.clone();
    let enter_after = move |call, _: &str| {
        if call == "each_name" {
            File::create(&meanwhile).unwrap();
        }
        Ok(())
    };
    assert!(intercept(enter_after, || fixture
        .path
        .enter("f")
        .unwrap()
        .is_none()));
    assert_eq!(fixture.present(), ["f+other"], "it has left again");
    fs::remove_file(other).unwrap();
    assert!(fixture.path.enter("f").unwrap().is_some());
}

#[test]
fn lock_lost_while_entering_is_not_taken() {
    // Also if another process has entered instead.
    for other in [None, Some("f+other")] {
        let fixture = Fixture::new();
        fs::create_dir(&fixture.path.directory).unwrap();
        let directory = fixture.path.directory.clone();
        let lose = move |call, _: &str| {
            if call == "each_name" {
                for entry in fs::read_dir(&directory).unwrap() {
                    fs::remove_file(entry.unwrap().path()).unwrap();
                }
                other.map(|name| File::create(Path::new(&directory).join(name)).unwrap());
            }
            Ok(())
        };
        assert!(
            intercept(lose, || fixture.path.enter("f").unwrap().is_none()),
            "{other:?}"
        );
        assert_eq!(fixture.present(), other.as_slice());
    }
}

#[test]
fn many_processes_take_turns() {
    let fixture = Fixture::new();
    let inside = AtomicU32::new(0);
    thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| {
                for _ in 0..20 {
                    let lock = fixture.take().unwrap();
                    assert_eq!(inside.fetch_add(1, Ordering::SeqCst), 0, "two hold it");
                    thread::yield_now();
                    inside.fetch_sub(1, Ordering::SeqCst);
                    drop(lock);
                }
            });
        }
    });
    assert_eq!(fixture.present(), [""; 0]);
}

#[test]
fn reports_why_lock_cannot_be_taken() {
    for (call, fault) in [
        ("create_dir", FsFault::Full),
        ("claim", FsFault::Denied),
        ("each_name", FsFault::Denied),
    ] {
        let fixture = Fixture::new();
        let fails = move |name, _: &str| if name == call { Err(fault) } else { Ok(()) };
        assert_eq!(intercept(fails, || fixture.take().unwrap_err()), fault, "{call}");
        assert_eq!(fixture.present(), [""; 0]);
    }
    let fixture = Fixture::new();
    fs::write(&fixture.path.directory, "in the way").unwrap();
    assert_eq!(fixture.take().unwrap_err(), FsFault::NotDirectory);
    assert_eq!(fixture.path.revoke().unwrap_err(), FsFault::NotDirectory);
}
