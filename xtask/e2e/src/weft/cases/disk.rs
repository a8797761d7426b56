//! The sessions on their disk: shared with the component, and on a full disk.

use std::{
    collections::BTreeSet,
    fs::{self, OpenOptions},
    io::Write as _,
    path::{Path, PathBuf},
    thread,
};

use anyhow::{Context as _, Result, bail, ensure};
use devkit::{cmd, project::Project};
use disk_shim::Effects;
use serde_json::Value;
use testkit::{KEY_VARIABLE, Outcome, http};
use toolchain::Tool;
use xshell::cmd;

use super::cases;
use crate::{small_disk::SmallDisk, weft::context::WeftContext};

cases! {
    long disk:
    component_and_weft_lose_no_turn,
    removes_session_from_full_disk,
}

/// The number of processes of each kind at the same time, and of their rounds.
const PROCESSES: usize = 2;
const ROUNDS: usize = 4;

/// The milliseconds by which each `fsync` of the component takes longer.
const SLOWER: u32 = 500;

fn component_and_weft_lose_no_turn(test: &WeftContext<'_>) -> Result<()> {
    test.configure("ok")?;
    let component = Component::prepare(test)?;
    let by_weft = |message: &str| test.weft(&["chat", "--session", "default", message], "");
    let by_component = |message: &str| component.say(test, message);
    thread::scope(|scope| {
        let threads = (0..PROCESSES).flat_map(|process| {
            let weft = scope.spawn(move || talk("weft", process, &by_weft));
            let component = scope.spawn(move || talk("component", process, &by_component));
            [weft, component]
        });
        let threads: Vec<_> = threads.collect();
        threads
            .into_iter()
            .try_for_each(|thread| thread.join().ok().context("a thread of the case panicked")?)
    })?;
    let stored = stored(&test.session("default")?)?;
    ensure!(
        stored.len() == 2 * PROCESSES * ROUNDS,
        "{} turns are stored: {stored:?}",
        stored.len()
    );
    let files = test.session_files()?;
    ensure!(
        files == ["default.json"],
        "the directory of sessions holds {files:?}"
    );
    Ok(())
}

/// Says something in each round, and checks that each gets an answer.
fn talk(kind: &str, process: usize, say: &(impl Fn(&str) -> Result<Outcome> + Sync)) -> Result<()> {
    (0..ROUNDS).try_for_each(|round| {
        let message = format!("{kind} {process}/{round}");
        say(&message)?.answered(&format!("echo: {message}"))
    })
}

/// Returns the questions of a session, and checks that each is there once and with its answer.
fn stored(session: &Value) -> Result<BTreeSet<String>> {
    let mut said = BTreeSet::new();
    for turn in session["messages"]
        .as_array()
        .context("the session has no messages")?
        .chunks(2)
    {
        let [question, answer] = turn else {
            bail!("half a turn is stored")
        };
        let question = question["content"].as_str().unwrap_or_default();
        ensure!(
            answer["content"] == format!("echo: {question}"),
            "`{question}` is followed by {answer}"
        );
        ensure!(said.insert(question.to_owned()), "`{question}` is there twice");
    }
    Ok(said)
}

/// The component in a wasmtime whose disk is slow.
struct Component {
    wasmtime: PathBuf,
    compiled: PathBuf,
    effects: Effects,
}

impl Component {
    fn prepare(test: &WeftContext<'_>) -> Result<Self> {
        let project = Project::discover()?;
        let wasmtime = toolchain::tool(&project, Tool::Wasmtime)?;
        let component = artifacts::ensure_built(&project)?.component;
        let shell = test.shell()?;
        let compiled = test.home().with_file_name("clawft.cwasm");
        let compile = cmd!(shell, "{wasmtime} compile -o {compiled} {component}");
        cmd::run_quietly(compile, "compile the component", 20)?;
        Ok(Self {
            wasmtime,
            compiled,
            effects: test.fixture.effects()?.slow(SLOWER),
        })
    }

    /// Runs it with `message`, and with weft's home as its configuration directory.
    fn say(&self, test: &WeftContext<'_>, message: &str) -> Result<Outcome> {
        let shell = test.shell()?;
        let Self {
            wasmtime,
            compiled,
            effects,
        } = self;
        let granted = format!("{}::/config", test.home().display());
        let run = cmd!(
            shell,
            "{wasmtime} run -S http --dir {granted} --env {KEY_VARIABLE} --allow-precompiled {compiled}"
        );
        let run = effects
            .variables()
            .fold(run, |run, (name, value)| run.env(name, value));
        test.run(test.at_home(run), message)
    }
}

/// Removes by the command, and over HTTP. Where no small disk can be mounted, the sessions are removed from a
/// large one.
fn removes_session_from_full_disk(test: &WeftContext<'_>) -> Result<()> {
    test.configure("ok")?;
    let sessions = test.home().join("sessions");
    fs::create_dir(&sessions)?;
    let disk = SmallDisk::mount(&sessions)?;
    for id in ["one", "two"] {
        test.weft(&["chat", "--session", id, "hello"], "")?
            .answered("echo: hello")?;
    }
    if disk.is_some() {
        fill(&sessions.join("filling"))?;
        let told = test.weft(&["chat", "--session", "one", &"more ".repeat(2000)], "")?;
        ensure!(
            told.exit == Some(5),
            "an answer that cannot be stored ends with {:?}",
            told.exit
        );
        told.said(&["warning: the answer is not stored", "no space left"])?;
    }
    ensure!(
        test.weft(&["sessions", "rm", "one"], "")?.exit == Some(0),
        "the session cannot be removed"
    );
    let gateway = test.start()?;
    let removed = http::delete(gateway.address(), "/v1/sessions/two")?.status;
    ensure!(removed == 200, "removing the session is answered with {removed}");
    let mut files = test.session_files()?;
    files.retain(|name| name != "filling");
    ensure!(files.is_empty(), "the directory of sessions holds {files:?}");
    Ok(())
}

/// Writes until the disk is full.
fn fill(path: &Path) -> Result<()> {
    let mut file = OpenOptions::new()
        .create(true)
        .append(true)
        .open(path)
        .context("could not fill the disk")?;
    for size in [4096, 1] {
        while file.write_all(&vec![b'x'; size]).is_ok() {}
    }
    Ok(())
}
