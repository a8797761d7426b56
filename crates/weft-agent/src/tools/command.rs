//! `run_command`: a command of the shell, with the environment that every program needs and no keys.

use std::{path::Path, process::Stdio, time::Duration};

use clawft_types::{ToolCall, ToolResult};
use tokio::{
    io::{AsyncRead, AsyncReadExt as _},
    process::Command,
    time::timeout,
};

use crate::mcp::environment;

/// The time after which a command is ended.
const LONGEST: Duration = Duration::from_secs(300);

/// The number of bytes that are kept of each output stream.
const MAX_OUTPUT: u64 = 32 * 1024;

/// Runs `text` in `directory`, or in the current one. Dropping the future ends it.
pub(super) async fn run(call: &ToolCall, text: &str, directory: Option<&Path>) -> ToolResult {
    let (content, is_error) = match timeout(LONGEST, output(text, directory)).await {
        Ok(Ok(ended)) => ended,
        Ok(Err(error)) => (format!("the command cannot be run: {error}"), true),
        Err(_) => (
            format!("the command was ended after {} s", LONGEST.as_secs()),
            true,
        ),
    };
    ToolResult {
        id: call.id.clone(),
        content,
        is_error,
    }
}

/// Returns the text for the model, and whether the command failed.
async fn output(text: &str, directory: Option<&Path>) -> std::io::Result<(String, bool)> {
    let mut command = shell(text);
    command
        .env_clear()
        .envs(environment::basic())
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true);
    if let Some(directory) = directory {
        command.current_dir(directory);
    }
    #[cfg(unix)]
    command.process_group(0);
    let mut child = command.spawn()?;
    let group = Group(child.id());
    let (stdout, stderr) = (child.stdout.take(), child.stderr.take());
    let (stdout, stderr, status) = tokio::join!(read(stdout), read(stderr), child.wait());
    drop(group);
    let (stdout, stderr, status) = (stdout?, stderr?, status?);
    let mut content = String::new();
    if !status.success() {
        content = format!("[{status}]\n");
    }
    content.push_str(&stdout);
    if !stderr.is_empty() {
        content.push_str("[standard error]\n");
        content.push_str(&stderr);
    }
    Ok((content, !status.success()))
}

#[cfg(unix)]
fn shell(text: &str) -> Command {
    let mut command = Command::new("sh");
    command.args(["-c", text]);
    command
}

#[cfg(windows)]
fn shell(text: &str) -> Command {
    let mut command = Command::new("cmd");
    command.args(["/C", text]);
    command
}

/// Reads the beginning of a stream as text, and drops the rest.
async fn read(stream: Option<impl AsyncRead + Unpin>) -> std::io::Result<String> {
    let Some(mut stream) = stream else {
        return Ok(String::new());
    };
    let mut bytes = Vec::new();
    (&mut stream).take(MAX_OUTPUT).read_to_end(&mut bytes).await?;
    let dropped = tokio::io::copy(&mut stream, &mut tokio::io::sink()).await?;
    let mut text = String::from_utf8_lossy(&bytes).into_owned();
    if dropped > 0 {
        text.push_str(&format!("\n[{dropped} further bytes]\n"));
    }
    Ok(text)
}

/// The process group of a command. Dropping it ends what the command has left behind.
struct Group(#[cfg_attr(not(unix), expect(dead_code, reason = "groups are Unix's"))] Option<u32>);

impl Drop for Group {
    fn drop(&mut self) {
        #[cfg(unix)]
        if let Some(id) = self.0.and_then(|id| i32::try_from(id).ok()) {
            // SAFETY: `kill` takes plain numbers. The group is that of our own child.
            unsafe { libc::kill(-id, libc::SIGKILL) };
        }
    }
}
