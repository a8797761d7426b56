//! `Dockerfile.multi-arch` alone: its builder stage compiles everything, to the same bytes as `cargo xtask dist`.
//!
//! No image can be pulled where these cases run, so `ci/builder-image` makes the base of the stage. They take long, so
//! they belong to `cargo xtask smoke dockerfile`.

use std::{collections::BTreeMap, fs, path::Path, process, time::Duration};

use anyhow::{Context as _, Result, ensure};
use xshell::cmd;

use super::cases;
use crate::docker::context::ImageContext;

cases! {
    dockerfile:
    builder_stage_compiles_the_released_weft,
}

/// The maximum time of a build: std and all dependencies are compiled for two platforms, on a busy machine.
const LIMIT: Duration = Duration::from_secs(4 * 3_600);

/// The platforms, as the exporter names their directories, with the architecture of this machine first.
const PLATFORMS: [&str; 2] = ["linux_amd64", "linux_arm64"];

/// The base image, which is removed at the end.
struct Base<'t> {
    test: &'t ImageContext<'t>,
    name: String,
}

impl<'t> Base<'t> {
    fn make(test: &'t ImageContext<'t>) -> Result<Self> {
        // It exists before the image does, so that the image of a script that fails late is removed too.
        let base = Self {
            test,
            name: format!("clawft-builder:{}", process::id()),
        };
        let script = test.fixture.root.join("ci/builder-image");
        let shell = test.shell()?;
        let name = &base.name;
        let made = test.run_within(cmd!(shell, "{script} {name}"), LIMIT)?;
        ensure!(
            made.exit == Some(0),
            "`ci/builder-image` ended with {:?} and made no base image",
            made.exit
        );
        Ok(base)
    }
}

impl Drop for Base<'_> {
    fn drop(&mut self) {
        // The result of the case does not change if its image cannot be removed.
        let _ = self.test.docker(&["rmi", "--force", &self.name]);
    }
}

fn builder_stage_compiles_the_released_weft(test: &ImageContext<'_>) -> Result<()> {
    let base = Base::make(test)?;
    let builder = format!("BUILDER_IMAGE={}", base.name);
    // The stage reaches the registries of packages as the machine does.
    let stage = [
        "--network",
        "host",
        "--allow",
        "network.host",
        "--build-arg",
        &builder,
    ];
    let both = [
        "--file",
        "Dockerfile.multi-arch",
        "--platform",
        "linux/amd64,linux/arm64",
    ];
    let compiled = exported(test, "compiled", &[&both[..], &stage].concat())?;

    let binaries = format!("dist={}", test.fixture.binaries.display());
    let ready = ["--build-arg", "BINARIES=dist", "--build-context", &binaries];
    let ready = exported(test, "ready", &[&both[..], &ready].concat())?;
    same(&compiled, &ready)?;
    for platform in PLATFORMS {
        let own = fs::read(
            test.fixture
                .binaries
                .join(platform.replacen("linux_", "weft-linux-", 1)),
        )?;
        ensure!(
            compiled.get(&format!("{platform}/weft")) == Some(&own),
            "the image for {platform} has another `weft` than `cargo xtask dist` made"
        );
    }

    // The short command takes the same file under its usual name.
    let short = exported(test, "short", &stage)?;
    let of_this_machine = compiled.iter().filter_map(|(name, bytes)| {
        let name = name.strip_prefix(PLATFORMS[usize::from(cfg!(target_arch = "aarch64"))])?;
        Some((name.trim_start_matches('/').to_owned(), bytes.clone()))
    });
    same(&short, &of_this_machine.collect())
}

/// Builds with `words` in the checkout, and returns the files of the result by their paths.
fn exported(test: &ImageContext<'_>, name: &str, words: &[&str]) -> Result<BTreeMap<String, Vec<u8>>> {
    let shell = test.shell()?;
    let to = test.path(name);
    let output = format!("type=local,dest={}", to.display());
    let root = &test.fixture.root;
    shell.change_dir(root);
    let build = cmd!(
        shell,
        "docker build {words...} --provenance=false --output {output} ."
    );
    let built = test.run_within(build, LIMIT)?;
    ensure!(built.exit == Some(0), "the build `{name}` failed");
    let mut files = BTreeMap::new();
    gather(&to, &to, &mut files)?;
    // They are large, and evidence of a failure is read by people.
    fs::remove_dir_all(&to)?;
    Ok(files)
}

fn gather(root: &Path, directory: &Path, files: &mut BTreeMap<String, Vec<u8>>) -> Result<()> {
    for entry in fs::read_dir(directory)? {
        let path = entry?.path();
        if path.is_dir() {
            gather(root, &path, files)?;
        } else {
            let name = path.strip_prefix(root)?.to_str().context("a path is not UTF-8")?;
            files.insert(name.to_owned(), fs::read(&path)?);
        }
    }
    Ok(())
}

fn same(one: &BTreeMap<String, Vec<u8>>, other: &BTreeMap<String, Vec<u8>>) -> Result<()> {
    let names = |files: &BTreeMap<String, Vec<u8>>| files.keys().cloned().collect::<Vec<_>>();
    ensure!(
        names(one) == names(other),
        "one way has the files {:?}, the other {:?}",
        names(one),
        names(other)
    );
    let differing: Vec<&String> = one
        .iter()
        .filter(|(name, bytes)| other.get(*name) != Some(bytes))
        .map(|(name, _)| name)
        .collect();
    ensure!(
        differing.is_empty(),
        "the two ways have other bytes in {differing:?}"
    );
    Ok(())
}
