//! Properties that hold for any server.

use clawft_core::Event;
use clawft_mcp::{HttpServer, Outcome, StdioEvent, StdioServer, StdioThen, Step};
use proptest::{
    collection::vec,
    prelude::*,
    sample::{Index, select},
};
use serde_json::{Value, json};

use crate::common::{NOW, Response, TOKEN, body, http, listed, result, stdio, tool_call};

/// A message that is right, nearly right, or anything.
fn message() -> impl Strategy<Value = String> {
    let id = || {
        select(vec![
            json!(1),
            json!("1"),
            json!(2),
            json!(3),
            json!(null),
            json!("x"),
        ])
    };
    let result = select(vec![
        json!({"tools": [{"name": "t", "inputSchema": {"type": "object"}}], "nextCursor": "2"}),
        json!({"tools": [{"name": "a.b", "inputSchema": {"properties": {"a": {"type": "string", "x-mcp-header": "A"}}}}], "ttlMs": 5}),
        json!({"tools": [{"name": "é"}, 3, null]}),
        json!({"protocolVersion": "2025-06-18", "capabilities": {"tools": {}}}),
        json!({"supportedVersions": ["2026-07-28"]}),
        json!({"content": [{"type": "text", "text": "found"}, {"type": "image", "data": "AAAA"}]}),
        json!({"structuredContent": {"a": 1}, "isError": true}),
        json!({"resultType": "input_required"}),
        json!(7),
    ]);
    let code = select(vec![-32022, -32020, -32601, 0]);
    prop_oneof![
        (id(), result).prop_map(|(id, result)| json!({"jsonrpc": "2.0", "id": id, "result": result}).to_string()),
        (id(), code).prop_map(|(id, code)| {
            json!({"jsonrpc": "2.0", "id": id, "error": {"code": code, "message": TOKEN, "data": {"supported": ["2025-11-25"]}}}).to_string()
        }),
        id().prop_map(|id| json!({"jsonrpc": "2.0", "id": id, "method": "ping"}).to_string()),
        Just(json!({"jsonrpc": "2.0", "method": "notifications/tools/list_changed"}).to_string()),
        "\\PC{0,20}",
    ]
}

fn response() -> impl Strategy<Value = Response> {
    let status = prop_oneof![8 => Just(200), 1 => select(vec![202, 400, 401, 404, 500]), 1 => any::<u16>()];
    let session = select(vec!["", "abc", "a b"]);
    (status, any::<bool>(), vec(message(), 0..4), session).prop_map(|(status, stream, messages, session)| {
        let response = if stream {
            Response::events(&messages)
        } else {
            Response::new(200, messages.first().cloned().unwrap_or_default())
        };
        Response { status, ..response }.with("mcp-session-id", session)
    })
}

/// Cuts `bytes` into parts.
fn parts<'a>(bytes: &'a [u8], cuts: &[Index]) -> Vec<&'a [u8]> {
    let mut cuts: Vec<_> = cuts.iter().map(|cut| cut.index(bytes.len() + 1)).collect();
    cuts.sort_unstable();
    let ends = cuts.iter().copied().chain([bytes.len()]);
    let starts = [0].into_iter().chain(cuts.iter().copied());
    starts.zip(ends).map(|(start, end)| &bytes[start..end]).collect()
}

/// Feeds the responses one after the other, each cut in this way, and returns everything that came of it.
fn run(server: &mut HttpServer, mut step: Step, responses: &[Response], cuts: &[Index]) -> Vec<String> {
    let mut log = Vec::new();
    for response in responses {
        log.push(format!("{step:?}"));
        if let Step::Done(_) = step {
            return log;
        }
        let head = Event::Head {
            status: response.status,
            headers: &response.headers,
        };
        let bodies = parts(&response.body, cuts).into_iter().map(Event::Body);
        for event in [head].into_iter().chain(bodies).chain([Event::End]) {
            step = server.feed(event, NOW);
            if !matches!(step, Step::More) {
                break;
            }
        }
        assert!(
            !matches!(step, Step::More),
            "a complete response must lead somewhere"
        );
    }
    log.push(format!("{step:?}"));
    log
}

fn shown(log: &[String], server: &impl std::fmt::Debug) -> String {
    format!("{log:?}{server:?}")
}

fn asked_program() -> StdioServer {
    let mut server = stdio();
    server.list(NOW);
    server.feed(StdioEvent::Started, NOW);
    server
}

