//! The engine that runs, and its temporary directory: both can be ended from another thread.

use std::{
    env, fs, io,
    path::{Path, PathBuf},
    process::{Child, ExitStatus},
    sync::{Mutex, MutexGuard, PoisonError},
};

use anyhow::{Context as _, Result};
use tempfile::TempDir;

/// The programs that run now, and their directories.
#[derive(Debug, Default)]
struct Running {
    children: Vec<Child>,
    directories: Vec<PathBuf>,
}

impl Running {
    fn stop(&mut self) {
        for child in &mut self.children {
            drop(child.kill());
            drop(child.wait());
        }
        for directory in &self.directories {
            drop(fs::remove_dir_all(directory));
        }
    }
}

static RUNNING: Mutex<Running> = Mutex::new(Running {
    children: Vec::new(),
    directories: Vec::new(),
});

fn running() -> MutexGuard<'static, Running> {
    RUNNING.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Ends the engines that this process has started, and removes their files. Nothing may be started afterwards: this is
/// for a process that ends, such as after a signal.
pub fn stop() {
    let mut running = running();
    running.stop();
    // The thread that waits for the engine must not go on: this process ends.
    std::mem::forget(running);
}

/// A directory for the files of an engine.
#[derive(Debug)]
pub(super) struct Directory(TempDir);

/// Makes a directory for the files of an engine.
pub(super) fn directory() -> Result<Directory> {
    let directory = temporary().context("could not make a temporary directory")?;
    running().directories.push(directory.path().to_owned());
    Ok(Directory(directory))
}

/// Makes the directory in the system's place for temporary files, else in the current directory: an empty container has
/// no `/tmp`.
fn temporary() -> io::Result<TempDir> {
    let below = |place: &Path| tempfile::Builder::new().prefix(".wasm-diet-").tempdir_in(place);
    match below(&env::temp_dir()) {
        Err(_) if env::var_os("TMPDIR").is_none() => below(&env::current_dir()?),
        made => made,
    }
}

impl Directory {
    pub(super) fn path(&self) -> &Path {
        self.0.path()
    }
}

impl Drop for Directory {
    fn drop(&mut self) {
        running().directories.retain(|path| path != self.0.path());
    }
}

/// Remembers an engine while `attend` waits for the end of its output, and returns how it ended.
pub(super) fn attended<T>(child: Child, attend: impl FnOnce() -> T) -> io::Result<(ExitStatus, T)> {
    let id = child.id();
    running().children.push(child);
    let attended = attend();
    let mut running = running();
    let place = running.children.iter().position(|child| child.id() == id);
    let child = place.map(|place| running.children.swap_remove(place));
    drop(running);
    let mut child = child.ok_or_else(|| io::Error::other("the engine was stopped"))?;
    Ok((child.wait()?, attended))
}

#[cfg(all(test, unix))]
mod tests {
    use std::process::{Command, Stdio};

    use super::*;

    #[expect(clippy::disallowed_methods, reason = "the program under test is any program")]
    fn program(arguments: &[&str]) -> Child {
        let mut command = Command::new("sleep");
        command.args(arguments).stdout(Stdio::null()).spawn().unwrap()
    }

    #[test]
    fn stopping_ends_programs_and_removes_files() {
        let directory = tempfile::tempdir().unwrap().keep();
        fs::write(directory.join("in.wasm"), "bytes").unwrap();
        let mut running = Running {
            children: vec![program(&["600"])],
            directories: vec![directory.clone()],
        };
        running.stop();
        assert!(!running.children[0].wait().unwrap().success());
        assert!(!directory.exists());
    }

    #[test]
    fn forgets_programs_and_directories_that_ended() {
        let made = directory().unwrap();
        let path = made.path().to_owned();
        let (status, seen) = attended(program(&["0"]), || running().directories.contains(&path)).unwrap();
        assert!(status.success() && seen);
        drop(made);
        assert!(!running().directories.contains(&path));
    }
}
