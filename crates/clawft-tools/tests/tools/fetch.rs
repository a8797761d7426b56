//! `fetch` as a machine.

use std::time::Duration;

use clawft_core::{Event, HttpRequest, Method, TimeLimit, TransportError};
use clawft_tools::{Fetch, FetchStep, Host, Outcome, Toolbox};
use clawft_types::ToolResult;
use serde_json::{Value, json};

use crate::memory::{call, settings};

fn begin(fetch: &Value, arguments: &Value) -> Result<(Box<Fetch>, HttpRequest), String> {
    let host = Host {
        http: true,
        ..Host::default()
    };
    let mut tools = Toolbox::new(settings(&json!({ "fetch": fetch })).unwrap(), host);
    match tools.start(&call("fetch", arguments)) {
        Outcome::Http(fetch, request) => Ok((fetch, request)),
        Outcome::Done(result) => {
            assert!(result.is_error);
            Err(result.content)
        }
        other => panic!("{other:?}"),
    }
}

fn get(allow: &[&str], url: &str) -> Result<(Box<Fetch>, HttpRequest), String> {
    begin(&json!({ "allow": allow }), &json!({ "url": url }))
}

fn head(fetch: &mut Fetch, status: u16, headers: &[(&str, &str)]) -> FetchStep {
    let headers: Vec<_> = headers
        .iter()
        .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
        .collect();
    fetch.feed(Event::Head {
        status,
        headers: &headers,
    })
}

fn finished(step: FetchStep) -> ToolResult {
    match step {
        FetchStep::Done(result) => result,
        other => panic!("{other:?}"),
    }
}

/// Returns the result for a response.
fn response(status: u16, content_type: &str, body: &[u8]) -> ToolResult {
    let (mut fetch, _) = get(&["https://a.example"], "https://a.example/x").unwrap();
    assert!(matches!(
        head(&mut fetch, status, &[("Content-Type", content_type)]),
        FetchStep::More
    ));
    for part in body.chunks(7) {
        assert!(matches!(fetch.feed(Event::Body(part)), FetchStep::More));
    }
    finished(fetch.feed(Event::End))
}

#[test]
fn only_listed_origins_are_fetched() {
    for (allow, url, is_allowed) in [
        ("https://a.example", "https://a.example/x?y", true),
        ("https://a.example", "https://A.EXAMPLE:443", true),
        ("https://a.example", "http://a.example", false),
        ("https://a.example", "https://a.example:8443", false),
        ("https://a.example", "https://b.a.example", false),
        ("https://a.example", "https://xa.example", false),
        ("https://a.example", "https://a.example.evil.example", false),
        ("https://a.example", "https://a.example@evil.example", false),
        (
            "https://a.example",
            "https://evil.example/https://a.example",
            false,
        ),
        (
            "https://a.example",
            "https://evil.example#https://a.example",
            false,
        ),
        ("https://a.example", "https://a.example\\@evil.example", false),
        ("https://*.a.example", "https://b.c.a.example", true),
        ("https://*.a.example", "https://a.example", false),
        ("https://*.a.example", "https://xa.example", false),
        ("https://*", "https://anything.example", true),
        ("https://*", "http://anything.example", false),
        ("http://*:8080", "http://anything.example:8080", true),
        ("http://127.0.0.1:8080", "http://127.0.0.1:8080", true),
        ("http://127.0.0.1:8080", "http://127.0.0.1:8081", false),
        ("http://localhost", "http://localhost", true),
        ("http://[::1]", "http://[::1]", true),
    ] {
        assert_eq!(get(&[allow], url).is_ok(), is_allowed, "{allow} {url}");
    }
    let message = get(
        &["https://a.example", "https://*.b.example"],
        "https://c.example/x?secret",
    )
    .unwrap_err();
    assert_eq!(
        message,
        "the origin of the URL is not one that the configuration allows"
    );
}

#[test]
fn wildcards_reach_no_private_hosts() {
    for host in [
        "127.0.0.1",
        "127.1.2.3",
        "10.0.0.1",
        "172.16.0.1",
        "192.168.1.1",
        "169.254.169.254",
        "100.64.0.1",
        "0.0.0.0",
        "localhost",
        "a.localhost",
        "LOCALHOST",
        "printer.local",
        "metadata.google.internal",
        "intranet",
        "[::1]",
        "[fe80::1]",
        "[::ffff:127.0.0.1]",
        "[2606:4700::1]",
        "0x7f.0.0.1",
        "2130706433",
        "127.1",
        "localhost.",
    ] {
        for allow in [
            "http://*",
            "http://*.internal",
            "http://*.localhost",
            "http://*.0.0.1",
        ] {
            // A pattern may be no origin at all.
            if settings(&json!({"fetch": {"allow": [allow]}})).is_ok() {
                assert!(
                    get(&[allow], &format!("http://{host}/")).is_err(),
                    "{allow} {host}"
                );
            }
        }
    }
    assert!(get(&["http://*"], "http://8.8.8.8/").is_ok());
}

