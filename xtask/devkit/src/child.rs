//! Child processes that are killed at the end of their owner.

use std::{
    fs::{self, File},
    io::{BufRead as _, BufReader},
    path::Path,
    process::{Child, ExitStatus, Stdio},
    thread,
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result, bail, ensure};
use xshell::{Cmd, Shell};

use crate::cmd;

/// The interval between checks whether a child has ended.
const POLL: Duration = Duration::from_millis(5);

/// A child process that is killed on drop, if it is still running.
#[derive(Debug)]
pub struct Guarded {
    child: Child,
    /// The time in which it may end by itself, after SIGTERM, before it is killed.
    grace: Duration,
}

impl Guarded {
    /// Starts `cmd` with its three standard streams as given. `purpose` completes the sentence "could not …".
    pub fn spawn(cmd: Cmd<'_>, streams: [Stdio; 3], purpose: &str) -> Result<Self> {
        let child = cmd::spawn(cmd, streams, purpose)?;
        Ok(Self {
            child,
            grace: Duration::ZERO,
        })
    }

    /// Makes the end a SIGTERM, and kills the child only if it still runs after `grace`. A program that has children
    /// of its own ends them on this signal, with theirs.
    #[must_use]
    pub fn with_grace(mut self, grace: Duration) -> Self {
        self.grace = grace;
        self
    }

    /// Starts `cmd`, the server `name`, and returns it with the line that it prints when it is ready.
    pub fn server(cmd: Cmd<'_>, name: &str) -> Result<(Self, String)> {
        // Its standard input stays open for as long as this process lives, and the server ends with it.
        let streams = [Stdio::piped(), Stdio::piped(), Stdio::inherit()];
        let mut process = Self::spawn(cmd, streams, &format!("start {name}"))?;
        let stdout = process
            .child
            .stdout
            .take()
            .with_context(|| format!("{name} has no standard output"))?;
        let mut line = String::new();
        BufReader::new(stdout)
            .read_line(&mut line)
            .with_context(|| format!("could not read what {name} prints when it is ready"))?;
        Ok((process, line.trim_end().to_owned()))
    }

    /// Kills the child, and waits until it has ended.
    pub fn kill(mut self) -> Result<()> {
        self.child
            .kill()
            .and_then(|()| self.child.wait())
            .context("could not kill a child process")
            .map(drop)
    }

    /// Returns whether the child has ended by itself.
    pub fn has_ended(&mut self) -> Result<bool> {
        Ok(self
            .child
            .try_wait()
            .context("could not ask after a child process")?
            .is_some())
    }

    /// Waits until the child is stopped by SIGSTOP, for at most `limit`.
    pub fn stops_within(&mut self, limit: Duration) -> Result<()> {
        let stat = format!("/proc/{}/stat", self.child.id());
        let deadline = Instant::now() + limit;
        loop {
            let text = fs::read_to_string(&stat).context("could not ask how a child process does")?;
            // The state follows the name in brackets, which may hold anything.
            if text
                .rsplit_once(") ")
                .is_some_and(|(_, state)| state.starts_with('T'))
            {
                return Ok(());
            }
            ensure!(
                Instant::now() < deadline,
                "still running after {} s",
                limit.as_secs()
            );
            thread::sleep(POLL);
        }
    }

    /// Continues a stopped child.
    pub fn go_on(&self) -> Result<()> {
        let shell = Shell::new()?;
        let id = self.child.id().to_string();
        cmd::run(
            xshell::cmd!(shell, "kill -CONT {id}"),
            "let a child process go on",
        )
    }

    /// Sends SIGTERM if there is time for it, and waits until the child has ended or the time is over.
    fn end_in_time(&mut self) -> Result<()> {
        if self.grace.is_zero() || self.has_ended()? {
            return Ok(());
        }
        let shell = Shell::new()?;
        let id = self.child.id().to_string();
        cmd::run(xshell::cmd!(shell, "kill -TERM {id}"), "end a child process")?;
        self.ended_within(self.grace).map(drop)
    }

    /// Returns the identifiers of the child's own children, which would outlive it; none if it has ended, and where the
    /// system does not tell.
    fn children(&self) -> Vec<String> {
        let id = self.child.id();
        let children = fs::read_to_string(format!("/proc/{id}/task/{id}/children"));
        let children = children.unwrap_or_default();
        children.split_whitespace().map(str::to_owned).collect()
    }

    /// Returns the child itself, to take its pipes.
    pub fn child(&mut self) -> &mut Child {
        &mut self.child
    }

