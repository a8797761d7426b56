//! `weft.exe`, in wine.

use anyhow::{Result, ensure};

use super::cases;
use crate::install::context::InstallContext;

/// Names of sessions that are names of devices for Windows, and others that look like them.
const NAMES: [&str; 7] = ["CON", "nul", "prn.", "com1", "aux.txt", "LPT9.a.b", "console"];

cases! {
    windows:
    answers_in_terminal_and_stores,
    stores_sessions_with_names_of_devices,
    reads_configuration_with_mark_and_line_ends,
    sends_text_of_a_pipe_as_it_is,
    names_file_that_is_missing,
}

fn answers_in_terminal_and_stores(test: &InstallContext<'_>) -> Result<()> {
    test.configure(&test.config("ok").to_string())?;
    test.weft_exe(&["chat", "--session", "first", "hello"], "")?
        .answered("echo: hello")?;
    test.weft_exe(&["chat", "--session", "first", "and again"], "")?
        .answered("echo: and again")?;
    let messages = test.last_messages()?;
    ensure!(
        messages.as_array().is_some_and(|messages| messages.len() == 3),
        "the second request holds {messages}"
    );
    let listed = test.weft_exe(&["sessions", "list"], "")?;
    ensure!(
        listed.exit == Some(0) && listed.stdout.contains("first"),
        "`sessions list` prints {}",
        listed.stdout
    );
    Ok(())
}

fn stores_sessions_with_names_of_devices(test: &InstallContext<'_>) -> Result<()> {
    test.configure(&test.config("ok").to_string())?;
    for name in NAMES {
        test.weft_exe(&["chat", "--session", name, name], "")?
            .answered(&format!("echo: {name}"))?;
        test.weft_exe(&["chat", "--session", name, "more"], "")?
            .answered("echo: more")?;
        let messages = test.last_messages()?;
        ensure!(
            messages[0]["content"] == name && messages[2]["content"] == "more",
            "the session `{name}` holds {messages}"
        );
    }
    let listed = test.weft_exe(&["sessions", "list"], "")?.stdout;
    for name in NAMES {
        let found = listed.lines().any(|line| line.starts_with(&format!("{name} ")));
        ensure!(found, "`{name}` is not in the list: {listed}");
        let removed = test.weft_exe(&["sessions", "rm", name], "")?;
        ensure!(
            removed.exit == Some(0),
            "`{name}` cannot be removed: {}",
            removed.stderr
        );
    }
    let files = test.session_files()?;
    ensure!(files.is_empty(), "removed sessions are in {files:?}");
    Ok(())
}

fn reads_configuration_with_mark_and_line_ends(test: &InstallContext<'_>) -> Result<()> {
    let text = format!("{:#}\n", test.config("ok")).replace('\n', "\r\n");
    test.configure(&format!("\u{feff}{text}"))?;
    test.weft_exe(&["chat", "hello"], "")?.answered("echo: hello")
}

fn sends_text_of_a_pipe_as_it_is(test: &InstallContext<'_>) -> Result<()> {
    test.configure(&test.config("ok").to_string())?;
    let outcome = test.weft_exe(&["chat"], "\u{feff}one\r\ntwo ü\r\n")?;
    ensure!(outcome.exit == Some(0), "it ended with {:?}", outcome.exit);
    let content = &test.last_messages()?[0]["content"];
    ensure!(
        content == "one\r\ntwo ü" || content == "one\ntwo ü",
        "the provider received {content}"
    );
    Ok(())
}

fn names_file_that_is_missing(test: &InstallContext<'_>) -> Result<()> {
    test.configure(&test.config("ok").to_string())?;
    test.weft_exe(&["chat", "--file", "C:\\no\\such file.txt", "hello"], "")?
        .failed(&["C:\\no\\such file.txt"])
}
