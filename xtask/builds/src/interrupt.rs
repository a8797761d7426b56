//! Ctrl-C, and the signal that asks programs to end. A terminal sends the first to our steps as well, which
//! end by it; we stay to tell how far it went.

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

/// The pause between two checks for a signal.
const PAUSE: Duration = Duration::from_millis(50);

/// The directories that are removed when a signal ends this process.
static TEMPORARY: OnceLock<Arc<Mutex<Vec<PathBuf>>>> = OnceLock::new();

/// Removes `directory` also when a signal ends this process, as its owner does when it is dropped.
///
/// # Errors
/// Fails if the system refuses to watch for signals.
pub fn remove_at_end(directory: &Path) -> Result<()> {
    let directories = match TEMPORARY.get() {
        Some(directories) => directories,
        None => {
            let interrupt = Interrupt::watch()?;
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

/// Waits for a signal, removes the directories, and ends this process.
fn end_with(interrupt: &Interrupt, directories: &Mutex<Vec<PathBuf>>) {
    while !interrupt.happened() {
        thread::sleep(PAUSE);
    }
    for directory in directories.lock().unwrap_or_else(PoisonError::into_inner).iter() {
        let _ = fs::remove_dir_all(directory);
    }
    interrupt.exit()
}

/// Whether somebody wants an end of it. The default never hears of it.
#[derive(Clone, Debug, Default)]
pub struct Interrupt(Arc<AtomicBool>);

impl Interrupt {
    /// From now on such a signal is noted, and does not end this process.
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

    /// Whether there was one.
    pub fn happened(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }

    /// Ends this process as one that was interrupted.
    pub fn exit(&self) -> ! {
        process::exit(EXIT_CODE)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Runs this test again in a process of its own, which a signal then ends.
    #[test]
    #[cfg(unix)]
    fn signal_removes_directory_of_the_process() {
        const DIRECTORY: &str = "CLAWFT_TEST_REMOVED_AT_END";
        if let Some(directory) = std::env::var_os(DIRECTORY) {
            remove_at_end(Path::new(&directory)).unwrap();
            fs::write(Path::new(&directory).join("ready"), "").unwrap();
            thread::sleep(Duration::from_secs(60));
            return;
        }
        let directory = tempfile::tempdir().unwrap();
        let temporary = directory.path().join("temporary");
        fs::create_dir(&temporary).unwrap();
        let shell = xshell::Shell::new().unwrap();
        let program = std::env::current_exe().unwrap();
        let name = "interrupt::tests::signal_removes_directory_of_the_process";
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
