//! Requests through the whole server, with a provider whose answers are given.

mod provider;

use clawft_serve::{AnswerBody, Incoming, Refusal, Service, answer};

use provider::{Provider, Reply, finished};

const CONFIG: &str = r#"{"agents":{"model":"m","provider":"a"},
    "gateway":{"models":{"both":["a/1","b/2"]},"max_body_bytes":500},
    "providers":{"providers":{
        "a":{"api_base":"http://127.0.0.1:1/v1","api_key_env":"A_KEY","retries":1},
        "b":{"kind":"anthropic","api_base":"http://127.0.0.1:2/v1","api_key_env":"B_KEY","retries":0},
        "c":{"api_base":"http://127.0.0.1:3/v1","api_key_env":"NOT_SET"}}}}"#;

const WHOLE: &str =
    r#"{"id":"1","choices":[{"message":{"role":"assistant","content":"Hi"},"finish_reason":"stop"}]}"#;

/// A response that was read to its end.
struct Done {
    status: u16,
    headers: Vec<(String, String)>,
    body: String,
}

impl Done {
    fn header(&self, name: &str) -> Option<&str> {
        let found = self.headers.iter().find(|(known, _)| known == name);
        found.map(|(_, value)| value.as_str())
    }
}

fn service(variables: &[(&str, &str)]) -> Service {
    let own = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
    Service::read(variables.iter().map(own).collect())
}

fn usual() -> Service {
    service(&[
        ("CLAWFT_CONFIG", CONFIG),
        ("CLAWFT_TOKEN", "secret"),
        ("A_KEY", "sk-a-0123456789"),
        ("B_KEY", "sk-b-0123456789"),
    ])
}

fn ask_with(service: &Service, provider: &Provider, request: Incoming, body: &str) -> Done {
    let body = body.as_bytes().to_vec();
    let read = move |limit| async move {
        if body.len() > limit {
            Err(clawft_serve::too_large(limit))
        } else {
            Ok::<_, Refusal>(body)
        }
    };
    let answer = finished(answer(service, provider, request, read));
    let body = match answer.body {
        AnswerBody::Whole(body) => body,
        AnswerBody::Stream(mut relay) => {
            let mut all = Vec::new();
            while let Some(bytes) = finished(relay.next()) {
                assert!(!bytes.is_empty());
                all.extend(bytes);
            }
            all
        }
    };
    Done {
        status: answer.status,
        headers: answer.headers,
        body: String::from_utf8(body).unwrap(),
    }
}

fn request(method: &str, target: &str) -> Incoming {
    let header = |name: &str, value: &str| (name.to_owned(), value.to_owned());
    Incoming {
        method: method.to_owned(),
        target: target.to_owned(),
        headers: vec![
            header("Authorization", "Bearer secret"),
            header("Content-Type", "application/json; charset=utf-8"),
            header("traceparent", "00-1"),
            header("cookie", "a=b"),
        ],
    }
}

fn post(provider: &Provider, path: &str, body: &str) -> Done {
    ask_with(&usual(), provider, request("POST", path), body)
}

