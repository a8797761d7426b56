//! Clients that take the gateway's time, its connections or its log, and what others see of it.

use crate::client::Ask;
use crate::lab::{Lab, Plan};
use crate::upstream::HeldProvider;
use rustix::process::Signal;
use serde_json::json;
use std::io::{ErrorKind, Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

/// Within which the gateway ends in any case.
const ENDING: Duration = Duration::from_secs(10);

/// Nothing here takes as long, unless it would take for ever.
const PATIENCE: Duration = Duration::from_secs(60);

fn connect(address: SocketAddr) -> TcpStream {
    let stream = TcpStream::connect(address).expect("a gateway that listens");
    stream.set_read_timeout(Some(PATIENCE)).expect("a socket");
    stream
}

/// A client that asks for far more than it will read.
fn reads_nothing(lab: &Lab) -> TcpStream {
    pipelines(lab, "/")
}

/// The same for any path.
fn pipelines(lab: &Lab, path: &str) -> TcpStream {
    let mut stream = connect(lab.address);
    stream.set_nonblocking(true).expect("a socket");
    let requests = format!("GET {path} HTTP/1.1\r\nhost: {}\r\n\r\n", lab.address).repeat(500);
    // As much as is taken.
    let _ = stream.write(requests.as_bytes());
    stream
}

/// Whether the gateway has closed the connection.
fn is_closed(mut stream: &TcpStream) -> bool {
    stream.set_read_timeout(Some(PATIENCE)).expect("a socket");
    match stream.read(&mut [0]) {
        Ok(count) => count == 0,
        Err(error) => matches!(error.kind(), ErrorKind::ConnectionReset | ErrorKind::BrokenPipe),
    }
}

/// Waits until the metrics have a line that begins like this and ends with a number above zero.
fn wait_for_metric(lab: &Lab, name: &str) {
    let value = |text: &str| {
        let line = text.lines().find_map(|line| line.strip_prefix(name)?.trim().parse::<u64>().ok());
        line.unwrap_or_default()
    };
    let counted = (0..2000).any(|_| {
        std::thread::sleep(Duration::from_millis(5));
        value(&lab.send(Ask::get("/metrics")).text()) > 0
    });
    assert!(counted, "{name}");
}

#[test]
fn connections_that_are_idle_or_not_read_make_room() {
    let lab = Plan::new("ok").gateway(json!({ "max_connections": 8 })).start();
    let idle: Vec<_> = (0..4).map(|_| connect(lab.address)).collect();
    let stalled: Vec<_> = (0..20).map(|_| reads_nothing(&lab)).collect();
    assert_eq!(lab.send(Ask::get("/healthz")).status, 200);
    assert_eq!(lab.say("hi", false).status, 200);
    assert!(idle.iter().all(is_closed), "they have waited the longest");
    wait_for_metric(&lab, "clawft_connections_cut_total{reason=\"evicted\"}");
    lab.signal(Signal::TERM);
    let (status, took, _) = lab.end();
    assert!(status.success() && took < ENDING, "{status} {took:?}");
    drop(stalled);
}

#[test]
fn one_address_has_a_bound_of_its_own() {
    let lab = Plan::new("ok").gateway(json!({ "max_connections_per_address": 2 })).start();
    let idle: Vec<_> = (0..6).map(|_| connect(lab.address)).collect();
    assert_eq!(lab.send(Ask::get("/healthz")).status, 200);
    assert!(idle[..4].iter().all(is_closed));
}

#[test]
fn where_all_connections_are_at_work_others_are_told() {
    let held = HeldProvider::new();
    let lab = Plan::held(&held).gateway(json!({ "max_connections": 2 })).start();
    let mut answers = [lab.say("one", true), lab.say("two", true)];
    answers.iter_mut().for_each(|answer| drop(answer.some_events()));
    let told = lab.send(Ask::get("/healthz"));
    assert_eq!((told.status, told.header("retry-after")), (503, Some("1")));
    assert_eq!(told.json()["error"]["code"], "too_many_connections");
    held.release();
    assert!(answers.into_iter().all(|answer| answer.text().ends_with("data: [DONE]\n\n")));
}

#[test]
fn a_refusal_is_read_by_who_sends_a_large_body_first() {
    let lab = Plan::new("ok").gateway(json!({ "token": "whisper-token" })).start();
    let body = "x".repeat(4_000_001);
    let token = ("authorization", "Bearer whisper-token");
    let json = ("content-type", "application/json");
    for (path, headers, status) in [
        ("/v1/chat/completions", &[json][..], 401),
        ("/v1/chat/completions", &[token], 415),
        ("/v1/chat/completions", &[token, json, ("x-clawft-session", "../etc")], 400),
        ("/v1/chat/completions", &[token, json, ("host", "a"), ("host", "b")], 400),
        ("/v1/chat/completions", &[token, json], 413),
        ("/nowhere", &[token, json], 404),
        ("/v1/models", &[token, json], 405),
    ] {
        let head: String = headers.iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect();
        let host = if head.contains("host: ") { "" } else { "host: localhost\r\n" };
        let mut stream = connect(lab.address);
        let length = body.len();
        write!(stream, "POST {path} HTTP/1.1\r\n{host}{head}content-length: {length}\r\n\r\n{body}")
            .expect("a request");
        let mut told = String::new();
        stream.read_to_string(&mut told).expect("an answer that is not reset");
        assert!(told.starts_with(&format!("HTTP/1.1 {status} ")), "{path} {headers:?}: {told}");
        assert!(told.contains("\r\nconnection: close\r\n") && told.contains("\"error\":"), "{told}");
    }
}

#[test]
fn what_is_no_request_is_refused_in_openais_shape() {
    let lab = Lab::new("ok");
    let mut stream = connect(lab.address);
    stream.write_all(b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n").expect("bytes");
    let mut told = String::new();
    stream.read_to_string(&mut told).expect("an answer");
    assert!(told.starts_with("HTTP/1.1 400 ") && told.contains("\"code\":\"bad_request\""), "{told}");
}

/// Sends so many requests on one connection, and reads all answers.
fn many(lab: &Lab, count: usize) {
    let mut stream = connect(lab.address);
    let mut writer = stream.try_clone().expect("a socket");
    let request = format!("GET /healthz HTTP/1.1\r\nhost: {}\r\n", lab.address);
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

/// More lines than wait for a log that nobody reads.
const LINES: usize = 10_000;

#[test]
fn a_log_that_nobody_reads_keeps_nobody_waiting() {
    let lab = Plan::new("ok").log_blocked().start();
    many(&lab, LINES);
    wait_for_metric(&lab, "clawft_log_lines_dropped_total");
    lab.unblock_log();
    let line = lab.logged("\"event\":\"log_dropped\"");
    assert!(line.contains("\"lines\":"), "{line}");
}

#[test]
fn a_log_that_nobody_reads_does_not_keep_the_gateway() {
    let mut lab = Plan::new("ok").log_blocked().start();
    many(&lab, LINES);
    lab.signal(Signal::TERM);
    let (status, took) = lab.ended();
    assert!(status.success() && took < ENDING, "{status} {took:?}");
}

#[test]
fn large_bodies_do_not_keep_the_gateway() {
    let lab = Lab::new("ok");
    let empty = r#"{"role":"user","content":""}"#;
    let body =
        format!(r#"{{"messages":[{},{{"role":"assistant","content":""}}]}}"#, vec![empty; 100_000].join(","));
    let senders: Vec<_> = (0..8)
        .map(|_| {
            let mut stream = connect(lab.address);
            let head =
                "POST /v1/chat/completions HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json";
            write!(stream, "{head}\r\ncontent-length: {}\r\n\r\n{body}", body.len()).expect("a request");
            stream
        })
        .collect();
    assert_eq!(lab.send(Ask::get("/healthz")).status, 200);
    lab.signal(Signal::TERM);
    for mut sender in senders {
        let mut told = String::new();
        sender.read_to_string(&mut told).expect("an answer");
        assert!(told.starts_with("HTTP/1.1 400 ") || told.starts_with("HTTP/1.1 503 "), "{told}");
    }
    let (status, took, _) = lab.end();
    assert!(status.success() && took < ENDING, "{status} {took:?}");
}

#[test]
fn requests_that_are_being_read_at_the_end_are_answered() {
    let lab = Lab::new("ok");
    let senders: Vec<_> = (0..20)
        .map(|number| {
            let mut stream = connect(lab.address);
            let head =
                "POST /v1/chat/completions HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json";
            let sent = if number % 2 == 0 { String::new() } else { "x".repeat(100_000) };
            write!(stream, "{head}\r\ncontent-length: 200000\r\n\r\n{sent}").expect("half a request");
            stream
        })
        .collect();
    let reading = (0..2000).any(|_| {
        std::thread::sleep(Duration::from_millis(5));
        lab.send(Ask::get("/metrics")).text().contains("\nclawft_requests_in_flight 21\n")
    });
    assert!(reading);
    lab.signal(Signal::TERM);
    for mut sender in senders {
        let mut told = String::new();
        sender.read_to_string(&mut told).expect("an answer");
        assert!(told.starts_with("HTTP/1.1 503 ") && told.contains("\r\nconnection: close\r\n"), "{told}");
        assert!(told.contains("\"code\":\"shutting_down\""), "{told}");
    }
    let (status, took, _) = lab.end();
    assert!(status.success() && took < ENDING, "{status} {took:?}");
}

/// As many clients as there is room for, each asking for far more than it reads, whatever it asks for.
#[test]
fn pipelined_requests_make_room_whatever_they_ask_for() {
    let lab = Plan::new("ok").gateway(json!({ "max_connections": 8 })).start();
    for path in ["/readyz", "/v1/sessions", "/v1/sessions/a", "/metrics", "/v1/models"] {
        let stalled: Vec<_> = (0..16).map(|_| pipelines(&lab, path)).collect();
        assert_eq!(lab.send(Ask::get("/healthz")).status, 200, "{path}");
        drop(stalled);
    }
}
