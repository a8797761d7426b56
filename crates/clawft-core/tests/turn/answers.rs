//! Answers in the shapes of all providers, whole and streamed.

use clawft_core::{Event, Reply, Step};
use clawft_types::{Config, Finish, Session};

use crate::common::{NOW, anthropic, begin, config};

const STREAM: &str = r#","stream":true"#;

/// The result of a turn: the text and the reasoning that were shown, and the reply or the error.
pub(crate) struct Outcome {
    pub(crate) text: String,
    pub(crate) reasoning: String,
    pub(crate) end: Result<Reply, String>,
    /// Whether the request was to be sent again.
    pub(crate) retried: bool,
}

/// Sends this response to the only request, as `content_type`, in parts of `size` bytes.
pub(crate) fn respond(config: &Config, content_type: &str, body: &[u8], size: usize) -> Outcome {
    let (mut turn, _) = begin(config);
    let headers = [("content-type".to_owned(), content_type.to_owned())];
    let head = Event::Head {
        status: 200,
        headers: &headers,
    };
    let (mut text, mut reasoning) = (String::new(), String::new());
    let parts = body.chunks(size).map(Event::Body);
    for event in [head].into_iter().chain(parts).chain([Event::End]) {
        let mut step = turn.feed(event, NOW);
        loop {
            match step {
                Step::Delta(more) => text += &more,
                Step::Reasoning(more) => reasoning += &more,
                Step::More => break,
                step => {
                    let retried = matches!(step, Step::Retry { .. });
                    let end = match step {
                        Step::Done(reply) => Ok(*reply),
                        Step::Failed(error) => Err(error.to_string()),
                        step => Err(format!("{step:?}")),
                    };
                    return Outcome {
                        text,
                        reasoning,
                        end,
                        retried,
                    };
                }
            }
            step = turn.feed(Event::Body(&[]), NOW);
        }
    }
    panic!("the response is over, and the turn asks for more");
}

