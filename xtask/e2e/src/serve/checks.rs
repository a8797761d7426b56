//! The cases of each host.

use std::{
    thread,
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result, ensure};
use serde_json::{Value, json};
use testkit::{KEY, contains_key, http};
use toolchain::Python;
use xshell::{Shell, cmd};

use super::context::{ServeContext, Server, TOKEN};

/// A case of each host.
#[derive(Debug)]
pub(super) struct Check {
    pub(super) name: &'static str,
    /// The heading of its column in the page.
    #[cfg_attr(not(test), expect(dead_code, reason = "the test of the page reads it"))]
    pub(super) title: &'static str,
    /// Whether it is about hosts that load the component.
    pub(super) loads: bool,
    pub(super) run: fn(&ServeContext<'_>) -> Result<()>,
}

const fn check(name: &'static str, title: &'static str, run: fn(&ServeContext<'_>) -> Result<()>) -> Check {
    Check {
        name,
        title,
        loads: true,
        run,
    }
}

/// All cases, in the order of the page.
pub(super) const CHECKS: [Check; 10] = [
    check("answers_health_and_checks_access", "health", health),
    check("whole_answer_is_passed_on", "chat", chat),
    check("stream_arrives_in_pieces", "stream", stream),
    check("silent_stream_has_comments", "silent provider", silent_provider),
    check("tools_are_passed_through", "tools", tools),
    check("slow_client_keeps_nobody_waiting", "slow client", slow_client),
    check(
        "cancelled_client_leaves_the_host_well",
        "cancelled client",
        cancelled_client,
    ),
    check(
        "hostile_provider_is_an_error_message",
        "hostile provider",
        hostile_provider,
    ),
    check("openai_client_in_both_modes", "openai-python", openai_client),
    Check {
        loads: false,
        ..check("host_does_not_load_component", "", host_does_not_load_component)
    },
];

/// The time in which an ordinary request is answered on a busy machine.
const SOON: Duration = Duration::from_secs(20);

/// The way in which a client gets an error.
#[derive(Clone, Copy, PartialEq, Eq)]
enum ErrorForm {
    Status,
    Event,
    /// With a reset, bytes may be lost that came before it: then there is no stream yet.
    Either,
}

/// Ways of a provider to fail, each with whether the client asks for a stream, and the form of the error that it gets.
const HOSTILE: [(&str, bool, ErrorForm); 15] = [
    ("garbage", false, ErrorForm::Status),
    ("truncated", false, ErrorForm::Status),
    ("reset", false, ErrorForm::Status),
    ("silent", false, ErrorForm::Status),
    ("stalled", false, ErrorForm::Status),
    ("endless-headers", false, ErrorForm::Status),
    ("endless-body", false, ErrorForm::Status),
    ("redirect", false, ErrorForm::Status),
    ("recorded-error-429-in-200.json", false, ErrorForm::Status),
    ("recorded-vllm-error.sse", true, ErrorForm::Status),
    ("recorded-llamacpp-error.sse", true, ErrorForm::Status),
    ("stream-cut", true, ErrorForm::Event),
    ("stream-reset", true, ErrorForm::Either),
    ("stream-stalled", true, ErrorForm::Event),
    ("endless-event", true, ErrorForm::Event),
];

fn health(test: &ServeContext<'_>) -> Result<()> {
    let server = test.serve(&["ok"])?;
    let status = |path: &str, token: Option<&str>| -> Result<u16> {
        Ok(http::get(&server.address, path, token)?.status)
    };
    ensure!(status("/healthz", None)? == 200 && status("/readyz", None)? == 200);
    ensure!(status("/v1/models", None)? == 401 && status("/v1/models", Some("wrong"))? == 401);
    let models = http::get(&server.address, "/v1/models", Some(TOKEN))?;
    ensure!(models.status == 200 && models.raw()?.contains(r#""id":"m""#));
    ensure!(status("/nothing", Some(TOKEN))? == 404);
    ensure!(status("/v1/chat/completions", Some(TOKEN))? == 405);
    let large = json!({ "messages": [{ "role": "user", "content": "x".repeat(4_000_001) }] });
    let refused = server.post("/v1/chat/completions", &large)?;
    ensure!(refused.status == 413, "a large body: {}", refused.status);
    Ok(())
}

fn chat(test: &ServeContext<'_>) -> Result<()> {
    let server = test.serve(&["ok"])?;
    let answer = server.chat("m", "hello", false)?;
    ensure!(answer.status == 200, "status {}", answer.status);
    ensure!(answer.head.contains("x-clawft-provider: ok"), "{}", answer.head);
    let body: Value = serde_json::from_str(&answer.raw()?)?;
    ensure!(
        body.pointer("/choices/0/message/content") == Some(&json!("echo: hello")),
        "{body}"
    );
    let [request] = &test.files().received(1)?[..] else {
        return Ok(());
    };
    ensure!(request.header("authorization")? == format!("Bearer {KEY}"));
    ensure!(
        request.json()?["messages"][0]["content"] == "hello",
        "{}",
        request.body
    );
    ensure!(!contains_key(&body.to_string(), KEY));
    Ok(())
}

fn stream(test: &ServeContext<'_>) -> Result<()> {
    let server = test.serve(&["stream-slow"])?;
    let mut answer = server.chat("m", "one two three", true)?;
    ensure!(
        answer.head.contains("content-type: text/event-stream"),
        "{}",
        answer.head
    );
    let (mut arrivals, mut last, mut text) = (Vec::new(), String::new(), String::new());
    while let Some(data) = answer.event()? {
        arrivals.push(Instant::now());
        if let Ok(event) = serde_json::from_str::<Value>(&data) {
            let piece = event.pointer("/choices/0/delta/content").and_then(Value::as_str);
            text.push_str(piece.unwrap_or_default());
        }
        last = data;
    }
    ensure!(
        last == "[DONE]" && text == "echo: one two three",
        "`{text}`, then `{last}`"
    );
    let gaps = arrivals.windows(2).map(|pair| pair[1] - pair[0]);
    let waits = gaps.filter(|gap| *gap >= Duration::from_millis(150)).count();
    ensure!(waits >= 2, "all events arrived at once");
    Ok(())
}

fn silent_provider(test: &ServeContext<'_>) -> Result<()> {
    // Comments come every 15 seconds.
    let server = test.serve_patiently(&["stream-stalled"], 20)?;
    let answer = server.chat("m", "hello", true)?;
    let status = answer.status;
    let body = answer.raw()?;
    let comment = body.find("\n: waiting for the model\n\n");
    let error = body.find(r#"{"error":{"message":""#);
    ensure!(
        status == 200 && comment.is_some() && comment < error,
        "status {status}: {body}"
    );
    Ok(())
}

fn tools(test: &ServeContext<'_>) -> Result<()> {
    let server = test.serve(&["tools"])?;
    let tool =
        json!({ "type": "function", "function": { "name": "weather", "parameters": { "type": "object" } } });
    let question = json!({ "role": "user", "content": "weather {\"city\":\"Paris\"}" });
    let ask = |messages: Value, stream: bool| -> Result<String> {
        let body = json!({ "model": "m", "stream": stream, "tools": [tool], "messages": messages });
        server.post("/v1/chat/completions", &body)?.raw()
    };
    let streamed = ask(json!([question]), true)?;
    ensure!(streamed.contains(r#""name":"weather""#), "{streamed}");
    let answer: Value = serde_json::from_str(&ask(json!([question]), false)?)?;
    let message = &answer["choices"][0]["message"];
    let call = &message["tool_calls"][0];
    ensure!(call["function"]["arguments"] == r#"{"city":"Paris"}"#, "{answer}");
    let result = json!({ "role": "tool", "tool_call_id": call["id"], "content": "sunny" });
    let last = ask(json!([question, message, result]), false)?;
    ensure!(last.contains("done: sunny"), "{last}");
    Ok(())
}

fn slow_client(test: &ServeContext<'_>) -> Result<()> {
    let server = test.serve(&["ok", "large"])?;
    let mut slow = server.chat("large/m", "much", false)?;
    ensure!(slow.status == 200, "status {}", slow.status);
    for _ in 0..3 {
        slow.skip(16 * 1024)?;
        thread::sleep(Duration::from_millis(300));
        is_well(&server)?;
    }
    let rest = slow.skip(usize::MAX)?;
    ensure!(rest > 8_000_000, "the answer has only {rest} more bytes");
    Ok(())
}

fn cancelled_client(test: &ServeContext<'_>) -> Result<()> {
    let server = test.serve(&["ok", "stream-endless", "silent", "large"])?;
    for model in ["stream-endless/m", "stream-endless/m", "large/m"] {
        let mut answer = server.chat(model, "much", model != "large/m")?;
        answer.skip(1000)?;
        drop(answer);
        is_well(&server)?;
    }
    // This one is gone before there is an answer.
    let body = json!({ "model": "silent/m", "messages": [] }).to_string();
    drop(http::post_only(
        &server.address,
        "/v1/chat/completions",
        TOKEN,
        &body,
    )?);
    is_well(&server)
}

fn hostile_provider(test: &ServeContext<'_>) -> Result<()> {
    let mut scenarios = vec!["ok"];
    scenarios.extend(HOSTILE.iter().map(|(scenario, ..)| *scenario));
    let server = test.serve(&scenarios)?;
    for (scenario, stream, form) in HOSTILE {
        let begun = Instant::now();
        let answer = server.chat(&format!("{scenario}/m"), "hello", stream)?;
        let status = answer.status;
        let body = answer.raw().with_context(|| format!("{scenario}: no end"))?;
        ensure!(begun.elapsed() < SOON, "{scenario}: {:?}", begun.elapsed());
        let arrived = if status == 200 {
            ErrorForm::Event
        } else {
            ErrorForm::Status
        };
        ensure!(
            form == arrived || form == ErrorForm::Either,
            "{scenario}: status {status}: {body}"
        );
        ensure!(body.contains(r#"{"error":{""#), "{scenario}: no error: {body}");
        ensure!(!contains_key(&body, KEY), "{scenario}: shows the key");
    }
    is_well(&server)
}

fn openai_client(test: &ServeContext<'_>) -> Result<()> {
    let server = test.serve(&["stream-slow"])?;
    let python = toolchain::python(&test.fixture.project, Python::Acceptance)?.join("python3");
    let script = test.fixture.project.root.join("xtask/acceptance/serve_client.py");
    let shell = Shell::new()?;
    let url = format!("http://{}/v1", server.address);
    // `-B`: no compiled Python files are written into the checkout.
    let command = cmd!(shell, "{python} -B {script} {url}").env("OPENAI_API_KEY", TOKEN);
    let outcome = test.files().run(command, b"", Duration::from_secs(120))?;
    ensure!(
        outcome.exit == Some(0) && outcome.stdout == "whole: echo: hello\nstream: echo: hello\n",
        "{}{}",
        outcome.stdout,
        outcome.stderr
    );
    Ok(())
}

fn host_does_not_load_component(test: &ServeContext<'_>) -> Result<()> {
    let printed = test.refusal()?;
    ensure!(
        printed.contains("failed to parse WebAssembly module"),
        "the host ends for another reason: {printed}"
    );
    Ok(())
}

/// Checks that the host answers an ordinary request soon.
fn is_well(server: &Server) -> Result<()> {
    let begun = Instant::now();
    let answer = server.chat("ok/m", "hello", false)?;
    ensure!(answer.status == 200, "status {}", answer.status);
    ensure!(answer.raw()?.contains("echo: hello"));
    ensure!(
        begun.elapsed() < SOON,
        "an ordinary request took {:?}",
        begun.elapsed()
    );
    Ok(())
}
