//! The commands that build, each timed as a user waits for it, in a temporary clone. The clone is of the commit,
//! without uncommitted changes.

use std::{collections::BTreeMap, fs, path::PathBuf, time::Instant};

use anyhow::{Context as _, Result, ensure};
use builds::{files, temporary};
use devkit::{cmd, project::Project, ui};
use serde::Deserialize;
use tempfile::TempDir;
use xshell::{Shell, cmd};

use super::{metric::Metric, sample::Sample};

/// The number of runs of a fast command.
const RUNS: usize = 5;

/// The number of lines of a failed command that are shown.
const TAIL: usize = 40;

/// The beginning of a message in a file of `clawft-core`, which is in all artifacts that ask a provider.
const MESSAGE: &str = "no key was sent";
const FILE_OF_MESSAGE: &str = "error.rs";

/// The command for the artifacts, and the one for the images.
const WASM: &[&str] = &["wasm", "--check-size"];
const DOCKER: &[&str] = &["docker", "--builder", "oci", "--json"];

/// Measures in a clone on this machine, with the cache that clones share.
pub(super) fn measure(project: &Project) -> Result<Vec<Metric>> {
    let clone = Clone::new(project, Cache::Shared)?;
    let help = clone.once("help-clone", "`--help` in a new clone", &["--help"])?;
    let wasm = clone.once("wasm-clone", "`wasm --check-size` in a new clone", WASM)?;
    let docker = clone.once("docker-clone", "`docker`, both images, in a new clone", DOCKER)?;
    let images = clone.images()?;
    let mut metrics = vec![
        help,
        wasm,
        docker,
        clone.often(
            "docker-unchanged",
            "`docker` with nothing changed",
            DOCKER,
            |_| Ok(()),
        )?,
        clone.often(
            "wasm-unchanged",
            "`wasm --check-size` with nothing changed",
            WASM,
            |_| Ok(()),
        )?,
        clone.often(
            "wasm-touched",
            "the same after a comment in `clawft-core`",
            WASM,
            |run| {
                clone.append(
                    "lib.rs",
                    &format!("// A change that compiles to the same code, number {run}.\n"),
                )
            },
        )?,
        clone.often(
            "wasm-changed",
            "the same after another message in `clawft-core`",
            WASM,
            |run| clone.change_message(run),
        )?,
    ];
    metrics.extend(images);
    Ok(metrics)
}

/// Measures in a clone with an empty cache, as on a new machine.
pub(super) fn measure_cold(project: &Project) -> Result<Vec<Metric>> {
    let clone = Clone::new(project, Cache::Empty)?;
    Ok(vec![
        clone.once("help-cold", "`--help`", &["--help"])?,
        clone.once("wasm-cold", "`wasm --check-size`, Binaryen compiled", WASM)?,
        clone.once("docker-cold", "`docker`, both images, linker fetched", DOCKER)?,
    ])
}

/// The cache of a clone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Cache {
    /// The cache that this machine's clones share.
    Shared,
    /// An empty cache.
    Empty,
}

/// A clone with an empty target directory.
struct Clone {
    directory: TempDir,
    /// The directory of the cache.
    cache: PathBuf,
}

/// The parts of the output of `docker --json` that are needed.
#[derive(Deserialize)]
struct Images {
    images: BTreeMap<String, Image>,
}

#[derive(Deserialize)]
struct Image {
    /// Bytes to transfer.
    gzip: usize,
}

impl Clone {
    fn new(project: &Project, cache: Cache) -> Result<Self> {
        let directory = temporary::directory()?;
        let shell = project.shell()?;
        let root = &project.root;
        let clone = directory.path().join("clawft");
        cmd::run_quietly(
            cmd!(shell, "git clone --quiet {root} {clone}"),
            "clone the checkout",
            TAIL,
        )?;
        let cache = match cache {
            Cache::Shared => project.cache.clone(),
            Cache::Empty => directory.path().join("cache"),
        };
        Ok(Self { directory, cache })
    }

