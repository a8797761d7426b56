//! `weft chat` with one message: output, stored session and error messages.

use std::{fs, io::Read as _, thread, time::Duration};

use clawft_types::Role;
use serde_json::{Value, json};

use crate::common::{Home, Run};

#[test]
fn prints_answers_and_continues_the_session() {
    let home = Home::new("ok");
    assert_eq!(home.run(&["chat", "Hello there"]).result(), "echo: Hello there\n");
    assert_eq!(
        home.run_with(&["agent", "-"], "from a pipe\n").result(),
        "echo: from a pipe\n"
    );
    let session = home.session("default");
    let said: Vec<_> = session
        .messages
        .iter()
        .map(|message| (message.role, message.content.as_str()))
        .collect();
    assert_eq!(
        said,
        [
            (Role::User, "Hello there"),
            (Role::Assistant, "echo: Hello there"),
            (Role::User, "from a pipe"),
            (Role::Assistant, "echo: from a pipe"),
        ]
    );
    assert!(!session.messages.iter().any(|message| message.incomplete));
}

#[test]
fn json_has_usage_and_finish_reason() {
    let home = Home::new("ok");
    let arguments = [
        "chat",
        "--json",
        "--no-stream",
        "--session",
        "other",
        "--model",
        "another",
    ];
    let said = home
        .run_with(&arguments, r#"{"role":"user","content":"Hello!"}"#)
        .result();
    let said: Value = serde_json::from_str(&said).unwrap();
    assert_eq!(
        said,
        json!({
            "session": "other", "model": "another", "text": "echo: Hello!", "finish_reason": "stop",
            "usage": { "prompt_tokens": 9, "completion_tokens": 2, "total_tokens": 11 },
        })
    );
    assert_eq!(home.session("other").messages.len(), 2);
}

#[test]
fn streams_answer_while_it_arrives() {
    let home = Home::new("stream-slow");
    let mut child = home.spawn(&["chat", "one two three four five"]);
    let mut first = [0; 6];
    child.stdout.as_mut().unwrap().read_exact(&mut first).unwrap();
    assert_eq!(&first, b"echo: ");
    assert!(child.try_wait().unwrap().is_none(), "the rest is still to come");
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.stdout, b"one two three four five\n");
}

#[test]
fn configuration_turns_streaming_off() {
    let home = Home::new("stream-cut");
    let mut config: Value = serde_json::from_slice(&fs::read(home.path("config.json")).unwrap()).unwrap();
    config["agents"]["stream"] = json!(false);
    home.configure(&config);
    // Of an answer that is not shown while it arrives, a part is worth nothing.
    let said = home.run(&["chat", "one two three four"]).failure(1);
    assert!(
        said.starts_with("error: HTTP unavailable: the answer ended early; "),
        "{said}"
    );
}

#[test]
fn keeps_received_part_of_broken_stream() {
    for (scenario, cause) in [
        ("stream-cut", "HTTP unavailable: the answer ended early"),
        (
            "stream-reset",
            "HTTP unavailable: the response broke off, the connection was closed",
        ),
        (
            "stream-stalled",
            "Request timed out after 2 s without a byte of the answer (`idle_timeout_secs`)",
        ),
    ] {
        let home = Home::new(scenario);
        let run = home.run(&["chat", "one two three four"]);
        assert_eq!((run.code, run.stdout.as_str()), (3, "echo: one two \n"));
        let warning = format!("warning: the answer is incomplete: {cause}; provider `openai` at `127.0.0.1:");
        assert!(run.stderr.starts_with(&warning), "{}", run.stderr);
        let answer = home.session("default").messages.pop().unwrap();
        assert_eq!(
            (answer.content.as_str(), answer.incomplete),
            ("echo: one two ", true)
        );
        let run = home.run(&["chat", "--json", "one two three four"]);
        let json: Value = serde_json::from_str(&run.stdout).unwrap();
        let shown = json["incomplete"].as_str().unwrap();
        assert!(run.code == 3 && shown.starts_with(cause), "{shown}");
    }
}

