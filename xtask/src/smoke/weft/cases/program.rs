//! The program by itself.

use anyhow::{Context as _, Result, ensure};
use devkit::cmd;
use xshell::cmd;

use testkit::http;

use super::cases;
use crate::smoke::weft::place::Place;

cases! {
    program:
    answers_in_terminal_and_stores,
    pipe_gets_answer_and_exit_code,
    makes_token_beyond_loopback_for_owner,
}

fn answers_in_terminal_and_stores(place: &Place<'_>) -> Result<()> {
    place.configure("ok")?;
    place.weft(&["chat", "hello"], "")?.answered("echo: hello")?;
    place.weft(&["chat"], "and again")?.answered("echo: and again")?;
    let session = place.session("default")?;
    let stored = session["messages"].as_array().context("no messages")?.len();
    ensure!(stored == 4, "two turns are stored as {stored} messages");
    let listed = place.weft(&["sessions", "list"], "")?;
    ensure!(listed.exit == Some(0) && listed.stdout.contains("default"), "`sessions list`: {listed:?}");
    Ok(())
}

fn pipe_gets_answer_and_exit_code(place: &Place<'_>) -> Result<()> {
    place.configure("status-401")?;
    let refused = place.weft(&["chat", "hello"], "")?;
    refused.said(&["Invalid API key"])?;
    ensure!(refused.exit != Some(0), "a refused key is a success");
    ensure!(refused.stdout.is_empty(), "a failure printed something: {}", refused.stdout);
    let unknown = place.weft(&["chta"], "")?;
    ensure!(unknown.exit == Some(2), "an unknown command ends with {:?}", unknown.exit);
    Ok(())
}

fn makes_token_beyond_loopback_for_owner(place: &Place<'_>) -> Result<()> {
    place.configure_with("ok", serde_json::json!({}), serde_json::json!({ "listen": "0.0.0.0:0" }))?;
    let gateway = place.start()?;
    let path = place.home().join("gateway-token");
    let token = std::fs::read_to_string(&path).context("no token was stored")?;
    let token = token.trim_end();
    let shell = place.shell()?;
    let mode = cmd::read(cmd!(shell, "ls -l {path}"), "ask who may read the token")?;
    ensure!(mode.starts_with("-rw------- "), "the token's file is `{mode}`");
    let log = format!("{:?}", gateway.log()?);
    ensure!(log.contains("gateway-token"), "the log does not name the token's file: {log}");
    ensure!(!log.contains(&token[..8]), "the token is in the log");
    let status = |token| -> Result<u16> { Ok(http::get(gateway.address(), "/v1/models", token)?.status) };
    let found = [status(None)?, status(Some("another"))?, status(Some(token))?];
    ensure!(found == [401, 401, 200], "without, with a wrong and with the right token: {found:?}");
    Ok(())
}
