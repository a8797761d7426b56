//! The server over real sockets, with a client that reads raw bytes.

use std::{
    fs,
    io::{Read as _, Write as _},
    net::{SocketAddr, TcpStream},
    path::Path,
    thread,
    time::{Duration, Instant},
};

use mock_provider::{HUGE_TEXT_BYTES, LARGE_TEXT_BYTES, Received, RequestLog, Server};
use serde_json::{Value, json};

/// The time after which a client stops waiting for bytes.
const PATIENCE: Duration = Duration::from_millis(300);

/// An answer as a client received it.
struct Answer {
    status: u16,
    head: String,
    body: Vec<u8>,
    /// Whether the server closed the connection. The client asks for that, so only a hanging server does not.
    closed: bool,
}

impl Answer {
    fn json(&self) -> Value {
        serde_json::from_slice(&self.body).expect("a JSON body")
    }

    fn text(&self) -> String {
        self.json()["choices"][0]["message"]["content"]
            .as_str()
            .expect("a text")
            .to_owned()
    }

    fn promised_length(&self) -> usize {
        let line = self
            .head
            .lines()
            .find_map(|line| line.strip_prefix("content-length: "));
        line.expect("a content-length").parse().expect("a number")
    }
}

fn start(log: RequestLog) -> SocketAddr {
    let server = Server::bind(0, log).expect("a free port");
    let address = server.address();
    thread::spawn(|| server.run().expect("a server that runs"));
    address
}

fn send(address: SocketAddr, request: &str, patience: Duration) -> Option<Answer> {
    let mut stream = TcpStream::connect(address).expect("a connection");
    stream.set_read_timeout(Some(patience)).expect("a timeout");
    stream.write_all(request.as_bytes()).expect("a request");
    let mut bytes = Vec::new();
    let closed = stream.read_to_end(&mut bytes).is_ok();
    let split = bytes.windows(4).position(|four| four == b"\r\n\r\n")?;
    let head = String::from_utf8(bytes[..split].to_vec()).expect("a head in ASCII");
    let status = head
        .split(' ')
        .nth(1)
        .and_then(|code| code.parse().ok())
        .expect("a status line");
    Some(Answer {
        status,
        head,
        body: bytes[split + 4..].to_vec(),
        closed,
    })
}

