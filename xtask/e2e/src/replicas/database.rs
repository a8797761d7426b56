//! A real Postgres of each case, on a free port of loopback.

mod certificate;

use std::{
    fs,
    path::{Path, PathBuf},
    process::Stdio,
    thread,
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result, bail, ensure};
use devkit::{
    child::{Guarded, between_files},
    cmd,
};
use xshell::{Cmd, Shell, cmd};

use super::balancer::free_port;

/// The password in the URL. The server trusts everybody on loopback, so nothing but its secrecy depends on it.
pub(super) const PASSWORD: &str = "pw-Qd7RtXv2NsKb9Lm4";

/// The directory of an empty database below the directory of all cases.
const TEMPLATE: &str = "postgres";

/// The longest time to start or to end, on a busy machine.
const LIMIT: Duration = Duration::from_secs(60);

/// The user whose id the server sees: Postgres refuses to run as root.
const USER: &str = "65534";

/// A database, which runs or does not.
#[derive(Debug)]
pub(super) struct Database {
    postgres: PathBuf,
    directory: PathBuf,
    log: PathBuf,
    port: u16,
    /// Settings beyond those of every database.
    settings: Vec<&'static str>,
    process: Option<Guarded>,
}

/// The way in which a database ends.
#[derive(Clone, Copy, Debug)]
pub(super) enum End {
    /// Connections are closed, and everything is written.
    Fast,
    /// As in a crash: the next start recovers from the log.
    Immediate,
}

/// Makes an empty database below `directory`, which every case copies.
pub(super) fn prepare(postgres: &Path, directory: &Path) -> Result<()> {
    let shell = Shell::new()?;
    let initdb = fs::canonicalize(postgres)
        .unwrap_or_else(|_| postgres.to_owned())
        .with_file_name("initdb");
    let data = directory.join(TEMPLATE);
    let arguments = [
        "--username=weft",
        "--auth=trust",
        "--encoding=UTF8",
        "--locale=C",
        "--no-sync",
    ];
    let command = unprivileged(&shell, &initdb)?
        .args(arguments)
        .arg("--pgdata")
        .arg(&data);
    cmd::run_quietly(command, "make an empty database", 20)
}

impl Database {
    /// Copies the empty database below `template` to `directory`, with the log in the file `log`. It does not run yet.
    pub(super) fn stopped(
        postgres: &Path,
        template: &Path,
        directory: PathBuf,
        log: PathBuf,
    ) -> Result<Self> {
        let shell = Shell::new()?;
        let template = template.join(TEMPLATE);
        cmd::run(
            cmd!(
                shell,
                "cp --recursive --preserve=mode,ownership {template} {directory}"
            ),
            "copy a database",
        )?;
        Ok(Self {
            postgres: postgres.to_owned(),
            directory,
            log,
            port: free_port()?,
            settings: Vec::new(),
            process: None,
        })
    }

    /// Makes the next start accept connections with TLS only. Returns the file of the authority that signed the
    /// certificate.
    pub(super) fn encrypt(&mut self) -> Result<PathBuf> {
        let authority = certificate::write(&self.directory)?;
        let access = self.directory.join("pg_hba.conf");
        fs::write(&access, "hostssl all all 127.0.0.1/32 trust\n")
            .with_context(|| format!("could not write `{}`", access.display()))?;
        self.settings = vec!["ssl=on"];
        Ok(authority)
    }

    /// Returns the URL.
    pub(super) fn url(&self) -> String {
        let port = self.port;
        format!("postgres://weft:{PASSWORD}@127.0.0.1:{port}/postgres?sslmode=disable")
    }

    /// Returns the host and the port.
    pub(super) fn address(&self) -> String {
        format!("127.0.0.1:{}", self.port)
    }

    /// Starts it, and waits until it accepts connections.
    pub(super) fn run(&mut self) -> Result<()> {
        let shell = Shell::new()?;
        let port = self.port.to_string();
        let settings = [
            "listen_addresses=127.0.0.1",
            "unix_socket_directories=",
            "max_connections=200",
            "dynamic_shared_memory_type=mmap",
        ];
        let mut command = unprivileged(&shell, &self.postgres)?
            .arg("-D")
            .arg(&self.directory)
            .args(["-p", &port]);
        for setting in settings.into_iter().chain(self.settings.iter().copied()) {
            command = command.args(["-c", setting]);
        }
        let nowhere = Path::new("/dev/null");
        let [stdin, _, stderr] = between_files([nowhere, nowhere, &self.log])?;
        let mut process = Guarded::spawn(command, [stdin, Stdio::null(), stderr], "start Postgres")?;
        let deadline = Instant::now() + LIMIT;
        loop {
            let log = fs::read_to_string(&self.log).context("could not read Postgres's log")?;
            if log.contains("ready to accept connections") {
                break;
            }
            ensure!(!process.has_ended()?, "Postgres ended: {}", log.trim_end());
            ensure!(
                Instant::now() < deadline,
                "Postgres does not start: {}",
                log.trim_end()
            );
            thread::sleep(Duration::from_millis(10));
        }
        self.process = Some(process);
        Ok(())
    }

    /// Ends it.
    pub(super) fn stop(&mut self, end: End) -> Result<()> {
        let Some(mut process) = self.process.take() else {
            bail!("Postgres does not run");
        };
        let shell = Shell::new()?;
        let id = process.child().id().to_string();
        let signal = match end {
            End::Fast => "-INT",
            End::Immediate => "-QUIT",
        };
        cmd::run(cmd!(shell, "kill {signal} {id}"), "end Postgres")?;
        process.wait(LIMIT).map(drop)
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        // Its processes end together, rather than each by itself after the first one was killed.
        if self.process.is_some() {
            let _ = self.stop(End::Immediate);
        }
    }
}

/// Returns the command of a program that refuses to run as root, as another user where this is root: in a namespace
/// of its own, in which the files of root are that user's.
fn unprivileged<'a>(shell: &'a Shell, program: &Path) -> Result<Cmd<'a>> {
    let own = cmd::read(cmd!(shell, "id -u"), "ask for the user")?;
    if own.trim() != "0" {
        return Ok(cmd!(shell, "{program}"));
    }
    Ok(cmd!(
        shell,
        "unshare --user --map-user={USER} --map-group={USER} {program}"
    ))
}
