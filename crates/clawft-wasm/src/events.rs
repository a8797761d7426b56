//! The output of `--json`: calls of tools as events, and the answer, each in one line. `weft chat --json` prints the
//! same.

use clawft_types::{SessionId, completion::write_usage, json::Writer};
use clawft_wasm::{Answer, platform::Part};

/// Returns the event; empty for text, which the answer holds.
pub(crate) fn of(part: Part<'_>) -> String {
    let mut writer = Writer::default();
    match part {
        Part::Call(call) => call.write_event(&mut writer),
        Part::Result(call, result) => result.write_event(&call.name, &mut writer),
        Part::Text(_) => return String::new(),
    }
    line(writer)
}

/// Returns the answer.
pub(crate) fn answer(session: &SessionId, answer: &Answer) -> String {
    let mut writer = Writer::default();
    writer.object(|object| {
        object.text_member("session", session.as_str());
        object.text_member("model", &answer.model);
        object.text_member("text", &answer.text);
        for (key, text) in [
            ("incomplete", &answer.incomplete),
            ("unstored", &answer.unstored),
            ("finish_reason", &answer.finish_reason),
        ] {
            if let Some(text) = text {
                object.text_member(key, text);
            }
        }
        if let Some(usage) = &answer.usage {
            object.member("usage", |value| write_usage(value, usage));
        }
        if let Some(warning) = &answer.warning {
            object.member("warnings", |list| {
                list.array([warning], |item, warning| item.text(warning))
            });
        }
    });
    line(writer)
}

fn line(writer: Writer) -> String {
    let mut bytes = writer.into_bytes();
    bytes.push(b'\n');
    String::from_utf8(bytes).unwrap_or_default()
}
