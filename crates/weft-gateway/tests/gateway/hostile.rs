//! Clients that occupy the gateway's time, connections or log, and the effect on other clients.

use std::{
    io::{ErrorKind, Read as _, Write as _},
    net::{SocketAddr, TcpStream},
    time::Duration,
};

use rustix::process::Signal;
use serde_json::json;

use crate::{
    client::Request,
    context::{GatewayOptions, TestContext},
    upstream::HeldProvider,
};

/// The longest time in which the gateway ends.
const ENDING: Duration = Duration::from_secs(10);

/// The longest time that a test waits; a correct gateway needs less.
const MAX_WAIT: Duration = Duration::from_secs(60);

fn connect(address: SocketAddr) -> TcpStream {
    let stream = TcpStream::connect(address).expect("a gateway that listens");
    stream.set_read_timeout(Some(MAX_WAIT)).expect("a socket");
    stream
}

/// Returns a client that requests far more than it reads.
fn reads_nothing(context: &TestContext) -> TcpStream {
    pipelines(context, "/")
}

/// Returns such a client for any path.
fn pipelines(context: &TestContext, path: &str) -> TcpStream {
    let mut stream = connect(context.address);
    stream.set_nonblocking(true).expect("a socket");
    let requests = format!("GET {path} HTTP/1.1\r\nhost: {}\r\n\r\n", context.address).repeat(500);
    // Writes as many bytes as the gateway takes.
    let _ = stream.write(requests.as_bytes());
    stream
}

/// Returns whether the gateway has closed the connection.
fn is_closed(mut stream: &TcpStream) -> bool {
    stream.set_read_timeout(Some(MAX_WAIT)).expect("a socket");
    match stream.read(&mut [0]) {
        Ok(count) => count == 0,
        Err(error) => matches!(error.kind(), ErrorKind::ConnectionReset | ErrorKind::BrokenPipe),
    }
}

/// Waits until the metrics have a line that begins with `name` and ends with a number above zero.
fn wait_for_metric(context: &TestContext, name: &str) {
    let value = |text: &str| {
        let line = text
            .lines()
            .find_map(|line| line.strip_prefix(name)?.trim().parse::<u64>().ok());
        line.unwrap_or_default()
    };
    let counted = (0..2000).any(|_| {
        std::thread::sleep(Duration::from_millis(5));
        value(&context.send(Request::get("/metrics")).text()) > 0
    });
    assert!(counted, "{name}");
}

#[test]
fn idle_and_unread_connections_make_room() {
    let context = GatewayOptions::new("ok")
        .gateway(json!({ "max_connections": 8 }))
        .start();
    let idle: Vec<_> = (0..4).map(|_| connect(context.address)).collect();
    let stalled: Vec<_> = (0..20).map(|_| reads_nothing(&context)).collect();
    assert_eq!(context.send(Request::get("/healthz")).status, 200);
    assert_eq!(context.say("hi", false).status, 200);
    assert!(idle.iter().all(is_closed), "they have waited the longest");
    wait_for_metric(&context, "clawft_connections_cut_total{reason=\"evicted\"}");
    context.signal(Signal::TERM);
    let (status, took, _) = context.end();
    assert!(status.success() && took < ENDING, "{status} {took:?}");
    drop(stalled);
}

#[test]
fn limits_connections_of_one_address() {
    let context = GatewayOptions::new("ok")
        .gateway(json!({ "max_connections_per_address": 2 }))
        .start();
    let idle: Vec<_> = (0..6).map(|_| connect(context.address)).collect();
    assert_eq!(context.send(Request::get("/healthz")).status, 200);
    assert!(idle[..4].iter().all(is_closed));
}

#[test]
fn refuses_client_while_all_connections_work() {
    let held = HeldProvider::new();
    let context = GatewayOptions::held(&held)
        .gateway(json!({ "max_connections": 2 }))
        .start();
    let mut answers = [context.say("one", true), context.say("two", true)];
    answers.iter_mut().for_each(|answer| drop(answer.some_events()));
    let told = context.send(Request::get("/healthz"));
    assert_eq!((told.status, told.header("retry-after")), (503, Some("1")));
    assert_eq!(told.json()["error"]["code"], "too_many_connections");
    held.release();
    assert!(
        answers
            .into_iter()
            .all(|answer| answer.text().ends_with("data: [DONE]\n\n"))
    );
}

#[test]
fn refusal_reaches_client_that_sends_body_first() {
    let context = GatewayOptions::new("ok")
        .gateway(json!({ "token": "whisper-token" }))
        .start();
    let body = "x".repeat(4_000_001);
    let token = ("authorization", "Bearer whisper-token");
    let json = ("content-type", "application/json");
    for (path, headers, status) in [
        ("/v1/chat/completions", &[json][..], 401),
        ("/v1/chat/completions", &[token], 415),
        (
            "/v1/chat/completions",
            &[token, json, ("x-clawft-session", "../etc")],
            400,
        ),
        (
            "/v1/chat/completions",
            &[token, json, ("host", "a"), ("host", "b")],
            400,
        ),
        ("/v1/chat/completions", &[token, json], 413),
        ("/nowhere", &[token, json], 404),
        ("/v1/models", &[token, json], 405),
    ] {
        let head: String = headers
            .iter()
            .map(|(name, value)| format!("{name}: {value}\r\n"))
            .collect();
        let host = if head.contains("host: ") {
            ""
        } else {
            "host: localhost\r\n"
        };
        let mut stream = connect(context.address);
        let length = body.len();
        write!(
            stream,
            "POST {path} HTTP/1.1\r\n{host}{head}content-length: {length}\r\n\r\n{body}"
        )
        .expect("a request");
        let mut told = String::new();
        stream
            .read_to_string(&mut told)
            .expect("an answer that is not reset");
        assert!(
            told.starts_with(&format!("HTTP/1.1 {status} ")),
            "{path} {headers:?}: {told}"
        );
        assert!(
            told.contains("\r\nconnection: close\r\n") && told.contains("\"error\":"),
            "{told}"
        );
    }
}

