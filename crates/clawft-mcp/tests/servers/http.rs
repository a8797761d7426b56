//! Answers over HTTP: their forms and their failures.

use std::time::Duration;

use clawft_core::{Event, TransportError};
use clawft_mcp::{HttpServer, Outcome, Step};
use serde_json::json;

use crate::common::{
    NOW, Response, TOKEN, body, call, config, error, feed, http, http_with, list, listed, result, text,
    tool_call, tools,
};

const SEARCH: &str = "mcp__s__search";

/// Returns the content of a call that gets this response, and whether it failed.
fn answered(answer: impl Fn(&serde_json::Value) -> Response) -> (String, bool) {
    let mut server = listed(&["search"]);
    let result = call(&mut server, SEARCH, "{}", |request| answer(&body(request)["id"]));
    (result.content, result.is_error)
}

#[test]
fn accepts_every_form_of_an_answer() {
    let found = || ("found".to_owned(), false);
    let note =
        json!({"jsonrpc": "2.0", "method": "notifications/progress", "params": {"progress": 1}}).to_string();
    assert_eq!(
        answered(|id| Response::new(200, result(id, &text("found")))),
        found()
    );
    assert_eq!(
        answered(|id| Response::new(201, format!(" {} \n", result(id, &text("found"))))),
        found()
    );
    // The id as a string.
    assert_eq!(
        answered(|id| Response::new(200, result(&json!(id.to_string()), &text("found")))),
        found()
    );
    assert_eq!(
        answered(|id| Response::events(&[result(id, &text("found"))])),
        found()
    );
    assert_eq!(
        answered(|id| Response::events(&[
            note.clone(),
            result(&json!(77), &text("other")),
            result(id, &text("found"))
        ])),
        found()
    );
    assert_eq!(
        answered(|id| Response::events(&[
            result(id, &text("found")),
            result(id, &text("again")),
            "not JSON".to_owned()
        ])),
        found()
    );
    // Comments, an event without data, and CR LF.
    let stream = |id: &serde_json::Value| {
        format!(
            ": hello\r\n\r\nid: 1\r\ndata:\r\n\r\ndata: {}\r\n\r\n",
            result(id, &text("found"))
        )
    };
    assert_eq!(
        answered(|id| Response::new(200, stream(id)).with("content-type", "text/event-stream; charset=utf-8")),
        found()
    );
}

#[test]
fn failures_are_results_for_the_model() {
    for (response, message) in [
        (
            Response::new(200, ""),
            "its response (status 200) holds no answer",
        ),
        (
            Response::new(202, ""),
            "its response (status 202) holds no answer",
        ),
        (
            Response::new(200, "{}"),
            "its response (status 200) holds no answer",
        ),
        (
            Response::new(200, "[]"),
            "its response (status 200) holds no answer",
        ),
        (Response::new(200, "<html>"), "1:1: not JSON, expected value"),
        (
            Response::new(200, "\u{feff}"),
            "1:0: not JSON, the text ends early",
        ),
        (Response::events(&[]), "its response (status 200) holds no answer"),
        (
            Response::events(&["{".to_owned()]),
            "1:1: not JSON, the text ends early",
        ),
        (
            Response::new(200, result(&json!(9), &text("other"))),
            "its response (status 200) holds no answer",
        ),
        (
            Response::new(200, error(&json!(2), -32602, "Unknown tool: x")),
            "it refuses the request: Unknown tool: x",
        ),
        (
            Response::new(200, error(&json!(null), -32700, "Parse\nerror")),
            "it refuses the request: Parse error",
        ),
        (
            Response::new(200, error(&json!(2), -32603, "")),
            "it refuses the request",
        ),
        (
            Response::new(400, error(&json!(2), -32602, "no")),
            "it refuses the request: no",
        ),
        (Response::new(404, "gone"), "it refuses the request (status 404)"),
        (
            Response::new(401, error(&json!(2), -32001, "expired")),
            "it refuses access (status 401): expired",
        ),
        (Response::new(403, ""), "it refuses access (status 403)"),
        (Response::new(429, ""), "it is asked too often (status 429)"),
        (
            Response::new(500, error(&json!(2), -32603, "crashed")),
            "it has failed (status 500): crashed",
        ),
        (
            Response::new(599, vec![b'x'; 100_000]),
            "it has failed (status 599)",
        ),
        (
            Response::new(307, "").with("location", "http://evil"),
            "redirects are not followed, so give the address that it leads to",
        ),
        (
            Response::new(200, "x").with("content-encoding", "gzip"),
            "its response is encoded, which was not asked for",
        ),
        (
            Response::new(200, result(&json!(2), &json!({"resultType": "input_required"}))),
            "it asks for input from the user, which is not supported",
        ),
        (
            Response::new(200, result(&json!(2), &json!({"resultType": "task"}))),
            "its result is of a type that is not known here",
        ),
    ] {
        let (content, is_error) = answered(|_| response.clone());
        assert_eq!((content, is_error), (format!("MCP server `s`: {message}"), true));
    }
}