#[test]
fn resolved_addresses_are_public_or_listed() {
    let (fetch, _) = get(
        &["https://a.example", "http://10.0.0.5:80", "http://[fd00::1]"],
        "https://a.example",
    )
    .unwrap();
    for (address, is_allowed) in [
        ("93.184.216.34", true),
        ("127.0.0.1", false),
        ("10.0.0.5", true),
        ("10.0.0.6", false),
        ("fd00::1", true),
        ("fd00::2", false),
        ("::1", false),
    ] {
        assert_eq!(
            fetch.settings().permits_address(address.parse().unwrap()),
            is_allowed,
            "{address}"
        );
    }
    let (fetch, _) = get(&["http://localhost:8080"], "http://localhost:8080").unwrap();
    assert!(fetch.settings().permits_address("::1".parse().unwrap()));
    // A name that anybody may own is not named by an entry for all.
    let allow = [
        "http://localhost:8080",
        "http://*",
        "https://*.b.example",
        "https://b.example",
    ];
    for (url, is_named) in [
        ("http://localhost:8080/x", true),
        ("https://b.example", true),
        ("https://a.b.example", false),
        ("http://a.example", false),
        ("http://b.example", false),
    ] {
        assert_eq!(get(&allow, url).unwrap().0.is_named(), is_named, "{url}");
    }
}

#[test]
fn redirects_are_checked_again() {
    let allow = ["https://a.example", "http://*"];
    for (location, next) in [
        ("/y", Some("https://a.example/y")),
        ("http://b.example/z", Some("http://b.example/z")),
        ("https://b.example/z", None),
        ("http://127.0.0.1/", None),
        ("//169.254.169.254/", None),
        ("file:///etc/passwd", None),
        ("https://a.example@evil.example/", None),
    ] {
        let (mut fetch, _) = get(&allow, "https://a.example/x").unwrap();
        match (head(&mut fetch, 302, &[("location", location)]), next) {
            (FetchStep::Send(request), Some(next)) => assert_eq!(request.url, next),
            (FetchStep::Done(result), None) => {
                assert!(
                    result.is_error && result.content.contains("redirects to another place"),
                    "{location}"
                );
            }
            (step, _) => panic!("{location}: {step:?}"),
        }
    }
}

#[test]
fn number_of_redirects_is_bounded() {
    let (mut fetch, _) = get(&["https://a.example"], "https://a.example/").unwrap();
    for _ in 0..5 {
        assert!(matches!(
            head(&mut fetch, 301, &[("location", "/")]),
            FetchStep::Send(_)
        ));
    }
    let result = finished(head(&mut fetch, 301, &[("location", "/")]));
    assert_eq!(
        result.content,
        "cannot fetch `https://a.example/`: there are too many redirects"
    );
}

#[test]
fn redirect_keeps_the_method_only_if_asked_to() {
    let settings = json!({"allow": ["https://a.example"], "methods": ["POST"]});
    let arguments = json!({"url": "https://a.example", "method": "POST", "body": "{}"});
    for (status, method, body) in [
        (303, Method::Get, ""),
        (302, Method::Get, ""),
        (307, Method::Post, "{}"),
    ] {
        let (mut fetch, request) = begin(&settings, &arguments).unwrap();
        assert_eq!(
            (request.method, request.body.as_slice()),
            (Method::Post, &b"{}"[..])
        );
        assert!(request.headers.iter().any(|header| header.name == "content-type"));
        let FetchStep::Send(request) = head(&mut fetch, status, &[("location", "/y")]) else {
            panic!()
        };
        assert_eq!(
            (request.method, request.body.as_slice()),
            (method, body.as_bytes())
        );
        assert_eq!(
            request.headers.iter().any(|header| header.name == "content-type"),
            method == Method::Post
        );
        head(&mut fetch, 200, &[]);
        let result = finished(fetch.feed(Event::End));
        assert_eq!(result.content, "[from https://a.example/y]\n");
    }
}

#[test]
fn only_configured_methods_are_sent() {
    for (methods, method, is_allowed) in [
        (json!(["GET"]), "GET", true),
        (json!(["GET"]), "POST", false),
        (json!(["POST"]), "GET", false),
        (json!(["DELETE"]), "DELETE", true),
        (json!(["GET"]), "TRACE", false),
    ] {
        let settings = json!({"allow": ["https://a.example"], "methods": methods});
        let begun = begin(&settings, &json!({"url": "https://a.example", "method": method}));
        assert_eq!(begun.is_ok(), is_allowed, "{methods} {method}");
    }
    let settings = json!({"allow": ["https://a.example"]});
    let odd = json!({"url": "https://a.example", "body": "", "content_type": "a\r\nx: y"});
    assert!(begin(&settings, &odd).unwrap_err().contains("content_type"));
}

