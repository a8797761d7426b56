//! Shared files, full disks, and conversations longer than a model's context.

use std::{fs, io};

use anyhow::{Context as _, Result, ensure};
use serde_json::{Value, json};

use super::{at_once, cases};
use crate::{
    guests::context::{GuestContext, PROVIDER},
    small_disk::SmallDisk,
};

cases! {
    files:
    two_processes_lose_no_turn,
    takes_over_lock_of_killed_process,
    does_not_follow_link_out_of_directory,
    keeps_old_session_on_full_disk,
    prints_answer_in_unwritable_directory,
    cuts_long_history_for_the_model,
}

/// The number of processes at the same time, and of their rounds.
const PROCESSES: usize = 2;
const ROUNDS: usize = 10;

fn two_processes_lose_no_turn(test: &GuestContext<'_>) -> Result<()> {
    test.configure("ok")?;
    let talk = |process: usize| {
        (0..ROUNDS).try_for_each(|round| {
            let message = format!("{process}/{round}");
            test.compiled()
                .say(&message)?
                .answered(&format!("echo: {message}"))
        })
    };
    at_once((0..PROCESSES).map(|process| move || talk(process)))?;

    let stored = test.session("default")?;
    ensure!(
        stored.len() == 2 * PROCESSES * ROUNDS,
        "{} messages are stored",
        stored.len()
    );
    for (process, round) in (0..PROCESSES).flat_map(|process| (0..ROUNDS).map(move |round| (process, round)))
    {
        let turn = [
            ("user", format!("{process}/{round}")),
            ("assistant", format!("echo: {process}/{round}")),
        ];
        let whole = |pair: &[(String, String)]| {
            pair.iter()
                .zip(&turn)
                .all(|(found, turn)| (found.0.as_str(), &found.1) == (turn.0, &turn.1))
        };
        ensure!(
            stored.chunks(2).filter(|pair| whole(pair)).count() == 1,
            "the turn {process}/{round} is not there once"
        );
    }
    only_the_session(test)
}

fn takes_over_lock_of_killed_process(test: &GuestContext<'_>) -> Result<()> {
    test.configure("ok")?;
    test.write("sessions/.locks/default.json+1", b"half of a ses")?;
    let outcome = test.say("hello")?;
    outcome.answered("echo: hello")?;
    // Only a lock's age tells a guest that its owner is dead.
    outcome.took(10..40)?;
    test.stored("default", &[("user", "hello"), ("assistant", "echo: hello")])?;
    only_the_session(test)
}

pub(super) fn only_the_session(test: &GuestContext<'_>) -> Result<()> {
    let files = test.session_files()?;
    ensure!(
        files == ["default.json"],
        "the directory of sessions holds {files:?}"
    );
    let locks = test.locks()?;
    ensure!(locks.is_empty(), "locks are left: {locks:?}");
    Ok(())
}

/// Files outside are neither read nor written; any error may be reported.
fn does_not_follow_link_out_of_directory(test: &GuestContext<'_>) -> Result<()> {
    let secret = session(&[("user", "outside"), ("assistant", "secret")]);
    let outside = test.path("outside.json");
    fs::write(&outside, &secret).context("could not write the file outside")?;
    test.configure("ok")?;
    test.write("sessions/other.json", b"{}")?;
    #[cfg(unix)]
    std::os::unix::fs::symlink("../../outside.json", test.session_path("default"))
        .context("could not make a link")?;

    let outcome = test.say("hello")?;
    outcome.ended_in_order()?;
    ensure!(!outcome.stdout.contains("secret"), "a file outside was read");
    for request in test.requests()? {
        ensure!(!request.body.contains("secret"), "a file outside was sent");
    }
    ensure!(
        fs::read(&outside)? == secret.as_bytes(),
        "a file outside was changed"
    );
    Ok(())
}

