//! Tools of MCP servers that others wrote: the reference servers from npm, and the SDK for Python.

use std::fs;

use anyhow::{Context as _, Result, ensure};
use serde_json::{Value, json};
use testkit::{KEY_VARIABLE, Outcome};

use super::cases;
use crate::{mcp_servers::Servers, weft::context::WeftContext};

cases! {
    mcp:
    reference_server_as_child_process,
    reference_server_behind_a_url,
    file_server_keeps_to_its_directory,
    python_server_needs_one_request_a_call,
    python_server_as_child_process,
    server_that_is_down_costs_a_warning,
}

/// Configures these servers.
fn configure(test: &WeftContext<'_>, servers: &Value) -> Result<()> {
    let config = json!({"tools": {"mcp": servers}});
    fs::write(test.home().join("config.json"), config.to_string())
        .context("could not write the configuration")
}

fn call(test: &WeftContext<'_>, tool: &str, arguments: &Value) -> Result<Outcome> {
    test.weft(&["mcp", "call", tool, &arguments.to_string()], "")
}

/// Checks that a call fails, and that its result contains `text`.
fn fails(outcome: &Outcome, text: &str) -> Result<()> {
    ensure!(
        outcome.exit == Some(1) && outcome.stdout.contains(text) && outcome.stderr.is_empty(),
        "it ended with {:?} and printed `{}`{}",
        outcome.exit,
        outcome.stdout,
        outcome.stderr
    );
    Ok(())
}

/// Returns the names of the tools in `weft mcp list --json`, without the server's, and checks their schemas.
fn tools(test: &WeftContext<'_>) -> Result<Vec<String>> {
    let listed: Vec<Vec<Value>> = test.weft(&["mcp", "list", "--json"], "")?.answers(1)?;
    let name = |tool: &Value| -> Result<String> {
        let text = |key: &str| tool[key].as_str().with_context(|| format!("a tool has no {key}"));
        let model_name = text("model_name")?;
        let accepted = |byte: u8| byte.is_ascii_alphanumeric() || b"_-".contains(&byte);
        ensure!(
            model_name.len() <= 64 && model_name.bytes().all(accepted),
            "no provider accepts `{model_name}`"
        );
        ensure!(
            tool["parameters"]["type"] == "object",
            "the schema of `{model_name}` is no object"
        );
        let (_, name) = text("name")?
            .split_once("mcp.s.")
            .context("the server's name is missing")?;
        Ok(name.to_owned())
    };
    listed.iter().flatten().map(name).collect()
}

/// Checks the tools of the reference server.
fn reference(test: &WeftContext<'_>) -> Result<()> {
    let tools = tools(test)?;
    for tool in ["echo", "get-sum", "get-tiny-image"] {
        ensure!(
            tools.iter().any(|name| name == tool),
            "`{tool}` is not among {tools:?}"
        );
    }
    // It can only be called as a task.
    ensure!(
        !tools.iter().any(|name| name == "simulate-research-query"),
        "a task is offered"
    );
    let text = "é, \"quoted\"\nand a second line";
    call(test, "mcp.s.echo", &json!({"message": text}))?.answered(&format!("Echo: {text}"))?;
    call(test, "mcp__s__get-sum", &json!({"a": 2, "b": 40}))?.answered("The sum of 2 and 40 is 42.")?;
    fails(
        &call(test, "mcp.s.get-sum", &json!({"a": "two"}))?,
        "expected number",
    )?;
    let image = call(test, "mcp.s.get-tiny-image", &json!({}))?;
    ensure!(
        image.stdout.contains("\n[image: image/png, 4033 bytes]\n"),
        "it printed `{}`",
        image.stdout
    );
    let links = call(test, "mcp.s.get-resource-links", &json!({"count": 2}))?;
    ensure!(
        links.stdout.contains("\n[link: demo://resource/"),
        "it printed `{}`",
        links.stdout
    );
    let resource = call(
        test,
        "mcp.s.get-resource-reference",
        &json!({"resourceType": "Text", "resourceId": 1}),
    )?;
    ensure!(
        resource
            .stdout
            .contains("\n[resource: demo://resource/dynamic/text/1]\nResource 1:"),
        "it printed `{}`",
        resource.stdout
    );
    // It reports progress before the answer.
    let long = call(
        test,
        "mcp.s.trigger-long-running-operation",
        &json!({"duration": 1, "steps": 4}),
    )?;
    long.answered("Long running operation completed. Duration: 1 seconds, Steps: 4.")
}

