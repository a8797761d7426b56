//! Translations take time in proportion to the body or stream, whatever it holds and however it is split.

#[path = "../../clawft-types/tests/work/mod.rs"]
mod work;

use clawft_api::{Answer, Collector, Context, Dialect, Options, Request, Stream, whole_as_events};

use work::assert_linear;

const ALL: [Dialect; 3] = [Dialect::Chat, Dialect::Responses, Dialect::Messages];

/// Returns `start`, `count` times `item` with commas, and `end`.
fn many(start: &str, item: &str, end: &str, count: usize) -> Vec<u8> {
    [start, &vec![item; count].join(","), end].concat().into_bytes()
}

#[test]
fn requests_take_linear_time() {
    let message = r#"{"role":"user","content":[{"type":"text","text":"Hi"}],"name":"n"}"#;
    let call = r#"{"role":"assistant","tool_calls":[{"id":"c","type":"function","function":{"name":"f","arguments":"{\"a\":1}"}}]}"#;
    let result =
        r#"{"role":"tool","tool_call_id":"c","content":[{"type":"image_url","image_url":{"url":"u"}}]}"#;
    let system = r#"{"role":"system","content":"x"}"#;
    let part = r#"{"type":"text","text":"x","cache_control":{"type":"ephemeral"}}"#;
    let block = r#"{"type":"tool_result","tool_use_id":"c","content":"x"}"#;
    let item = r#"{"type":"function_call_output","call_id":"c","output":"x","id":"i"}"#;
    let said = r#"{"type":"message","role":"assistant","content":"x"},{"type":"reasoning","summary":[]}"#;
    let tool = r#"{"type":"function","function":{"name":"f","parameters":{"type":"object"},"seed":1}}"#;
    let named =
        r#"{"type":"namespace","name":"n","tools":[{"type":"function","name":"f"}],"description":"d"}"#;
    let chat = r#"{"model":"m","messages":["#;
    let tools = r#"{"model":"m","messages":[],"tools":["#;
    for (from, name, start, item, end) in [
        (Dialect::Chat, "messages", chat, message, "]}"),
        (Dialect::Chat, "calls", chat, call, "]}"),
        (Dialect::Chat, "results", chat, result, "]}"),
        (Dialect::Chat, "system messages", chat, system, "]}"),
        (
            Dialect::Chat,
            "parts",
            r#"{"model":"m","messages":[{"role":"user","content":["#,
            part,
            "]}]}",
        ),
        (Dialect::Chat, "tools", tools, tool, "]}"),
        (
            Dialect::Chat,
            "unknown members",
            r#"{"model":"m","messages":[],"#,
            r#""seed":1"#,
            "}",
        ),
        (
            Dialect::Chat,
            "constraints of a schema",
            r#"{"model":"m","messages":[],"response_format":{"type":"json_schema","json_schema":{"name":"n","schema":{"anyOf":["#,
            r#"{"type":"array","items":{"type":"string","maxLength":3},"minItems":"x"}"#,
            "]}}}}",
        ),
        (
            Dialect::Messages,
            "blocks",
            r#"{"model":"m","messages":[{"role":"user","content":["#,
            block,
            "]}]}",
        ),
        (
            Dialect::Messages,
            "system",
            r#"{"model":"m","messages":[],"system":["#,
            part,
            "]}",
        ),
        (
            Dialect::Responses,
            "results",
            r#"{"model":"m","input":["#,
            item,
            "]}",
        ),
        (
            Dialect::Responses,
            "output",
            r#"{"model":"m","input":["#,
            said,
            "]}",
        ),
        (
            Dialect::Responses,
            "namespaces",
            r#"{"model":"m","tools":["#,
            named,
            "]}",
        ),
    ] {
        let name = format!("{from}: {name}");
        assert_linear(
            &name,
            300,
            |count| many(start, item, end, count),
            |body| {
                let request = Request::read(from, body).unwrap();
                ALL.map(|to| {
                    request
                        .write(to, &Options::default())
                        .map(|written| written.body.len())
                })
            },
        );
    }
}

