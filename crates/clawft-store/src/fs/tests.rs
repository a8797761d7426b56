//! The file system against a real directory.

use super::{FileSystem, FsFault};
use std::time::{Duration, Instant};
use tempfile::TempDir;

fn temporary() -> (TempDir, FileSystem) {
    let dir = TempDir::new().unwrap();
    let fs = FileSystem::with_base_path(dir.path().to_str().unwrap());
    (dir, fs)
}

#[test]
fn bases() {
    assert_eq!(FileSystem::new().home_dir(), "/config");
    assert_eq!(FileSystem::with_base_path("/data//").home_dir(), "/data");
    assert_eq!(FileSystem::with_base_path("/").home_dir(), "/");
}

#[test]
fn writes_and_reads_back() {
    let (_dir, fs) = temporary();
    fs.write_string("sessions/a.json", "first, and longer").unwrap();
    fs.write_string("sessions/a.json", "grüß").unwrap();
    assert_eq!(fs.read_to_string("sessions/a.json").unwrap(), "grüß");
    assert_eq!(fs.read("sessions/a.json").unwrap(), "grüß".as_bytes());
    assert_eq!(fs.list_dir("sessions").unwrap(), ["a.json"], "no temporary file is left");
}

#[test]
fn a_failed_write_leaves_the_old_and_no_temporary_file() {
    let (_dir, fs) = temporary();
    fs.create_dir_all("occupied/inside").unwrap();
    let error = fs.write_string("occupied", "text").unwrap_err();
    assert_eq!(error.operation, "write");
    assert_eq!(fs.list_dir(".").unwrap(), ["occupied"]);
    assert_eq!(fs.list_dir("occupied").unwrap(), ["inside"]);
}

#[test]
fn another_writers_temporary_file_is_left_alone() {
    let (_dir, fs) = temporary();
    fs.append_string("a.tmp-1", "theirs").unwrap();
    fs.write_string("a", "ours").unwrap();
    assert_eq!(fs.read_to_string("a.tmp-1").unwrap(), "theirs");
    assert_eq!(fs.list_dir("").unwrap(), ["a", "a.tmp-1"]);
}

#[test]
fn appends() {
    let (_dir, fs) = temporary();
    fs.append_string("log/today", "one ").unwrap();
    fs.append_string("log/today", "two").unwrap();
    assert_eq!(fs.read_to_string("log/today").unwrap(), "one two");
}

#[test]
fn lists_sorted_and_tells_what_exists() {
    let (_dir, fs) = temporary();
    for name in ["b", "a", "c/d"] {
        fs.write_string(name, "").unwrap();
    }
    assert_eq!(fs.list_dir(".").unwrap(), ["a", "b", "c"]);
    assert!(fs.exists("a") && fs.exists("c") && fs.exists("c/d") && fs.exists(""));
    assert!(!fs.exists("e") && !fs.exists("../"));
}

#[test]
fn makes_and_removes() {
    let (_dir, fs) = temporary();
    fs.create_dir_all("x/y/z").unwrap();
    fs.create_dir_all("x/y/z").unwrap();
    fs.write_string("x/y/z/f", "").unwrap();
    fs.remove_file("x/y/z/f").unwrap();
    assert!(fs.remove_file("x/y/z/f").unwrap_err().is_not_found());
    fs.write_string("file", "").unwrap();
    assert_eq!(fs.create_dir_all("file").unwrap_err().operation, "create");
}

#[test]
fn sets_aside_under_a_free_name() {
    let (dir, fs) = temporary();
    for number in 1..=3 {
        fs.write_string("s.json", "damaged").unwrap();
        let aside = fs.set_aside("s.json", "damaged").unwrap();
        assert_eq!(aside, format!("{}/s.json.damaged-{number}", dir.path().display()));
        assert!(!fs.exists("s.json"));
    }
    assert!(fs.set_aside("s.json", "damaged").unwrap_err().is_not_found());
}

#[test]
fn errors_keep_path_and_operation() {
    let (dir, fs) = temporary();
    let missing = fs.read("no/such").unwrap_err();
    let whole = format!("{}/no/such", dir.path().display());
    assert_eq!((missing.operation, missing.path.as_str()), ("read", whole.as_str()));
    assert!(missing.is_not_found());
    assert_eq!(missing.to_string(), format!("cannot read `{whole}`: no such file or directory"));

    fs.write("binary", b"\xff").unwrap();
    assert!(matches!(fs.read_to_string("binary").unwrap_err().fault, FsFault::NotText));

    let outside = fs.read("../secret").unwrap_err();
    assert!(matches!(outside.fault, FsFault::Outside) && !outside.is_not_found());
    assert_eq!(outside.to_string(), "cannot use `../secret`: the path leads out of the base directory");
    let _: Box<dyn std::error::Error + Send + Sync> = outside.into();
}

