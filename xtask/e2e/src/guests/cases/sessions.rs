//! Session files that cannot be continued. A user's messages are never overwritten.

use std::{
    fs, thread,
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result, ensure};
use devkit::cmd;

use super::cases;
use crate::guests::context::GuestContext;

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

fn keeps_damaged_session_aside_and_begins_new(test: &GuestContext<'_>) -> Result<()> {
    kept_aside(test, b"\x00\xff not a session\n")
}

fn keeps_session_cut_short_aside(test: &GuestContext<'_>) -> Result<()> {
    kept_aside(
        test,
        br#"{"version":1,"id":"default","messages":[{"role":"user","conte"#,
    )
}

fn keeps_session_of_wrong_shape_aside(test: &GuestContext<'_>) -> Result<()> {
    kept_aside(test, br#"{"version":1,"id":"default","messages":"none"}"#)
}

fn keeps_first_damaged_session_beside_the_second(test: &GuestContext<'_>) -> Result<()> {
    kept_aside(test, b"first damage")?;
    let before = others(test)?;
    damage_and_chat(test, b"second damage")?;
    let after = others(test)?;
    ensure!(
        after.len() == 2,
        "two damaged sessions are kept in {} files",
        after.len()
    );
    ensure!(
        before.iter().all(|file| after.contains(file)),
        "the first damaged session has changed"
    );
    Ok(())
}

fn refuses_session_id_that_leaves_the_directory(test: &GuestContext<'_>) -> Result<()> {
    test.configure("ok")?;
    for id in ["../up", "/abs", "..", "a/b", ""] {
        test.component()
            .arguments(&["--session", id])
            .say("hello")?
            .failed(&["session id"])?;
    }
    test.sent_nothing()?;
    let files = fs::read_dir(test.granted())
        .context("could not list the granted directory")?
        .count();
    ensure!(files == 1, "something was written");
    Ok(())
}

/// A session of a newer version may have fields that this version would lose.
fn leaves_session_of_newer_version_alone(test: &GuestContext<'_>) -> Result<()> {
    let session = br#"{"version":99,"id":"default","messages":[],"more":"of it"}"#;
    test.configure("ok")?;
    test.write("sessions/default.json", session)?;
    test.say("hello")?.failed(&["default.json", "version 99"])?;
    test.sent_nothing()?;
    let files = test.session_files()?;
    ensure!(
        files == ["default.json"],
        "the directory of sessions holds {files:?}"
    );
    let kept = fs::read(test.granted().join("sessions/default.json")).context("the session file is gone")?;
    ensure!(kept == session, "the session file was changed");
    Ok(())
}

/// The session is a pipe: opening it would block forever, because nobody writes to it.
fn refuses_session_that_is_no_file(test: &GuestContext<'_>) -> Result<()> {
    test.configure("ok")?;
    fs::create_dir_all(test.session_path("default"))?;
    test.say("hello")?
        .failed(&["default.json", "it is not a regular file"])?;
    #[cfg(unix)]
    {
        fs::remove_dir(test.session_path("default"))?;
        let shell = test.fixture.shell()?;
        let path = test.session_path("default");
        cmd::run(xshell::cmd!(shell, "mkfifo {path}"), "make a pipe")?;
        test.say("hello")?
            .failed(&["default.json", "it is not a regular file"])?;
        test.sent_nothing()?;
        fs::remove_file(test.session_path("default"))?;
        let path = test.granted().join("sessions/.locks");
        cmd::run(xshell::cmd!(shell, "mkfifo {path}"), "make a pipe")?;
        test.say("hello")?
            .unstored("echo: hello", &["sessions/default.json", "a file is in the way"])?;
    }
    Ok(())
}

fn does_not_restore_session_deleted_meanwhile(test: &GuestContext<'_>) -> Result<()> {
    test.configure("ok")?;
    test.say("one")?.answered("echo: one")?;
    test.configure("slow")?;
    let path = test.session_path("default");
    let (removed, outcome) = thread::scope(|scope| {
        let removing = scope.spawn(|| {
            // The request shows that the guest has read the session.
            let begun = Instant::now();
            while test.requests()?.len() < 2 {
                ensure!(begun.elapsed() < Duration::from_secs(20), "the guest never asked");
                thread::sleep(Duration::from_millis(5));
            }
            fs::remove_file(&path).context("could not remove the session")
        });
        let outcome = test.say("two");
        (removing.join(), outcome)
    });
    removed.ok().context("a thread of the case panicked")??;
    outcome?.unstored("echo: two", &["the session was deleted meanwhile"])?;
    test.stored_nothing()
}

fn prints_answer_that_cannot_be_stored(test: &GuestContext<'_>) -> Result<()> {
    test.configure("ok")?;
    test.make_sessions_unwritable()?;
    test.say("hello")?
        .unstored("echo: hello", &["sessions/default.json"])
}

/// Checks that the file `bytes` of the session `default` is kept under another name after a chat, with a message
/// about it.
fn kept_aside(test: &GuestContext<'_>, bytes: &[u8]) -> Result<()> {
    let name = damage_and_chat(test, bytes)?;
    let kept = others(test)?;
    ensure!(
        kept.len() == 1,
        "expected one file beside the new session, there are {}",
        kept.len()
    );
    ensure!(
        kept[0].0 == name,
        "stderr speaks of `{name}`, the file is `{}`",
        kept[0].0
    );
    Ok(())
}

/// Writes `bytes` to the session's file, chats, and returns the name under which they are kept.
fn damage_and_chat(test: &GuestContext<'_>, bytes: &[u8]) -> Result<String> {
    test.configure("ok")?;
    test.write("sessions/default.json", bytes)?;
    let outcome = test.say("hello")?;
    outcome.printed("echo: hello")?;
    test.stored("default", &[("user", "hello"), ("assistant", "echo: hello")])?;

    let kept = others(test)?.into_iter().find(|(_, kept)| kept == bytes);
    let (name, _) = kept.context("the damaged bytes are in no file any more")?;
    outcome.said(&["default.json", &name])?;
    Ok(name)
}

/// Returns the files beside `default.json`, by name with their bytes.
fn others(test: &GuestContext<'_>) -> Result<Vec<(String, Vec<u8>)>> {
    let names = test
        .session_files()?
        .into_iter()
        .filter(|name| name != "default.json");
    let read = |name: String| {
        let bytes = fs::read(test.granted().join("sessions").join(&name))?;
        Ok((name, bytes))
    };
    names
        .map(read)
        .collect::<std::io::Result<_>>()
        .context("could not read the directory of sessions")
}