fn keeps_old_session_on_full_disk(test: &GuestContext<'_>) -> Result<()> {
    // There is room for this session, but not for a second file with it and a turn more.
    let turns = [("user", "x".repeat(20_000)), ("assistant", "y".repeat(20_000))];
    let old = session(&turns.each_ref().map(|(role, content)| (*role, content.as_str())));
    let disk = SmallDisk::mount(&test.granted())?;
    test.configure_agent("ok", json!({ "context_tokens": 20_000 }))?;
    test.write("sessions/default.json", old.as_bytes())?;

    let guest = if disk.is_some() {
        test.component()
    } else {
        test.component().file_size(32)
    };
    let outcome = guest.say("hello")?;
    outcome.unstored("echo: hello", &["sessions/default"])?;
    if disk.is_some() {
        outcome.said(&["no space left"])?;
    }
    ensure!(
        fs::read(test.session_path("default"))? == old.as_bytes(),
        "the old session has changed"
    );
    only_the_session(test)
}

fn prints_answer_in_unwritable_directory(test: &GuestContext<'_>) -> Result<()> {
    let mut disk = SmallDisk::mount(&test.granted())?;
    test.configure("ok")?;
    let old = session(&[("user", "one"), ("assistant", "echo: one")]);
    test.write("sessions/default.json", old.as_bytes())?;
    match &mut disk {
        Some(disk) => disk.make_read_only()?,
        None => forbid_writing(test)?,
    }
    test.say("two")?.unstored("echo: two", &["sessions/default"])?;
    ensure!(
        fs::read(test.session_path("default"))? == old.as_bytes(),
        "the old session has changed"
    );
    only_the_session(test)
}

/// Forbids writing by the directory's mode. Root ignores that; it can mount a full disk instead. For a root that
/// cannot mount, a file takes the place of the directory of locks.
fn forbid_writing(test: &GuestContext<'_>) -> Result<()> {
    let directory = test.granted().join("sessions");
    let mut mode = fs::metadata(&directory)?.permissions();
    mode.set_readonly(true);
    fs::set_permissions(&directory, mode).context("could not make the directory of sessions read-only")?;
    match fs::write(test.locks_path(), "in the way") {
        Err(error) if error.kind() == io::ErrorKind::PermissionDenied => Ok(()),
        made => made.context("could not make a file in the place of the locks"),
    }
}

fn cuts_long_history_for_the_model(test: &GuestContext<'_>) -> Result<()> {
    let turns: Vec<(String, String)> = (0..200)
        .flat_map(|turn| [("user", turn), ("assistant", turn)])
        .map(|(role, turn)| (role.to_owned(), format!("{turn} {}", "word ".repeat(20))))
        .collect();
    let turns: Vec<(&str, &str)> = turns
        .iter()
        .map(|(role, content)| (role.as_str(), content.as_str()))
        .collect();
    test.configure_as(
        PROVIDER,
        "ok",
        json!({}),
        json!({ "context_tokens": 1000, "system_prompt": "Be brief." }),
    )?;
    test.write("sessions/default.json", session(&turns).as_bytes())?;
    test.say("hello")?.answered("echo: hello")?;

    let sent = test.request()?.messages()?;
    ensure!(
        (10..60).contains(&sent.len()),
        "{} messages were sent",
        sent.len()
    );
    ensure!(
        sent[0].0 == "system" && sent[1].0 == "user",
        "the request begins with {:?}",
        &sent[..2]
    );
    ensure!(
        sent.last().is_some_and(|(_, content)| content == "hello"),
        "the newest message was not sent"
    );
    // The newest turns, complete and without a gap.
    let history = &sent[1..sent.len() - 1];
    let newest = &turns[turns.len() - history.len()..];
    ensure!(
        testkit::same_messages(history, newest),
        "the request does not have the end of the history"
    );
    let all: Vec<(&str, &str)> = turns
        .into_iter()
        .chain([("user", "hello"), ("assistant", "echo: hello")])
        .collect();
    test.stored("default", &all)
}

/// Returns a session file with these pairs of role and content.
pub(super) fn session(turns: &[(&str, &str)]) -> String {
    let message = |(role, content): &(&str, &str)| json!({ "role": role, "content": content });
    let messages: Vec<Value> = turns.iter().map(message).collect();
    json!({ "version": 1, "id": "default", "messages": messages }).to_string()
}
