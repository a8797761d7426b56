//! The artifacts as programs: their own output, and the output of other tools about them.

use anyhow::{Context as _, Result, ensure};
use devkit::cmd;
use serde_json::{Value, json};
use xshell::cmd;

use super::cases;
use crate::guests::{context::GuestContext, guest::Guest};

cases! {
    program:
    component_prints_its_capabilities,
    component_prints_version_and_usage,
    refuses_unknown_argument_by_name,
    wasm_tools_finds_component_valid,
    module_prints_its_capabilities,
    module_reports_chat_without_http,
}

fn component_prints_its_capabilities(test: &GuestContext<'_>) -> Result<()> {
    capabilities(test.component(), "wasm32-wasip2", true)
}

fn module_prints_its_capabilities(test: &GuestContext<'_>) -> Result<()> {
    capabilities(test.wasip1(), "wasm32-wasip1", false)
}

fn capabilities(guest: Guest<'_>, platform: &str, http: bool) -> Result<()> {
    let outcome = guest.arguments(&["--capabilities"]).ask()?;
    ensure!(
        outcome.exit == Some(0),
        "exit code {:?}, expected 0",
        outcome.exit
    );
    let found: Value = serde_json::from_str(&outcome.stdout).context("the capabilities are not JSON")?;
    let expected = json!({ "platform": platform, "status": "ready", "http": http, "fs": true });
    for (key, expected) in expected.as_object().context("the expectation is an object")? {
        ensure!(
            found.get(key) == Some(expected),
            "`{key}` is {:?}, expected {expected}",
            found.get(key)
        );
    }
    let version = found.get("version").and_then(Value::as_str);
    ensure!(
        version == Some(env!("CARGO_PKG_VERSION")),
        "`version` is {version:?}"
    );
    Ok(())
}

fn component_prints_version_and_usage(test: &GuestContext<'_>) -> Result<()> {
    test.component()
        .arguments(&["--version"])
        .ask()?
        .answered(concat!("clawft ", env!("CARGO_PKG_VERSION")))?;
    let help = test.component().arguments(&["--help"]).ask()?;
    ensure!(
        help.exit == Some(0) && help.stderr.is_empty(),
        "--help is not a success"
    );
    for word in ["--session", "--capabilities", "--version", "/config"] {
        ensure!(help.stdout.contains(word), "--help does not speak of `{word}`");
    }
    Ok(())
}

fn refuses_unknown_argument_by_name(test: &GuestContext<'_>) -> Result<()> {
    test.configure("ok")?;
    let outcome = test.component().arguments(&["--loud"]).say("hello")?;
    ensure!(outcome.exit != Some(0), "it was a success");
    outcome.said(&["--loud"])?;
    test.sent_nothing()
}

fn wasm_tools_finds_component_valid(test: &GuestContext<'_>) -> Result<()> {
    let shell = test.fixture.shell()?;
    let wasm_tools = &test.fixture.wasm_tools;
    let component = &test.fixture.shipped.component;
    cmd::run_quietly(
        cmd!(shell, "{wasm_tools} validate {component}"),
        "validate the component",
        20,
    )
}

fn module_reports_chat_without_http(test: &GuestContext<'_>) -> Result<()> {
    test.configure("ok")?;
    test.wasip1().say("hello")?.failed(&["HTTP unavailable"])?;
    test.sent_nothing()
}
