//! The chat page in a real browser, used as by a person. The tests are in `xtask/acceptance/page.py`, and their
//! screenshots in `target/acceptance/`.

use std::fs;

use anyhow::{Context as _, Result, ensure};
use devkit::cmd;
use serde_json::{Value, json};

use super::cases;
use crate::weft::context::WeftContext;

cases! {
    page:
    answer_arrives_and_survives_reload,
    asks_once_for_the_right_token,
    stopped_answer_keeps_what_arrived,
    everything_works_by_keyboard,
    dark_mode_fits_a_phone,
    shows_model_output_as_text,
    shows_answer_with_formatting,
    shows_errors_and_retries_them,
    ignores_fragment_that_is_no_text,
    marks_answer_that_is_not_stored,
    shows_markdown_as_models_write_it,
    known_attacks_stay_text,
    makes_answers_again_on_request,
    keeps_answer_if_provider_fails,
    asks_for_permission_of_calls,
    shows_what_other_windows_said,
    keeps_conversations_in_order,
    joins_answer_that_is_running,
    sends_settings_with_each_message,
    sends_pictures_with_a_message,
    logs_out_and_forgets_conversations,
    folds_reasoning_and_tools,
    shows_long_conversations_without_delay,
    pictures_of_showcase_are_made,
    libraries_are_those_of_the_registry,
}

fn answer_arrives_and_survives_reload(test: &WeftContext<'_>) -> Result<()> {
    let gateway = test.gateway("stream-slow")?;
    test.page("talk", &gateway)
}

fn asks_once_for_the_right_token(test: &WeftContext<'_>) -> Result<()> {
    let gateway = test.gateway_with_token("ok")?;
    test.page("token", &gateway)
}

/// The part of the answer that arrived is also stored, and the request to the provider is ended.
fn stopped_answer_keeps_what_arrived(test: &WeftContext<'_>) -> Result<()> {
    let gateway = test.gateway("stream-slow")?;
    test.page("stop", &gateway)?;
    let files = test.session_files()?;
    let name = files
        .iter()
        .find_map(|name| name.strip_suffix(".json"))
        .context("no session is stored")?;
    let session = test.session(name)?;
    let last = session["messages"]
        .as_array()
        .and_then(|messages| messages.last())
        .cloned();
    let incomplete = last
        .as_ref()
        .is_some_and(|message| message["incomplete"] == json!(true));
    ensure!(incomplete, "the stopped answer is stored as {last:?}");
    Ok(())
}

fn everything_works_by_keyboard(test: &WeftContext<'_>) -> Result<()> {
    let gateway = test.gateway("stream-slow")?;
    test.page("keyboard", &gateway)
}

fn dark_mode_fits_a_phone(test: &WeftContext<'_>) -> Result<()> {
    let gateway = test.gateway("ok")?;
    test.page("phone", &gateway)
}

fn shows_model_output_as_text(test: &WeftContext<'_>) -> Result<()> {
    let gateway = test.gateway("ok")?;
    test.page("hostile", &gateway)
}

fn shows_answer_with_formatting(test: &WeftContext<'_>) -> Result<()> {
    let gateway = test.gateway("ok")?;
    test.page("formatting", &gateway)
}

fn shows_errors_and_retries_them(test: &WeftContext<'_>) -> Result<()> {
    let gateway = test.gateway("recovers")?;
    test.page("errors", &gateway)
}

fn ignores_fragment_that_is_no_text(test: &WeftContext<'_>) -> Result<()> {
    let gateway = test.gateway("ok")?;
    test.page("fragment", &gateway)
}

fn marks_answer_that_is_not_stored(test: &WeftContext<'_>) -> Result<()> {
    test.configure("ok")?;
    let gateway = test.start_without_room()?;
    test.page("unstored", &gateway)
}

fn shows_markdown_as_models_write_it(test: &WeftContext<'_>) -> Result<()> {
    let gateway = test.gateway("ok")?;
    test.page("markdown", &gateway)
}

/// Returns a conversation in which each of the texts is an answer.
fn answers<'t>(texts: impl Iterator<Item = &'t str>) -> Vec<Value> {
    let turn = |text| {
        [
            json!({ "role": "user", "content": "Please." }),
            json!({ "role": "assistant", "content": text }),
        ]
    };
    texts.flat_map(turn).collect()
}

/// The answers are stored ones, because the mock's would wait for a message each.
fn known_attacks_stay_text(test: &WeftContext<'_>) -> Result<()> {
    let payloads = include_str!("../../../../acceptance/payloads.txt");
    test.store_session("payloads", &answers(payloads.split("\n%\n")))?;
    let gateway = test.gateway("ok")?;
    test.page("payloads", &gateway)
}

fn makes_answers_again_on_request(test: &WeftContext<'_>) -> Result<()> {
    let gateway = test.gateway("ok")?;
    test.page("again", &gateway)
}

fn keeps_answer_if_provider_fails(test: &WeftContext<'_>) -> Result<()> {
    let messages = [
        json!({ "role": "user", "content": "a question" }),
        json!({ "role": "assistant", "content": "the only answer" }),
    ];
    test.store_session("kept", &messages)?;
    let gateway = test.gateway("status-500")?;
    test.page("refused", &gateway)
}

fn asks_for_permission_of_calls(test: &WeftContext<'_>) -> Result<()> {
    test.configure("tools")?;
    test.offer_tools(json!({ "notes": true, "permissions": { "remember": "ask" } }))?;
    let gateway = test.start_with_token()?;
    test.page("permission", &gateway)
}

fn shows_what_other_windows_said(test: &WeftContext<'_>) -> Result<()> {
    let gateway = test.gateway("ok")?;
    test.page("elsewhere", &gateway)
}

