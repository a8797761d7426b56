//! Handles SIGINT (Ctrl-C) and SIGTERM. A terminal sends SIGINT to the programs that a command has started too, and
//! they end by it; the command itself goes on to remove its temporary files and to report what was done.

use std::{
    fs,
    path::{Path, PathBuf},
    process,
    sync::{
        Arc, Mutex, OnceLock, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    thread,
    time::Duration,
};

use anyhow::{Context as _, Result};
use signal_hook::consts::{SIGINT, SIGTERM};

/// The exit code of a program that Ctrl-C ended, as shells have it.
const EXIT_CODE: i32 = 130;

/// The interval at which a signal is looked for.
const PAUSE: Duration = Duration::from_millis(50);

/// The directories that are removed when a signal ends this process.
static TEMPORARY: OnceLock<Arc<Mutex<Vec<PathBuf>>>> = OnceLock::new();

/// Held while a program runs that writes to one of them.
static RUNNING: Mutex<()> = Mutex::new(());

/// The signal that ends this process as soon as no such program runs.
static SIGNAL: OnceLock<Interrupt> = OnceLock::new();

/// Removes `directory` also when a signal ends this process, as its owner does when it is dropped.
///
/// # Errors
/// Fails if the system refuses to watch for signals.
pub fn remove_at_end(directory: &Path) -> Result<()> {
    let directories = match TEMPORARY.get() {
        Some(directories) => directories,
        None => {
            let interrupt = Interrupt::watch()?;
            SIGNAL.get_or_init(|| interrupt.clone());
            let directories = Arc::new(Mutex::new(Vec::new()));
            let watched = Arc::clone(&directories);
            thread::spawn(move || end_with(&interrupt, &watched));
            TEMPORARY.get_or_init(|| directories)
        }
    };
    let mut directories = directories.lock().unwrap_or_else(PoisonError::into_inner);
    directories.push(directory.to_owned());
    Ok(())
}

/// Runs a program that writes to such a directory, with `run`. A signal ends this process only after the program, which
/// could otherwise make the directory again: a terminal sends it the signal as well.
pub fn finish_first<T>(run: impl FnOnce() -> T) -> T {
    let running = RUNNING.lock().unwrap_or_else(PoisonError::into_inner);
    let result = run();
    drop(running);
    while SIGNAL.get().is_some_and(Interrupt::happened) {
        thread::sleep(PAUSE);
    }
    result
}

/// Waits for a signal, removes the directories, and ends this process.
fn end_with(interrupt: &Interrupt, directories: &Mutex<Vec<PathBuf>>) {
    while !interrupt.happened() {
        thread::sleep(PAUSE);
    }
    let _running = RUNNING.lock().unwrap_or_else(PoisonError::into_inner);
    for directory in directories.lock().unwrap_or_else(PoisonError::into_inner).iter() {
        let _ = fs::remove_dir_all(directory);
    }
    interrupt.exit()
}

/// A flag that SIGINT and SIGTERM set. No signal sets the default one.
#[derive(Clone, Debug, Default)]
pub struct Interrupt(Arc<AtomicBool>);

impl Interrupt {
    /// Returns a flag that these signals set from now on; they no longer end this process.
    ///
    /// # Errors
    /// Fails if the system refuses.
    pub fn watch() -> Result<Self> {
        let interrupt = Self::default();
        for signal in [SIGINT, SIGTERM] {
            let flag = Arc::clone(&interrupt.0);
            signal_hook::flag::register(signal, flag).context("could not watch for Ctrl-C")?;
        }
        Ok(interrupt)
    }

    /// Returns whether a signal has set it.
    pub fn happened(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }

    /// Ends this process with the exit code of an interrupted one.
    pub fn exit(&self) -> ! {
        process::exit(EXIT_CODE)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Names the directory to the process that a signal ends.
    #[cfg(unix)]
    const DIRECTORY: &str = "CLAWFT_TEST_REMOVED_AT_END";

    #[test]
    #[cfg(unix)]
    fn signal_removes_directory_of_the_process() {
        let Some(directory) = std::env::var_os(DIRECTORY) else {
            return end_by_signal("signal_removes_directory_of_the_process");
        };
        remove_at_end(Path::new(&directory)).unwrap();
        fs::write(Path::new(&directory).join("ready"), "").unwrap();
        thread::sleep(Duration::from_secs(60));
    }

    #[test]
    #[cfg(unix)]
    fn signal_waits_for_running_program() {
        let Some(directory) = std::env::var_os(DIRECTORY) else {
            return end_by_signal("signal_waits_for_running_program");
        };
        let directory = Path::new(&directory);
        remove_at_end(directory).unwrap();
        finish_first(|| {
            fs::write(directory.join("ready"), "").unwrap();
            thread::sleep(PAUSE * 10);
            fs::create_dir_all(directory.join("written/late")).unwrap();
        });
    }

    /// Runs the test `name` again in a process of its own, ends it with a signal when its directory has the file
    /// `ready`, and looks for the directory.
    #[cfg(unix)]
    fn end_by_signal(name: &str) {
        let directory = tempfile::tempdir().unwrap();
        let temporary = directory.path().join("temporary");
        fs::create_dir(&temporary).unwrap();
        let shell = xshell::Shell::new().unwrap();
        let program = std::env::current_exe().unwrap();
        let name = format!("interrupt::tests::{name}");
        let run = xshell::cmd!(shell, "{program} --exact {name}").env(DIRECTORY, &temporary);
        let [stdin, stdout, stderr] = [(); 3].map(|()| process::Stdio::null());
        let mut child = devkit::cmd::spawn(run, [stdin, stdout, stderr], "run this test").unwrap();
        while !temporary.join("ready").exists() {
            assert!(child.try_wait().unwrap().is_none(), "it has ended");
            thread::sleep(PAUSE);
        }
        let id = child.id().to_string();
        devkit::cmd::run(xshell::cmd!(shell, "kill {id}"), "end it").unwrap();
        assert_eq!(child.wait().unwrap().code(), Some(EXIT_CODE));
        assert!(!temporary.exists());
    }
}
