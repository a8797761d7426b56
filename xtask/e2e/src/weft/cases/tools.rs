//! Tools that the model calls through `weft chat`: the built-in ones, and those of servers that others wrote.

use std::fs;

use anyhow::{Context as _, Result, ensure};
use serde_json::{Value, json};
use testkit::Outcome;

use super::cases;
use crate::{
    mcp_servers::{self, Servers},
    weft::context::WeftContext,
};

cases! {
    tools:
    reads_a_file_changes_it_and_reports,
    prints_calls_and_results_as_events,
    keeps_configuration_out_of_reach,
    tells_the_model_of_declined_calls,
    calls_servers_of_tools,
    calls_servers_of_each_revision,
    servers_that_are_down_cost_warnings,
}

/// Configures a provider that calls the tools in the lines of a message, and `tools`.
fn configure(test: &WeftContext<'_>, tools: &Value) -> Result<()> {
    test.configure("tools")?;
    let path = test.home().join("config.json");
    let mut config: Value = serde_json::from_slice(&fs::read(&path)?)?;
    config["tools"] = tools.clone();
    config["marker"] = json!("CONFIG-SECRET");
    fs::write(&path, config.to_string()).context("could not write the configuration")
}

/// Makes a workspace with `a.txt`, and returns its path.
fn workspace(test: &WeftContext<'_>) -> Result<String> {
    let path = test.home().with_file_name("work");
    fs::create_dir_all(&path)?;
    fs::write(path.join("a.txt"), "one\ntwo\n")?;
    Ok(path.display().to_string())
}

/// Lets the model make the calls in the lines of `script`; fails unless that succeeds.
fn chat(test: &WeftContext<'_>, options: &[&str], script: &str) -> Result<Outcome> {
    let outcome = test.weft(&[&["chat"], options, &["-"]].concat(), script)?;
    ensure!(
        outcome.exit == Some(0),
        "it ended with {:?}: {}",
        outcome.exit,
        outcome.stderr
    );
    Ok(outcome)
}

/// Returns the results of tools in the last request.
fn results(test: &WeftContext<'_>) -> Result<Vec<String>> {
    let request = test.requests()?.pop().context("nothing was sent")?.json()?;
    let messages = request["messages"].as_array().context("there are no messages")?;
    let content = |message: &Value| message["content"].as_str().unwrap_or_default().to_owned();
    Ok(messages
        .iter()
        .filter(|message| message["role"] == "tool")
        .map(content)
        .collect())
}

/// Checks that there is a result with each of `parts`, in this order.
fn has(results: &[String], parts: &[&str]) -> Result<()> {
    ensure!(results.len() == parts.len(), "the results are {results:?}");
    for (result, part) in results.iter().zip(parts) {
        ensure!(result.contains(part), "`{part}` is not in `{result}`");
    }
    Ok(())
}

const SCRIPT: &str = "read_file {\"path\":\"a.txt\"}\n\
    edit_file {\"path\":\"a.txt\",\"old_text\":\"two\",\"new_text\":\"three\"}\n\
    read_file {\"path\":\"a.txt\"}";

fn reads_a_file_changes_it_and_reports(test: &WeftContext<'_>) -> Result<()> {
    configure(
        test,
        &json!({"files": {"write": true}, "permissions": {"edit_file": "allow"}}),
    )?;
    let work = workspace(test)?;
    let outcome = chat(test, &["--workspace", &work], SCRIPT)?;
    outcome.printed("done: one\nthree\n")?;
    outcome.said(&["tool: read_file a.txt\ntool: edit_file a.txt\ntool: read_file a.txt\n"])?;
    ensure!(fs::read_to_string(format!("{work}/a.txt"))? == "one\nthree\n");
    Ok(())
}

