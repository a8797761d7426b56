//! A tool in the cache that has changed is not run: it is installed again, and then the command runs it.
//!
//! The tests use no network: a fake `cargo` stands for the one that would compile the tool.

#![cfg(unix)]
#![expect(clippy::disallowed_methods, reason = "tests have no `cmd` to go through")]

use std::{
    env, fs,
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
    process::{Command, Output},
};

use serde_json::Value;
use tempfile::TempDir;

/// An empty cache, and programs that pretend to fetch tools.
struct Machine {
    root: TempDir,
}

impl Machine {
    fn new() -> Self {
        let machine = Self {
            root: tempfile::tempdir().unwrap(),
        };
        let sysroot = machine.path("sysroot").display().to_string();
        let rustc = on_path("rustc").display().to_string();
        let rustc =
            format!("case \"$*\" in '--print sysroot') echo {sysroot};; *) exec {rustc} \"$@\";; esac");
        machine.script("bin/rustc", &rustc);
        // Without a wheel, the next method is tried.
        machine.script("bin/python3", "exit 1");
        // Nor are targets fetched.
        machine.script("bin/rustup", "exit 1");
        machine.script("bin/apt-get", "exit 1");
        machine.script("bin/git", "echo git version 2.0.1");
        // `cargo install … --root DIRECTORY`, and `cargo info`, which downloads the crate to compare its checksum.
        let cargo = env!("CARGO");
        let install = format!(
            "if [ \"$1\" = info ]; then exec {cargo} \"$@\"; fi\n\
             while [ \"$1\" != --root ]; do shift; done\nmkdir -p \"$2/bin\"\n\
             printf '#!/bin/sh\\necho ran $*\\n' >\"$2/bin/wasm-tools\""
        );
        machine.script("sysroot/bin/cargo", &install);
        machine
    }

    fn path(&self, name: &str) -> PathBuf {
        self.root.path().join(name)
    }

    fn script(&self, name: &str, text: &str) {
        let path = self.path(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, format!("#!/bin/sh\n{text}\n")).unwrap();
        fs::set_permissions(path, fs::Permissions::from_mode(0o755)).unwrap();
    }

    fn xtask(&self, words: &[&str]) -> Output {
        self.command(words).output().unwrap()
    }

    fn command(&self, words: &[&str]) -> Command {
        let path = format!("{}:/usr/bin:/bin", self.path("bin").display());
        let mut command = Command::new(env!("CARGO_BIN_EXE_toolchain"));
        command
            .args(words)
            .env("PATH", path)
            .env("CARGO", env!("CARGO"))
            .env("CLAWFT_CACHE", self.path("cache"))
            .env("NO_COLOR", "1")
            .env_remove("WASM_TOOLS");
        command
    }

    /// Runs the tool, and returns its output and the messages.
    fn tool(&self) -> (String, String) {
        let output = self.xtask(&["tool", "wasm-tools", "hello"]);
        let talk = text(&output.stderr);
        assert!(output.status.success(), "{talk}");
        (text(&output.stdout), talk)
    }

