//! The file system against a real directory.

use std::sync::{Arc, Mutex};

use tempfile::TempDir;

use super::{FileSystem, FsFault, Wait, intercept};

fn temporary() -> (TempDir, FileSystem) {
    let dir = TempDir::new().unwrap();
    let fs = FileSystem::with_base_path(dir.path().to_str().unwrap());
    (dir, fs)
}

#[test]
fn normalises_the_base_path() {
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
    assert_eq!(
        fs.list_dir("sessions").unwrap(),
        ["a.json"],
        "no temporary file is left"
    );
}

#[test]
fn failed_write_keeps_the_old_file() {
    let (_dir, fs) = temporary();
    fs.create_dir_all("occupied/inside").unwrap();
    let error = fs.write_string("occupied", "text").unwrap_err();
    assert_eq!(error.operation, "write");
    assert_eq!(fs.list_dir(".").unwrap(), ["occupied"]);
    assert_eq!(fs.list_dir("occupied").unwrap(), ["inside"]);
}

#[test]
fn write_failing_anywhere_keeps_the_old_file() {
    let (_dir, fs) = temporary();
    fs.write_string("f", "old").unwrap();
    for failing in ["create", "rename"] {
        let full = move |call, _: &str| {
            if call == failing {
                Err(FsFault::Full)
            } else {
                Ok(())
            }
        };
        let error = intercept(full, || fs.write_string("f", "new").unwrap_err());
        assert_eq!((error.operation, error.fault), ("write", FsFault::Full));
        assert_eq!(fs.read_to_string("f").unwrap(), "old");
        assert_eq!(fs.list_dir(".").unwrap(), ["f"]);
    }
}

#[test]
fn write_ends_with_a_directory_sync() {
    let (dir, fs) = temporary();
    let base = dir.path().to_str().unwrap().to_owned();
    assert_eq!(
        calls(|| fs.write_string("a", "text").unwrap()).last().unwrap(),
        &format!("sync_dir {base}")
    );
    assert_eq!(
        calls(|| fs.remove_file("a").unwrap()),
        [format!("remove {base}/a"), format!("sync_dir {base}")]
    );
    let made = calls(|| fs.create_dir_all("x/y").unwrap());
    let expected = ["create_dir /x", "sync_dir ", "create_dir /x/y", "sync_dir /x"];
    let expected = expected.map(|call| call.replacen(' ', &format!(" {base}"), 1));
    assert!(made.ends_with(&expected), "{made:?}");
    let failing = |call, _: &str| {
        if call == "sync_dir" {
            Err(FsFault::Other(Some(5)))
        } else {
            Ok(())
        }
    };
    assert_eq!(
        intercept(failing, || fs.write_string("b", "text").unwrap_err().fault),
        FsFault::Other(Some(5))
    );
    // A full disk still allows to remove a file.
    let full = |call, _: &str| {
        if call == "sync_dir" {
            Err(FsFault::Full)
        } else {
            Ok(())
        }
    };
    intercept(full, || fs.remove_file("b").unwrap());
}

/// Returns the calls that `work` makes to the file system.
fn calls(work: impl FnOnce()) -> Vec<String> {
    let calls = Arc::new(Mutex::new(Vec::new()));
    let log = Arc::clone(&calls);
    let note = move |call: &'static str, path: &str| {
        log.lock().unwrap().push(format!("{call} {path}"));
        Ok(())
    };
    intercept(note, work);
    let calls = calls.lock().unwrap();
    calls.clone()
}

#[test]
fn keeps_temporary_files_of_others() {
    let (_dir, fs) = temporary();
    fs.append_string("a.tmp-1", "theirs").unwrap();
    fs.write_string("a", "ours").unwrap();
    assert_eq!(fs.read_to_string("a.tmp-1").unwrap(), "theirs");
    assert_eq!(fs.list_dir("").unwrap(), ["a", "a.tmp-1"]);
}