/// Returns the replies to a whole answer and to a stream of events, each split in several ways.
fn replies(anthropic_: bool, whole: Option<&str>, stream: Option<&str>) -> Vec<Reply> {
    let config = |agents| match anthropic_ {
        true => anthropic(agents, r#","retries":0"#),
        false => config(agents, r#","retries":0"#),
    };
    let mut replies = Vec::new();
    for size in [1, 3, 10_000] {
        if let Some(whole) = whole {
            let outcome = respond(&config(""), "application/json", whole.as_bytes(), size);
            assert_eq!(outcome.text, "", "{whole}");
            replies.push(outcome.end.unwrap_or_else(|error| panic!("{whole}: {error}")));
        }
        if let Some(stream) = stream {
            let outcome = respond(&config(STREAM), "text/event-stream", stream.as_bytes(), size);
            let reply = outcome.end.unwrap_or_else(|error| panic!("{stream}: {error}"));
            assert_eq!(
                (outcome.text.as_str(), outcome.reasoning),
                (reply.text(), reply.reasoning()),
                "{stream}"
            );
            replies.push(reply);
        }
    }
    replies
}

/// Returns a stream of these events.
fn events(events: &[&str]) -> String {
    events.iter().map(|event| format!("data: {event}\n\n")).collect()
}

#[test]
fn reads_text_and_reasoning_of_every_server() {
    // A message or a delta, its text and its reasoning.
    for (message, text, reasoning) in [
        (r#"{"content":"pong"}"#, "pong", ""),
        (
            r#"{"content":[{"type":"text","text":"po"},{"type":"x"},{"type":"text","text":"ng"}]}"#,
            "pong",
            "",
        ),
        (r#"{"content":["po","ng"]}"#, "pong", ""),
        (
            r#"{"content":[null,{"type":"text","text":null},"pong"]}"#,
            "pong",
            "",
        ),
        (r#"{"content":{"type":"text","text":"pong"}}"#, "pong", ""),
        (
            r#"{"content":[{"type":"text","text":{"value":"pong","annotations":[]}}]}"#,
            "pong",
            "",
        ),
        (
            r#"{"content":[{"type":"redacted_thinking","data":"x"},{"type":"output_text","text":"pong"}]}"#,
            "pong",
            "",
        ),
        // Mistral.
        (
            r#"{"content":[{"type":"thinking","thinking":[{"type":"text","text":"hm"}]},{"type":"text","text":"pong"}]}"#,
            "pong",
            "hm",
        ),
        (
            r#"{"content":[{"type":"reference","reference_ids":[1]},{"type":"text","text":"pong"}]}"#,
            "pong",
            "",
        ),
        // DeepSeek, vLLM, llama.cpp, xAI; then OpenRouter, Groq, Ollama, Together; then LiteLLM.
        (r#"{"content":"pong","reasoning_content":"hm"}"#, "pong", "hm"),
        (
            r#"{"content":"pong","reasoning_content":null,"reasoning":"hm"}"#,
            "pong",
            "hm",
        ),
        (
            r#"{"content":"pong","reasoning_content":"hm","reasoning":"hm"}"#,
            "pong",
            "hm",
        ),
        (
            r#"{"content":"pong","reasoning":"hm","reasoning_details":[{"type":"reasoning.text","text":"hm","signature":"s"}]}"#,
            "pong",
            "hm",
        ),
        (
            r#"{"content":"pong","reasoning_details":[{"type":"reasoning.summary","summary":"hm"},{"type":"reasoning.encrypted","data":"x"}]}"#,
            "pong",
            "hm",
        ),
        (
            r#"{"content":"pong","thinking_blocks":[{"type":"thinking","thinking":"hm","signature":"s"}]}"#,
            "pong",
            "hm",
        ),
        // Models without a parser of their reasoning, and Gemini.
        (r#"{"content":"<think>\nhm\n</think>\n\npong"}"#, "pong", "\nhm\n"),
        (r#"{"content":"<thought>hm</thought>pong"}"#, "pong", "hm"),
        (r#"{"content":"say <think>"}"#, "say <think>", ""),
        (r#"{"content":"<thin"}"#, "<thin", ""),
        // A text that was cut between the halves of a character.
        (r#"{"content":"pong\ud83d"}"#, "pong\u{fffd}", ""),
    ] {
        let whole = format!(r#"{{"choices":[{{"message":{message},"finish_reason":"stop"}}]}}"#);
        let streamed = events(&[
            r#"{"choices":[{"delta":{"role":"assistant","content":""},"finish_reason":null}]}"#,
            &format!(r#"{{"choices":[{{"delta":{message},"finish_reason":null}}]}}"#),
            r#"{"choices":[{"delta":{},"finish_reason":"stop"}]}"#,
            "[DONE]",
        ]);
        for reply in replies(false, Some(&whole), Some(&streamed)) {
            assert_eq!(
                (reply.text(), reply.reasoning().as_str()),
                (text, reasoning),
                "{message}"
            );
            assert_eq!(
                (&reply.warning, &reply.incomplete, reply.finish),
                (&None, &None, Finish::Complete)
            );
            let stored = Session::parse(&reply.session.to_json()).unwrap();
            assert_eq!(stored, reply.session);
            let sent = &stored.messages[1].content;
            assert!(
                reasoning.is_empty() || !sent.contains(reasoning),
                "reasoning is never sent as text"
            );
        }
    }
}

#[test]
fn joins_reasoning_and_text_of_many_deltas() {
    let delta = |member: &str, text: &str| format!(r#"{{"choices":[{{"delta":{{"{member}":"{text}"}}}}]}}"#);
    for deltas in [
        [
            ("reasoning_content", "h"),
            ("reasoning_content", "m"),
            ("content", "po"),
            ("content", "ng"),
        ],
        [
            ("reasoning", "hm"),
            ("content", ""),
            ("content", "p"),
            ("content", "ong"),
        ],
        [
            ("content", "<thi"),
            ("content", "nk>hm</th"),
            ("content", "ink>\\n"),
            ("content", "\\npong"),
        ],
    ] {
        let chunks: Vec<_> = deltas.iter().map(|(member, text)| delta(member, text)).collect();
        let mut chunks: Vec<_> = chunks.iter().map(String::as_str).collect();
        chunks.push("[DONE]");
        for reply in replies(false, None, Some(&events(&chunks))) {
            assert_eq!((reply.text(), reply.reasoning().as_str()), ("pong", "hm"));
            assert_eq!(reply.session.messages[1].reasoning.len(), 1);
        }
    }
}

#[test]
fn reports_every_finish_reason() {
    for (reason, finish) in [
        ("stop", Finish::Complete),
        ("STOP", Finish::Complete),
        ("", Finish::Complete),
        ("length", Finish::Truncated),
        ("model_length", Finish::Truncated),
        ("MAX_TOKENS", Finish::Truncated),
        ("content_filter", Finish::Filtered),
        ("content_filter: SAFETY", Finish::Filtered),
        ("sensitive", Finish::Filtered),
        ("tool_calls", Finish::Unknown),
        ("something_new", Finish::Unknown),
    ] {
        let whole =
            format!(r#"{{"choices":[{{"message":{{"content":"this is"}},"finish_reason":"{reason}"}}]}}"#);
        let streamed = events(&[
            r#"{"choices":[{"delta":{"content":"this is"}}]}"#,
            &format!(r#"{{"choices":[{{"delta":{{}},"finish_reason":"{reason}"}}]}}"#),
            "[DONE]",
        ]);
        check_finish(&replies(false, Some(&whole), Some(&streamed)), reason, finish);
    }
    for (reason, finish) in [
        ("end_turn", Finish::Complete),
        ("stop_sequence", Finish::Complete),
        ("max_tokens", Finish::Truncated),
        ("model_context_window_exceeded", Finish::Truncated),
        ("refusal", Finish::Refused),
        ("pause_turn", Finish::Paused),
        ("tool_use", Finish::Unknown),
    ] {
        let whole = format!(
            r#"{{"type":"message","content":[{{"type":"text","text":"this is"}}],"stop_reason":"{reason}"}}"#
        );
        let streamed = events(&[
            r#"{"type":"message_start","message":{"content":[],"stop_reason":null,"usage":{"input_tokens":3}}}"#,
            r#"{"type":"content_block_delta","delta":{"type":"text_delta","text":"this is"}}"#,
            &format!(
                r#"{{"type":"message_delta","delta":{{"stop_reason":"{reason}"}},"usage":{{"output_tokens":4}}}}"#
            ),
            r#"{"type":"message_stop"}"#,
        ]);
        check_finish(&replies(true, Some(&whole), Some(&streamed)), reason, finish);
    }
}

fn check_finish(replies: &[Reply], reason: &str, finish: Finish) {
    for reply in replies {
        assert_eq!(
            (reply.text(), reply.finish, &reply.incomplete),
            ("this is", finish, &None),
            "{reason}"
        );
        assert_eq!(
            reply.finish_reason.as_deref(),
            Some(reason).filter(|reason| !reason.is_empty())
        );
        let is_complete = finish == Finish::Complete;
        assert_eq!(reply.warning.is_none(), is_complete, "{reason}");
        let stored = &Session::parse(&reply.session.to_json()).unwrap().messages[1];
        assert_eq!(
            stored.finish_reason.as_deref(),
            Some(reason).filter(|_| !is_complete)
        );
        let shown = format!("(finish reason `{reason}`)");
        assert!(
            reply.warning.iter().all(|warning| warning.ends_with(&shown)),
            "{:?}",
            reply.warning
        );
    }
}

#[test]
fn refusal_has_a_reason_of_its_own() {
    let whole = r#"{"choices":[{"message":{"content":null,"refusal":"I cannot."},"finish_reason":"stop"}]}"#;
    let streamed = events(&[
        r#"{"choices":[{"delta":{"refusal":"I can"}}]}"#,
        r#"{"choices":[{"delta":{"refusal":"not."}}]}"#,
        r#"{"choices":[{"delta":{},"finish_reason":"stop"}]}"#,
    ]);
    for reply in replies(false, Some(whole), Some(&streamed)) {
        assert_eq!((reply.text(), reply.finish), ("I cannot.", Finish::Refused));
        assert_eq!(reply.finish_reason.as_deref(), Some("stop"));
        assert_eq!(
            reply.session.messages[1].finish_reason.as_deref(),
            Some("refusal")
        );
        assert_eq!(
            reply.warning.as_deref(),
            Some("the model refused to answer (finish reason `refusal`)")
        );
    }
}

#[test]
fn answer_without_text_keeps_reason_and_usage() {
    for (message, reason, warning) in [
        (
            r#"{"content":"","reasoning":"Canberra."}"#,
            "stop",
            "the answer holds no text (finish reason `stop`)",
        ),
        (
            r#"{"content":null}"#,
            "length",
            "the answer is truncated at a limit of tokens (finish reason `length`)",
        ),
        (
            r#"{"content":null,"tool_calls":[{"id":"c","type":"function"}]}"#,
            "tool_calls",
            "the answer ended for an unexpected reason (finish reason `tool_calls`)",
        ),
        ("{}", "stop", "the answer holds no text (finish reason `stop`)"),
    ] {
        let usage = r#""usage":{"prompt_tokens":3,"completion_tokens":4,"total_tokens":7}"#;
        let whole = format!(r#"{{"choices":[{{"message":{message},"finish_reason":"{reason}"}}],{usage}}}"#);
        let streamed = events(&[
            &format!(r#"{{"choices":[{{"delta":{message},"finish_reason":"{reason}"}}]}}"#),
            &format!(r#"{{"choices":[],{usage}}}"#),
            "[DONE]",
        ]);
        for reply in replies(false, Some(&whole), Some(&streamed)) {
            assert_eq!(
                (reply.text(), reply.warning.as_deref()),
                ("", Some(warning)),
                "{message}"
            );
            assert_eq!(reply.usage.unwrap().total_tokens, 7);
            assert_eq!(reply.session.messages[1].finish_reason.as_deref(), Some(reason));
        }
    }
    // Without a reason, reasoning alone still is an answer.
    let whole = r#"{"choices":[{"message":{"content":"","reasoning":"hm"}}]}"#;
    for reply in replies(false, Some(whole), None) {
        assert_eq!(reply.warning.as_deref(), Some("the answer holds no text"));
    }
}

#[test]
fn keeps_anthropics_blocks_with_their_signatures() {
    let whole = r#"{"content":[{"type":"thinking","thinking":"hm","signature":"c2ln"},
        {"type":"redacted_thinking","data":"ZGF0YQ=="},{"type":"text","text":"pong"}],"stop_reason":"end_turn"}"#;
    let streamed = events(&[
        r#"{"type":"message_start","message":{"content":[]}}"#,
        r#"{"type":"content_block_start","content_block":{"type":"thinking","thinking":"","signature":""}}"#,
        r#"{"type":"content_block_delta","delta":{"type":"thinking_delta","thinking":"h"}}"#,
        r#"{"type":"content_block_delta","delta":{"type":"thinking_delta","thinking":"m"}}"#,
        r#"{"type":"content_block_delta","delta":{"type":"signature_delta","signature":"c2ln"}}"#,
        r#"{"type":"content_block_start","content_block":{"type":"redacted_thinking","data":"ZGF0YQ=="}}"#,
        // Text may come with the start of its block.
        r#"{"type":"content_block_start","content_block":{"type":"text","text":"po"}}"#,
        r#"{"type":"content_block_delta","delta":{"type":"text_delta","text":"ng"}}"#,
        r#"{"type":"message_delta","delta":{"stop_reason":"end_turn"}}"#,
        r#"{"type":"message_stop"}"#,
    ]);
    for reply in replies(true, Some(whole), Some(&streamed)) {
        assert_eq!((reply.text(), reply.reasoning().as_str()), ("pong", "hm"));
        let blocks: Vec<_> = reply.session.messages[1]
            .reasoning
            .iter()
            .map(|block| (block.text.as_str(), block.signature.as_str(), block.redacted))
            .collect();
        assert_eq!(blocks, [("hm", "c2ln", false), ("", "ZGF0YQ==", true)]);
    }
}

#[test]
fn reads_streams_that_bend_the_protocol() {
    let chunk = r#"data: {"choices":[{"delta":{"content":"pong"}}]}"#;
    let stop = r#"data: {"choices":[{"delta":{},"finish_reason":"stop"}]}"#;
    for stream in [
        format!("{chunk}\n\n{stop}\n\ndata: [DONE] \n\n"),
        format!("{chunk}\n\ndata:  [DONE]\t\n\n"),
        // The last event without its empty line, and without its line end.
        format!("{chunk}\n\n{stop}\n"),
        format!("{chunk}\n\n{stop}"),
        format!("{chunk}\n\ndata: [DONE]"),
        format!("{chunk}\n\ndata: \"[DONE]\"\n\n"),
        // Something else than JSON, once nothing is missing.
        format!("{chunk}\n\n{stop}\n\ndata: DONE\n\n"),
        // An error without data.
        format!("event: error\n\n{chunk}\n\n{stop}\n\n"),
        format!("\u{feff}{chunk}\n\n{stop}\n\n"),
        format!("\u{feff} {chunk}\n\n{stop}\n\n"),
        // No empty lines at all.
        format!("{chunk}\n{stop}\ndata: [DONE]\n"),
        format!("{chunk}\n{stop}"),
        format!(": comment\n\n{chunk}\n\n{stop}\n\n"),
        format!("event: message\n{chunk}\n\n{stop}\n\n"),
        // Chunks that hold other things.
        format!("data: {{\"choices\":[],\"prompt_filter_results\":[]}}\n\n{chunk}\n\n{stop}\n\n"),
        // Several choices by turns.
        format!(
            "{chunk}\n\ndata: {{\"choices\":[{{\"index\":1,\"delta\":{{\"content\":\"x\"}}}}]}}\n\n{stop}\n\n"
        ),
        format!("{chunk}\n\n{stop}\n\ndata: {{\"usage\":{{\"total_tokens\":7}},\"error\":null}}\n\n"),
        // A whole answer as the only event.
        "data: {\"choices\":[{\"message\":{\"content\":\"pong\"},\"finish_reason\":\"stop\"}]}\n\n"
            .to_owned(),
    ] {
        for content_type in [
            "text/event-stream",
            "application/json",
            "text/plain; charset=utf-8",
            "",
        ] {
            for size in [1, 5, 10_000] {
                for agents in ["", STREAM] {
                    let outcome = respond(&config(agents, ""), content_type, stream.as_bytes(), size);
                    let reply = outcome.end.unwrap_or_else(|error| panic!("{stream}: {error}"));
                    assert_eq!(
                        (reply.text(), &reply.warning, &reply.incomplete),
                        ("pong", &None, &None),
                        "{stream}"
                    );
                    let shown = if agents == STREAM { "pong" } else { "" };
                    assert_eq!((outcome.text.as_str(), reply.streamed), (shown, agents == STREAM));
                }
            }
        }
    }
    let whole = "\u{feff}{\"choices\":[{\"message\":{\"content\":\"pong\"}}]}";
    for content_type in ["text/event-stream", "application/json", ""] {
        for size in [1, 10_000] {
            let outcome = respond(&config(STREAM, ""), content_type, whole.as_bytes(), size);
            let reply = outcome.end.unwrap();
            assert_eq!((reply.text(), reply.streamed), ("pong", false));
        }
    }
}

#[test]
fn empty_finish_reason_ends_nothing() {
    // Alibaba sends `null` as a text.
    for reason in ["", "null"] {
        let choice = format!(r#"{{"delta":{{"content":"pong"}},"finish_reason":"{reason}"}}"#);
        let chunk = format!("data: {{\"choices\":[{choice}]}}\n\n");
        let outcome = respond(&config(STREAM, ""), "text/event-stream", chunk.as_bytes(), 7);
        let reply = outcome.end.unwrap();
        assert_eq!((reply.text(), reply.incomplete.is_some()), ("pong", true));
    }
}

#[test]
fn filtered_choice_needs_no_message() {
    let whole = r#"{"choices":[{"index":0,"finish_reason":"content_filter","content_filter_results":{}}]}"#;
    for reply in replies(false, Some(whole), None) {
        assert_eq!((reply.text(), reply.finish), ("", Finish::Filtered));
    }
}

#[test]
fn refusal_may_be_a_part_of_the_content() {
    let message = r#"{"content":[{"type":"refusal","refusal":"I cannot."}]}"#;
    let whole = format!(r#"{{"choices":[{{"message":{message},"finish_reason":"stop"}}]}}"#);
    for reply in replies(false, Some(&whole), None) {
        assert_eq!((reply.text(), reply.finish), ("I cannot.", Finish::Refused));
    }
}

#[test]
fn finds_the_usage_at_other_places() {
    for last in [
        // Moonshot's.
        r#"{"choices":[{"delta":{"content":"pong"},"finish_reason":"stop","usage":{"prompt_tokens":"7","completion_tokens":2.0}}],"usage":{}}"#,
        // Groq's.
        r#"{"choices":[{"delta":{"content":"pong"},"finish_reason":"stop"}],"x_groq":{"usage":{"prompt_tokens":7,"completion_tokens":2}}}"#,
    ] {
        for reply in replies(false, None, Some(&events(&[last, "[DONE]"]))) {
            let usage = reply.usage.unwrap();
            assert_eq!(
                (usage.prompt_tokens, usage.completion_tokens, usage.total_tokens),
                (7, 2, 9)
            );
        }
    }
    let stream = events(&[
        r#"{"choices":[{"delta":{"content":"pong"},"finish_reason":"stop"}],"usage":{}}"#,
        "[DONE]",
    ]);
    assert!(
        replies(false, None, Some(&stream))
            .iter()
            .all(|reply| reply.usage.is_none())
    );
}

#[test]
fn arguments_of_provider_tools_are_no_call() {
    let stream = events(&[
        r#"{"type":"content_block_start","index":0,"content_block":{"type":"server_tool_use","id":"s","name":"web_search","input":{}}}"#,
        r#"{"type":"content_block_delta","index":0,"delta":{"type":"input_json_delta","partial_json":"{}"}}"#,
        r#"{"type":"content_block_delta","index":1,"delta":{"type":"text_delta","text":"pong"}}"#,
        r#"{"type":"message_delta","delta":{"stop_reason":"end_turn"}}"#,
        r#"{"type":"message_stop"}"#,
    ]);
    for reply in replies(true, None, Some(&stream)) {
        assert_eq!(reply.text(), "pong");
        assert!(reply.session.messages[1].calls.is_empty());
    }
}

/// Text after reasoning in tags is shown as it arrives, not at the end.
#[test]
fn text_after_reasoning_is_shown_at_once() {
    let config = config(r#","stream":true"#, "");
    let chunk = |text: &str| format!("data: {{\"choices\":[{{\"delta\":{{\"content\":\"{text}\"}}}}]}}\n\n");
    let (mut turn, _) = begin(&config);
    let headers = [("content-type".to_owned(), "text/event-stream".to_owned())];
    let head = Event::Head {
        status: 200,
        headers: &headers,
    };
    let mut shown = |event: Event<'_>| match turn.feed(event, NOW) {
        Step::More => String::new(),
        Step::Reasoning(text) => format!("({text})"),
        Step::Delta(text) => text,
        step => panic!("{step:?}"),
    };
    assert_eq!(shown(head), "");
    for (text, expected) in [
        ("<think>hm", "(hm)"),
        ("</think> ", ""),
        ("po", "po"),
        ("ng", "ng"),
    ] {
        let chunk = chunk(text);
        assert_eq!(shown(Event::Body(chunk.as_bytes())), expected, "{text}");
    }
}

#[test]
fn choice_without_a_message_names_what_is_missing() {
    let shown = respond(
        &config("", ""),
        "application/json",
        br#"{"choices":[{"index":0}]}"#,
        100,
    );
    let shown = shown.end.unwrap_err();
    assert!(shown.ends_with("choices.0.message: missing"), "{shown}");
}
