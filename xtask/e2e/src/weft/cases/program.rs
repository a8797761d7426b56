//! The program without a gateway.

use anyhow::{Context as _, Result, ensure};
use devkit::cmd;
use testkit::http;
use xshell::cmd;

use super::cases;
use crate::weft::context::WeftContext;

cases! {
    program:
    answers_in_terminal_and_stores,
    pipe_gets_answer_and_exit_code,
    makes_token_beyond_loopback_for_owner,
}

fn answers_in_terminal_and_stores(test: &WeftContext<'_>) -> Result<()> {
    test.configure("ok")?;
    test.weft(&["chat", "--session", "default", "hello"], "")?
        .answered("echo: hello")?;
    test.weft(&["chat", "--session", "default"], "and again")?
        .answered("echo: and again")?;
    let session = test.session("default")?;
    let stored = session["messages"].as_array().context("no messages")?.len();
    ensure!(stored == 4, "two turns are stored as {stored} messages");
    let listed = test.weft(&["sessions", "list"], "")?;
    ensure!(
        listed.exit == Some(0) && listed.stdout.contains("default"),
        "`sessions list`: {listed:?}"
    );
    Ok(())
}

fn pipe_gets_answer_and_exit_code(test: &WeftContext<'_>) -> Result<()> {
    test.configure("status-401")?;
    let refused = test.weft(&["chat", "hello"], "")?;
    refused.said(&["Invalid API key"])?;
    ensure!(refused.exit != Some(0), "a refused key is a success");
    ensure!(
        refused.stdout.is_empty(),
        "a failure printed something: {}",
        refused.stdout
    );
    let unknown = test.weft(&["chta"], "")?;
    ensure!(
        unknown.exit == Some(2),
        "an unknown command ends with {:?}",
        unknown.exit
    );
    Ok(())
}

fn makes_token_beyond_loopback_for_owner(test: &WeftContext<'_>) -> Result<()> {
    test.configure_with(
        "ok",
        serde_json::json!({}),
        serde_json::json!({ "listen": "0.0.0.0:0" }),
    )?;
    let gateway = test.start()?;
    let path = test.home().join("gateway-token");
    let token = std::fs::read_to_string(&path).context("no token was stored")?;
    let token = token.trim_end();
    let shell = test.shell()?;
    let mode = cmd::read(cmd!(shell, "ls -l {path}"), "ask who may read the token")?;
    ensure!(mode.starts_with("-rw------- "), "the token's file is `{mode}`");
    let log = format!("{:?}", gateway.log()?);
    ensure!(
        log.contains("gateway-token"),
        "the log does not name the token's file: {log}"
    );
    ensure!(!log.contains(&token[..8]), "the token is in the log");
    let status = |token| -> Result<u16> { Ok(http::get(gateway.address(), "/v1/models", token)?.status) };
    let found = [status(None)?, status(Some("another"))?, status(Some(token))?];
    ensure!(
        found == [401, 401, 200],
        "without, with a wrong and with the right token: {found:?}"
    );
    Ok(())
}
