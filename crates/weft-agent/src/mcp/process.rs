//! A child process that speaks on its standard input and output.

use std::{io, process::Stdio, time::Duration};

use clawft_mcp::StdioServer;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    process::{Child, ChildStdin, ChildStdout, Command},
    time::{Instant, sleep_until, timeout, timeout_at},
};

use super::{environment, stderr::Tail};

/// The time for a process to end after its standard input is closed, or after its output has ended.
const END: Duration = Duration::from_secs(2);

/// The time to read the rest of the standard error of a process that has ended.
const LAST_WORDS: Duration = Duration::from_millis(500);

/// The number of bytes to read at once.
const CHUNK: usize = 64 * 1024;

/// A running program. When it is dropped, it is killed together with the processes that it has started.
pub(super) struct Process {
    child: Child,
    stdin: Option<ChildStdin>,
    stdout: ChildStdout,
    stderr: Tail,
    buffer: Vec<u8>,
}

/// The result of a wait.
pub(super) enum Read<'a> {
    Output(&'a [u8]),
    /// The output has ended, or the input cannot be written.
    Ended,
    TimedOut,
}

impl Process {
    /// Starts the program of `server`, with no more than the named variables in its environment. The error is the
    /// cause.
    pub(super) fn start(server: &StdioServer) -> Result<Process, String> {
        let mut command = Command::new(server.command());
        command
            .args(server.args())
            .env_clear()
            .envs(environment::basic())
            .envs(server.env().iter().map(|(name, value)| (name, value.expose())))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true);
        // A group of its own: a signal from the terminal does not end it in the middle of a call, and a wrapper such
        // as `npx` can be killed with the program that it runs.
        #[cfg(unix)]
        command.process_group(0);
        let started = command.spawn();
        let mut child = started
            .map_err(|error| format!("`{}` cannot be started: {}", server.command(), cause(&error)))?;
        let (Some(stdin), Some(stdout), Some(stderr)) =
            (child.stdin.take(), child.stdout.take(), child.stderr.take())
        else {
            return Err("its standard input and output cannot be opened".to_owned());
        };
        Ok(Process {
            child,
            stdin: Some(stdin),
            stdout,
            stderr: Tail::of(stderr),
            buffer: vec![0; CHUNK],
        })
    }

    /// Writes `bytes` until they are written, and reads meanwhile: a program may wait for its output to be read
    /// before it reads on. Removes the written part from `bytes`.
    pub(super) async fn exchange(&mut self, bytes: &mut Vec<u8>, deadline: Instant) -> Read<'_> {
        loop {
            let Some(stdin) = &mut self.stdin else {
                return Read::Ended;
            };
            tokio::select! {
                biased;
                read = self.stdout.read(&mut self.buffer) => return match read {
                    Ok(count @ 1..) => Read::Output(self.buffer.get(..count).unwrap_or_default()),
                    Ok(0) | Err(_) => Read::Ended,
                },
                written = stdin.write(bytes), if !bytes.is_empty() => match written {
                    Ok(count @ 1..) => drop(bytes.drain(..count)),
                    // The reason is found in the output.
                    Ok(0) | Err(_) => bytes.clear(),
                },
                () = sleep_until(deadline) => return Read::TimedOut,
            }
        }
    }

    /// Returns output that is there already.
    pub(super) async fn pending(&mut self) -> Read<'_> {
        tokio::select! {
            biased;
            read = self.stdout.read(&mut self.buffer) => match read {
                Ok(count @ 1..) => Read::Output(self.buffer.get(..count).unwrap_or_default()),
                Ok(0) | Err(_) => Read::Ended,
            },
            () = std::future::ready(()) => Read::TimedOut,
        }
    }

    /// Writes the last bytes of an operation, and returns whether all of them were written.
    pub(super) async fn finish(&mut self, bytes: &[u8]) -> bool {
        let Some(stdin) = &mut self.stdin else {
            return false;
        };
        bytes.is_empty() || matches!(timeout(END, stdin.write_all(bytes)).await, Ok(Ok(())))
    }

    /// Returns the reason why the process has ended.
    pub(super) async fn end(mut self) -> String {
        self.stdin = None;
        let ended = match timeout(END, self.child.wait()).await {
            Ok(Ok(status)) => format!("it has ended ({status})"),
            Ok(Err(_)) | Err(_) => "it has closed its output".to_owned(),
        };
        self.stderr.complete(LAST_WORDS).await;
        match self.stderr.last_line() {
            line if line.is_empty() => ended,
            line => format!("{ended}: {line}"),
        }
    }

    /// Closes the standard input, and gives the process time to end.
    pub(super) async fn close(mut self) {
        self.stdin = None;
        let deadline = Instant::now() + END;
        // It may have to write before it can end.
        while let Ok(Ok(1..)) = timeout_at(deadline, self.stdout.read(&mut self.buffer)).await {}
        let _ = timeout_at(deadline, self.child.wait()).await;
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        #[cfg(unix)]
        if let Some(Ok(group)) = self.child.id().map(i32::try_from) {
            // SAFETY: a call without memory. The child was not waited for, so its id is not another process's.
            unsafe {
                libc::kill(-group, libc::SIGKILL);
            }
        }
        let _ = self.child.start_kill();
    }
}

fn cause(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::NotFound => "there is no such program".to_owned(),
        io::ErrorKind::PermissionDenied => "permission denied".to_owned(),
        _ => error.to_string(),
    }
}