fn keeps_conversations_in_order(test: &WeftContext<'_>) -> Result<()> {
    let gateway = test.gateway("ok")?;
    test.page("conversations", &gateway)
}

fn joins_answer_that_is_running(test: &WeftContext<'_>) -> Result<()> {
    let gateway = test.gateway("stream-slow")?;
    test.page("joins", &gateway)
}

fn sends_settings_with_each_message(test: &WeftContext<'_>) -> Result<()> {
    let gateway = test.gateway("ok")?;
    test.page("settings", &gateway)?;
    let requests = test.requests()?;
    let sent = requests
        .iter()
        .find(|request| request.body.contains("hello"))
        .context("the provider got no message")?;
    let body: Value = serde_json::from_str(&sent.body).context("the provider got no JSON")?;
    let expected = json!({ "role": "system", "content": "Answer briefly." });
    ensure!(
        body["messages"][0] == expected && body["temperature"] == json!(0.3),
        "the provider got {body}"
    );
    Ok(())
}

fn sends_pictures_with_a_message(test: &WeftContext<'_>) -> Result<()> {
    let gateway = test.gateway("ok")?;
    test.page("images", &gateway)?;
    let requests = test.requests()?;
    let sent = requests
        .iter()
        .find(|request| request.body.contains("two pictures"))
        .context("the provider got no message")?;
    let count = sent.body.matches("data:image/png;base64,iVBOR").count();
    ensure!(count == 2, "the provider got {count} pictures");
    Ok(())
}

fn logs_out_and_forgets_conversations(test: &WeftContext<'_>) -> Result<()> {
    let gateway = test.gateway_with_token("ok")?;
    test.page("logout", &gateway)
}

fn folds_reasoning_and_tools(test: &WeftContext<'_>) -> Result<()> {
    let call = |id: &str, path: &str| json!({ "id": id, "name": "read_file", "arguments": json!({ "path": path }).to_string() });
    let messages = [
        json!({ "role": "user", "content": "What is the version?" }),
        json!({
            "role": "assistant",
            "content": "",
            "reasoning": [{ "type": "thinking", "thinking": "I should look at the file." }],
            "tool_calls": [call("1", "Cargo.toml"), call("2", "VERSION")],
        }),
        json!({ "role": "tool", "tool_call_id": "1", "content": "[package]\nversion = \"1.2.3\"" }),
        json!({ "role": "tool", "tool_call_id": "2", "content": "there is no such file", "is_error": true }),
        json!({ "role": "assistant", "content": "The version is **1.2.3**." }),
    ];
    test.store_session("tools", &messages)?;
    let gateway = test.gateway("capable")?;
    test.page("reasoning", &gateway)
}

/// A text with most of what Markdown has.
const LONG_ANSWER: &str = "\
Yes, **that** works: use `cargo build`, and see [the documentation](https://example.com/).

| a | b |
|---|--:|
| x | 1 |

- one
  - two

```rust
fn main() {}
```

It takes $O(n \\log n)$.";

fn shows_long_conversations_without_delay(test: &WeftContext<'_>) -> Result<()> {
    test.store_session("long", &answers([LONG_ANSWER; 300].into_iter()))?;
    let gateway = test.gateway("ok")?;
    test.page("speed", &gateway)
}

/// The pictures are `target/acceptance/picture-*.png`.
fn pictures_of_showcase_are_made(test: &WeftContext<'_>) -> Result<()> {
    for (id, question) in [
        ("fruit", "Which apples are good for a pie?"),
        ("wasi", "What is a WASI component?"),
    ] {
        let answer = json!({ "role": "assistant", "content": "It depends." });
        test.store_session(id, &[json!({ "role": "user", "content": question }), answer])?;
    }
    let arguments = json!({ "path": "bench.toml" }).to_string();
    let messages = [
        json!({ "role": "user", "content": "Is the new build ready for a release?" }),
        json!({
            "role": "assistant",
            "content": "",
            "reasoning": [{ "type": "thinking", "thinking": "The file with the measured times has the answer." }],
            "tool_calls": [{ "id": "1", "name": "read_file", "arguments": arguments }],
        }),
        json!({ "role": "tool", "tool_call_id": "1", "content": "[startup]\nwasmtime = 12\nwamr = 3" }),
        json!({ "role": "assistant", "content": include_str!("../../../../acceptance/showcase.md") }),
    ];
    test.store_session("showcase", &messages)?;
    let gateway = test.gateway("ok")?;
    test.page("pictures", &gateway)
}

/// Bundles the packages again, and compares them with the files of the page. With `BLESS=1` it replaces those.
fn libraries_are_those_of_the_registry(test: &WeftContext<'_>) -> Result<()> {
    let project = test.project();
    let script = project.root.join("xtask/acceptance/page_libraries.mjs");
    let kept = project.root.join("crates/weft-gateway/src/page/libraries");
    let made = match std::env::var_os("BLESS") {
        Some(_) => kept.clone(),
        None => test.home(),
    };
    let shell = test.shell()?;
    let packages = &test.fixture.page_packages;
    cmd::run(
        xshell::cmd!(shell, "node {script} {packages} {made}"),
        "bundle the libraries of the page",
    )?;
    for entry in fs::read_dir(&kept).context("could not list the libraries")? {
        let path = entry?.path();
        let again = made.join(path.file_name().unwrap_or_default());
        ensure!(
            fs::read(&path)? == fs::read(&again)?,
            "`{}` is not made of the packages in xtask/data/node/page: run this case with BLESS=1",
            path.display()
        );
    }
    Ok(())
}
