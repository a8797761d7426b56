//! Programs and components of other toolchains.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};
use builds::files;
use devkit::cmd;
use wasi_preview1_component_adapter_provider::WASI_SNAPSHOT_PREVIEW1_COMMAND_ADAPTER;
use xshell::{Cmd, Shell, cmd};

use crate::installed::Corpus;

/// A toolchain, and the kind of file that it makes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Guest {
    /// C by zig: a core module for WASI.
    C,
    /// C by zig: a component, with an adapter.
    CComponent,
    /// Rust with its standard library: a core module for WASI.
    Rust,
    /// Rust with its standard library: a component.
    RustComponent,
    /// JavaScript on QuickJS, by componentize-qjs.
    QuickJs,
    /// JavaScript on the smaller QuickJS, without WASI.
    SmallQuickJs,
    /// JavaScript on StarlingMonkey, by componentize-js.
    StarlingMonkey,
    /// Python, by componentize-py: 14 modules that are linked when they are instantiated.
    Python,
}

/// All guests.
pub const GUESTS: [Guest; 8] = [
    Guest::C,
    Guest::CComponent,
    Guest::Rust,
    Guest::RustComponent,
    Guest::QuickJs,
    Guest::SmallQuickJs,
    Guest::StarlingMonkey,
    Guest::Python,
];

/// The sources, by their names.
const SOURCES: [(&str, &str); 6] = [
    ("componentize.mjs", include_str!("../guests/componentize.mjs")),
    ("guest.js", include_str!("../guests/guest.js")),
    ("guest.py", include_str!("../guests/guest.py")),
    ("program.c", include_str!("../guests/program.c")),
    ("program.rs", include_str!("../guests/program.rs")),
    ("world.wit", include_str!("../guests/world.wit")),
];

impl Guest {
    /// Returns the name of the case.
    pub fn name(self) -> &'static str {
        match self {
            Self::C => "c",
            Self::CComponent => "c-component",
            Self::Rust => "rust",
            Self::RustComponent => "rust-component",
            Self::QuickJs => "quickjs-component",
            Self::SmallQuickJs => "small-quickjs-component",
            Self::StarlingMonkey => "starlingmonkey-component",
            Self::Python => "python-component",
        }
    }

    /// Returns whether it is a component.
    pub fn is_component(self) -> bool {
        !matches!(self, Self::C | Self::Rust)
    }

    /// Returns the arguments of `wasmtime run`, before and after the file.
    fn arguments(self) -> (&'static [&'static str], &'static [&'static str]) {
        match self {
            Self::C | Self::CComponent => (&[], &["77"]),
            Self::Rust | Self::RustComponent => (&[], &["hello", "world"]),
            _ => (&["--invoke", "run(\"hello w\u{f6}rld\")"], &[]),
        }
    }
}

impl Corpus {
    /// Makes the guest in `directory`, and returns its path.
    ///
    /// # Errors
    /// Fails if its toolchain fails.
    pub fn make(&self, guest: Guest, directory: &Path) -> Result<PathBuf> {
        for (name, text) in SOURCES {
            files::replace(&directory.join(name), text.as_bytes())?;
        }
        let shell = self.shell()?;
        match guest {
            Guest::C => self.compile_c(&shell, directory)?,
            Guest::CComponent => self.compile_c_component(&shell, directory)?,
            Guest::Rust => self.compile_rust(&shell, directory, "wasm32-wasip1")?,
            Guest::RustComponent => self.compile_rust(&shell, directory, "wasm32-wasip2")?,
            _ => cmd::run_quietly(
                self.componentize(&shell, guest, directory)?,
                "make the component",
                12,
            )?,
        }
        Ok(directory.join("out.wasm"))
    }

    /// Runs the file, a form of the guest, in wasmtime. Returns the text that it prints and its end.
    ///
    /// # Errors
    /// Fails if wasmtime cannot be started.
    pub fn run(&self, guest: Guest, file: &Path) -> Result<String> {
        let shell = self.shell()?;
        let wasmtime = &self.wasmtime;
        let (before, after) = guest.arguments();
        let run = cmd!(shell, "{wasmtime} run {before...} {file} {after...}");
        let output = cmd::output(run, "run the guest")?;
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        Ok(format!(
            "{}{}{}",
            text(&output.stdout),
            text(&output.stderr),
            output.status
        ))
    }

    fn compile_c(&self, shell: &Shell, directory: &Path) -> Result<()> {
        let zig = self.zig.join("python-zig");
        let cache = &self.zig_cache;
        let (source, output) = (directory.join("program.c"), directory.join("out.wasm"));
        let compile = cmd!(shell, "{zig} cc -target wasm32-wasi -O2 -g {source} -o {output}")
            .env("ZIG_GLOBAL_CACHE_DIR", cache)
            .env("ZIG_LOCAL_CACHE_DIR", cache);
        cmd::run_quietly(compile, "compile C", 12)
    }

    fn compile_c_component(&self, shell: &Shell, directory: &Path) -> Result<()> {
        self.compile_c(shell, directory)?;
        let tools = &self.wasm_tools;
        let output = directory.join("out.wasm");
        let adapter = directory.join("wasi_snapshot_preview1.wasm");
        files::replace(&adapter, WASI_SNAPSHOT_PREVIEW1_COMMAND_ADAPTER)?;
        let new = cmd!(
            shell,
            "{tools} component new {output} --adapt {adapter} -o {output}"
        );
        cmd::run(new, "make a component of the program")
    }

    fn compile_rust(&self, shell: &Shell, directory: &Path, target: &str) -> Result<()> {
        let (source, output) = (directory.join("program.rs"), directory.join("out.wasm"));
        let compile = cmd!(
            shell,
            "rustc --edition 2024 -O --target {target} {source} -o {output}"
        );
        cmd::run_quietly(compile.env_remove("RUSTFLAGS"), "compile Rust", 12)
    }

    /// Returns the command that makes a component of the script.
    fn componentize<'s>(&self, shell: &'s Shell, guest: Guest, directory: &Path) -> Result<Cmd<'s>> {
        shell.change_dir(directory);
        let programs = self.node_programs();
        Ok(match guest {
            Guest::Python => {
                let program = self.componentize_py.join("componentize-py");
                cmd!(
                    shell,
                    "{program} -d world.wit -w guest componentize guest -o out.wasm"
                )
            }
            Guest::StarlingMonkey => {
                self.link_packages(shell, directory)?;
                cmd!(shell, "node componentize.mjs")
            }
            _ => {
                let program = programs.join("componentize-qjs");
                let small = (guest == Guest::SmallQuickJs).then_some(["--opt-size", "--stub-wasi"]);
                let small = small.into_iter().flatten();
                cmd!(
                    shell,
                    "{program} -w world.wit -n guest -j guest.js -o out.wasm --sync {small...}"
                )
            }
        })
    }

    /// Makes Node.js find the packages in a directory.
    pub(crate) fn link_packages(&self, shell: &Shell, directory: &Path) -> Result<()> {
        let packages = &self.packages;
        let link = directory.join("node_modules");
        cmd::run(cmd!(shell, "ln -sfn {packages} {link}"), "link the packages")
            .with_context(|| format!("could not use `{}`", packages.display()))
    }
}