#[test]
fn appends_to_a_file() {
    let (_dir, fs) = temporary();
    fs.append_string("log/today", "one ").unwrap();
    fs.append_string("log/today", "two").unwrap();
    assert_eq!(fs.read_to_string("log/today").unwrap(), "one two");
}

#[test]
fn lists_sorted_names_and_existence() {
    let (_dir, fs) = temporary();
    for name in ["b", "a", "c/d"] {
        fs.write_string(name, "").unwrap();
    }
    assert_eq!(fs.list_dir(".").unwrap(), ["a", "b", "c"]);
    assert!(fs.exists("a") && fs.exists("c") && fs.exists("c/d") && fs.exists(""));
    assert!(!fs.exists("e") && !fs.exists("../"));
}

#[test]
fn makes_directories_and_removes_files() {
    let (_dir, fs) = temporary();
    fs.create_dir_all("x/y/z").unwrap();
    fs.create_dir_all("x/y/z").unwrap();
    fs.write_string("x/y/z/f", "").unwrap();
    fs.remove_file("x/y/z/f").unwrap();
    assert!(fs.remove_file("x/y/z/f").unwrap_err().is_not_found());
    fs.write_string("file", "").unwrap();
    for path in ["file", "file/below"] {
        let error = fs.create_dir_all(path).unwrap_err();
        assert_eq!(
            (error.operation, error.fault),
            ("create", FsFault::NotDirectory),
            "{path}"
        );
    }
}

#[test]
fn keeps_each_copy_once_under_free_names() {
    let (dir, fs) = temporary();
    for number in 1..=3 {
        let content = format!("damage {number}");
        for _ in 0..2 {
            let copy = fs.keep_copy("s.json", content.as_bytes(), "damaged").unwrap();
            assert_eq!(copy, format!("{}/s.json.damaged-{number}", dir.path().display()));
        }
    }
    assert_eq!(
        fs.list_dir(".").unwrap(),
        ["s.json.damaged-1", "s.json.damaged-2", "s.json.damaged-3"]
    );
    assert_eq!(fs.read_to_string("s.json.damaged-2").unwrap(), "damage 2");
    let full = |call, _: &str| {
        if call == "create" {
            Err(FsFault::Full)
        } else {
            Ok(())
        }
    };
    let error = intercept(full, || fs.keep_copy("s.json", b"more", "damaged").unwrap_err());
    assert_eq!((error.operation, error.fault), ("write", FsFault::Full));
}

#[test]
fn errors_name_path_and_operation() {
    let (dir, fs) = temporary();
    let missing = fs.read("no/such").unwrap_err();
    let whole = format!("{}/no/such", dir.path().display());
    assert_eq!(
        (missing.operation, missing.path.as_str()),
        ("read", whole.as_str())
    );
    assert!(missing.is_not_found());
    assert_eq!(
        missing.to_string(),
        format!("cannot read `{whole}`: no such file or directory")
    );

    fs.write("binary", b"\xff").unwrap();
    assert!(matches!(
        fs.read_to_string("binary").unwrap_err().fault,
        FsFault::NotText
    ));

    let outside = fs.read("../secret").unwrap_err();
    assert!(matches!(outside.fault, FsFault::Outside) && !outside.is_not_found());
    assert_eq!(
        outside.to_string(),
        "cannot use `../secret`: the path leads out of the base directory"
    );
    let _: Box<dyn std::error::Error + Send + Sync> = outside.into();
}

#[cfg(unix)]
#[test]
fn written_files_are_private() {
    use std::os::unix::fs::PermissionsExt as _;

    let (dir, fs) = temporary();
    fs.write_string("written", "text").unwrap();
    fs.append_string("appended", "text").unwrap();
    fs.write_string("deep/down/file", "text").unwrap();
    for (name, expected) in [
        ("written", 0o600),
        ("appended", 0o600),
        ("deep", 0o700),
        ("deep/down", 0o700),
        ("deep/down/file", 0o600),
    ] {
        let mode = std::fs::metadata(dir.path().join(name))
            .unwrap()
            .permissions()
            .mode();
        assert_eq!(mode & 0o777, expected, "{name}");
    }
}

