//! The events of `--json`, which only the command prints.

use anyhow::{Result, ensure};
use serde_json::{Value, json};

use super::{
    cases,
    tools::{configure, workspace},
};
use crate::guests::context::GuestContext;

cases! {
    events:
    prints_calls_and_results_as_events,
}

fn prints_calls_and_results_as_events(test: &GuestContext<'_>) -> Result<()> {
    configure(test, &json!({"files": {}}))?;
    let work = workspace(test)?;
    let guest = test.compiled().workspace(work).arguments(&["--json"]);
    let script = "read_file {\"path\": \"a.txt\"}\nread_file {\"path\":\"none\"}";
    let outcome = guest.say(script)?;
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
        lines.len() == 5 && lines[0] == call && lines[1] == result,
        "it printed {lines:?}"
    );
    ensure!(
        lines[3]["is_error"] == true && lines[4]["text"] == "done: no such file or directory",
        "it printed {lines:?}"
    );
    ensure!(
        lines[4]["session"] == "default"
            && lines[4]["model"] == "gpt-4o-mini"
            && lines[4]["usage"].is_object(),
        "the answer is {}",
        lines[4]
    );
    Ok(())
}