#[test]
fn transport_errors_are_warnings_or_results() {
    let mut server = http();
    let Step::Send(_) = server.list(NOW) else { panic!() };
    let refused = TransportError::Unavailable("connection refused".to_owned());
    let Step::Done(Outcome::Listed(Err(error))) = server.feed(Event::Failed(refused), NOW) else {
        panic!()
    };
    assert_eq!(
        error.to_string(),
        "MCP server `s`: HTTP unavailable: connection refused"
    );
    let mut server = listed(&["search"]);
    let Step::Send(_) = server.call(&tool_call(SEARCH, "{}"), NOW) else {
        panic!()
    };
    server.feed(
        Event::Head {
            status: 200,
            headers: &[],
        },
        NOW,
    );
    let large = TransportError::TooLarge { limit: 7 };
    let Step::Done(Outcome::Called(failed)) = server.feed(Event::Failed(large), NOW) else {
        panic!()
    };
    assert_eq!(
        (failed.content.as_str(), failed.is_error),
        ("MCP server `s`: its response is larger than 7 bytes", true)
    );
    // The tools are still there.
    assert_eq!(server.catalog().tools().len(), 1);
}

#[test]
fn secrets_are_never_shown() {
    let shown = |server: &HttpServer| format!("{server:?}");
    let mut server = http_with(&json!({"url": "http://127.0.0.1:1/mcp?key=q_secret_q",
        "headers": {"x-key": "h_secret_h"}, "headers_env": {"authorization": "TOKEN"}}));
    let Step::Send(request) = server.list(NOW) else {
        panic!()
    };
    assert!(request.url.ends_with("?key=q_secret_q"));
    let headers = format!("{:?}", request.headers);
    for text in [shown(&server), headers] {
        assert!(!text.contains("_secret_") && !text.contains("ghp_"), "{text}");
    }
    let says = format!("no {TOKEN}, h_secret_h or ghp_Abc123D q_secret_q");
    let step = feed(
        &mut server,
        &Response::new(500, error(&json!(1), -32603, &says)),
        5,
    );
    let Step::Done(Outcome::Listed(Err(error))) = step else {
        panic!("{step:?}")
    };
    assert_eq!(
        error.cause,
        "it has failed (status 500): no *** *** *** or *** ***"
    );
}

#[test]
fn unusable_configuration_is_an_error() {
    let error = |server: &serde_json::Value, value: Option<&str>| {
        let env = |name: &str| value.filter(|_| name == "TOKEN").map(str::to_owned);
        HttpServer::new(&config(server), &env).unwrap_err().to_string()
    };
    let server = json!({"url": "http://h", "headers_env": {"authorization": "TOKEN"}});
    let unset = "MCP server `s`: the environment variable `TOKEN` is not set";
    assert_eq!([error(&server, None), error(&server, Some(" "))], [unset, unset]);
    assert_eq!(
        error(&server, Some("a\r\nx: y")),
        "MCP server `s`: the value of the header `authorization` is not printable ASCII"
    );
    assert_eq!(
        error(&json!({"command": "c"}), None),
        "MCP server `s`: it is a program, which this host cannot start"
    );
    // Line ends that files and shells leave are dropped.
    let mut server = HttpServer::new(&config(&server), &|_| Some("key\n".to_owned())).unwrap();
    let Step::Send(request) = server.list(NOW) else {
        panic!()
    };
    assert_eq!(crate::common::header(&request, "authorization"), Some("key"));
}

