//! Builds std for a target from its source, and copies it into the toolchain where rustup would have put its own:
//! then plain `cargo build --target …` works.

use std::{
    env, fs,
    path::{Path, PathBuf},
};

use anyhow::{Context as _, Result, ensure};
use builds::progress;
use cargo_metadata::Message;
use devkit::cmd;
use xshell::{Cmd, Shell, cmd};

use super::{
    debian::Unpacked,
    item::Target,
    staging::{Staging, Stamp},
    sysroot::Sysroot,
};

/// The crates of rustup's std. `panic_unwind` comes with std, and `test` is for `cargo test --no-run`.
const CRATES: &str = "std,panic_abort,proc_macro,test";
/// The files of the C library that rustup's std includes.
const C_LIBRARY: [&str; 3] = ["libc.a", "crt1-command.o", "crt1-reactor.o"];
/// The manifest of an empty package, which is its own workspace in any cache directory.
const MANIFEST: &str = r#"[workspace]

[package]
name = "empty"
version = "0.0.0"
edition = "2024"

[profile.sysroot]
inherits = "release"
opt-level = 3
codegen-units = 1
debug = false
debug-assertions = false
incremental = false
lto = "off"
overflow-checks = false
strip = "none"
"#;

/// The text before the version of the C library in the stamp of a target.
pub(super) const LIBC_ORIGIN: &str = "Debian's wasi-libc ";

/// Builds std for `target` in `directory` and copies it into the toolchain, with the C library in `libc`.
pub(super) fn install(
    shell: &Shell,
    sysroot: &Sysroot,
    target: Target,
    directory: &Path,
    libc: &Unpacked,
) -> Result<()> {
    let what = format!("std for {}, once for this toolchain", target.triple());
    let libraries = progress::show("Building", &what, || build(shell, sysroot, target, directory))
        .with_context(|| format!("could not build std for {}", target.triple()))?;
    let from = format!("built here from std's source, with {LIBC_ORIGIN}{}", libc.version);
    install_libraries(sysroot, target, &libraries, &c_library(libc, target)?, from)?;
    // Only the libraries are still needed, and they have been copied.
    fs::remove_dir_all(directory).with_context(|| format!("could not remove `{}`", directory.display()))
}

/// Builds the libraries and returns their paths.
fn build(shell: &Shell, sysroot: &Sysroot, target: Target, directory: &Path) -> Result<Vec<PathBuf>> {
    fs::create_dir_all(directory.join("src"))?;
    fs::write(directory.join("Cargo.toml"), MANIFEST)?;
    fs::write(directory.join("src/lib.rs"), "")?;
    let _here = shell.push_dir(directory);
    let cargo = sysroot.program("cargo");
    let build_directory = directory.join("target");
    let triple = target.triple();
    let command = cmd!(
        shell,
        "{cargo} build --profile sysroot --target {triple} --target-dir {build_directory}"
    )
    .args([
        "-Z",
        &format!("build-std={CRATES}"),
        "-Z",
        "build-std-features=backtrace,panic-unwind",
    ])
    .arg("--message-format=json-render-diagnostics");
    let command = without_build_variables(command)
        .env("RUSTC", sysroot.program("rustc"))
        // build-std is unstable, but this compiler is pinned.
        .env("RUSTC_BOOTSTRAP", "1")
        // Link-time optimisation of programs with this std needs the bitcode.
        .env("CARGO_ENCODED_RUSTFLAGS", "-Cembed-bitcode=yes");
    let output = cmd::output(command, "run cargo")?;
    ensure!(
        output.status.success(),
        "cargo ended with {}\n{}",
        output.status,
        tail(&output.stderr)
    );
    libraries(&output.stdout, &build_directory.join(triple))
}

/// Returns the last lines of cargo's output, for an error.
fn tail(talk: &[u8]) -> String {
    let talk = String::from_utf8_lossy(talk);
    let lines: Vec<&str> = talk.lines().collect();
    lines[lines.len().saturating_sub(20)..].join("\n")
}

