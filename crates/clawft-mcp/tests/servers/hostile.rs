//! Servers that send without end or far too much.

use clawft_core::{Event, sse::MAX_EVENT};
use clawft_mcp::{
    HttpServer, Outcome, Step,
    limits::{MAX_ERROR_BODY, MAX_RESPONSE},
};
use serde_json::{Value, json};

use crate::common::{NOW, Response, body, call, feed, http, list, listed, result, tool_call, tools};

/// Feeds `part` until the operation ends, and returns its failure and the number of bytes fed.
fn flood(server: &mut HttpServer, head: &Response, part: &[u8]) -> (String, usize) {
    let head = Event::Head {
        status: head.status,
        headers: &head.headers,
    };
    assert!(matches!(server.feed(head, NOW), Step::More));
    let mut fed = 0;
    loop {
        fed += part.len();
        match server.feed(Event::Body(part), NOW) {
            Step::More => assert!(fed <= MAX_RESPONSE, "there is no limit"),
            Step::Done(Outcome::Listed(Err(error))) => return (error.cause, fed),
            step => panic!("{step:?}"),
        }
    }
}

fn asked() -> HttpServer {
    let mut server = http();
    assert!(matches!(server.list(NOW), Step::Send(_)));
    server
}

#[test]
fn endless_responses_come_to_an_end() {
    let part = vec![b' '; 100_000];
    let large = format!("its response is larger than {MAX_RESPONSE} bytes");
    let (cause, fed) = flood(&mut asked(), &Response::new(200, ""), &part);
    assert_eq!(cause, large);
    assert!(fed > MAX_RESPONSE && fed <= MAX_RESPONSE + part.len());
    let events = Response::events(&[]);
    for part in [
        ": comment\n\n",
        "data: {\"jsonrpc\":\"2.0\",\"method\":\"notifications/message\"}\n\n",
        "data:\n\n",
        "\r",
    ] {
        assert_eq!(
            flood(&mut asked(), &events, part.repeat(10_000).as_bytes()).0,
            large
        );
    }
    let (cause, fed) = flood(&mut asked(), &events, &vec![b'x'; 65_536]);
    assert_eq!(
        cause,
        format!("an event of its response is larger than {MAX_EVENT} bytes")
    );
    assert!(fed <= MAX_EVENT + 65_536);
    let (cause, fed) = flood(&mut asked(), &Response::new(503, ""), &[b'x'; 1000]);
    assert_eq!(cause, "it has failed (status 503)");
    assert!(fed <= MAX_ERROR_BODY + 1000);
}

#[test]
fn largest_response_is_read() {
    let mut server = listed(&["t"]);
    let padding = |size: usize| {
        move |request: &_| {
            let mut answer = result(
                &body(request)["id"],
                &json!({"content": [{"type": "text", "text": "x"}]}),
            );
            answer.push_str(&" ".repeat(size - answer.len()));
            Response::new(200, answer)
        }
    };
    assert!(!call(&mut server, "mcp__s__t", "{}", padding(MAX_RESPONSE)).is_error);
    assert!(call(&mut server, "mcp__s__t", "{}", padding(MAX_RESPONSE + 1)).is_error);
}

#[test]
fn events_out_of_order_are_an_error() {
    let head = Event::Head {
        status: 200,
        headers: &[],
    };
    for events in [
        &[Event::End][..],
        &[Event::Body(b"x")],
        &[head.clone(), head.clone()],
    ] {
        let mut server = asked();
        let mut last = Step::More;
        for event in events {
            last = server.feed(event.clone(), NOW);
        }
        let Step::Done(Outcome::Listed(Err(error))) = last else {
            panic!("{last:?}")
        };
        assert_eq!(error.cause, "the events came out of order");
    }
    // After the end nothing is lost.
    let mut server = listed(&["t"]);
    assert!(matches!(server.feed(head, NOW), Step::Done(_)));
    assert_eq!(server.catalog().tools().len(), 1);
    assert!(matches!(
        server.call(&tool_call("mcp__s__t", "{}"), NOW),
        Step::Send(_)
    ));
}

#[test]
fn every_answer_leads_to_few_requests() {
    // Whatever a server says to each request, an operation has a handshake, its pages and one new session.
    let answers: [fn(&Value) -> Response; 7] = [
        |_| Response::new(404, "").with("mcp-session-id", "x"),
        |_| Response::new(400, ""),
        |id| {
            Response::new(
                200,
                result(
                    id,
                    &json!({"protocolVersion": "2025-06-18", "capabilities": {"tools": {}}}),
                ),
            )
            .with("mcp-session-id", "x")
        },
        |id| {
            let mut page = tools(&["t"]);
            page["nextCursor"] = json!("again");
            page["protocolVersion"] = json!("2025-11-25");
            page["capabilities"] = json!({"tools": {}});
            Response::new(200, result(id, &page)).with("mcp-session-id", "x")
        },
        |id| {
            Response::new(200, json!({"jsonrpc": "2.0", "id": id, "error": {"code": -32022, "message": "", "data": {"supported": ["2025-11-25"]}}}).to_string())
        },
        |id| {
            Response::new(
                200,
                json!({"jsonrpc": "2.0", "id": id, "error": {"code": -32601}}).to_string(),
            )
        },
        |_| Response::new(202, ""),
    ];
    for first in &answers {
        for second in &answers {
            for third in &answers {
                let mut server = http();
                let mut count = 0;
                let _ = list(&mut server, |request| {
                    let answer = match count {
                        0 => first,
                        1 => second,
                        _ => third,
                    };
                    count += 1;
                    answer(&body(request)["id"])
                });
                assert!(count <= 2 * (3 + 32), "{count}");
            }
        }
    }
}

#[test]
fn deep_and_wide_messages_end() {
    for text in [
        "[".repeat(1_000_000),
        format!(
            "{{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":{{\"tools\":{}1{}}}}}",
            "[".repeat(124),
            "]".repeat(124)
        ),
        format!(
            "{{\"id\":1,\"result\":{{\"tools\":[{}{{}}]}}}}",
            "{},".repeat(500_000)
        ),
        format!(
            "{{\"id\":1,{}\"result\":{{\"tools\":[]}}}}",
            "\"id\":1,".repeat(300_000)
        ),
    ] {
        let step = feed(&mut asked(), &Response::new(200, text), 4096);
        assert!(matches!(step, Step::Done(Outcome::Listed(_))));
    }
}