fn reference_server_as_child_process(test: &WeftContext<'_>) -> Result<()> {
    let servers = Servers::find(test.project())?;
    configure(test, &json!({"s": servers.everything()}))?;
    reference(test)?;
    // The provider's key is in the environment of `weft`, and not in the server's.
    let environment = call(test, "mcp.s.get-env", &json!({}))?;
    let printed = &environment.stdout;
    ensure!(
        printed.contains("\"PATH\"") && !printed.contains(KEY_VARIABLE),
        "the environment is {printed}"
    );
    Ok(())
}

fn reference_server_behind_a_url(test: &WeftContext<'_>) -> Result<()> {
    let servers = Servers::find(test.project())?;
    let server = servers.start_everything(&test.shell()?, &test.home().join("everything.log"))?;
    configure(test, &json!({"s": {"url": server.url, "timeout_secs": 60}}))?;
    reference(test)?;
    // It knows revisions with a handshake only.
    let commands = 8;
    let sessions = server.logged("Session initialized")?;
    ensure!(
        sessions == commands,
        "{commands} commands began {sessions} sessions"
    );
    Ok(())
}

fn file_server_keeps_to_its_directory(test: &WeftContext<'_>) -> Result<()> {
    let servers = Servers::find(test.project())?;
    let directory = test.home().join("files");
    fs::create_dir_all(&directory)?;
    let file = directory.join("a.txt");
    fs::write(&file, "one\ntwo")?;
    configure(test, &json!({"s": servers.files(&directory)}))?;
    call(test, "mcp.s.read_text_file", &json!({"path": file}))?.answered("one\ntwo")?;
    let written = call(
        test,
        "mcp.s.write_file",
        &json!({"path": directory.join("b.txt"), "content": "three"}),
    )?;
    ensure!(written.exit == Some(0), "writing ended with {:?}", written.exit);
    ensure!(
        fs::read_to_string(directory.join("b.txt"))? == "three",
        "the file is not written"
    );
    fails(
        &call(test, "mcp.s.read_text_file", &json!({"path": "/etc/hostname"}))?,
        "Access denied",
    )
}

fn python_server_needs_one_request_a_call(test: &WeftContext<'_>) -> Result<()> {
    let servers = Servers::find(test.project())?;
    let server = servers.start_python(&test.shell()?, &test.home().join("python.log"))?;
    configure(test, &json!({"s": {"url": server.url, "timeout_secs": 60}}))?;
    python(test)?;
    // Each command lists the tools, and each but the first calls one: the newest revision has no handshake.
    let expected = 9;
    let requests = server.logged("POST /mcp")?;
    ensure!(
        requests == expected,
        "the server got {requests} requests, expected {expected}"
    );
    Ok(())
}

fn python_server_as_child_process(test: &WeftContext<'_>) -> Result<()> {
    let servers = Servers::find(test.project())?;
    configure(test, &json!({"s": servers.python()}))?;
    python(test)
}

/// Checks the tools of the server in `xtask/acceptance/mcp_server.py`.
fn python(test: &WeftContext<'_>) -> Result<()> {
    let tools = tools(test)?;
    ensure!(tools == ["add", "fail", "name.with.dots"], "it offers {tools:?}");
    call(test, "mcp.s.add", &json!({"a": 2, "b": 40}))?.answered("42")?;
    fails(
        &call(test, "mcp.s.add", &json!({"a": "two"}))?,
        "validation errors",
    )?;
    fails(&call(test, "mcp.s.fail", &json!({}))?, "fail")?;
    let structured = call(test, "mcp__s__name_with_dots", &json!({}))?;
    let value: Value = serde_json::from_str(&structured.stdout).context("the result is not JSON")?;
    ensure!(value == json!({"answer": 42}), "the result is {value}");
    Ok(())
}

fn server_that_is_down_costs_a_warning(test: &WeftContext<'_>) -> Result<()> {
    let servers = Servers::find(test.project())?;
    configure(
        test,
        &json!({"down": {"url": "http://127.0.0.1:1/mcp"}, "missing": {"command": "/no/such/program"}, "s": servers.python()}),
    )?;
    let sum = call(test, "mcp.s.add", &json!({"a": 1, "b": 2}))?;
    sum.printed("3")?;
    sum.said(&[
        "MCP server `down`: HTTP unavailable",
        "MCP server `missing`: `/no/such/program` cannot be started",
    ])
}