#[test]
fn bodies_become_readable_text() {
    for (content_type, body, text) in [
        ("application/json", &b"{\"a\": 1}"[..], "{\"a\": 1}"),
        ("text/html; charset=utf-8", b"<p>a<p>b", "a\nb"),
        ("application/xhtml+xml", b"<p>a</p>", "a\n"),
        ("", b"<!doctype html><b>x</b>", "x"),
        ("text/plain", b"<p>", "<p>"),
        ("text/plain", b"caf\xe9", "caf\u{e9}"),
        (
            "text/html",
            b"<meta charset=windows-1252><p>\x93x\x94",
            "\u{201c}x\u{201d}",
        ),
        (
            "application/xml; charset=iso-8859-1",
            b"<a>\xe9</a>",
            "<a>\u{e9}</a>",
        ),
        (
            "text/plain; charset=koi8-r",
            b"a\xd0",
            "a\u{fffd}\n[characters are lost: the encoding koi8-r is not supported]",
        ),
        ("text/plain", b"\xef\xbb\xbfa", "a"),
        ("", b"\n <p>x</p>", "x\n"),
        ("image/png", b"\x89PNG\0", "a binary body, image/png, 5 bytes"),
        ("", b"\xff\xfe", "a binary body, of an unknown type, 2 bytes"),
        ("", b"", ""),
    ] {
        let result = response(200, content_type, body);
        assert_eq!(
            (result.content.as_str(), result.is_error),
            (text, false),
            "{content_type}"
        );
    }
}

#[test]
fn failures_are_results_for_model() {
    let result = response(404, "text/plain", b"no such page");
    assert_eq!(
        result.content,
        "the server answered with status 404\nno such page"
    );
    assert!(result.is_error);
    let (mut fetch, _) = get(&["https://a.example"], "https://a.example").unwrap();
    let result = finished(fetch.feed(Event::Failed(TransportError::Unavailable(
        "connection refused".to_owned(),
    ))));
    assert_eq!(
        result.content,
        "cannot fetch `https://a.example/`: HTTP unavailable: connection refused"
    );
    let (mut fetch, _) = get(&["https://a.example"], "https://a.example").unwrap();
    let result = finished(head(&mut fetch, 200, &[("content-encoding", "gzip")]));
    assert!(result.content.contains("the body is encoded"));
    for coding in ["identity", "Identity", ""] {
        let (mut fetch, _) = get(&["https://a.example"], "https://a.example").unwrap();
        let step = head(&mut fetch, 200, &[("content-encoding", coding)]);
        assert!(matches!(step, FetchStep::More), "{coding}");
    }
    let (mut fetch, _) = get(&["https://a.example"], "https://a.example").unwrap();
    let result = finished(fetch.feed(Event::Failed(TransportError::TimedOut {
        after: Duration::from_secs(7),
        limit: TimeLimit::Total,
    })));
    assert!(
        result
            .content
            .ends_with("it took longer than 7 s (`timeout_secs` of `tools.fetch`)")
    );
}

#[test]
fn arguments_are_read_as_models_write_them() {
    let settings = json!({"allow": ["https://a.example"], "methods": ["GET", "POST"]});
    for (arguments, method, body) in [
        (json!({"url": " https://a.example\n"}), Method::Get, ""),
        (
            json!({"url": "https://a.example", "method": "post", "body": {"x": [1, "é"]}}),
            Method::Post,
            r#"{"x":[1,"é"]}"#,
        ),
        (
            json!({"url": "https://a.example", "method": "POST", "body": [1]}),
            Method::Post,
            "[1]",
        ),
        (
            json!({"url": "https://a.example", "method": "POST", "body": "text"}),
            Method::Post,
            "text",
        ),
        (
            json!({"url": "https://a.example", "method": null, "body": null}),
            Method::Get,
            "",
        ),
    ] {
        let (_, request) = begin(&settings, &arguments).unwrap();
        assert_eq!(
            (request.method, str::from_utf8(&request.body)),
            (method, Ok(body)),
            "{arguments}"
        );
    }
    for arguments in [
        json!({"url": "https://a.example", "method": 5}),
        json!({"url": "https://a.example", "method": "POST", "content_type": {}}),
    ] {
        let error = begin(&settings, &arguments).unwrap_err();
        assert!(error.starts_with("malformed arguments: "), "{error}");
    }
}

#[test]
fn size_of_bodies_is_bounded() {
    let settings = json!({"allow": ["https://a.example"], "max_bytes": 10});
    let (mut fetch, _) = begin(&settings, &json!({"url": "https://a.example"})).unwrap();
    head(&mut fetch, 200, &[("content-type", "text/plain")]);
    assert!(matches!(fetch.feed(Event::Body(b"0123456789")), FetchStep::More));
    let result = finished(fetch.feed(Event::Body(b"x")));
    assert_eq!(result.content, "0123456789\n[the rest was cut off]");
    let long = response(200, "text/plain", "é".repeat(100_000).as_bytes());
    assert!(long.content.len() < 70_000 && long.content.ends_with("é\n[the rest was cut off]"));
}