    /// Returns the path of the only tool in the cache.
    fn installed(&self) -> PathBuf {
        let mut directories = fs::read_dir(self.path("cache/tools")).unwrap();
        directories.next().unwrap().unwrap().path().join("wasm-tools")
    }
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

fn on_path(name: &str) -> PathBuf {
    let path = env::var_os("PATH").unwrap();
    let mut directories = env::split_paths(&path);
    directories
        .find_map(|directory| Some(directory.join(name)).filter(|path| path.is_file()))
        .unwrap()
}

fn replace(path: &Path, script: &str) {
    fs::write(path, format!("#!/bin/sh\n{script}\n")).unwrap();
}

#[test]
fn damaged_tool_is_replaced_before_it_runs() {
    let machine = Machine::new();
    let (printed, talk) = machine.tool();
    assert_eq!(printed, "ran hello\n");
    assert!(talk.contains("Installed wasm-tools"), "{talk}");
    assert_eq!(
        machine.tool(),
        ("ran hello\n".to_owned(), String::new()),
        "it is already installed"
    );

    replace(&machine.installed(), "echo something else");
    let check = machine.xtask(&["setup", "--check"]);
    assert_eq!(check.status.code(), Some(1));
    let shown = text(&check.stdout);
    let line = shown
        .lines()
        .find(|line| line.starts_with("wasm-tools "))
        .unwrap();
    assert_eq!(
        line,
        "wasm-tools        damaged   `cargo xtask setup` installs it again"
    );
    assert!(text(&check.stderr).contains("items are missing or damaged"));

    let (printed, talk) = machine.tool();
    assert_eq!(printed, "ran hello\n");
    assert!(
        talk.contains("warning: wasm-tools is damaged and installed again: `"),
        "{talk}"
    );
    assert_eq!(machine.tool(), ("ran hello\n".to_owned(), String::new()));
}

#[test]
fn repair_replaces_only_damaged_items() {
    let machine = Machine::new();
    let repair = || {
        let output = machine.xtask(&["setup", "--repair"]);
        let talk = text(&output.stderr);
        assert!(output.status.success(), "{talk}");
        (text(&output.stdout), talk)
    };
    machine.tool();
    let (shown, talk) = repair();
    assert_eq!(shown, "");
    assert!(talk.contains("nothing is damaged"), "{talk}");

    replace(&machine.installed(), "echo something else");
    let older = machine.path("cache/tools/wasm-tools-0.1.0");
    fs::create_dir_all(&older).unwrap();
    fs::write(
        older.join("clawft-setup.toml"),
        "version = '0.1.0'\nfrom = 'here'\nsha256 = 'another'",
    )
    .unwrap();
    let program = machine.path("cache/build/release/driver");
    fs::create_dir_all(program.parent().unwrap()).unwrap();
    fs::write(&program, "changed").unwrap();
    let stamp = format!("sources\nrest\n{}\nanother\n", program.display());
    fs::write(machine.path("cache/build/driver.sources"), stamp).unwrap();

    let (shown, talk) = repair();
    assert!(shown.starts_with("wasm-tools        installed "), "{shown}");
    assert_eq!(shown.lines().count(), 1, "{shown}");
    for path in [&older, &program] {
        let line = format!("Removed `{}`, which was damaged", path.display());
        assert!(talk.contains(&line), "{talk}");
        assert!(!path.exists());
    }
    assert_eq!(machine.tool(), ("ran hello\n".to_owned(), String::new()));
    assert!(repair().1.contains("nothing is damaged"));
}

#[test]
fn json_is_the_only_output_on_stdout() {
    let machine = Machine::new();
    let items = |words: &[&str]| -> Vec<Value> {
        let output = machine.xtask(words);
        assert_eq!(output.status.code(), Some(1), "{}", text(&output.stderr));
        let document: Value = serde_json::from_slice(&output.stdout).unwrap();
        document["items"].as_array().unwrap().clone()
    };
    let named = |items: &[Value], name: &str| {
        let item = items.iter().find(|item| item["name"] == name);
        item.unwrap().clone()
    };
    let planned = items(&["setup", "--check", "--json"]);
    let missing = named(&planned, "wasm-tools");
    assert_eq!(missing["state"], "missing");
    assert_eq!(missing["command"], "cargo xtask setup");
    assert_eq!(named(&planned, "git")["version"], "2.0.1");

    // The fake cargo builds nothing but wasm-tools.
    let attempted = items(&["setup", "--json"]);
    let installed = named(&attempted, "wasm-tools");
    assert_eq!(installed["state"], "installed");
    assert_eq!(installed["path"], machine.installed().display().to_string());
    assert_eq!(named(&attempted, "wasmtime")["state"], "failed");
    assert_eq!(
        named(&items(&["setup", "--check", "--json"]), "wasm-tools")["state"],
        "found"
    );
}

#[test]
fn cache_without_write_access_is_one_error() {
    let machine = Machine::new();
    // Root could write to a directory without permission, but not below a file.
    fs::write(machine.path("file"), "").unwrap();
    let cache = machine.path("file/cache");
    let output = machine
        .command(&["setup", "--all"])
        .env("CLAWFT_CACHE", &cache)
        .output()
        .unwrap();
    let talk = text(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{talk}");
    assert!(talk.starts_with("error: could not install "), "{talk}");
    let cause = format!(
        "could not write to the cache `{}`: set CLAWFT_CACHE to another directory\n  \
         Not a directory (os error 20)\n",
        cache.display()
    );
    assert!(talk.ends_with(&cause), "{talk}");
    assert_eq!(talk.matches("CLAWFT_CACHE").count(), 1, "{talk}");
}

#[test]
fn full_cache_is_one_error() {
    let machine = Machine::new();
    machine.script(
        "bin/python3",
        "echo 'ERROR: [Errno 28] No space left on device'; exit 1",
    );
    let output = machine.xtask(&["tool", "wasm-tools", "hello"]);
    let talk = text(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{talk}");
    let errors = format!(
        "error: could not install wasm-tools\n\nCaused by:\n  could not write to the cache `{}`: set CLAWFT_CACHE",
        machine.path("cache").display()
    );
    assert!(talk.contains(&errors), "{talk}");
    assert!(talk.contains("No space left on device"), "{talk}");
    assert!(!talk.contains("Compiling"), "no other method is tried: {talk}");
}

#[test]
fn killed_tool_is_named_with_its_signal() {
    let machine = Machine::new();
    let killed = machine.path("killed");
    machine.script(
        "killed",
        "case $1 in --version) echo wasm-tools 1.2.3;; *) kill -KILL $$;; esac",
    );
    let output = machine
        .command(&["tool", "wasm-tools", "hello"])
        .env("WASM_TOOLS", killed)
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert_eq!(
        text(&output.stderr),
        "error: `wasm-tools` was ended by signal 9 (SIGKILL)\n"
    );
}

#[test]
fn check_lists_git_and_twiggy() {
    let machine = Machine::new();
    let git = |machine: &Machine| {
        let shown = text(&machine.xtask(&["setup", "--check"]).stdout);
        let line = shown.lines().find(|line| line.starts_with("git "));
        line.unwrap().to_owned()
    };
    let path = machine.path("bin/git").display().to_string();
    assert_eq!(
        git(&machine),
        format!("git               found     2.0.1    {path} (the system's)")
    );
    machine.script("bin/git", "exit 1");
    let line = git(&machine);
    assert!(
        line.starts_with("git               missing   there is no working git on the PATH"),
        "{line}"
    );
    assert!(line.contains("`apt-get install git`"), "{line}");

    let shown = text(&machine.xtask(&["setup", "--check", "--all"]).stdout);
    let twiggy = "twiggy            missing   `cargo xtask setup --all` installs it";
    assert!(shown.lines().any(|line| line == twiggy), "{shown}");
}

#[test]
fn irreplaceable_damaged_tool_does_not_run() {
    let machine = Machine::new();
    machine.tool();
    replace(&machine.installed(), "echo something else");
    // As on a read-only disk; root could write to a directory without permission.
    fs::remove_file(machine.path("cache/setup.lock")).unwrap();
    fs::create_dir(machine.path("cache/setup.lock")).unwrap();
    let output = machine.xtask(&["tool", "wasm-tools", "hello"]);
    assert_eq!(
        (output.status.code(), text(&output.stdout).as_str()),
        (Some(1), "")
    );
    let talk = text(&output.stderr);
    assert!(
        talk.starts_with("error: could not install wasm-tools (damaged)\n"),
        "{talk}"
    );
    assert!(talk.contains("set CLAWFT_CACHE to another directory"), "{talk}");
}
