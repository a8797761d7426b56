//! Session files that cannot be continued. What a user said is never overwritten.

use std::{
    fs, thread,
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result, ensure};
use devkit::cmd;

use super::cases;
use crate::smoke::lab::Lab;

cases! {
    sessions:
    keeps_damaged_session_aside_and_begins_new,
    keeps_session_cut_short_aside,
    keeps_session_of_wrong_shape_aside,
    keeps_first_damaged_session_beside_the_second,
    refuses_session_id_that_leaves_the_directory,
    refuses_session_that_is_no_file,
    does_not_restore_session_deleted_meanwhile,
    leaves_session_of_newer_version_alone,
    prints_answer_that_cannot_be_stored,
}

fn keeps_damaged_session_aside_and_begins_new(lab: &Lab<'_>) -> Result<()> {
    kept_aside(lab, b"\x00\xff not a session\n")
}

fn keeps_session_cut_short_aside(lab: &Lab<'_>) -> Result<()> {
    kept_aside(lab, br#"{"version":1,"id":"default","messages":[{"role":"user","conte"#)
}

fn keeps_session_of_wrong_shape_aside(lab: &Lab<'_>) -> Result<()> {
    kept_aside(lab, br#"{"version":1,"id":"default","messages":"none"}"#)
}

fn keeps_first_damaged_session_beside_the_second(lab: &Lab<'_>) -> Result<()> {
    kept_aside(lab, b"first damage")?;
    let before = others(lab)?;
    damage_and_chat(lab, b"second damage")?;
    let after = others(lab)?;
    ensure!(after.len() == 2, "two damaged sessions are kept in {} files", after.len());
    ensure!(before.iter().all(|file| after.contains(file)), "the first damaged session is not what it was");
    Ok(())
}

fn refuses_session_id_that_leaves_the_directory(lab: &Lab<'_>) -> Result<()> {
    lab.configure("ok")?;
    for id in ["../up", "/abs", "..", "a/b", ""] {
        lab.component().arguments(&["--session", id]).say("hello")?.failed(&["session id"])?;
    }
    lab.sent_nothing()?;
    let files = fs::read_dir(lab.granted()).context("could not list the granted folder")?.count();
    ensure!(files == 1, "something was written");
    Ok(())
}

/// It may hold what this version would lose.
fn leaves_session_of_newer_version_alone(lab: &Lab<'_>) -> Result<()> {
    let session = br#"{"version":2,"id":"default","messages":[],"more":"of it"}"#;
    lab.configure("ok")?;
    lab.write("sessions/default.json", session)?;
    lab.say("hello")?.failed(&["default.json", "version 2"])?;
    lab.sent_nothing()?;
    let files = lab.session_files()?;
    ensure!(files == ["default.json"], "the folder of sessions holds {files:?}");
    let kept = fs::read(lab.granted().join("sessions/default.json")).context("the session file is gone")?;
    ensure!(kept == session, "the session file was changed");
    Ok(())
}

/// Opening the pipe would take forever, because nobody writes to it.
fn refuses_session_that_is_no_file(lab: &Lab<'_>) -> Result<()> {
    lab.configure("ok")?;
    fs::create_dir_all(lab.session_path("default"))?;
    lab.say("hello")?.failed(&["default.json", "it is not a regular file"])?;
    #[cfg(unix)]
    {
        fs::remove_dir(lab.session_path("default"))?;
        let (shell, path) = (lab.bench.shell()?, lab.session_path("default"));
        cmd::run(xshell::cmd!(shell, "mkfifo {path}"), "make a pipe")?;
        lab.say("hello")?.failed(&["default.json", "it is not a regular file"])?;
    }
    lab.sent_nothing()
}

fn does_not_restore_session_deleted_meanwhile(lab: &Lab<'_>) -> Result<()> {
    lab.configure("ok")?;
    lab.say("one")?.answered("echo: one")?;
    lab.configure("slow")?;
    let path = lab.session_path("default");
    let (removed, outcome) = thread::scope(|scope| {
        let removing = scope.spawn(|| {
            // It has read the session when it asks.
            let begun = Instant::now();
            while lab.requests()?.len() < 2 {
                ensure!(begun.elapsed() < Duration::from_secs(20), "the guest never asked");
                thread::sleep(Duration::from_millis(5));
            }
            fs::remove_file(&path).context("could not remove the session")
        });
        let outcome = lab.say("two");
        (removing.join(), outcome)
    });
    removed.ok().context("a thread of the case panicked")??;
    outcome?.unstored("echo: two", &["the session was deleted meanwhile"])?;
    lab.stored_nothing()
}

fn prints_answer_that_cannot_be_stored(lab: &Lab<'_>) -> Result<()> {
    lab.configure("ok")?;
    lab.make_sessions_unwritable()?;
    lab.say("hello")?.unstored("echo: hello", &["sessions/default.json"])
}

/// The session file of `default` is `bytes`: after a chat they are there under another name, and that was said.
fn kept_aside(lab: &Lab<'_>, bytes: &[u8]) -> Result<()> {
    let name = damage_and_chat(lab, bytes)?;
    let kept = others(lab)?;
    ensure!(kept.len() == 1, "expected one file beside the new session, there are {}", kept.len());
    ensure!(kept[0].0 == name, "stderr speaks of `{name}`, the file is `{}`", kept[0].0);
    Ok(())
}

/// Puts `bytes` where the session is, chats, and returns the name under which they are kept.
fn damage_and_chat(lab: &Lab<'_>, bytes: &[u8]) -> Result<String> {
    lab.configure("ok")?;
    lab.write("sessions/default.json", bytes)?;
    let outcome = lab.say("hello")?;
    outcome.printed("echo: hello")?;
    lab.stored("default", &[("user", "hello"), ("assistant", "echo: hello")])?;

    let kept = others(lab)?.into_iter().find(|(_, kept)| kept == bytes);
    let (name, _) = kept.context("the damaged bytes are in no file any more")?;
    outcome.said(&["default.json", &name])?;
    Ok(name)
}

/// The files beside `default.json`, by name with their bytes.
fn others(lab: &Lab<'_>) -> Result<Vec<(String, Vec<u8>)>> {
    let names = lab.session_files()?.into_iter().filter(|name| name != "default.json");
    let read = |name: String| {
        let bytes = fs::read(lab.granted().join("sessions").join(&name))?;
        Ok((name, bytes))
    };
    names.map(read).collect::<std::io::Result<_>>().context("could not read the folder of sessions")
}