#[test]
fn a_lost_lock_is_noticed_before_the_file_is_replaced() {
    let (_dir, fs) = temporary();
    let lock = fs.lock("l").unwrap();
    fs.write_string("f", "old").unwrap();
    fs.write_string("l", "somebody else").unwrap();
    assert!(!lock.is_held());
    let mut content = [b"new".to_vec()].into_iter();
    assert_eq!(fs.write_locked(&lock, "f", &mut content).unwrap_err().fault, FsFault::Locked);
    drop(lock);
    assert_eq!(fs.read_to_string("f").unwrap(), "old");
    assert_eq!(
        fs.list_dir(".").unwrap(),
        ["f", "l"],
        "the lock is somebody else's, the temporary file is removed"
    );
}

#[test]
fn a_lock_is_let_go_of() {
    let (_dir, fs) = temporary();
    for _ in 0..3 {
        let lock = fs.lock("deep/down/lock").unwrap();
        assert!(lock.is_held());
        assert!(fs.exists("deep/down/lock"));
    }
    assert!(!fs.exists("deep/down/lock"));
}

#[test]
fn a_lock_from_long_ago_is_taken_over_at_once() {
    let (_dir, fs) = temporary();
    fs.write_string("lock", "1500000000000000000").unwrap();
    let begun = Instant::now();
    let lock = fs.lock("lock").unwrap();
    assert!(lock.is_held() && begun.elapsed() < Duration::from_secs(1));
}

#[test]
fn a_lock_that_no_file_can_be_is_an_error() {
    let (_dir, fs) = temporary();
    fs.create_dir_all("l").unwrap();
    let error = fs.lock("l").unwrap_err();
    assert_eq!((error.operation, error.fault), ("lock", FsFault::IsDirectory));
}

#[cfg(unix)]
#[test]
fn what_is_written_is_for_nobody_else() {
    use std::os::unix::fs::PermissionsExt as _;

    let (dir, fs) = temporary();
    fs.write_string("written", "text").unwrap();
    fs.append_string("appended", "text").unwrap();
    for name in ["written", "appended"] {
        let mode = std::fs::metadata(dir.path().join(name)).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{name}");
    }
}

#[cfg(unix)]
#[test]
fn symbolic_links_lead_out_of_the_base_for_nothing() {
    use std::os::unix::fs::symlink;

    let (outside, other) = temporary();
    other.write_string("secret", "text").unwrap();
    let (dir, fs) = temporary();
    fs.create_dir_all("real").unwrap();
    let link = |to: &std::path::Path, name: &str| symlink(to, dir.path().join(name)).unwrap();
    link(outside.path(), "directory");
    link(&outside.path().join("secret"), "file");
    link(&outside.path().join("missing"), "nowhere");
    link(&dir.path().join("real"), "inside");
    for path in ["directory/secret", "directory/new", "directory/new/er", "file", "nowhere"] {
        for error in [
            fs.read(path).unwrap_err(),
            fs.write(path, b"x").unwrap_err(),
            fs.append_string(path, "x").unwrap_err(),
            fs.remove_file(path).unwrap_err(),
            fs.create_dir_all(path).unwrap_err(),
            fs.lock(path).unwrap_err(),
        ] {
            assert_eq!(error.fault, FsFault::Outside, "{path}");
        }
        assert!(!fs.exists(path));
    }
    assert_eq!(other.list_dir(".").unwrap(), ["secret"]);
    assert_eq!(other.read_to_string("secret").unwrap(), "text");
    fs.write_string("inside/file", "fine").unwrap();
    assert_eq!(fs.read_to_string("real/file").unwrap(), "fine");
}

#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_has_words_and_leaves_the_old_file() {
    // The one file on every Linux that is always full. It is out of the base, so the back end is asked itself.
    assert_eq!(super::backend::append("/dev/full", b"x"), Err(FsFault::Full));
    assert_eq!(FsFault::Full.to_string(), "no space left");
}