#[test]
fn input_of_one_kind_takes_linear_time() {
    for item in [
        r#"{"type":"reasoning","summary":[]}"#,
        r#"{"type":"function_call","call_id":"c","name":"f","arguments":""}"#,
        r#"{"type":"custom_tool_call","call_id":"c","name":"f","input":""}"#,
        r#"{"type":"function_call_output","call_id":"c","output":""}"#,
        r#"{"type":"item_reference","id":"i"}"#,
        r#"{"type":"web_search_call"}"#,
        r#"{"role":"assistant","content":[]}"#,
        r#"{"role":"assistant","content":"x"}"#,
        r#"{"role":"user","content":"x"}"#,
    ] {
        let input = |count| many(r#"{"model":"m","input":["#, item, "]}", count);
        assert_linear(item, 1500, input, |body| {
            Request::read(Dialect::Responses, body).unwrap()
        });
    }
}

#[test]
fn texts_take_linear_time() {
    for (name, text) in [
        ("escapes", r#"\n\""#),
        ("plain text", "text"),
        ("arguments", r#"{\"a\":"#),
    ] {
        let body = |count: usize| {
            let start = r#"{"model":"m","messages":[{"role":"assistant","content":"x","tool_calls":[{"id":"c","type":"function","function":{"name":"f","arguments":""#;
            [start, &text.repeat(count), r#""}}]}]}"#].concat().into_bytes()
        };
        for to in ALL {
            assert_linear(name, 20_000, body, |body| {
                let request = Request::read(Dialect::Chat, body).unwrap();
                request
                    .write(to, &Options::default())
                    .map(|written| written.body.len())
            });
        }
    }
}

#[test]
fn answers_take_linear_time() {
    let call = r#"{"id":"c","type":"function","function":{"name":"f","arguments":"{}"}}"#;
    let block = r#"{"type":"text","text":"x"},{"type":"tool_use","id":"c","name":"f","input":{}}"#;
    let item = r#"{"type":"message","role":"assistant","content":[{"type":"output_text","text":"x","annotations":[{}]}]}"#;
    for (from, start, item, end) in [
        (
            Dialect::Chat,
            r#"{"choices":[{"message":{"tool_calls":["#,
            call,
            "]}}]}",
        ),
        (
            Dialect::Chat,
            r#"{"choices":["#,
            r#"{"message":{"content":"x"}}"#,
            "]}",
        ),
        (Dialect::Messages, r#"{"content":["#, block, "]}"),
        (Dialect::Responses, r#"{"output":["#, item, "]}"),
    ] {
        assert_linear(
            &from.to_string(),
            300,
            |count| many(start, item, end, count),
            |body| {
                let answer = Answer::read(from, body).unwrap();
                let written = ALL.map(|to| {
                    answer
                        .write(to, &Context::new(0))
                        .map(|written| written.body.len())
                });
                (written, whole_as_events(from, body, true).unwrap().len())
            },
        );
    }
}

#[test]
fn streams_take_linear_time() {
    let text = "data: {\"choices\":[{\"delta\":{\"content\":\"hi\",\"reasoning\":null}}]}\n\n";
    let turns = "data: {\"choices\":[{\"delta\":{\"content\":\"hi\"}}]}\n\n\
        data: {\"choices\":[{\"delta\":{\"reasoning\":\"hm\"}}]}\n\n";
    let calls = "data: {\"choices\":[{\"delta\":{\"tool_calls\":[{\"id\":\"\",\"function\":{\"name\":\"f\",\"arguments\":\"{}\"}}]}}]}\n\n";
    let waiting = "data: {\"choices\":[{\"delta\":{\"content\":\"x\",\"tool_calls\":[\
        {\"index\":0,\"function\":{\"name\":\"f\",\"arguments\":\"[\"}},{\"index\":1,\"function\":{\"arguments\":\"x\"}}]}}]}\n\n";
    let block = "data: {\"type\":\"content_block_start\",\"content_block\":{\"type\":\"text\",\"text\":\"x\"}}\n\n\
        data: {\"type\":\"content_block_stop\"}\n\ndata: {\"type\":\"message_delta\",\"usage\":{\"output_tokens\":3}}\n\n";
    let item = "data: {\"type\":\"response.output_item.done\",\"item\":{\"type\":\"function_call\",\"call_id\":\"c\",\
        \"name\":\"f\",\"arguments\":\"{}\"}}\n\ndata: {\"type\":\"response.output_text.delta\",\"delta\":\"x\"}\n\n";
    for (from, name, event) in [
        (Dialect::Chat, "text", text),
        (Dialect::Chat, "texts in turn with reasoning", turns),
        (Dialect::Chat, "calls", calls),
        (Dialect::Chat, "calls that wait", waiting),
        (Dialect::Messages, "blocks", block),
        (Dialect::Responses, "items", item),
    ] {
        for part in [50_000, 20] {
            let name = format!("{from}: {name}");
            let stream = |count: usize| event.repeat(count).into_bytes();
            assert_linear(&name, 100, stream, |bytes| {
                let mut collector = Collector::new(from);
                bytes.chunks(part).all(|part| !collector.feed(part));
                let _ = collector.finish(0);
                ALL.map(|to| {
                    let mut stream = Stream::new(from, to, Context::new(0));
                    let lengths = bytes.chunks(part).map(|part| stream.feed(part).len());
                    lengths.sum::<usize>() + stream.end().len()
                })
            });
        }
    }
}
