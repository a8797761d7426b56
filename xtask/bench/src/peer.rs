//! A program in front of the provider.

use std::{
    fs,
    net::{TcpListener, TcpStream},
    path::Path,
    thread,
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result, ensure};
use devkit::{
    child::{Guarded, between_files},
    project::Project,
};
use serde_json::json;
use toolchain::{Program, Python};
use xshell::{Cmd, Shell, cmd};

use crate::metric::Metric;

/// The time for a program to listen. LiteLLM takes half a minute on a busy machine.
const START: Duration = Duration::from_secs(180);

/// The time for a program to end, with all its processes.
const END: Duration = Duration::from_secs(10);

/// The time without requests before memory is read.
const IDLE: Duration = Duration::from_secs(1);

/// The units of `/proc` in a second of processor time, the same for all programs on Linux.
const TICKS: f64 = 100.0;

/// The number of lines of a program's messages that are shown if it does not start.
const SHOWN_LINES: usize = 20;

/// The configuration of nginx. It writes its access log, as the gateway writes its own.
const NGINX: &str = include_str!("peer/nginx.conf");

/// A program in front of the provider, or the provider itself. It ends when this is dropped.
pub(super) struct Peer {
    pub(super) name: &'static str,
    /// The address below which chat completions are.
    pub(super) api_base: String,
    /// Whether it gets fewer requests.
    pub(super) is_slow: bool,
    process: Option<Guarded>,
}

impl Peer {
    /// Returns the provider itself.
    pub(super) fn direct(api_base: &str) -> Self {
        Self {
            name: "direct",
            api_base: api_base.to_owned(),
            is_slow: false,
            process: None,
        }
    }

    /// Starts nginx as a reverse proxy, with connections to the provider that are kept.
    pub(super) fn nginx(project: &Project, provider: &str, directory: &Path) -> Result<Self> {
        let nginx = toolchain::program(project, Program::Nginx)?;
        let port = free_port()?;
        let (address, path) = provider
            .strip_prefix("http://")
            .and_then(|rest| rest.split_once('/'))
            .context("the provider has no address")?;
        let directory = directory.join("nginx");
        fs::create_dir_all(&directory).context("could not make the directory of nginx")?;
        let config = NGINX
            .replace("DIRECTORY", &directory.display().to_string())
            .replace("PROVIDER", address)
            .replace("PORT", &port.to_string());
        let file = directory.join("nginx.conf");
        fs::write(&file, config).context("could not write the configuration of nginx")?;
        let shell = Shell::new()?;
        let command = cmd!(shell, "{nginx} -p {directory} -c {file}");
        Self::start("nginx", command, port, &format!("/{path}"), &directory)
    }

    /// Starts LiteLLM's proxy.
    pub(super) fn litellm(project: &Project, provider: &str, directory: &Path) -> Result<Self> {
        let programs = toolchain::python(project, Python::Peers)?;
        let program = programs.join("litellm");
        let port = free_port()?;
        let directory = directory.join("litellm");
        fs::create_dir_all(&directory).context("could not make the directory of LiteLLM")?;
        let parameters =
            json!({ "model": "openai/gpt-4o-mini", "api_base": provider, "api_key": "not-a-key" });
        // JSON is YAML too.
        let config = json!({
            "model_list": [{ "model_name": "gpt-4o-mini", "litellm_params": parameters }],
        });
        let file = directory.join("config.yaml");
        fs::write(&file, config.to_string()).context("could not write the configuration of LiteLLM")?;
        let shell = Shell::new()?;
        let text = port.to_string();
        let command = cmd!(shell, "{program} --config {file} --host 127.0.0.1 --port {text}")
            .env("LITELLM_LOCAL_MODEL_COST_MAP", "True")
            .env("LITELLM_TELEMETRY", "False")
            // It listens on loopback only, and the load has no key.
            .env("LITELLM_DANGEROUSLY_PERMIT_WEAK_OR_UNSET_MASTER_KEY", "true")
            .env("NO_PROXY", "127.0.0.1");
        let peer = Self::start("litellm", command, port, "/v1", &directory)?;
        Ok(Self {
            is_slow: true,
            ..peer
        })
    }

    /// Starts the gateway.
    pub(super) fn weft(weft: &Path, provider: &str, directory: &Path) -> Result<Self> {
        let directory = directory.join("weft");
        let port = free_port()?;
        fs::create_dir_all(&directory).context("could not make the directory of the gateway")?;
        let config = json!({
            "agents": { "model": "gpt-4o-mini" },
            "providers": { "providers": { "openai": { "api_base": provider, "api_key_env": "LOAD_KEY" } } },
            "gateway": { "listen": format!("127.0.0.1:{port}") },
        });
        fs::write(directory.join("config.json"), config.to_string())
            .context("could not write a configuration")?;
        let shell = Shell::new()?;
        let command = cmd!(shell, "{weft} gateway")
            .env("CLAWFT_HOME", &directory)
            .env("LOAD_KEY", "not-a-key");
        Self::start("weft", command, port, "/v1", &directory)
    }

