//! A running `weft gateway`.

use std::{
    fs,
    path::{Path, PathBuf},
    process::{ExitStatus, Stdio},
    thread,
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result, bail, ensure};
use devkit::{
    child::{Guarded, between_files},
    cmd,
};
use serde_json::Value;
use xshell::{Cmd, Shell, cmd};

/// The maximum time until a gateway listens, even in an emulator on a busy machine.
const START: Duration = Duration::from_secs(20);

/// The interval at which its log is read meanwhile.
const POLL: Duration = Duration::from_millis(5);

/// A running gateway. It ends when this is dropped.
#[derive(Debug)]
pub struct Gateway {
    process: Guarded,
    url: String,
    log: PathBuf,
}

impl Gateway {
    /// Runs `command` with the log in the file `log`, and waits until it listens.
    pub fn start(command: Cmd<'_>, log: &Path) -> Result<Self> {
        let nowhere = Path::new("/dev/null");
        let [stdin, _, stderr] = between_files([nowhere, nowhere, log])?;
        let streams = [stdin, Stdio::null(), stderr];
        // The provider is on loopback, so a proxy of the machine must not be used.
        let command = command.env("NO_PROXY", "127.0.0.1");
        let mut process = Guarded::spawn(command, streams, "start the gateway")?;
        let deadline = Instant::now() + START;
        loop {
            if let Some(url) = listening(log)? {
                return Ok(Self {
                    process,
                    url,
                    log: log.to_owned(),
                });
            }
            if process.has_ended()? {
                bail!(
                    "the gateway ended before it listened: {}",
                    fs::read_to_string(log)?.trim_end()
                );
            }
            ensure!(
                Instant::now() < deadline,
                "the gateway does not listen after {} s",
                START.as_secs()
            );
            thread::sleep(POLL);
        }
    }

    /// Returns its address: `http://127.0.0.1:PORT`.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Returns its host and port.
    pub fn address(&self) -> &str {
        self.url.trim_start_matches("http://")
    }

    /// Returns the id of its process.
    pub fn id(&mut self) -> u32 {
        self.process.child().id()
    }

    /// Returns its log so far, as JSON values.
    pub fn log(&self) -> Result<Vec<Value>> {
        let text = fs::read_to_string(&self.log).context("could not read the gateway's log")?;
        let line =
            |line| serde_json::from_str(line).with_context(|| format!("not JSON in the log: `{line}`"));
        text.lines().map(line).collect()
    }

    /// Asks it to end, and waits for that, at most for `limit`.
    pub fn terminate(mut self, limit: Duration) -> Result<ExitStatus> {
        let shell = Shell::new()?;
        let id = self.id().to_string();
        cmd::run(cmd!(shell, "kill -TERM {id}"), "tell the gateway to end")?;
        self.wait(limit)
    }

    /// Waits for its end, at most for `limit`.
    pub fn wait(self, limit: Duration) -> Result<ExitStatus> {
        self.process
            .wait(limit)
            .context("the gateway did not end in time")
    }

    /// Kills it, as in a crash of the machine.
    pub fn kill(self) -> Result<()> {
        self.process.kill()
    }
}

/// Returns the address in the log's line about listening; `None` before that is written.
fn listening(log: &Path) -> Result<Option<String>> {
    let text = fs::read_to_string(log).context("could not read the gateway's log")?;
    Ok(text.split_inclusive('\n').find_map(listening_url))
}

/// Returns the address in a line of the log, if it is the complete line about listening.
pub fn listening_url(line: &str) -> Option<String> {
    let event: Value = serde_json::from_str(line.strip_suffix('\n')?).ok()?;
    let url = event
        .get("url")
        .filter(|_| event["event"] == "listening")?
        .as_str()?;
    Some(url.trim_end_matches('/').to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_address_from_a_complete_line() {
        let file = tempfile::NamedTempFile::new().unwrap();
        let line = r#"{"time":"t","event":"listening","url":"http://127.0.0.1:8080/"}"#;
        fs::write(&file, line).unwrap();
        assert_eq!(listening(file.path()).unwrap(), None);
        fs::write(&file, format!("{line}\n")).unwrap();
        assert_eq!(
            listening(file.path()).unwrap().as_deref(),
            Some("http://127.0.0.1:8080")
        );
    }
}