fn prints_calls_and_results_as_events(test: &WeftContext<'_>) -> Result<()> {
    configure(
        test,
        &json!({"files": {"write": true}, "permissions": {"edit_file": "allow"}}),
    )?;
    let work = workspace(test)?;
    let outcome = chat(test, &["--json", "--workspace", &work], SCRIPT)?;
    let lines: Vec<Value> = outcome
        .stdout
        .lines()
        .map(serde_json::from_str)
        .collect::<Result<_, _>>()?;
    let call =
        json!({"event": "call", "id": "call_0_0", "tool": "read_file", "arguments": {"path": "a.txt"}});
    let result = json!({"event": "result", "id": "call_0_0", "tool": "read_file", "is_error": false,
        "content": "one\ntwo\n"});
    ensure!(
        lines.len() == 7 && lines[0] == call && lines[1] == result,
        "it printed {lines:?}"
    );
    ensure!(
        lines[6]["text"] == "done: one\nthree\n" && lines[6].get("event").is_none(),
        "the last line is {}",
        lines[6]
    );
    Ok(())
}

fn keeps_configuration_out_of_reach(test: &WeftContext<'_>) -> Result<()> {
    configure(
        test,
        &json!({"files": {"write": true}, "permissions": {"*": "allow"}}),
    )?;
    let work = workspace(test)?;
    let config = test.home().join("config.json");
    fs::hard_link(&config, format!("{work}/hard.json"))?;
    #[cfg(unix)]
    {
        use std::os::unix::fs::symlink;
        symlink("../home/config.json", format!("{work}/relative.json"))?;
        symlink(&config, format!("{work}/absolute.json"))?;
        symlink("../home", format!("{work}/directory"))?;
        symlink("/proc/self/environ", format!("{work}/environment"))?;
    }
    let before = fs::read(&config)?;
    let above = test.home().with_file_name("");
    let above = above.display().to_string();
    let whole = config.display().to_string();
    let from_beside = [
        "../home/config.json",
        "a/../../home/config.json",
        "hard.json",
        "relative.json",
        "absolute.json",
        "directory/config.json",
        "environment",
        "..\\home\\config.json",
        "%2e%2e/home/config.json",
        whole.as_str(),
    ];
    let from_above = [
        "home/config.json",
        "home//./config.json",
        "home/config.json/",
        "work/../home/config.json",
        "work/hard.json",
        "work/relative.json",
        "work/directory/config.json",
        "Home/Config.json",
        "home/sessions/default.json",
        "home/sessions",
    ];
    for (workspace, paths) in [(&work, from_beside), (&above, from_above)] {
        let calls = paths.map(|path| format!("read_file {}", json!({ "path": path })));
        let session = format!("s{}", workspace.len());
        chat(
            test,
            &["--session", &session, "--workspace", workspace],
            &calls.join(";;"),
        )?;
        let results = results(test)?;
        ensure!(results.len() == paths.len(), "the results are {results:?}");
        for (path, result) in paths.iter().zip(&results) {
            let refusals = [
                "belongs to the configuration",
                "outside of the workspace",
                "symbolic link",
                "no such file",
                "not supported",
            ];
            let refused = refusals.iter().any(|refusal| result.contains(refusal));
            ensure!(refused, "`{path}` returned `{result}`");
        }
    }
    let script = "search_files {\"text\":\"CONFIG-SECRET\"}\n\
        write_file {\"path\":\"home/config.json\",\"content\":\"{}\"};;delete_file {\"path\":\"home/config.json\"}";
    chat(test, &["--workspace", &above], script)?;
    let results = results(test)?;
    has(&results, &["", "belongs to", "belongs to"])?;
    // The message itself is in a file of the case.
    let is_config = |line: &str| line.starts_with("home/");
    ensure!(
        !results[0].lines().any(is_config),
        "the search found `{}`",
        results[0]
    );
    ensure!(fs::read(&config)? == before, "the configuration has changed");
    Ok(())
}