fn request(path: &str, body: &str) -> String {
    format!(
        "POST {path} HTTP/1.1\r\nhost: loopback\r\nconnection: close\r\nauthorization: Bearer sk-proj-0123456789wxyz\r\n\
         content-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    )
}

fn ask(address: SocketAddr, scenario: &str, patience: Duration) -> Option<Answer> {
    let body = json!({ "model": "gpt-4o-mini", "messages": [{ "role": "user", "content": "hello" }] });
    send(
        address,
        &request(&format!("/{scenario}/v1/chat/completions"), &body.to_string()),
        patience,
    )
}

fn answer(scenario: &str) -> Answer {
    ask(start(RequestLog::default()), scenario, Duration::from_secs(20)).expect("an answer")
}

/// Returns the text of a stream in OpenAI's dialect, joined from its events.
fn streamed(address: SocketAddr, scenario: &str) -> Answer {
    let body = json!({
        "model": "gpt-4o-mini",
        "messages": [{ "role": "user", "content": "one two three four" }],
        "stream": true,
    });
    let request = request(&format!("/{scenario}/v1/chat/completions"), &body.to_string());
    send(address, &request, Duration::from_secs(20)).expect("an answer")
}

fn logged(path: &Path) -> Vec<Received> {
    let text = fs::read_to_string(path).expect("a log");
    text.lines()
        .map(|line| serde_json::from_str(line).expect("a line of the log"))
        .collect()
}

#[test]
fn ok_echoes_in_the_documented_shape() {
    let answer = answer("ok");
    assert_eq!((answer.status, answer.text()), (200, "echo: hello".to_owned()));
    assert_eq!(answer.json()["object"], "chat.completion");
    assert!(answer.json()["usage"]["total_tokens"].is_u64());
}

#[test]
fn statuses_have_the_providers_bodies() {
    for (scenario, status, message) in [
        (
            "status-401",
            401,
            "Incorrect API key provided: sk-proj-**********wxyz.",
        ),
        ("status-429", 429, "Rate limit reached"),
        ("status-500", 500, "The server had an error"),
        ("status-503", 503, "overloaded"),
    ] {
        let answer = answer(scenario);
        assert_eq!(answer.status, status);
        let said = answer.json()["error"]["message"]
            .as_str()
            .expect("a message")
            .to_owned();
        assert!(said.contains(message), "{said}");
    }
}

#[test]
fn recovers_fails_once_a_path() {
    let address = start(RequestLog::default());
    let statuses = ["recovers/a", "recovers/a", "recovers/b"].map(|path| {
        ask(address, path, Duration::from_secs(5))
            .expect("an answer")
            .status
    });
    assert_eq!(statuses, [503, 200, 503]);
}

#[test]
fn long_answers_have_their_length() {
    for (scenario, length) in [("large", LARGE_TEXT_BYTES), ("huge", HUGE_TEXT_BYTES)] {
        assert_eq!(answer(scenario).text().len(), length, "{scenario}");
    }
}

#[test]
fn garbage_claims_to_be_json_and_is_not() {
    let answer = answer("garbage");
    assert!(answer.head.contains("content-type: application/json"));
    assert!(serde_json::from_slice::<Value>(&answer.body).is_err());
}

#[test]
fn truncated_ends_before_its_promised_length() {
    let answer = answer("truncated");
    assert!(answer.closed && !answer.body.is_empty() && answer.body.len() < answer.promised_length());
}

#[test]
fn stalled_sends_half_and_keeps_the_connection() {
    let answer = ask(start(RequestLog::default()), "stalled", PATIENCE).expect("half an answer");
    assert!(!answer.closed && !answer.body.is_empty() && answer.body.len() < answer.promised_length());
}

#[test]
fn silent_scenario_sends_nothing_at_all() {
    assert!(ask(start(RequestLog::default()), "silent", PATIENCE).is_none());
}

#[test]
fn stream_delivers_the_text_in_deltas() {
    let answer = streamed(start(RequestLog::default()), "ok");
    assert!(answer.head.contains("text/event-stream"));
    let text = String::from_utf8(answer.body).expect("text");
    let pieces: Vec<usize> = ["\"echo: \"", "\"one \"", "\"two \"", "\"four\"", "[DONE]\n\n"]
        .iter()
        .map(|piece| text.find(piece).unwrap_or_else(|| panic!("no {piece} in {text}")))
        .collect();
    assert!(pieces.is_sorted());
}

#[test]
fn cut_stream_has_three_deltas_only() {
    for (scenario, last) in [("stream-cut", "two "), ("stream-error", "server_error")] {
        let text = String::from_utf8(streamed(start(RequestLog::default()), scenario).body).expect("text");
        assert!(
            text.contains("one ") && text.contains(last) && !text.contains("three"),
            "{text}"
        );
        assert!(!text.contains("[DONE]"), "{text}");
    }
}

#[test]
fn anthropic_is_served_under_its_own_path() {
    let body = r#"{"model":"m","max_tokens":9,"messages":[{"role":"user","content":"hi"}]}"#;
    let request = format!(
        "POST /ok/v1/messages HTTP/1.1\r\nx-api-key: k\r\nanthropic-version: 2023-06-01\r\n\
         content-length: {}\r\n\r\n{body}",
        body.len()
    );
    let answer = send(start(RequestLog::default()), &request, PATIENCE).expect("an answer");
    assert_eq!(answer.json()["content"][0]["text"], "echo: hi");
}

#[test]
fn reset_is_no_answer_but_next_request_answered() {
    let address = start(RequestLog::default());
    assert!(ask(address, "reset-then-ok", Duration::from_secs(5)).is_none());
    assert_eq!(
        ask(address, "reset-then-ok", Duration::from_secs(5))
            .expect("an answer")
            .status,
        200
    );
}

#[test]
fn date_to_retry_after_is_two_seconds_later() {
    let head = answer("retry-after-date").head;
    assert!(head.contains("date: Sun, 06 Nov 1994 08:49:37 GMT"), "{head}");
    assert!(
        head.contains("retry-after: Sun, 06 Nov 1994 08:49:39 GMT"),
        "{head}"
    );
}

#[test]
fn same_seed_of_chaos_gives_same_bytes() {
    let address = start(RequestLog::default());
    // Dates have the time, and random answers have no dates.
    let bytes = |seed: u32| {
        let mut stream = TcpStream::connect(address).expect("a connection");
        let path = format!("/chaos-{seed}/v1/chat/completions");
        stream
            .write_all(request(&path, "{}").as_bytes())
            .expect("a request");
        let mut bytes = Vec::new();
        // A reset is one of the possible ends.
        let _ = stream.read_to_end(&mut bytes);
        bytes
    };
    for seed in 0..30 {
        assert_eq!(bytes(seed), bytes(seed), "{seed}");
    }
}

#[test]
fn slow_takes_its_second() {
    let start = Instant::now();
    assert_eq!(answer("slow").status, 200);
    assert!(start.elapsed() >= Duration::from_secs(1));
}

#[test]
fn refuses_other_paths_with_a_message() {
    let answer = answer("loud");
    assert_eq!(answer.status, 404);
    assert!(String::from_utf8_lossy(&answer.body).contains("no scenario is called `loud`"));
}

#[test]
fn requests_are_logged_before_they_are_answered() {
    let directory = tempfile::tempdir().expect("a directory");
    let path = directory.path().join("log.jsonl");
    let address = start(RequestLog::append_to(&path).expect("a log"));
    assert!(
        send(
            address,
            &request("/ok/my-test/v1/chat/completions", "{ü"),
            PATIENCE
        )
        .is_some()
    );
    assert!(ask(address, "silent/other", PATIENCE).is_none());

    let lines = logged(&path);
    let paths: Vec<&str> = lines.iter().map(|line| line.path.as_str()).collect();
    assert_eq!(
        paths,
        [
            "/ok/my-test/v1/chat/completions",
            "/silent/other/v1/chat/completions"
        ]
    );
    assert_eq!(
        (
            lines[0].method.as_str(),
            lines[0].body.as_str(),
            lines[0].body_length
        ),
        ("POST", "{ü", 3)
    );
    let key = (
        "authorization".to_owned(),
        "Bearer sk-proj-0123456789wxyz".to_owned(),
    );
    assert!(lines[0].headers.contains(&key));
}