#[test]
fn time_is_limited_for_the_whole_operation() {
    let mut server = http_with(&json!({"url": "http://h", "timeout_secs": 5}));
    let at = Duration::from_millis;
    let Step::Send(request) = server.list(at(1000)) else {
        panic!()
    };
    assert_eq!((request.timeout, request.stream), (at(4000), false));
    let page = json!({"tools": [], "nextCursor": "2"});
    server.feed(
        Event::Head {
            status: 200,
            headers: &[],
        },
        at(3000),
    );
    server.feed(Event::Body(result(&json!(1), &page).as_bytes()), at(3000));
    let Step::Send(request) = server.feed(Event::End, at(4500)) else {
        panic!()
    };
    assert_eq!(request.timeout, at(500));
    let Step::Done(Outcome::Listed(Err(error))) = server.feed(
        Event::Head {
            status: 200,
            headers: &[],
        },
        at(5000),
    ) else {
        panic!()
    };
    assert_eq!(error.cause, "it did not answer within 5 s");
    let timed_out = Event::Failed(TransportError::TimedOut {
        after: at(1),
        limit: clawft_core::TimeLimit::Total,
    });
    let Step::Send(_) = server.list(NOW) else { panic!() };
    let Step::Done(Outcome::Listed(Err(error))) = server.feed(timed_out, NOW) else {
        panic!()
    };
    assert_eq!(error.cause, "it did not answer within 5 s");
    let Step::Done(Outcome::Listed(Err(_))) = server.list(at(5000)) else {
        panic!()
    };
    assert!(matches!(server.list(at(4999)), Step::Send(_)));
}

#[test]
fn fresh_list_is_kept_for_its_time() {
    let pages = |times: &[Option<u64>]| {
        let mut server = http();
        let mut pages = times.iter().enumerate();
        list(&mut server, |request| {
            let (number, time) = pages.next().unwrap();
            let mut page = tools(&[&format!("t{number}")]);
            page["ttlMs"] = json!(time);
            page["nextCursor"] = json!((number + 1 < times.len()).then_some("next"));
            assert_eq!(
                body(request)["params"].get("cursor"),
                (number > 0).then_some(&json!("next"))
            );
            Response::new(200, result(&body(request)["id"], &page))
        })
        .unwrap();
        assert_eq!(server.catalog().tools().len(), times.len());
        server
    };
    let fresh = |times: &[Option<u64>], age| pages(times).catalog().is_fresh(Duration::from_millis(age));
    assert!(fresh(&[Some(60_000)], 59_999) && !fresh(&[Some(60_000)], 60_000));
    assert!(fresh(&[Some(60_000), Some(10)], 9) && !fresh(&[Some(60_000), Some(10)], 10));
    assert!(!fresh(&[None], 0) && !fresh(&[Some(60_000), None], 0));
    let mut server = pages(&[Some(60_000)]);
    let changed = json!({"jsonrpc": "2.0", "method": "notifications/tools/list_changed"}).to_string();
    call(&mut server, "mcp__s__t0", "{}", |request| {
        Response::events(&[changed.clone(), result(&body(request)["id"], &text("done"))])
    });
    assert!(!server.catalog().is_fresh(NOW) && server.catalog().tools().len() == 1);
    let mut server = pages(&[Some(60_000)]);
    call(&mut server, "mcp__s__t0", "{}", |_| {
        Response::new(400, error(&json!(2), -32020, "Header mismatch"))
    });
    assert!(!server.catalog().is_fresh(NOW));
}