    /// Waits for the child to end, for at most `limit`; if it takes longer, it is killed, and that is an
    /// error.
    pub fn wait(mut self, limit: Duration) -> Result<ExitStatus> {
        match self.ended_within(limit)? {
            Some(status) => Ok(status),
            None => bail!("still running after {} s, and killed", limit.as_secs()),
        }
    }

    /// Waits for the child to end, for at most `limit`; returns `None` if it is still running.
    pub fn ended_within(&mut self, limit: Duration) -> Result<Option<ExitStatus>> {
        let deadline = Instant::now() + limit;
        loop {
            let status = self
                .child
                .try_wait()
                .context("could not wait for a child process")?;
            if status.is_some() || Instant::now() >= deadline {
                return Ok(status);
            }
            thread::sleep(POLL);
        }
    }
}

impl Drop for Guarded {
    fn drop(&mut self) {
        // All fail only if the child has already ended.
        let _ = self.end_in_time();
        let children = self.children();
        let _ = self.child.kill();
        let _ = self.child.wait();
        if let (false, Ok(shell)) = (children.is_empty(), Shell::new()) {
            let kill = xshell::cmd!(shell, "kill -KILL {children...}");
            let _ = cmd::run(kill.ignore_stderr(), "kill the children of a child process");
        }
    }
}

/// Returns standard streams that are files: unlike a pipe, a file cannot fill up, and the output is kept.
pub fn between_files([stdin, stdout, stderr]: [&Path; 3]) -> Result<[Stdio; 3]> {
    let read = |path: &Path| File::open(path).with_context(|| format!("could not open `{}`", path.display()));
    let write =
        |path: &Path| File::create(path).with_context(|| format!("could not make `{}`", path.display()));
    Ok([read(stdin)?.into(), write(stdout)?.into(), write(stderr)?.into()])
}

#[cfg(test)]
mod tests {
    use std::fs;

    use xshell::{Shell, cmd};

    use super::*;

    /// Runs `program` and returns its exit status and its output.
    fn run(program: &str, arguments: &[&str], limit: Duration) -> (Result<ExitStatus>, String) {
        let directory = tempfile::tempdir().unwrap();
        let files = ["in", "out", "err"].map(|name| directory.path().join(name));
        fs::write(&files[0], "from the file").unwrap();
        let shell = Shell::new().unwrap();
        let streams = between_files([&files[0], &files[1], &files[2]]).unwrap();
        let child =
            Guarded::spawn(cmd!(shell, "{program} {arguments...}"), streams, "run the child").unwrap();
        let status = child.wait(limit);
        (status, fs::read_to_string(&files[1]).unwrap())
    }

    #[cfg(unix)]
    #[test]
    fn child_uses_files_as_standard_streams() {
        let (status, stdout) = run("cat", &[], Duration::from_secs(60));
        assert!(status.unwrap().success());
        assert_eq!(stdout, "from the file");
    }

    #[cfg(unix)]
    #[test]
    fn child_with_grace_ends_its_own_children() {
        children_end_after("trap 'kill $id; exit 0' TERM", Duration::from_secs(60));
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn killed_child_takes_its_children_with_it() {
        children_end_after("", Duration::ZERO);
    }

    /// Checks that a child of a shell ends with the shell, which first does what `beginning` says.
    #[cfg(unix)]
    fn children_end_after(beginning: &str, grace: Duration) {
        let directory = tempfile::tempdir().unwrap();
        let file = directory.path().join("id");
        let shell = Shell::new().unwrap();
        let script = format!("{beginning}\nsleep 600 & id=$!; echo $id > id.new; mv id.new id; wait");
        shell.change_dir(directory.path());
        let streams = [Stdio::null(), Stdio::null(), Stdio::null()];
        let child = Guarded::spawn(cmd!(shell, "sh -c {script}"), streams, "run the child").unwrap();
        let child = child.with_grace(grace);
        let deadline = Instant::now() + Duration::from_secs(60);
        while !file.exists() && Instant::now() < deadline {
            thread::sleep(POLL);
        }
        let id = fs::read_to_string(&file).unwrap();
        drop(child);
        let gone = || {
            let state = fs::read_to_string(format!("/proc/{}/stat", id.trim())).unwrap_or_default();
            state.is_empty() || state.contains(") Z ")
        };
        while !gone() && Instant::now() < deadline {
            thread::sleep(POLL);
        }
        assert!(gone(), "the child's child still runs");
    }

    #[cfg(unix)]
    #[test]
    fn kills_a_child_after_the_limit() {
        let start = Instant::now();
        let (status, _) = run("sleep", &["30"], Duration::from_secs(1));
        let error = format!("{:#}", status.unwrap_err());
        assert_eq!(error, "still running after 1 s, and killed");
        assert!(start.elapsed() < Duration::from_secs(20));
    }
}
