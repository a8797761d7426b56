//! The steps of the action `.github/actions/wasm-diet`, as a runner executes them.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Output,
};

use anyhow::{Context as _, Result, ensure};
use builds::{digest, files, temporary};
use devkit::cmd;
use tempfile::TempDir;
use xshell::{Shell, cmd};

use super::context::DietContext;

/// The name of the case.
pub(super) const NAME: &str = "action::checks_budget_in_any_repository";

/// The version of the release in this case.
const VERSION: &str = "9.9.9";

/// A core module of 8 bytes.
const MODULE: &[u8] = b"\0asm\x01\0\0\0";

/// A budget with a row for files that are there, and one of a file that is larger than it may be.
const BUDGET: &str = r#"
[artifact."app.wasm"]
raw = { limit = "1 KB", ratchet = "8 B" }
gzip = { limit = "1 KB", ratchet = "28 B" }

[artifact."large.wasm"]
raw = { limit = "7 B", ratchet = "7 B" }
gzip = { limit = "1 KB", ratchet = "28 B" }
"#;

/// Fetches a release, and compares files with a budget.
pub(super) fn check(context: &DietContext) -> Result<()> {
    let runner = Runner::new(context)?;
    runner.release(context.program())?;
    let program = runner.fetch()?;

    let fitting = runner.compare(&program, "  app.wasm  \n\n")?;
    ensure!(fitting.status.success(), "it fails: {}", text(&fitting.stdout));
    let summary = runner.read("summary")?;
    ensure!(
        summary.contains("| app.wasm | 8 | 8 |"),
        "the summary is `{summary}`"
    );
    let outputs = runner.read("output")?;
    ensure!(outputs.contains("within=true\n"), "the outputs are `{outputs}`");
    let markdown = outputs
        .lines()
        .find_map(|line| line.strip_prefix("markdown="))
        .context("there is no path of the Markdown")?;
    ensure!(
        files::read(Path::new(markdown))? == summary.as_bytes(),
        "the Markdown is not that of the summary"
    );

    let exceeding = runner.compare(&program, "*.wasm")?;
    ensure!(exceeding.status.code() == Some(1), "{}", exceeding.status);
    ensure!(
        runner.read("summary")?.contains("| \u{274c} large.wasm |"),
        "the summary does not mark the file"
    );
    ensure!(
        runner.read("output")?.contains("within=false\n"),
        "it reports that files are within the budget"
    );
    let errors = text(&exceeding.stderr);
    ensure!(errors.contains("large.wasm"), "the errors are `{errors}`");

    for (names, error) in [
        ("none*.wasm", "no file matches `none*.wasm`"),
        (" \n", "names no file"),
    ] {
        let absent = runner.compare(&program, names)?;
        let printed = text(&absent.stdout);
        ensure!(
            absent.status.code() == Some(1) && printed.contains(error),
            "it ends with {} and prints `{printed}`",
            absent.status
        );
    }
    runner.damage()?;
    ensure!(
        runner.fetch().is_err(),
        "it takes an archive with another checksum"
    );
    Ok(())
}

/// The directories and variables of a runner.
struct Runner {
    directory: TempDir,
    action: PathBuf,
}

impl Runner {
    fn new(context: &DietContext) -> Result<Self> {
        let runner = Self {
            directory: temporary::directory()?,
            action: context.root().join(".github/actions/wasm-diet"),
        };
        for name in ["temp", "releases/v9.9.9", "repository"] {
            let path = runner.path(name);
            fs::create_dir_all(&path).with_context(|| format!("could not make `{}`", path.display()))?;
        }
        for name in ["app.wasm", "large.wasm"] {
            files::replace(&runner.path("repository").join(name), MODULE)?;
        }
        files::replace(&runner.path("repository/size-budget.toml"), BUDGET.as_bytes())?;
        Ok(runner)
    }

    fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    fn read(&self, name: &str) -> Result<String> {
        Ok(text(&files::read(&self.path(name))?))
    }

    /// Returns a shell in the repository, with the runner's variables.
    fn shell(&self) -> Result<Shell> {
        let shell = Shell::new().context("could not find the current directory")?;
        shell.change_dir(self.path("repository"));
        shell.set_var("RUNNER_TEMP", self.path("temp"));
        shell.set_var("GITHUB_OUTPUT", self.path("output"));
        shell.set_var("GITHUB_STEP_SUMMARY", self.path("summary"));
        Ok(shell)
    }

    /// Makes a release with this program.
    fn release(&self, program: &Path) -> Result<()> {
        let shell = Shell::new().context("could not find the current directory")?;
        let machine = if cfg!(target_arch = "aarch64") {
            "aarch64"
        } else {
            "x86_64"
        };
        let name = format!("wasm-diet-{VERSION}-{machine}-unknown-linux-musl");
        let (stage, releases) = (self.path(&name), self.path("releases/v9.9.9"));
        fs::create_dir_all(&stage).context("could not make the release")?;
        let archive = releases.join(format!("{name}.tar.gz"));
        cmd::run(cmd!(shell, "cp {program} {stage}/wasm-diet"), "copy the program")?;
        shell.change_dir(self.directory.path());
        cmd::run(cmd!(shell, "tar -czf {archive} {name}"), "pack the release")?;
        let sum = digest::sha256(&files::read(&archive)?);
        let line = format!("{sum}  {name}.tar.gz\n{sum}  another-{name}.tar.gz.cdx.json\n");
        files::replace(&releases.join("SHA256SUMS"), line.as_bytes())
    }

    /// Makes the checksums wrong.
    fn damage(&self) -> Result<()> {
        let sums = self.path("releases/v9.9.9/SHA256SUMS");
        let wrong = text(&files::read(&sums)?)
            .lines()
            .map(|line| format!("{}{}\n", "0".repeat(64), line.get(64..).unwrap_or_default()))
            .collect::<String>();
        files::replace(&sums, wrong.as_bytes())
    }

    /// Runs the first step, and returns the path of the program.
    fn fetch(&self) -> Result<PathBuf> {
        let (shell, script) = (self.shell()?, self.action.join("fetch.sh"));
        let releases = format!("file://{}", self.path("releases").display());
        let fetch = cmd!(shell, "bash {script}")
            .env("RELEASES", releases)
            .env("VERSION", VERSION);
        cmd::run(fetch, "fetch the release")?;
        let outputs = self.read("output")?;
        let program = outputs.lines().find_map(|line| line.strip_prefix("program="));
        Ok(PathBuf::from(program.context("there is no path of the program")?))
    }

    /// Runs the second step, with outputs and summary of its own.
    fn compare(&self, program: &Path, names: &str) -> Result<Output> {
        for name in ["output", "summary"] {
            files::replace(&self.path(name), b"")?;
        }
        let (shell, script) = (self.shell()?, self.action.join("check.sh"));
        let compare = cmd!(shell, "bash {script}")
            .env("PROGRAM", program)
            .env("BUDGET", "size-budget.toml")
            .env("FILES", names);
        cmd::output(compare, "compare with the budget")
    }
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}