#[test]
fn passes_on_whole_answers_as_they_are() {
    let provider = Provider::new([Reply::json(200, WHOLE)]);
    let done = post(
        &provider,
        "/v1/chat/completions",
        r#"{ "messages" : [], "x":1.0 }"#,
    );
    assert_eq!((done.status, done.body.as_str()), (200, WHOLE));
    assert_eq!(done.header("x-clawft-provider"), Some("a"));
    let [sent] = provider.sent().try_into().ok().unwrap();
    assert_eq!(sent.url, "http://127.0.0.1:1/v1/chat/completions");
    assert_eq!(sent.body, br#"{"model":"m", "messages" : [], "x":1.0 }"#);
    let header = |name: &str| sent.headers.iter().find(|header| header.name == name);
    assert_eq!(
        header("authorization").unwrap().value.expose(),
        "Bearer sk-a-0123456789"
    );
    assert_eq!(header("traceparent").unwrap().value.expose(), "00-1");
    assert!(header("cookie").is_none());
}

#[test]
fn passes_on_events_as_they_arrive() {
    let events = ["data: {\"a\":1}\n\nda", "ta: [DONE]\n\n"];
    let provider = Provider::new([Reply::events(&events)]);
    let done = post(
        &provider,
        "/v1/chat/completions?x=1",
        r#"{"stream":true,"messages":[]}"#,
    );
    assert_eq!(done.body, events.concat());
    assert_eq!(done.header("x-accel-buffering"), Some("no"));
}

#[test]
fn broken_streams_end_with_an_error_event() {
    for (path, model, first, expected) in [
        (
            "chat/completions",
            "m",
            "data: {}\n\ndata: {",
            "data: {}\n\ndata: {\"error\":{",
        ),
        (
            "messages",
            "b/x",
            "event: ping\ndata: {}\n\nev",
            "event: ping\ndata: {}\n\nevent: error\n",
        ),
    ] {
        assert_broken(path, model, first, expected);
    }
}

#[test]
fn streams_without_an_end_are_incomplete() {
    let chunk = |finish: &str| format!(r#"data: {{"choices":[{{"delta":{{}},"finish_reason":{finish}}}]}}"#);
    let (running, stopped) = (chunk("null"), chunk("\"stop\""));
    for (events, complete) in [
        (vec![&*running, "\n\n"], false),
        (vec![&*running, "\n\n", &*running], false),
        (vec![&*running, "\n\n", &*running, "\n"], false),
        (vec![&*running, "\n\n", &*stopped], true),
        (vec![&*running, "\n\n", "data: [DONE]"], true),
        (vec![&*stopped, "\r\n\r\n"], true),
    ] {
        let provider = Provider::new([Reply::events(&events)]);
        let done = post(&provider, "/v1/chat/completions", r#"{"stream":true}"#);
        let all = events.concat();
        assert_eq!(done.body == all, complete, "{all}: {}", done.body);
        let error =
            "\n\ndata: {\"error\":{\"message\":\"the answer is incomplete: the provider's stream broke off\"";
        assert_eq!(done.body.contains(error), !complete, "{all}: {}", done.body);
        // An event that lacks only its empty line is passed on, and one that is cut is not.
        let passed = if all.ends_with('\n') {
            all.matches("data").count()
        } else {
            1
        };
        assert!(
            complete || done.body.matches("choices").count() == passed,
            "{all}: {}",
            done.body
        );
    }
    let events = "event: message_start\ndata: {\"type\":\"message_start\"}\n\n";
    let provider = Provider::new([Reply::events(&[events])]);
    let done = post(&provider, "/v1/messages", r#"{"model":"b/x","stream":true}"#);
    assert!(done.body.contains("event: error\n"), "{}", done.body);
}

#[test]
fn errors_in_place_of_answers_are_statuses() {
    let error = r#"{"error":{"message":"too busy","code":503}}"#;
    let event = format!("data: {error}\n\n");
    let cut: Vec<&str> = event.split_inclusive(' ').collect();
    for (stream, make) in [
        (false, &(|| Reply::json(200, error)) as &dyn Fn() -> Reply),
        (true, &|| Reply::events(&cut)),
        (true, &|| {
            Reply::events(&[": hello\n\n", &event, "data: [DONE]\n\n"])
        }),
        (true, &|| Reply::events(&[])),
        (true, &|| Reply::broken_events("data: {")),
    ] {
        let request = format!(r#"{{"stream":{stream}}}"#);
        let provider = Provider::new([make(), make()]);
        let done = post(&provider, "/v1/chat/completions", &request);
        assert!(done.status >= 500, "{}: {}", done.status, done.body);
        assert!(done.body.starts_with(r#"{"error":{"message":""#), "{}", done.body);
        assert_eq!(done.header("content-type"), Some("application/json"));
        assert_eq!(provider.sent().len(), 2, "it is asked again");
    }
    let wrong = Reply::json(
        200,
        r#"{"error":{"message":"no such thing","type":"invalid_request_error"}}"#,
    );
    let done = post(&Provider::new([wrong]), "/v1/chat/completions", "{}");
    assert!(
        done.status == 400 && done.body.contains("no such thing"),
        "{}",
        done.body
    );
}

#[test]
fn comments_come_before_the_first_event() {
    let end = "data: [DONE]\n\n";
    let provider = Provider::new([Reply::events(&["", "", "data: {\"choices\":[]}\n\n", end])]);
    let done = post(&provider, "/v1/chat/completions", r#"{"stream":true}"#);
    assert_eq!((done.status, done.body.matches(": waiting").count()), (200, 2));
    assert!(done.body.ends_with(end), "{}", done.body);
}

#[test]
#[cfg(feature = "responses")]
fn broken_translated_stream_ends_with_an_error_event() {
    let first = "data: {\"choices\":[{\"delta\":{\"content\":\"H\"}}]}\n\nda";
    assert_broken("responses", "m", first, "event: response.created\n");
}

fn assert_broken(path: &str, model: &str, first: &str, expected: &str) {
    let provider = Provider::new([Reply::broken_events(first)]);
    let body = format!(r#"{{"model":"{model}","stream":true,"messages":[],"input":"Hi"}}"#);
    let done = post(&provider, &format!("/v1/{path}"), &body);
    assert!(done.body.starts_with(expected), "{path}: {}", done.body);
    let incomplete = "the answer is incomplete: ";
    assert!(done.body.contains(incomplete), "{path}: {}", done.body);
    assert!(done.body.ends_with("\n\n") && !done.body.contains("[DONE]"));
}

#[test]
#[cfg(all(feature = "messages", feature = "responses"))]
fn translates_between_all_dialects() {
    let provider = Provider::new([Reply::json(200, WHOLE)]);
    let body = r#"{"model":"m","max_tokens":9,"messages":[{"role":"user","content":"Hi"}],"top_k":3}"#;
    let done = post(&provider, "/v1/messages", body);
    assert!(
        done.body.contains(r#""content":[{"type":"text","text":"Hi"}]"#),
        "{}",
        done.body
    );
    assert!(done.header("x-clawft-warning").unwrap().starts_with("top_k: "));
    let done = post(&provider, "/v1/messages/count_tokens", body);
    assert_eq!(done.status, 404);
    assert!(
        done.body
            .starts_with(r#"{"type":"error","error":{"type":"not_found_error""#)
    );
    let done = post(
        &provider,
        "/v1/responses",
        r#"{"model":"m","input":"Hi","previous_response_id":"r"}"#,
    );
    assert!(
        done.status == 400 && done.body.contains("keeps no responses"),
        "{}",
        done.body
    );
}

#[test]
fn retries_what_may_pass() {
    let busy = || Reply::json(503, r#"{"error":{"message":"busy"}}"#);
    let provider = Provider::new([busy(), Reply::json(200, WHOLE)]);
    assert_eq!(post(&provider, "/v1/chat/completions", "{}").status, 200);
    assert_eq!(provider.pauses(), 1);

    let provider = Provider::new([busy(), busy()]);
    let done = post(&provider, "/v1/chat/completions", "{}");
    assert_eq!(
        (done.status, done.body.as_str()),
        (503, r#"{"error":{"message":"busy"}}"#)
    );
    assert_eq!(done.header("x-should-retry"), Some("false"));
}

#[test]
#[cfg(feature = "chat")]
fn asks_the_next_provider_in_its_dialect() {
    let busy = Reply::json(503, r#"{"error":{"message":"busy"}}"#);
    let answer = r#"{"id":"1","type":"message","role":"assistant","content":[{"type":"text","text":"Hi"}],"stop_reason":"end_turn"}"#;
    let provider = Provider::new([busy, Reply::json(200, answer)]);
    let body = r#"{"model":"both","messages":[{"role":"user","content":"Hi"}]}"#;
    let done = post(&provider, "/v1/chat/completions", body);
    assert_eq!((done.status, done.header("x-clawft-model")), (200, Some("2")));
}

#[test]
fn hides_keys_and_the_errors_about_them() {
    let leak = r#"{"error":{"message":"wrong key sk-a-0123456789"}}"#;
    for status in [400, 401, 403, 418] {
        let provider = Provider::new([Reply::json(status, leak)]);
        let done = post(&provider, "/v1/chat/completions", "{}");
        assert!(!done.body.contains("sk-a"), "{}", done.body);
        assert!(done.status >= 400);
    }
    let done = post(&Provider::new([]), "/v1/chat/completions", r#"{"model":"c/x"}"#);
    assert!(
        done.status == 500 && done.body.contains("`NOT_SET`"),
        "{}",
        done.body
    );
}

#[test]
fn hostile_answers_are_bad_gateways() {
    for reply in [
        Reply::json(200, "<html>"),
        Reply::json(200, "[]"),
        Reply::json(307, ""),
        Reply::json(204, ""),
        Reply::json(999, "{}"),
    ] {
        let done = post(&Provider::new([reply]), "/v1/chat/completions", "{}");
        assert_eq!(done.status, 502, "{}", done.body);
    }
}

#[test]
fn refuses_wrong_requests_in_dialect_of_path() {
    let provider = Provider::new([]);
    let status = |path: &str, body: &str| post(&provider, path, body).status;
    assert_eq!(status("/v1/chat/completions", "{"), 400);
    assert_eq!(status("/v1/chat/completions", r#"{"model":1}"#), 400);
    assert_eq!(status("/v1/chat/completions", &" ".repeat(501)), 413);
    assert_eq!(status("/nothing", "{}"), 404);
    let mut form = request("POST", "/v1/messages");
    form.headers.retain(|(name, _)| name != "Content-Type");
    let done = ask_with(&usual(), &provider, form, "{}");
    assert!(
        done.status == 415 && done.body.starts_with(r#"{"type":"error""#),
        "{}",
        done.body
    );
    let mut stranger = request("POST", "/v1/responses");
    stranger.headers.remove(0);
    let done = ask_with(&usual(), &provider, stranger, "{}");
    assert!(done.status == 401 && done.header("www-authenticate").is_some());
}

#[test]
fn reports_what_is_wrong_with_the_configuration() {
    let provider = Provider::new([]);
    let tell = |variables: &[(&str, &str)], path| {
        let done = ask_with(&service(variables), &provider, request("GET", path), "");
        (done.status, done.body)
    };
    let closed = [("CLAWFT_CONFIG", CONFIG)];
    assert_eq!(tell(&closed, "/healthz"), (200, r#"{"status":"ok"}"#.to_owned()));
    assert_eq!(tell(&closed, "/readyz").0, 503);
    assert!(tell(&closed, "/v1/models").1.contains("`CLAWFT_TOKEN`"));
    let wrong = [("CLAWFT_CONFIG", r#"{"agents":{}}"#), ("CLAWFT_OPEN", "1")];
    let (status, body) = tell(&wrong, "/v1/models");
    assert!(
        status == 500 && body.contains("CLAWFT_CONFIG: providers: missing"),
        "{body}"
    );
    // A stranger does not learn it.
    let guarded = [("CLAWFT_CONFIG", "{"), ("CLAWFT_TOKEN", "other")];
    assert_eq!(tell(&guarded, "/v1/models").0, 401);
}

#[test]
fn lists_configured_and_offered_models() {
    let provider = Provider::new([Reply::json(200, r#"{"data":[{"id":"m"},{"id":"more"}]}"#)]);
    let done = ask_with(&usual(), &provider, request("GET", "/v1/models"), "");
    for id in ["m", "both", "more"] {
        assert_eq!(
            done.body.matches(&format!(r#""id":"{id}""#)).count(),
            1,
            "{}",
            done.body
        );
    }
    let provider = Provider::new([Reply::json(500, "{}"), Reply::json(500, "{}")]);
    let done = ask_with(&usual(), &provider, request("GET", "/v1/models/both"), "");
    assert!(
        done.body.starts_with(r#"{"id":"both","object":"model""#),
        "{}",
        done.body
    );
    let done = ask_with(&usual(), &provider, request("GET", "/v1/models/none"), "");
    assert_eq!(done.status, 404);
}