    /// Starts `wasmtime serve` with a component.
    pub(super) fn served(
        name: &'static str,
        wasmtime: &Path,
        component: &Path,
        provider: &str,
        directory: &Path,
    ) -> Result<Self> {
        let directory = directory.join(name);
        let port = free_port()?;
        fs::create_dir_all(&directory).context("could not make the directory of wasmtime")?;
        let config = json!({
            "agents": { "model": "gpt-4o-mini" },
            "providers": { "providers": { "openai": { "api_base": provider, "api_key_env": "LOAD_KEY" } } },
        });
        let shell = Shell::new()?;
        let address = format!("127.0.0.1:{port}");
        let names = ["CLAWFT_CONFIG", "CLAWFT_OPEN", "LOAD_KEY"];
        let names = names.iter().flat_map(|name| ["--env", name]);
        let command = cmd!(
            shell,
            "{wasmtime} serve -S cli --addr {address} {names...} {component}"
        )
        .env("CLAWFT_CONFIG", config.to_string())
        .env("CLAWFT_OPEN", "1")
        .env("LOAD_KEY", "not-a-key");
        Self::start(name, command, port, "/v1", &directory)
    }

    fn start(name: &'static str, command: Cmd<'_>, port: u16, path: &str, directory: &Path) -> Result<Self> {
        let nowhere = Path::new("/dev/null");
        let (output, errors) = (directory.join("stdout"), directory.join("stderr"));
        let streams = between_files([nowhere, &output, &errors])?;
        // nginx and LiteLLM have processes of their own.
        let process = Guarded::spawn(command, streams, "start a program to compare with")?;
        let mut process = process.with_grace(END);
        let begun = Instant::now();
        while TcpStream::connect(("127.0.0.1", port)).is_err() {
            let said = || last_lines(&fs::read_to_string(&errors).unwrap_or_default());
            ensure!(!process.has_ended()?, "{name} ended: {}", said());
            ensure!(
                begun.elapsed() < START,
                "{name} does not listen after {} s: {}",
                START.as_secs(),
                said()
            );
            thread::sleep(Duration::from_millis(50));
        }
        Ok(Self {
            name,
            api_base: format!("http://127.0.0.1:{port}{path}"),
            is_slow: false,
            process: Some(process),
        })
    }

    /// Returns the seconds of processor time that the program has used by itself; 0 for the provider itself.
    pub(super) fn processor_seconds(&mut self) -> Result<f64> {
        match &mut self.process {
            Some(process) => processor_seconds(process.child().id()),
            None => Ok(0.0),
        }
    }

    /// Returns its resident memory, all its processes together; nothing for the provider itself.
    pub(super) fn memory(&mut self, name: &str, what: &str) -> Result<Option<Metric>> {
        let Some(process) = &mut self.process else {
            return Ok(None);
        };
        thread::sleep(IDLE);
        let resident = resident_of_tree(process.child().id())?;
        let (name, what) = (format!("{}-{name}", self.name), format!("{}: {what}", self.name));
        Ok(Some(Metric::new(&name, &what, resident, "MB")))
    }
}

/// Returns the end of a program's messages: a trace of Python has hundreds of lines before the reason.
fn last_lines(text: &str) -> String {
    let lines: Vec<&str> = text.trim_end().lines().collect();
    lines[lines.len().saturating_sub(SHOWN_LINES)..].join("\n")
}

/// Returns the resident memory of a process and its children, in MB. Pages that they share count for each.
fn resident_of_tree(id: u32) -> Result<f64> {
    let children = fs::read_to_string(format!("/proc/{id}/task/{id}/children")).unwrap_or_default();
    let mut total = resident(id)?;
    for child in children.split_whitespace().filter_map(|id| id.parse().ok()) {
        total += resident_of_tree(child)?;
    }
    Ok(total)
}

fn resident(id: u32) -> Result<f64> {
    let path = format!("/proc/{id}/status");
    let status = fs::read_to_string(&path).with_context(|| format!("could not read `{path}`"))?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kibibytes = line.and_then(|line| line.trim().strip_suffix(" kB")?.trim().parse::<f64>().ok());
    Ok(kibibytes.with_context(|| format!("`{path}` does not contain the resident memory"))? * 1024.0 / 1e6)
}

fn processor_seconds(id: u32) -> Result<f64> {
    let path = format!("/proc/{id}/stat");
    let stat = fs::read_to_string(&path).with_context(|| format!("could not read `{path}`"))?;
    // The name, which may hold spaces, ends with the last parenthesis.
    let fields = stat
        .rsplit_once(") ")
        .map(|(_, rest)| rest.split(' ').skip(11).take(2));
    let ticks = fields.map(|fields| fields.map(str::parse::<f64>).sum::<Result<f64, _>>());
    let ticks = ticks.with_context(|| format!("`{path}` does not contain the processor time"))?;
    Ok(ticks.with_context(|| format!("`{path}` is not understood"))? / TICKS)
}

fn free_port() -> Result<u16> {
    let listener = TcpListener::bind("127.0.0.1:0").context("could not listen on loopback")?;
    Ok(listener.local_addr()?.port())
}