/// Removes the environment variables that would change a build which is independent of the caller's.
pub(super) fn without_build_variables(command: Cmd<'_>) -> Cmd<'_> {
    let names = env::vars_os().filter_map(|(name, _)| name.into_string().ok());
    names
        .filter(|name| changes_builds(name))
        .fold(command, |command, name| command.env_remove(name))
}

/// Returns whether a variable changes builds. Linkers for the host (`CARGO_TARGET_<HOST>_LINKER`) do not count:
/// build scripts need them on some machines.
fn changes_builds(name: &str) -> bool {
    let exact = [
        "CARGO_ENCODED_RUSTFLAGS",
        "CARGO_INCREMENTAL",
        "CARGO_TARGET_DIR",
        "RUSTC",
        "RUSTC_WORKSPACE_WRAPPER",
        "RUSTC_WRAPPER",
        "RUSTFLAGS",
    ];
    let prefixes = ["CARGO_BUILD_", "CARGO_PROFILE_", "CARGO_UNSTABLE_"];
    let harmless = ["CARGO_BUILD_JOBS"];
    exact.contains(&name)
        || prefixes.iter().any(|prefix| name.starts_with(prefix)) && !harmless.contains(&name)
}

/// Returns the libraries in cargo's messages that are below `built`, the target's own directory: libraries of
/// build scripts are for the host, and in another directory. The empty package has no library to copy.
fn libraries(messages: &[u8], built: &Path) -> Result<Vec<PathBuf>> {
    let mut libraries = Vec::new();
    for message in Message::parse_stream(messages) {
        if let Message::CompilerArtifact(artifact) = message.context("could not read cargo's messages")? {
            let files = artifact
                .filenames
                .into_iter()
                .filter(|_| artifact.target.name != "empty");
            let files = files.filter(|file| file.extension() == Some("rlib"));
            libraries.extend(files.filter(|file| file.starts_with(built)));
        }
    }
    ensure!(
        !libraries.is_empty(),
        "cargo built no library below `{}`",
        built.display()
    );
    Ok(libraries.into_iter().map(Into::into).collect())
}

/// Returns the files of the C library. Some versions of Debian have preview 1 under its older name.
fn c_library(libc: &Unpacked, target: Target) -> Result<Vec<PathBuf>> {
    let names: &[&str] = match target {
        Target::Wasip1 => &["wasm32-wasip1", "wasm32-wasi"],
        Target::Wasip2 => &["wasm32-wasip2"],
    };
    let directory = names
        .iter()
        .map(|name| libc.root.join("usr/lib").join(name))
        .find(|directory| directory.is_dir());
    let directory = directory.with_context(|| {
        format!(
            "wasi-libc {} has no libraries for {}",
            libc.version,
            target.triple()
        )
    })?;
    Ok(C_LIBRARY.iter().map(|name| directory.join(name)).collect())
}

/// Copies the target's directory into the toolchain, in place of an unfinished one.
fn install_libraries(
    sysroot: &Sysroot,
    target: Target,
    rust: &[PathBuf],
    c: &[PathBuf],
    from: String,
) -> Result<()> {
    let staging = Staging::begin(&sysroot.target_directory(target))?;
    let libraries = staging.path().join("lib");
    copy(rust, &libraries)?;
    copy(c, &libraries.join("self-contained"))?;
    staging.commit(&Stamp {
        version: sysroot.stamp_version(),
        from,
    })
}

fn copy(files: &[PathBuf], into: &Path) -> Result<()> {
    fs::create_dir_all(into)?;
    for file in files {
        let name = file.file_name().context("a library without a name")?;
        fs::copy(file, into.join(name)).with_context(|| format!("could not copy `{}`", file.display()))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn artifact(name: &str, files: &[&str]) -> String {
        let files: Vec<String> = files.iter().map(|file| format!("\"{file}\"")).collect();
        format!(
            r#"{{"reason":"compiler-artifact","package_id":"{name}","manifest_path":"/m","target":{{"kind":["lib"],"crate_types":["lib"],"name":"{name}","src_path":"/s"}},"profile":{{"opt_level":"3","debuginfo":0,"debug_assertions":false,"overflow_checks":false,"test":false}},"features":[],"filenames":[{}],"executable":null,"fresh":false}}"#,
            files.join(",")
        )
    }

    #[test]
    fn takes_libraries_of_the_target_only() {
        let messages = [
            artifact(
                "std",
                &[
                    "/t/wasm32-wasip2/p/deps/libstd-1.rlib",
                    "/t/wasm32-wasip2/p/deps/libstd-1.rmeta",
                ],
            ),
            artifact("cc", &["/t/p/deps/libcc-1.rlib"]),
            artifact("empty", &["/t/wasm32-wasip2/p/libempty.rlib"]),
        ];
        let found = libraries(messages.join("\n").as_bytes(), Path::new("/t/wasm32-wasip2")).unwrap();
        assert_eq!(found, [PathBuf::from("/t/wasm32-wasip2/p/deps/libstd-1.rlib")]);
    }

    #[test]
    fn removes_variables_that_change_builds() {
        assert!(
            ["RUSTFLAGS", "CARGO_TARGET_DIR", "CARGO_PROFILE_RELEASE_LTO"]
                .into_iter()
                .all(changes_builds)
        );
        assert!(
            ![
                "PATH",
                "CARGO_HOME",
                "CARGO_BUILD_JOBS",
                "CARGO_TARGET_X86_64_UNKNOWN_LINUX_GNU_LINKER"
            ]
            .into_iter()
            .any(changes_builds)
        );
    }

    #[test]
    fn replaces_unfinished_target_with_rustups_layout() {
        let root = tempfile::tempdir().unwrap();
        let sysroot = Sysroot::new(root.path().join("toolchain"), "1.95.0 (59807616e 2026-04-14)");
        let put = |path: &str| {
            let path = root.path().join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(&path, "x").unwrap();
            path
        };
        put("toolchain/lib/rustlib/wasm32-wasip2/lib/libcore-old.rlib");
        let (std, libc) = (put("libstd-1.rlib"), put("libc.a"));
        install_libraries(&sysroot, Target::Wasip2, &[std], &[libc], "a test".to_owned()).unwrap();
        let libraries = sysroot.target_directory(Target::Wasip2).join("lib");
        assert!(libraries.join("libstd-1.rlib").is_file());
        assert!(libraries.join("self-contained/libc.a").is_file());
        assert!(!libraries.join("libcore-old.rlib").exists());
        assert!(matches!(
            sysroot.target(Target::Wasip2),
            super::super::item::State::Found(_)
        ));
    }

    #[test]
    fn finds_preview_1_under_either_name() {
        let root = tempfile::tempdir().unwrap();
        let libc = Unpacked {
            root: root.path().to_path_buf(),
            version: "0".to_owned(),
        };
        assert!(c_library(&libc, Target::Wasip1).is_err());
        fs::create_dir_all(root.path().join("usr/lib/wasm32-wasi")).unwrap();
        assert!(c_library(&libc, Target::Wasip1).unwrap()[0].ends_with("wasm32-wasi/libc.a"));
        fs::create_dir_all(root.path().join("usr/lib/wasm32-wasip1")).unwrap();
        assert!(c_library(&libc, Target::Wasip1).unwrap()[0].ends_with("wasm32-wasip1/libc.a"));
    }
}
