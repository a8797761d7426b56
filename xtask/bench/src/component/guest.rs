//! Runs of a program in wasmtime: each has the same grants, and its time is that from the start of wasmtime to its
//! end.

use std::{
    fs::{self, File},
    io,
    path::{Path, PathBuf},
    process::Stdio,
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result, ensure};
use builds::temporary;
use devkit::cmd;
use serde_json::{Value, json};
use tempfile::TempDir;
use xshell::{Shell, cmd};

/// The variable with the key.
const KEY: &str = "BENCH_API_KEY";

/// The program to run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Program {
    /// The smallest component.
    Hello,
    /// Our component.
    Clawft,
    /// A turn with wstd and serde.
    Wstd,
    /// A turn with waki and serde.
    Waki,
}

/// The form in which wasmtime gets the program.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form {
    /// The component, which wasmtime compiles each time.
    Source,
    /// The component, which wasmtime has in its cache from an earlier run.
    Cached,
    /// The program compiled ahead of time.
    Compiled,
}

/// wasmtime, the programs in every form, and a directory for all files.
pub(super) struct GuestRunner {
    wasmtime: PathBuf,
    sources: [PathBuf; 4],
    compiled: [PathBuf; 4],
    /// The input of a program that needs none.
    nothing: GuestInput,
    directory: TempDir,
}

/// A directory to grant, and a message.
pub(super) struct GuestInput {
    granted: PathBuf,
    /// The directory of the tools.
    workspace: Option<PathBuf>,
    message: PathBuf,
    /// Whether the output goes into a pipe instead of a file.
    piped: bool,
}

impl GuestRunner {
    /// Compiles the `programs`, in the order of [`Program`].
    pub(super) fn new(wasmtime: &Path, programs: &[PathBuf; 4]) -> Result<Self> {
        let directory = temporary::directory()?;
        let shell = Shell::new()?;
        let names = ["hello.cwasm", "clawft.cwasm", "wstd.cwasm", "waki.cwasm"];
        let compiled = names.map(|name| directory.path().join(name));
        for (program, compiled) in programs.iter().zip(&compiled) {
            let compile = cmd!(shell, "{wasmtime} compile -o {compiled} {program}");
            cmd::run_quietly(compile, "compile a component", 20)?;
        }
        let nothing = GuestInput::new(directory.path(), "nothing", "")?;
        Ok(Self {
            wasmtime: wasmtime.to_owned(),
            sources: programs.clone(),
            compiled,
            nothing,
            directory,
        })
    }

    /// Makes a directory to grant, with a configuration for `api_base` and `agent`, and a message.
    pub(super) fn input(
        &self,
        name: &str,
        api_base: &str,
        agent: Value,
        message: &str,
    ) -> Result<GuestInput> {
        self.input_with_tools(name, api_base, agent, message, json!({}))
    }

    /// Does the same, with `tools` in the configuration and a workspace.
    pub(super) fn input_with_tools(
        &self,
        name: &str,
        api_base: &str,
        agent: Value,
        message: &str,
        tools: Value,
    ) -> Result<GuestInput> {
        let mut place = GuestInput::new(self.directory.path(), name, message)?;
        if tools != json!({}) {
            let workspace = self.directory.path().join(format!("{name}.workspace"));
            fs::create_dir(&workspace).context("could not make a workspace")?;
            fs::write(workspace.join("a.txt"), "one\ntwo\n").context("could not write into a workspace")?;
            place.workspace = Some(workspace);
        }
        let mut agents = json!({ "model": "gpt-4o-mini" });
        if let (Value::Object(agents), Value::Object(agent)) = (&mut agents, agent) {
            agents.extend(agent);
        }
        let mut openai = json!({ "api_base": api_base, "api_key_env": KEY, "retries": 0 });
        openai["max_response_bytes"] = json!(100_000_000);
        if agents["stream"] == false {
            openai["extra_body"] = json!({ "stream": false });
        }
        let config =
            json!({ "agents": agents, "providers": { "providers": { "openai": openai } }, "tools": tools });
        let path = place.granted.join("config.json");
        fs::write(path, format!("{config:#}")).context("could not write a configuration")?;
        Ok(place)
    }

