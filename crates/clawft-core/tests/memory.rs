//! Data that does not fit into memory is an error, wherever memory ends.

#[path = "../../clawft-types/tests/scarce/mod.rs"]
mod scarce;

use std::time::Duration;

use clawft_core::{Event, Step, TransportError, Turn, TurnError};
use clawft_types::{Config, Input, Message, Role, Session};

use scarce::{Done, with_memory};

/// The size of an answer's text in bytes.
const SIZE: usize = 200_000;

/// The additional memory of each further attempt.
const MORE: usize = 60_000;

fn config(kind: &str, stream: bool) -> Config {
    let text = format!(
        r#"{{"agents":{{"model":"m","stream":{stream}}},"providers":{{"providers":{{"{kind}":{{"retries":0,"auth":"none"}}}}}}}}"#
    );
    Config::parse("c", text.as_bytes()).unwrap()
}

/// Returns the last step of a turn that gets this answer in parts of `size` bytes, and the text that was
/// shown.
fn drive(config: &Config, status: u16, body: &[u8], size: usize, told: bool) -> (Step, usize) {
    let input = Input::parse("Hello!").unwrap();
    let (mut turn, _) = Turn::begin(config, &|_| None, Session::default(), input).unwrap();
    let kind = if config.agents.stream {
        "text/event-stream"
    } else {
        "application/json"
    };
    let mut headers = vec![("content-type".to_owned(), kind.to_owned())];
    if told {
        headers.push(("content-length".to_owned(), body.len().to_string()));
    }
    let parts = body.chunks(size).map(Event::Body);
    let mut shown = 0;
    for event in [Event::Head {
        status,
        headers: &headers,
    }]
    .into_iter()
    .chain(parts)
    .chain([Event::End])
    {
        match turn.feed(event, &|| Duration::ZERO) {
            Step::More => {}
            Step::Delta(text) => shown += text.len(),
            step => return (step, shown),
        }
    }
    unreachable!("the end is the end")
}

