//! The calls to the disk and their order, as the system sees them: a stored turn survives a power cut.
//!
//! This program starts itself with a library before the C library that records each call or makes it fail.

#[cfg(not(target_os = "linux"))]
fn main() {}

#[cfg(target_os = "linux")]
fn main() {
    use linux::{BASE, BROKEN};

    match (std::env::var(BASE), std::env::var_os(BROKEN)) {
        (Ok(base), None) => linux::store_and_remove(&base),
        (Ok(base), Some(_)) => linux::fail_to_store(&base),
        (Err(_), _) => {
            linux::asks_in_an_order_that_survives_a_power_cut();
            linux::reports_a_directory_that_cannot_be_synchronised();
        }
    }
}

#[cfg(target_os = "linux")]
mod linux {
    use std::{env, fs, path::Path, process::Command};

    use clawft_store::{FileSystem, Sessions};
    use clawft_types::{Message, Role, Session, SessionId};
    use disk_shim::{Effects, Shim};
    use tempfile::TempDir;

    /// The variable with the directory in which this program works.
    pub(super) const BASE: &str = "DURABILITY_BASE";

    /// The variable that makes writing directories to the disk fail.
    pub(super) const BROKEN: &str = "DURABILITY_BROKEN";

    pub(super) fn asks_in_an_order_that_survives_a_power_cut() {
        let dir = TempDir::new().unwrap();
        let calls = calls(dir.path());
        let calls: Vec<&str> = calls.iter().map(String::as_str).collect();
        let expected = [
            // The new directories. That of the locks need not survive a power cut, but all are made in the
            // same way.
            "fsync BASE",
            "fsync BASE/sessions",
            // A turn: its bytes, the rename, and then the directory.
            "fsync BASE/sessions/.locks/s.json+N",
            "rename BASE/sessions/.locks/s.json+N BASE/sessions/s.json",
            "fsync BASE/sessions",
            "unlink BASE/sessions/.locks/s.json+N",
            // Another.
            "fsync BASE/sessions/.locks/s.json+N",
            "rename BASE/sessions/.locks/s.json+N BASE/sessions/s.json",
            "fsync BASE/sessions",
            "unlink BASE/sessions/.locks/s.json+N",
            // Removal of the session, and the check whether it exists again.
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

    /// Stores two turns, removes the session, and writes another file.
    pub(super) fn store_and_remove(base: &str) {
        let sessions = Sessions::new(FileSystem::with_base_path(base));
        let id: SessionId = "s".parse().unwrap();
        for known in [0, 1] {
            let mut session = sessions.load(id.clone()).unwrap();
            session.messages.push(Message::new(Role::User, "hello"));
            sessions
                .store(&session, known, &mut |text| panic!("warned: {text}"))
                .unwrap();
        }
        assert!(sessions.remove(&id).unwrap());
        sessions.fs().write_string("file", "text").unwrap();
    }

    pub(super) fn reports_a_directory_that_cannot_be_synchronised() {
        let dir = TempDir::new().unwrap();
        let base = dir.path().join("base");
        fs::create_dir_all(base.join("sessions/.locks")).unwrap();
        let effects = Shim::compile(dir.path()).unwrap().effects().broken();
        run(&base, &effects, &[(BROKEN, "1")]);
    }

    /// Stores a turn on a disk that cannot write directories.
    pub(super) fn fail_to_store(base: &str) {
        let sessions = Sessions::new(FileSystem::with_base_path(base));
        let error = sessions
            .store(&Session::default(), 0, &mut |_| {})
            .unwrap_err()
            .to_string();
        let end =
            "sessions/default.json`: input/output error, as for a full or read-only disk (system error 5)";
        assert!(error.ends_with(end), "{error}");
    }

    /// Returns this program's calls to the disk, in which `BASE` is its base directory and `N` any number.
    fn calls(dir: &Path) -> Vec<String> {
        let (base, log) = (dir.join("base"), dir.join("log"));
        fs::create_dir(&base).unwrap();
        run(&base, &Shim::compile(dir).unwrap().effects().logged(&log), &[]);
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

    /// Runs this program with `base` as its base directory.
    #[expect(
        clippy::disallowed_methods,
        reason = "this package has no door to other programs, and runs but itself"
    )]
    fn run(base: &Path, effects: &Effects, more: &[(&str, &str)]) {
        let mut command = Command::new(env::current_exe().unwrap());
        command
            .env(BASE, base)
            .envs(effects.variables())
            .envs(more.iter().copied());
        assert!(command.status().unwrap().success());
    }
}
