//! The examples for the shell.

use std::{
    fs,
    path::{Path, PathBuf},
    time::Duration,
};

use anyhow::{Context as _, Result, ensure};
use testkit::{Gateway, names};
use xshell::cmd;

use super::cases;
use crate::install::context::InstallContext;

/// A core module with a function `compute` that returns 42. Its name is in a custom section that can be dropped.
const MODULE: &[u8] = b"\0asm\x01\0\0\0\x01\x05\x01\x60\0\x01\x7f\x03\x02\x01\0\x07\x0a\x01\x06answer\0\0\x0a\x06\x01\x04\0\x41\x2a\x0b\0\x11\x04name\x01\x0a\x01\0\x07compute";

cases! {
    examples:
    review_sends_the_change_with_the_question,
    tidy_offers_files_of_the_directory,
    gateway_answers_curl_under_names_of_models,
    ship_shrinks_explains_and_checks,
}

fn review_sends_the_change_with_the_question(test: &InstallContext<'_>) -> Result<()> {
    let shell = test.shell()?;
    let script = test.example("run")?.join("review.sh");
    let command = test.with_weft(cmd!(shell, "sh {script}"))?;
    let command = command.env("OPENAI_BASE_URL", test.api_base("ok"));
    let outcome = test.run(command, "-old\n+new\n")?;
    ensure!(outcome.exit == Some(0), "it ended with {:?}", outcome.exit);
    let messages = test.last_messages()?.to_string();
    for part in ["You review changes", "List the faults", "-old\\n+new"] {
        ensure!(messages.contains(part), "`{part}` is not in {messages}");
    }
    Ok(())
}

fn tidy_offers_files_of_the_directory(test: &InstallContext<'_>) -> Result<()> {
    let shell = test.shell()?;
    let example = test.example("run")?;
    with_address(&example, test.api_base("ok"))?;
    let script = example.join("tidy.sh");
    let notes = test.path("notes");
    fs::create_dir(&notes)?;
    let command = test.with_weft(cmd!(shell, "sh {script} {notes} 'Give every file a title.'"))?;
    test.run(command, "")?.printed("echo: Give every file a title.")?;
    let tools = test.last_request()?["tools"].to_string();
    for tool in ["read_file", "edit_file", "write_file"] {
        ensure!(tools.contains(tool), "`{tool}` is not offered: {tools}");
    }
    Ok(())
}

fn gateway_answers_curl_under_names_of_models(test: &InstallContext<'_>) -> Result<()> {
    let shell = test.shell()?;
    let example = test.example("serve")?;
    with_address(&example, test.api_base("ok"))?;
    let config = example.join("config.json");
    let command = cmd!(shell, "weft gateway --config {config} --listen 127.0.0.1:0");
    let gateway = Gateway::start(test.with_weft(command)?, &test.path("gateway.log"))?;
    let script = example.join("ask.sh");
    let url = gateway.url();
    for model in ["fast", "best"] {
        let command = test.with_weft(cmd!(shell, "sh {script} {url} {model} hello"))?;
        let outcome = test.run(command, "")?;
        ensure!(
            outcome.exit == Some(0) && outcome.stdout.contains("data: "),
            "`{model}`: it printed {}{}",
            outcome.stdout,
            outcome.stderr
        );
    }
    gateway.terminate(Duration::from_secs(10))?;
    Ok(())
}

fn ship_shrinks_explains_and_checks(test: &InstallContext<'_>) -> Result<()> {
    let shell = test.shell()?;
    let example = test.example("ship")?;
    let script = example.join("ship.sh");
    let input = test.path("app.wasm");
    let output = test.path("dist");
    fs::write(&input, MODULE)?;
    let ship = || -> Result<_> {
        let command = cmd!(shell, "sh {script} {input} {output}");
        test.run(test.with_weft(command)?, "")
    };
    let outcome = ship()?;
    ensure!(
        outcome.exit == Some(0),
        "it ended with {:?}: {}",
        outcome.exit,
        outcome.stderr
    );
    ensure!(
        names(&output)? == ["app.html", "app.named.wasm", "app.wasm"],
        "it wrote {:?}",
        names(&output)?
    );
    ensure!(
        outcome.stdout.contains("compute"),
        "it does not explain the function: {}",
        outcome.stdout
    );
    let size = fs::metadata(output.join("app.wasm"))?.len();
    ensure!(size < MODULE.len() as u64, "the file has {size} bytes");
    let budget = example.join("size-budget.toml");
    let text = fs::read_to_string(&budget)?.replace(" KB", " B");
    fs::write(&budget, text.replace("300", "30").replace("280", "28"))?;
    let outcome = ship()?;
    ensure!(
        outcome.exit == Some(1),
        "a file over its budget ended with {:?}",
        outcome.exit
    );
    Ok(())
}

/// Sets the address of the providers in an example's configuration.
fn with_address(example: &Path, address: String) -> Result<()> {
    let path: PathBuf = example.join("config.json");
    let text = fs::read_to_string(&path).context("the example has no configuration")?;
    let key = "\"api_key_env\"";
    ensure!(text.contains(key), "the example names no key");
    // Anthropic's dialect is not that of the scenario: the second model of the list answers.
    let address = format!("\"api_base\": \"{address}\", \"retries\": 0, {key}");
    Ok(fs::write(&path, text.replace(key, &address))?)
}