fn completion(content: &str) -> Vec<u8> {
    format!(r#"{{"choices":[{{"message":{{"content":{content}}}}}]}}"#).into_bytes()
}

fn message(content: &str) -> Vec<u8> {
    format!(r#"{{"content":[{content}]}}"#).into_bytes()
}

/// Answers of all shapes.
fn answers() -> Vec<(&'static str, Vec<u8>)> {
    let text = format!("\"{}\"", "abcdefgh".repeat(SIZE / 8));
    let escaped = format!("\"{}\"", r"\u00e9\n".repeat(SIZE / 8));
    let refusal = format!(r#"null,"refusal":{text}"#);
    let block = |text: &str| format!(r#"{{"type":"text","text":{text}}}"#);
    let parts = vec![block(r#""0123456789""#); SIZE / 10].join(",");
    vec![
        ("openai", completion(&text)),
        ("openai", completion(&escaped)),
        ("openai", completion(&refusal)),
        ("openai", completion(&format!("[{parts}]"))),
        (
            "openai",
            completion(&format!(r#""hi"}},"finish_reason":{text},"x":{{"#)),
        ),
        ("anthropic", message(&block(&text))),
        ("anthropic", message(&block(&escaped))),
        ("anthropic", message(&parts)),
        (
            "anthropic",
            format!(r#"{{"content":[{}],"stop_reason":{text}}}"#, block(r#""hi""#)).into_bytes(),
        ),
    ]
}

#[test]
fn whole_answer_fits_or_is_an_error() {
    for (kind, body) in answers() {
        let config = config(kind, false);
        for told in [true, false] {
            let mut failed = 0;
            for memory in (0..).map(|step| step * MORE) {
                let Done {
                    result: (step, _),
                    used,
                    ..
                } = with_memory(memory, || drive(&config, 200, &body, 65_536, told));
                match step {
                    Step::Done(reply) => {
                        assert!(reply.text().len() > 1, "{kind}: {} bytes", reply.text().len());
                        // The body is in memory once, its text a second time, and some room is reserved.
                        assert!(
                            !told || used < 3 * body.len() + 300_000,
                            "{kind}: {used} for {}",
                            body.len()
                        );
                        break;
                    }
                    Step::Failed(TurnError::NoMemory { what, bytes }) => {
                        assert_eq!(what, "the answer");
                        assert!(bytes > 0);
                        failed += 1;
                    }
                    step => panic!("{kind} in {memory} bytes: {step:?}"),
                }
            }
            assert!(failed >= 5, "{kind}: {failed}");
        }
    }
}

#[test]
fn keeps_the_part_of_a_stream_that_fits() {
    let delta = |kind, text: &str| match kind {
        "openai" => format!(r#"data: {{"choices":[{{"delta":{{"content":"{text}"}}}}]}}"#),
        _ => format!(r#"data: {{"delta":{{"type":"text_delta","text":"{text}"}}}}"#),
    };
    let reason = |kind, text: &str| match kind {
        "openai" => format!(r#"data: {{"choices":[{{"finish_reason":"{text}"}}]}}"#),
        _ => format!(r#"data: {{"delta":{{"stop_reason":"{text}"}}}}"#),
    };
    let long = "abcdefgh".repeat(SIZE / 8);
    for kind in ["openai", "anthropic"] {
        let config = config(kind, true);
        for events in [
            vec![delta(kind, "abcdefgh"); SIZE / 8],
            vec![delta(kind, &long[..SIZE / 8]); 8],
            vec![delta(kind, &long); 2],
            vec![delta(kind, "hi"), reason(kind, &long)],
        ] {
            let end = if kind == "openai" {
                "data: [DONE]"
            } else {
                r#"data: {"type":"message_stop"}"#
            };
            let body = [events.join("\n\n").as_str(), end, "\n"]
                .join("\n\n")
                .into_bytes();
            let (mut failed, mut broken) = (0, 0);
            for memory in (0..).map(|step| step * MORE) {
                let Done {
                    result: (step, shown),
                    ..
                } = with_memory(memory, || drive(&config, 200, &body, 65_536, false));
                match step {
                    Step::Done(reply) => {
                        assert_eq!(
                            (reply.text().len(), reply.streamed),
                            (shown, true),
                            "what was shown is the answer"
                        );
                        match reply.incomplete {
                            None => break,
                            Some(cause) => {
                                assert!(
                                    cause.starts_with("the answer does not fit into memory"),
                                    "{cause}"
                                )
                            }
                        }
                        broken += 1;
                    }
                    Step::Failed(TurnError::NoMemory { .. }) => failed += 1,
                    step => panic!("{kind} in {memory} bytes: {step:?}"),
                }
            }
            assert!(failed + broken >= 3, "{kind}: {failed} {broken}");
        }
    }
}

#[test]
fn reports_an_error_with_little_memory() {
    let config = config("openai", false);
    for body in [
        [
            r#"{"error":{"message":"no room","details":""#,
            &"x".repeat(SIZE),
            "\"}}",
        ]
        .concat(),
        ["no room", &" ".repeat(SIZE), "x"].concat(),
    ] {
        for memory in (0..20).map(|step| step * MORE) {
            let Done {
                result: (step, _), ..
            } = with_memory(memory, || drive(&config, 400, body.as_bytes(), 65_536, true));
            let Step::Failed(error) = step else {
                panic!("{step:?}")
            };
            let words = error.to_string();
            let expected = [
                "provider `openai` at `api.openai.com/v1/chat/completions` answered 400, ",
                "the answer does not fit into memory",
            ];
            assert!(expected.iter().any(|start| words.starts_with(start)), "{words}");
        }
    }
}

#[test]
fn conversation_fits_or_is_an_error() {
    for kind in ["openai", "anthropic"] {
        for role in [Role::System, Role::Assistant] {
            let config = config(kind, false);
            let mut failed = 0;
            for memory in (0..).map(|step| step * MORE) {
                // No more than this goes with a request.
                let said = vec![Message::new(role, "x".repeat(1000)); 390];
                let session = Session {
                    messages: said,
                    ..Session::default()
                };
                let input = Input::parse("Hello!").unwrap();
                let Done {
                    result: begun, used, ..
                } = with_memory(memory, || {
                    Turn::begin(&config, &|_| None, session, input).map(|begun| begun.1)
                });
                match begun {
                    Ok(request) => {
                        let size = request.body.len();
                        assert!(size > 390_000 && used < 4 * size, "{used} bytes for {size}");
                        break;
                    }
                    Err(error) => {
                        let words = error.to_string();
                        assert!(
                            words.starts_with("the conversation does not fit into memory, where "),
                            "{words}"
                        );
                        failed += 1;
                    }
                }
            }
            assert!(failed >= 4, "{kind}: {failed}");
        }
    }
}

#[test]
fn no_retry_without_memory_for_the_request() {
    let mut config = config("openai", false);
    config.provider.retries = 2;
    let session = Session {
        messages: vec![Message::new(Role::User, "x".repeat(1000)); 300],
        ..Session::default()
    };
    let (mut turn, _) = Turn::begin(&config, &|_| None, session, Input::parse("Hello!").unwrap()).unwrap();
    let gone = || Event::Failed(TransportError::Unavailable("connection refused".to_owned()));
    assert!(matches!(
        turn.feed(gone(), &|| Duration::ZERO),
        Step::Retry { .. }
    ));
    let Done { result: step, .. } = with_memory(100_000, || turn.feed(gone(), &|| Duration::ZERO));
    assert!(
        matches!(step, Step::Failed(TurnError::Transport { .. })),
        "{step:?}"
    );
}