proptest! {
    #[test]
    fn any_split_gives_the_same_result(responses in vec(response(), 1..6), cuts in vec(any::<Index>(), 0..5)) {
        let outcome = |cuts: &[Index]| {
            let mut server = http();
            let step = server.list(NOW);
            let log = run(&mut server, step, &responses, cuts);
            (log, server.catalog().tools().to_vec())
        };
        prop_assert_eq!(outcome(&cuts), outcome(&[]));
    }

    #[test]
    fn calls_survive_any_answer_without_showing_a_secret(responses in vec(response(), 1..6)) {
        let mut server = listed(&["t"]);
        let step = server.call(&tool_call("mcp__s__t", "{}"), NOW);
        let log = run(&mut server, step, &responses, &[]);
        let shown = shown(&log, &server);
        prop_assert!(!shown.contains("ghp_Abc"), "{}", shown);
    }

    #[test]
    fn never_panics_on_any_event_order(events in vec((0..5u8, response()), 0..12), call: bool) {
        let mut server = listed(&["t"]);
        let _ = if call { server.call(&tool_call("mcp__s__t", "{}"), NOW) } else { server.list(NOW) };
        for (kind, response) in &events {
            let event = match kind {
                0 | 1 => Event::Head { status: response.status, headers: &response.headers },
                2 => Event::Body(&response.body),
                3 => Event::End,
                _ => Event::Failed(clawft_core::TransportError::Unavailable(TOKEN.to_owned())),
            };
            let shown = format!("{:?}", server.feed(event, NOW));
            prop_assert!(!shown.contains("ghp_Abc"), "{}", shown);
        }
    }

    #[test]
    fn programs_may_split_their_lines_anywhere(lines in vec(message(), 0..8), cuts in vec(any::<Index>(), 0..5)) {
        let output: String = lines.iter().map(|line| line.replace('\n', " ") + "\n").collect();
        let outcome = |cuts: &[Index]| {
            let mut server = asked_program();
            let mut written = Vec::new();
            let mut outcomes = Vec::new();
            for part in parts(output.as_bytes(), cuts) {
                let step = server.feed(StdioEvent::Output(part), NOW);
                written.extend(step.write);
                match step.then {
                    StdioThen::Done(outcome) => outcomes.push(format!("{outcome:?}")),
                    StdioThen::Read(_) | StdioThen::Rest => {}
                    StdioThen::Start => panic!("it runs"),
                }
            }
            (String::from_utf8(written).unwrap(), outcomes, server.catalog().tools().to_vec())
        };
        let (written, outcomes, tools) = outcome(&cuts);
        prop_assert!(outcomes.len() <= 1);
        // Each line that is written is a message.
        prop_assert!(written.is_empty() || written.ends_with('\n'));
        for line in written.lines() {
            prop_assert!(serde_json::from_str::<Value>(line).is_ok(), "{}", line);
        }
        prop_assert_eq!((written, outcomes, tools), outcome(&[]));
    }

    #[test]
    fn programs_never_cause_a_panic(events in vec((0..6u8, message()), 0..12), seconds in 0..40_u64) {
        let mut server = asked_program();
        for (kind, text) in &events {
            let line = format!("{text}\n");
            let event = match kind {
                0 => StdioEvent::Started,
                1 => StdioEvent::Ended(text),
                2 => StdioEvent::TimedOut,
                _ => StdioEvent::Output(line.as_bytes()),
            };
            server.feed(event, std::time::Duration::from_secs(seconds));
        }
        let step = server.list(NOW);
        prop_assert!(matches!(step.then, StdioThen::Start | StdioThen::Read(_)));
    }

    #[test]
    fn names_are_valid_and_different(names in vec("[a-b._/-]{0,4}|[!-~]{50,70}|\\PC{0,3}", 0..20)) {
        let tools: Vec<_> = names.iter().map(|name| json!({"name": name, "inputSchema": {}})).collect();
        let mut server = http();
        let step = server.list(NOW);
        let Step::Send(request) = step else { panic!() };
        let answer = Response::new(200, result(&body(&request)["id"], &json!({"tools": tools})));
        let step = crate::common::feed(&mut server, &answer, usize::MAX);
        prop_assert!(matches!(step, Step::Done(Outcome::Listed(Ok(())))));
        let mut seen = std::collections::BTreeSet::new();
        for tool in server.catalog().tools() {
            let name = tool.definition.name.as_ref();
            prop_assert!((1..=64).contains(&name.len()), "{}", name);
            prop_assert!(name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_-".contains(&byte)), "{}", name);
            prop_assert!(name.starts_with("mcp__s__"));
            prop_assert!(seen.insert(name.to_owned()), "{}", name);
            prop_assert!(names.contains(&tool.name));
        }
    }
}