    /// Starts the program, which only prints its name and version.
    pub(super) fn start(&self, program: Program, form: Form) -> Result<Duration> {
        let (took, succeeded) = self.run(
            program,
            form,
            &["--version"],
            &self.nothing,
            &self.nothing.message,
        )?;
        ensure!(succeeded, "{program:?} does not start");
        Ok(took)
    }

    /// Runs a turn that ends after the configuration has been read, because there is no message.
    pub(super) fn refused(&self, place: &GuestInput) -> Result<Duration> {
        let (took, succeeded) = self.clawft(place, &self.nothing.message)?;
        ensure!(!succeeded, "a run without a message succeeded");
        Ok(took)
    }

    /// Runs a turn, the first of its session.
    pub(super) fn turn(&self, place: &GuestInput) -> Result<Duration> {
        self.turn_of(Program::Clawft, place)
    }

    /// Runs a turn of another program than ours.
    pub(super) fn turn_of(&self, program: Program, place: &GuestInput) -> Result<Duration> {
        let session = place.granted.join("sessions").join("default.json");
        if session.exists() {
            fs::remove_file(&session).context("could not remove a session")?;
        }
        let (took, succeeded) = self.run(program, Form::Compiled, &[], place, &place.message)?;
        let said = || fs::read_to_string(self.output("stderr")).unwrap_or_default();
        ensure!(succeeded && session.exists(), "a turn failed: {}", said());
        Ok(took)
    }

    fn clawft(&self, place: &GuestInput, message: &Path) -> Result<(Duration, bool)> {
        self.run(Program::Clawft, Form::Compiled, &[], place, message)
    }

    /// Runs one process, and returns its time and whether it succeeded.
    fn run(
        &self,
        program: Program,
        form: Form,
        arguments: &[&str],
        place: &GuestInput,
        message: &Path,
    ) -> Result<(Duration, bool)> {
        let wasmtime = &self.wasmtime;
        let shell = Shell::new()?;
        let (forms, options): (_, &[&str]) = match form {
            Form::Source => (&self.sources, &["-C", "cache=n"]),
            Form::Cached => (&self.sources, &[]),
            Form::Compiled => (&self.compiled, &["--allow-precompiled"]),
        };
        let program = &forms[program as usize];
        let mut grant = place.granted.clone().into_os_string();
        grant.push("::/config");
        let mut directories = vec!["--dir".into(), grant];
        if let Some(workspace) = &place.workspace {
            let mut grant = workspace.clone().into_os_string();
            grant.push("::/workspace");
            directories.extend(["--dir".into(), grant]);
        }
        let command = cmd!(
            shell,
            "{wasmtime} run {options...} -S http {directories...} --env {KEY} {program} {arguments...}"
        )
        .env(KEY, "not-a-key")
        // wasmtime's cache directory.
        .env("XDG_CACHE_HOME", self.directory.path());
        let make =
            |name| File::create(self.output(name)).context("could not make a file for the output of a guest");
        let stdin = File::open(message).context("could not open a message")?;
        let stdout = match place.piped {
            true => Stdio::piped(),
            false => make("stdout")?.into(),
        };
        let streams = [stdin.into(), stdout, make("stderr")?.into()];
        let start = Instant::now();
        let mut child = cmd::spawn(command, streams, "run wasmtime")?;
        if let Some(mut output) = child.stdout.take() {
            io::copy(&mut output, &mut io::sink()).context("could not read the output of a guest")?;
        }
        let status = child.wait().context("could not wait for wasmtime")?;
        Ok((start.elapsed(), status.success()))
    }

    fn output(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }
}

impl GuestInput {
    fn new(directory: &Path, name: &str, message: &str) -> Result<Self> {
        let granted = directory.join(name);
        fs::create_dir(&granted).context("could not make a directory")?;
        let path = directory.join(format!("{name}.message"));
        fs::write(&path, message).context("could not write a message")?;
        Ok(Self {
            granted,
            workspace: None,
            message: path,
            piped: false,
        })
    }

    /// Returns the same with a pipe for the output.
    pub(super) fn piped(mut self) -> Self {
        self.piped = true;
        self
    }
}