#[test]
fn refuses_invalid_request_in_openais_shape() {
    let context = TestContext::new("ok");
    let mut stream = connect(context.address);
    stream
        .write_all(b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n")
        .expect("bytes");
    let mut told = String::new();
    stream.read_to_string(&mut told).expect("an answer");
    assert!(
        told.starts_with("HTTP/1.1 400 ") && told.contains("\"code\":\"bad_request\""),
        "{told}"
    );
}

/// Sends `count` requests on one connection, and reads all answers.
fn many(context: &TestContext, count: usize) {
    let mut stream = connect(context.address);
    let mut writer = stream.try_clone().expect("a socket");
    let request = format!("GET /healthz HTTP/1.1\r\nhost: {}\r\n", context.address);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            let last = format!("{request}connection: close\r\n\r\n");
            let requests = format!("{request}\r\n").repeat(count - 1) + &last;
            writer.write_all(requests.as_bytes()).expect("requests");
        });
        let mut answers = String::new();
        stream.read_to_string(&mut answers).expect("answers");
        assert_eq!(answers.matches("HTTP/1.1 200 ").count(), count);
    });
}

/// More lines than the log queues while nobody reads it.
const LINES: usize = 10_000;

#[test]
fn unread_log_delays_nobody() {
    let context = GatewayOptions::new("ok").log_blocked().start();
    many(&context, LINES);
    wait_for_metric(&context, "clawft_log_lines_dropped_total");
    context.unblock_log();
    let line = context.logged("\"event\":\"log_dropped\"");
    assert!(line.contains("\"lines\":"), "{line}");
}

#[test]
fn unread_log_does_not_delay_the_end() {
    let mut context = GatewayOptions::new("ok").log_blocked().start();
    many(&context, LINES);
    context.signal(Signal::TERM);
    let (status, took) = context.ended();
    assert!(status.success() && took < ENDING, "{status} {took:?}");
}

#[test]
fn large_bodies_do_not_delay_the_end() {
    let context = TestContext::new("ok");
    let empty = r#"{"role":"user","content":""}"#;
    let body = format!(
        r#"{{"model":"clawft","messages":[{},{{"role":"assistant","content":""}}]}}"#,
        vec![empty; 100_000].join(",")
    );
    let senders: Vec<_> = (0..8)
        .map(|_| {
            let mut stream = connect(context.address);
            let head =
                "POST /v1/chat/completions HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json";
            write!(stream, "{head}\r\ncontent-length: {}\r\n\r\n{body}", body.len()).expect("a request");
            stream
        })
        .collect();
    assert_eq!(context.send(Request::get("/healthz")).status, 200);
    context.signal(Signal::TERM);
    for mut sender in senders {
        let mut told = String::new();
        sender.read_to_string(&mut told).expect("an answer");
        assert!(
            told.starts_with("HTTP/1.1 400 ") || told.starts_with("HTTP/1.1 503 "),
            "{told}"
        );
    }
    let (status, took, _) = context.end();
    assert!(status.success() && took < ENDING, "{status} {took:?}");
}

#[test]
fn answers_requests_that_arrive_at_the_end() {
    let context = TestContext::new("ok");
    let senders: Vec<_> = (0..20)
        .map(|number| {
            let mut stream = connect(context.address);
            let head =
                "POST /v1/chat/completions HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json";
            let sent = if number % 2 == 0 {
                String::new()
            } else {
                "x".repeat(100_000)
            };
            write!(stream, "{head}\r\ncontent-length: 200000\r\n\r\n{sent}").expect("half a request");
            stream
        })
        .collect();
    let reading = (0..2000).any(|_| {
        std::thread::sleep(Duration::from_millis(5));
        context
            .send(Request::get("/metrics"))
            .text()
            .contains("\nclawft_requests_in_flight 21\n")
    });
    assert!(reading);
    context.signal(Signal::TERM);
    for mut sender in senders {
        let mut told = String::new();
        sender.read_to_string(&mut told).expect("an answer");
        assert!(
            told.starts_with("HTTP/1.1 503 ") && told.contains("\r\nconnection: close\r\n"),
            "{told}"
        );
        assert!(told.contains("\"code\":\"shutting_down\""), "{told}");
    }
    let (status, took, _) = context.end();
    assert!(status.success() && took < ENDING, "{status} {took:?}");
}

/// Fills all connections with clients that request far more than they read.
#[test]
fn pipelined_requests_make_room_on_any_path() {
    let context = GatewayOptions::new("ok")
        .gateway(json!({ "max_connections": 8 }))
        .start();
    for path in [
        "/readyz",
        "/v1/sessions",
        "/v1/sessions/a",
        "/metrics",
        "/v1/models",
    ] {
        let stalled: Vec<_> = (0..16).map(|_| pipelines(&context, path)).collect();
        assert_eq!(context.send(Request::get("/healthz")).status, 200, "{path}");
        drop(stalled);
    }
}