fn tells_the_model_of_declined_calls(test: &WeftContext<'_>) -> Result<()> {
    configure(
        test,
        &json!({"files": {"write": true}, "run_command": true, "permissions": {"read_file": "deny"}}),
    )?;
    let work = workspace(test)?;
    let script = "write_file {\"path\":\"b.txt\",\"content\":\"x\"};;read_file {\"path\":\"a.txt\"};;\
        run_command {\"command\":\"id\"}";
    chat(test, &["--workspace", &work], script)?;
    let mut results = results(test)?;
    results.sort();
    has(
        &results,
        &[
            "there is no such tool",
            "there is no such tool",
            "no terminal to ask at",
        ],
    )
}

fn calls_servers_of_tools(test: &WeftContext<'_>) -> Result<()> {
    let servers = Servers::find(test.project())?;
    let directory = test.home().with_file_name("files");
    fs::create_dir_all(&directory)?;
    let file = directory.join("a.txt");
    let behind = servers.start_python(&test.shell()?, &test.home().join("python.log"))?;
    configure(
        test,
        &json!({"mcp": {"everything": servers.everything(), "files": servers.files(&directory),
            "python": {"url": behind.url, "timeout_secs": 60}}, "permissions": {"mcp.*": "allow"}}),
    )?;
    let script = format!(
        "mcp__everything__echo {};;mcp__python__add {}\nmcp__files__write_file {}\nmcp__files__read_text_file {}\n\
        mcp__files__read_text_file {}",
        json!({"message": "hi"}),
        json!({"a": 2, "b": 40}),
        json!({"path": file, "content": "three"}),
        json!({ "path": file }),
        json!({"path": "/etc/hostname"}),
    );
    chat(test, &[], &script)?;
    has(&results(test)?, &["Echo: hi", "42", "", "three", "Access denied"])
}

/// Each server names the revision that it speaks in one answer.
fn calls_servers_of_each_revision(test: &WeftContext<'_>) -> Result<()> {
    let servers = Servers::find(test.project())?;
    let log = |name: &str| test.home().join(name);
    let logged = |name: &str, server: &Value| mcp_servers::logged(server, &log(name));
    configure(
        test,
        &json!({"mcp": {
            "stateless": logged("stateless", &servers.python()),
            "everything": logged("everything", &servers.everything()),
            "older": logged("older", &servers.older(test.project())?),
        }, "permissions": {"mcp.*": "allow"}}),
    )?;
    let script = "mcp__stateless__add {\"a\":1,\"b\":1};;mcp__everything__echo {\"message\":\"hi\"};;\
        mcp__older__add {\"a\":2,\"b\":40};;mcp__older__fail {}";
    chat(test, &[], script)?;
    has(&results(test)?, &["2", "Echo: hi", "42", "it went wrong"])?;
    for (name, revision) in [
        ("stateless", json!(["2026-07-28"])),
        ("everything", json!("2025-11-25")),
        ("older", json!("2025-06-18")),
    ] {
        let lines = fs::read_to_string(log(name))?;
        let answers = lines
            .lines()
            .filter_map(|line| serde_json::from_str::<Value>(line).ok());
        let named: Vec<Value> = answers
            .flat_map(|answer| {
                ["supportedVersions", "protocolVersion"].map(|field| answer["result"][field].clone())
            })
            .filter(|found| !found.is_null())
            .collect();
        ensure!(named == [revision], "`{name}` answered {lines}");
    }
    Ok(())
}

fn servers_that_are_down_cost_warnings(test: &WeftContext<'_>) -> Result<()> {
    configure(
        test,
        &json!({"files": {}, "mcp": {"down": {"url": "http://127.0.0.1:1/mcp"},
            "missing": {"command": "/no/such/program"}}}),
    )?;
    let work = workspace(test)?;
    let outcome = chat(test, &["--workspace", &work], "read_file {\"path\":\"a.txt\"}")?;
    outcome.printed("done: one\ntwo\n")?;
    outcome.said(&["MCP server `down`: ", "MCP server `missing`: "])
}
