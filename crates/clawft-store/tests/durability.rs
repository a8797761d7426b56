//! The calls to the disk and their order, as the system sees them: a turn that counts as stored survives a power cut.
//!
//! This program starts itself with a library in front of the C library that writes down each call, and then looks at what
//! was written.

#[cfg(not(target_os = "linux"))]
fn main() {}

#[cfg(target_os = "linux")]
fn main() {
    match std::env::var("DURABILITY_BASE") {
        Ok(base) => linux::store_and_remove(&base),
        Err(_) => linux::watch(),
    }
}

#[cfg(target_os = "linux")]
mod linux {
    use clawft_store::{FileSystem, Sessions};
    use clawft_types::{Message, Role, SessionId};
    use disk_shim::Shim;
    use std::path::Path;
    use std::process::Command;
    use std::{env, fs};
    use tempfile::TempDir;

    /// Two turns and the end of a session.
    pub(super) fn store_and_remove(base: &str) {
        let sessions = Sessions::new(FileSystem::with_base_path(base));
        let id: SessionId = "s".parse().unwrap();
        for known in [0, 1] {
            let mut session = sessions.load(id.clone()).unwrap();
            session.messages.push(Message::new(Role::User, "hello"));
            sessions.store(&session, known, &mut |text| panic!("warned: {text}")).unwrap();
        }
        assert!(sessions.remove(&id).unwrap());
        sessions.fs().write_string("file", "text").unwrap();
    }

    pub(super) fn watch() {
        let dir = TempDir::new().unwrap();
        let calls = calls(dir.path());
        let calls: Vec<&str> = calls.iter().map(String::as_str).collect();
        let expected = [
            // The directories are there first; that of the locks is of no use after a power cut, but that is how all are made.
            "fsync BASE",
            "fsync BASE/sessions",
            // A turn: its bytes, its name, and then the name on the disk.
            "fsync BASE/sessions/.locks/s.json+N",
            "rename BASE/sessions/.locks/s.json+N BASE/sessions/s.json",
            "unlink BASE/sessions/.locks/s.json+N",
            "fsync BASE/sessions",
            // Another.
            "fsync BASE/sessions/.locks/s.json+N",
            "rename BASE/sessions/.locks/s.json+N BASE/sessions/s.json",
            "unlink BASE/sessions/.locks/s.json+N",
            "fsync BASE/sessions",
            // The session's end, and a look whether it is so.
            "unlink BASE/sessions/s.json",
            "fsync BASE/sessions",
            "unlink BASE/sessions/s.json",
            // Any other file.
            "fsync BASE/file.tmp-N",
            "rename BASE/file.tmp-N BASE/file",
            "fsync BASE",
        ];
        assert_eq!(calls, expected);
    }

    /// Returns the calls of this program to the disk, in which `BASE` is its base directory and `N` any number.
    #[expect(
        clippy::disallowed_methods,
        reason = "this package has no door to other programs, and runs but itself"
    )]
    fn calls(dir: &Path) -> Vec<String> {
        let base = dir.join("base");
        fs::create_dir(&base).unwrap();
        let log = dir.join("log");
        let effects = Shim::compile(dir).unwrap().effects().logged(&log);
        let mut command = Command::new(env::current_exe().unwrap());
        command.env("DURABILITY_BASE", &base).envs(effects.variables());
        assert!(command.status().unwrap().success());
        let base = base.to_str().unwrap();
        let plain = |line: &str| {
            let line = line.replace(base, "BASE");
            let parts = line.split(' ').map(|part| match part.split_once(['+', '-']) {
                Some((name, _)) => [name, &part[name.len()..=name.len()], "N"].concat(),
                None => part.to_owned(),
            });
            parts.collect::<Vec<_>>().join(" ")
        };
        fs::read_to_string(log).unwrap().lines().map(plain).collect()
    }
}