#[cfg(unix)]
#[test]
fn opens_regular_files_only() {
    use std::os::unix::net::UnixListener;

    let (dir, fs) = temporary();
    fs.create_dir_all("directory").unwrap();
    let _socket = UnixListener::bind(dir.path().join("socket")).unwrap();
    assert_eq!(fs.read("directory").unwrap_err().fault, FsFault::NotFile);
    let error = fs.read("socket").unwrap_err();
    assert_eq!(error.fault, FsFault::NotFile);
    assert!(
        error.to_string().ends_with("socket`: it is not a regular file"),
        "{error}"
    );
    assert_eq!(
        fs.append_string("socket", "x").unwrap_err().fault,
        FsFault::NotFile
    );
    assert_eq!(
        fs.append_string("directory", "x").unwrap_err().fault,
        FsFault::NotFile
    );
    assert_eq!(fs.list_dir("socket").unwrap_err().fault, FsFault::NotDirectory);
    let socket = dir.path().join("socket");
    let socket = socket.to_str().unwrap();
    assert_eq!(
        super::backend::fill(socket, &mut std::iter::empty()),
        Err(FsFault::NotFile)
    );
    assert_eq!(super::backend::sync_dir(socket), Ok(()));
    // The file is outside the base, so the back end is called directly. It never ends.
    #[cfg(target_os = "linux")]
    assert_eq!(super::backend::read("/dev/zero"), Err(FsFault::NotFile));
    #[cfg(target_os = "linux")]
    assert_eq!(super::backend::append("/dev/full", b"x"), Err(FsFault::NotFile));
}

#[test]
fn missing_memory_is_an_error() {
    let mut bytes = Vec::new();
    assert_eq!(super::reserve(&mut bytes, u64::MAX), Err(FsFault::NoMemory));
    assert_eq!(
        super::reserve(&mut bytes, (usize::MAX / 2) as u64),
        Err(FsFault::NoMemory)
    );
    super::reserve(&mut bytes, 1000).unwrap();
    assert!((1000..1100).contains(&bytes.capacity()));
    assert_eq!(FsFault::NoMemory.to_string(), "it does not fit into memory");
}

#[cfg(unix)]
#[test]
fn refuses_links_out_of_the_base() {
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
    for path in [
        "directory/secret",
        "directory/new",
        "directory/new/er",
        "file",
        "nowhere",
    ] {
        for error in [
            fs.read(path).unwrap_err(),
            fs.write(path, b"x").unwrap_err(),
            fs.append_string(path, "x").unwrap_err(),
            fs.remove_file(path).unwrap_err(),
            fs.create_dir_all(path).unwrap_err(),
            fs.revoke(path, "f").unwrap_err(),
            fs.keep_copy(path, b"x", "copy").unwrap_err(),
        ] {
            assert_eq!(error.fault, FsFault::Outside, "{path}");
        }
        assert!(!fs.exists(path));
        for (directory, name) in [(path, "new"), (".", path)] {
            let error = fs.lock(directory, name, &Wait::start()).unwrap_err();
            assert_eq!(error.fault, FsFault::Outside, "{path}");
        }
    }
    link(outside.path(), ".locks");
    assert_eq!(
        fs.lock(".", "new", &Wait::start()).unwrap_err().fault,
        FsFault::Outside
    );
    assert_eq!(other.list_dir(".").unwrap(), ["secret"]);
    assert_eq!(other.read_to_string("secret").unwrap(), "text");
    fs.write_string("inside/file", "fine").unwrap();
    assert_eq!(fs.read_to_string("real/file").unwrap(), "fine");
}

#[cfg(target_os = "linux")]
#[test]
fn full_disk_keeps_the_old_file() {
    const NO_SPACE: i32 = 28;
    assert_eq!(
        FsFault::from(std::io::Error::from_raw_os_error(NO_SPACE)),
        FsFault::Full
    );
    assert_eq!(FsFault::Full.to_string(), "no space left");
}