#[test]
fn reports_errors_like_the_component() {
    for (scenario, code, words) in [
        (
            "status-401",
            4,
            "Invalid API key: AT answered 401, the key was read from the variable `TEST_KEY`",
        ),
        (
            "status-403",
            1,
            "AT answered 403, check the rights of the account: ",
        ),
        (
            "status-400",
            1,
            "AT answered 400, check the model and its settings under `agents`: ",
        ),
        (
            "status-503",
            1,
            "AT answered 503 in the last of 2 attempts, try again later: ",
        ),
        (
            "silent",
            1,
            "Request timed out after 2 s; AT, check `timeout_secs`",
        ),
        (
            "stalled",
            1,
            "Request timed out after 2 s without a byte of the answer (`idle_timeout_secs`); AT",
        ),
        (
            "trickle",
            1,
            "Request timed out after 2 s (`total_timeout_secs`); AT",
        ),
        (
            "reset",
            1,
            "HTTP unavailable: the connection was closed; AT, check `api_base` and the server\n",
        ),
        (
            "truncated",
            1,
            "HTTP unavailable: the response broke off, the response is incomplete; AT",
        ),
        (
            "endless-headers",
            1,
            "HTTP unavailable: client error (SendRequest): message head is too large; AT",
        ),
        (
            "redirect",
            1,
            "AT answered 307, check `api_base`: redirects are not followed, this one leads to `127.0.0.1",
        ),
        ("gzip", 1, "AT sent something else than a chat completion"),
        ("garbage", 1, "AT sent something else than a chat completion"),
        ("deep-json", 1, "AT sent something else than a chat completion"),
        (
            "endless-body",
            1,
            "HTTP response larger than the limit of 10000000 bytes (`max_response_bytes`); AT\n",
        ),
    ] {
        let home = Home::new(scenario);
        if scenario == "trickle" {
            let text = fs::read_to_string(home.path("config.json")).unwrap();
            let text = text.replace("\"retries\"", "\"total_timeout_secs\":2,\"retries\"");
            fs::write(home.path("config.json"), text).unwrap();
        }
        let said = home.run(&["chat", "Hello!"]).failure(code);
        let config: Value = serde_json::from_slice(&fs::read(home.path("config.json")).unwrap()).unwrap();
        let base = config["providers"]["providers"]["openai"]["api_base"]
            .as_str()
            .unwrap();
        let url = base.strip_prefix("http://").unwrap();
        let words = words.replace("AT", &format!("provider `openai` at `{url}/chat/completions`"));
        assert!(said.starts_with(&format!("error: {words}")), "{scenario}: {said}");
        assert_eq!(said.lines().count(), 1, "{said}");
        assert!(
            !home.path("sessions").exists(),
            "nothing is stored without an answer"
        );
    }
}

#[test]
fn retries_failures_that_are_temporary() {
    for scenario in ["recovers", "reset-then-ok"] {
        assert_eq!(Home::new(scenario).run(&["chat", "Hi"]).result(), "echo: Hi\n");
    }
}

#[test]
fn names_cause_of_unreachable_server() {
    for (base, cause) in [
        (
            "http://127.0.0.1:1/v1",
            "connection refused; provider `openai` at `127.0.0.1:1/v1/chat/completions`",
        ),
        (
            "https://no-such-host.invalid/v1",
            "the host name could not be resolved (",
        ),
    ] {
        let said = Home::with_base(base).run(&["chat", "Hello!"]).failure(1);
        assert!(
            said.starts_with(&format!("error: HTTP unavailable: {cause}")),
            "{said}"
        );
    }
}