    /// Measures one run.
    fn once(&self, name: &str, what: &str, command: &[&str]) -> Result<Metric> {
        Ok(Metric::new(name, what, self.timed(command)?, "s"))
    }

    /// Measures [`RUNS`] runs, each after `change` with its number.
    fn often(
        &self,
        name: &str,
        what: &str,
        command: &[&str],
        change: impl Fn(usize) -> Result<()>,
    ) -> Result<Metric> {
        let timed = |run| change(run).and_then(|()| self.timed(command));
        let times = (1..=RUNS).map(timed).collect::<Result<_>>()?;
        Ok(Metric::of(name, what, &Sample::new(times), "s"))
    }

    /// Returns the seconds that `cargo xtask` takes with these arguments.
    fn timed(&self, arguments: &[&str]) -> Result<f64> {
        ui::status("Measuring", &format!("cargo xtask {}", arguments.join(" ")));
        let start = Instant::now();
        self.xtask(arguments)?;
        Ok(start.elapsed().as_secs_f64())
    }

    /// Runs `cargo xtask` and returns its standard output.
    fn xtask(&self, arguments: &[&str]) -> Result<String> {
        let shell = self.shell()?;
        let run = cmd!(shell, "cargo xtask {arguments...}")
            .env("CLAWFT_CACHE", &self.cache)
            .env("CARGO_TARGET_DIR", self.directory.path().join("target"));
        let shown = run.to_string();
        let output = cmd::output(run, "run a command in the clone")?;
        if !output.status.success() {
            let said = String::from_utf8_lossy(&output.stderr);
            let lines: Vec<&str> = said.lines().collect();
            let tail = lines[lines.len().saturating_sub(TAIL)..].join("\n");
            anyhow::bail!("`{shown}` ended with {} in the clone\n{tail}", output.status);
        }
        Ok(String::from_utf8_lossy(&output.stdout).into_owned())
    }

    /// Returns the compressed size of each image.
    fn images(&self) -> Result<Vec<Metric>> {
        let images: Images =
            serde_json::from_str(&self.xtask(DOCKER)?).context("could not read the output of `docker`")?;
        let metric = |(platform, image): (&String, &Image)| {
            let name = format!("image-{}", platform.replace('/', "-"));
            let what = format!("the image for {platform}, as it is transferred");
            Metric::new(&name, &what, image.gzip as f64 / 1e6, "MB")
        };
        Ok(images.images.iter().map(metric).collect())
    }

    /// Appends to a file of `clawft-core`.
    fn append(&self, file: &str, text: &str) -> Result<()> {
        self.rewrite(file, |content| content + text)
    }

    /// Adds a number to a message of `clawft-core`, so that the optimiser gets another program.
    fn change_message(&self, number: usize) -> Result<()> {
        self.rewrite(FILE_OF_MESSAGE, |content| {
            content.replacen(MESSAGE, &format!("{MESSAGE} {number}"), 1)
        })
    }

    /// Changes a file of `clawft-core`.
    fn rewrite(&self, file: &str, change: impl FnOnce(String) -> String) -> Result<()> {
        let sources = self.directory.path().join("clawft/crates/clawft-core/src");
        let path = sources.join(file);
        let before = files::read_text(&path)?;
        let after = change(before.clone());
        ensure!(after != before, "nothing was changed in `{}`", path.display());
        files::replace(&path, after.as_bytes())
    }

    fn shell(&self) -> Result<Shell> {
        let shell = Shell::new().context("could not find the current directory")?;
        shell
            .change_dir(fs::canonicalize(self.directory.path().join("clawft")).context("there is no clone")?);
        Ok(shell)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn message_to_change_is_in_one_place() {
        let root = devkit::project::root().unwrap();
        let path = root.join("crates/clawft-core/src").join(FILE_OF_MESSAGE);
        let text = files::read_text(&path).unwrap();
        assert_eq!(text.matches(MESSAGE).count(), 1);
    }
}