#[test]
fn rejects_messages_that_are_invalid() {
    let home = Home::new("ok");
    assert!(
        home.run_with(&["chat"], " \n")
            .failure(1)
            .starts_with("error: the message is empty")
    );
    let said = home
        .run(&["chat", r#"{"role":"system","content":"x"}"#])
        .failure(1);
    assert!(
        said.starts_with("error: the message is not usable: role: "),
        "{said}"
    );
}

#[test]
fn stores_answer_whose_reader_is_gone() {
    let home = Home::new("stream-slow");
    let mut child = home.spawn(&["chat", "one two three"]);
    drop(child.stdout.take());
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success() && output.stderr.is_empty());
    assert_eq!(home.session("default").messages[1].content, "echo: one two three");
}

#[test]
fn keeps_damaged_session_aside() {
    for (scenario, code) in [("status-400", 1), ("ok", 0)] {
        let home = Home::new(scenario);
        fs::create_dir(home.path("sessions")).unwrap();
        fs::write(home.path("sessions/default.json"), "{").unwrap();
        let run = home.run(&["chat", "Hello!"]);
        assert_eq!(run.code, code);
        let kept = home.path("sessions/default.json.damaged-1");
        if code == 0 {
            assert!(
                run.stderr.starts_with("warning: session `default` is damaged ("),
                "{}",
                run.stderr
            );
            assert!(run.stderr.contains(kept.to_str().unwrap()), "{}", run.stderr);
            assert_eq!(fs::read_to_string(kept).unwrap(), "{");
            assert_eq!(home.session("default").messages.len(), 2);
        } else {
            assert!(
                !run.stderr.contains("warning") && !kept.exists(),
                "{}",
                run.stderr
            );
            assert_eq!(
                fs::read_to_string(home.path("sessions/default.json")).unwrap(),
                "{"
            );
        }
    }
}

#[test]
fn unstored_answer_has_its_own_code() {
    for json in [false, true] {
        let home = Home::new("slow");
        let arguments: &[&str] = if json {
            &["chat", "--json", "Hello!"]
        } else {
            &["chat", "Hello!"]
        };
        let child = home.spawn(arguments);
        // weft reads the session before it sends the request, and writes it after the answer.
        home.wait_for_request();
        fs::write(home.path("sessions"), "in the way").unwrap();
        let run = Run::from(child.wait_with_output().unwrap());
        let cause = run
            .stderr
            .trim_end()
            .strip_prefix("warning: the answer is not stored, ")
            .unwrap();
        assert!(
            cause.starts_with("cannot write `") && cause.contains("sessions/default.json`"),
            "{cause}"
        );
        assert_eq!(run.code, 5);
        if json {
            let printed: Value = serde_json::from_str(&run.stdout).unwrap();
            assert_eq!(
                (&printed["text"], &printed["unstored"]),
                (&json!("echo: Hello!"), &json!(cause))
            );
        } else {
            assert_eq!(run.stdout, "echo: Hello!\n");
        }
    }
}

#[test]
fn broken_answer_that_cannot_be_stored() {
    let home = Home::new("stream-cut");
    fs::write(home.path("sessions"), "in the way").unwrap();
    // The file in the place of the directory also prevents reading the session.
    let said = home.run(&["chat", "Hello!"]).failure(1);
    assert!(said.contains("cannot read `"), "{said}");
    fs::remove_file(home.path("sessions")).unwrap();
    fs::create_dir_all(home.path("sessions")).unwrap();
    fs::write(home.path("sessions/.locks"), "in the way").unwrap();
    let run = home.run(&["chat", "one two three four"]);
    assert_eq!((run.code, run.stdout.as_str()), (5, "echo: one two \n"));
    assert!(
        run.stderr.contains("the answer is not stored") && run.stderr.contains("incomplete"),
        "{}",
        run.stderr
    );
}

#[test]
fn processes_on_one_session_lose_no_turn() {
    let home = Home::new("slow");
    thread::scope(|scope| {
        for number in 0..4 {
            let home = &home;
            scope.spawn(move || {
                thread::sleep(Duration::from_millis(number * 50));
                home.run(&["chat", &format!("message {number}")]).result();
            });
        }
    });
    let session = home.session("default");
    let mut said: Vec<_> = session
        .messages
        .chunks(2)
        .map(|turn| turn[0].content.clone())
        .collect();
    said.sort();
    assert_eq!(said, ["message 0", "message 1", "message 2", "message 3"]);
    for turn in session.messages.chunks(2) {
        assert_eq!(turn[1].content, format!("echo: {}", turn[0].content));
    }
}

#[test]
fn truncated_answer_has_its_own_exit_code() {
    for arguments in [&["chat", "ping"][..], &["chat", "--no-stream", "ping"][..]] {
        let home = Home::new("recorded-length.json");
        let run = home.run(arguments);
        assert_eq!(
            (run.code, run.stdout.as_str(), run.stderr.as_str()),
            (
                6,
                "this sentence is cut in the mid\n",
                "warning: the answer is truncated at a limit of tokens (finish reason `length`)\n"
            )
        );
        let answer = home.session("default").messages.pop().unwrap();
        assert_eq!(
            (answer.finish_reason.as_deref(), answer.incomplete),
            (Some("length"), false)
        );
    }
    let run = Home::new("recorded-length.json").run(&["chat", "--json", "ping"]);
    let json: Value = serde_json::from_str(&run.stdout).unwrap();
    assert_eq!((run.code, &json["finish_reason"]), (6, &json!("length")));
    assert_eq!(
        json["warnings"],
        json!(["the answer is truncated at a limit of tokens (finish reason `length`)"])
    );
}

#[test]
fn shows_reasoning_on_request() {
    for arguments in [&["chat", "ping"][..], &["chat", "--no-stream", "ping"][..]] {
        let home = Home::new("recorded-deepseek-reasoning.sse");
        let run = home.run(arguments);
        assert_eq!(
            (run.code, run.stdout.as_str(), run.stderr.as_str()),
            (0, "pong\n", "")
        );
        let run = home.run(&[arguments, &["--reasoning"]].concat());
        assert_eq!(
            (run.code, run.stdout.as_str(), run.stderr.as_str()),
            (0, "pong\n", "hm\n")
        );
    }
    let home = Home::new("recorded-deepseek-reasoning.sse");
    let run = home.run(&["chat", "--json", "--reasoning", "ping"]);
    let json: Value = serde_json::from_str(&run.stdout).unwrap();
    assert_eq!(
        (&json["text"], &json["reasoning"]),
        (&json!("pong"), &json!("hm"))
    );
    assert_eq!(
        json["usage"],
        json!({"prompt_tokens": 9, "completion_tokens": 5, "total_tokens": 14,
            "prompt_tokens_details": {"cached_tokens": 8}, "completion_tokens_details": {"reasoning_tokens": 3}})
    );
}
