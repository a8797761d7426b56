//! Reader and writer of chat completions.

use alloc::{
    string::{String, ToString as _},
    vec::Vec,
};

use clawft_types::json::{Node, Writer};

use super::{messages, read, tools};
use crate::{
    answer::{Answer, Finish, Usage},
    context::Context,
    dialect::Dialect,
    error::Error,
    path::Path,
    raw::Field,
    read::{members, text},
    request::{Content, Role},
    template::{Slot, fill},
    written::Translation,
};

pub(crate) fn read_answer(root: Node<'_>) -> Result<Answer, Error> {
    root.require("choices")?;
    let mut answer = Answer::new(Dialect::Chat);
    for (key, value) in members(root)? {
        match key {
            "id" => answer.id = text(value)?,
            "model" => answer.model = text(value)?,
            "created" => answer.created = value.as_whole(),
            "usage" => answer.usage = Some(Usage::of_openai(value)),
            "choices" => {
                let path = Path::ROOT.key(key);
                for (index, choice) in value.items()?.enumerate() {
                    if index == 0 {
                        read_choice(choice, &path.index(0), &mut answer)?;
                    } else {
                        answer.extra.push(Field::new(&path, &index.to_string(), choice));
                    }
                }
            }
            _ => answer.extra.push(Field::new(&Path::ROOT, key, value)),
        }
    }
    Ok(answer)
}

fn read_choice(node: Node<'_>, path: &Path<'_>, answer: &mut Answer) -> Result<(), Error> {
    let mut stop = None;
    for (key, value) in members(node)? {
        match key {
            "index" => {}
            "message" => {
                let mut message =
                    read::message(value, &path.key(key), (Role::Assistant, None), read::answer_part)?;
                message.parts.retain(|part| part.as_text() != Some(""));
                answer.parts = message.parts;
                answer.extra.append(&mut message.extra);
            }
            "finish_reason" => answer.finish = read_finish(value.text()?),
            // vLLM and SGLang name the stop sequence here.
            "stop_reason" | "matched_stop" => stop = value.as_text(),
            _ => answer.extra.push(Field::new(path, key, value)),
        }
    }
    if let (Finish::Stop, Some(stop)) = (&answer.finish, stop) {
        answer.finish = Finish::StopSequence(stop.to_string());
    }
    Ok(())
}

pub(crate) fn read_finish(reason: &str) -> Finish {
    match reason {
        "stop" => Finish::Stop,
        "length" => Finish::Length,
        "tool_calls" | "function_call" => Finish::ToolCalls,
        "content_filter" => Finish::Filter,
        _ => Finish::Other(reason.to_string()),
    }
}

pub(crate) fn finish_name(finish: &Finish) -> &str {
    match finish {
        Finish::Stop | Finish::StopSequence(_) | Finish::Pause => "stop",
        Finish::Length => "length",
        Finish::ToolCalls => "tool_calls",
        Finish::Filter => "content_filter",
        Finish::Other(reason) => reason,
    }
}

pub(crate) fn write_answer(answer: &Answer, context: &Context, to: &mut Translation, writer: &mut Writer) {
    let slots = [
        Slot::Text(context.id.as_deref().unwrap_or(&answer.id)),
        Slot::Number(answer.created.unwrap_or(context.created)),
        Slot::Text(context.model.as_deref().unwrap_or(&answer.model)),
    ];
    let template = concat!(
        r#""id":$,"object":"chat.completion","created":$,"model":$,"#,
        r#""choices":[{"index":0,"message":"#,
    );
    writer.object(|body| {
        fill(body, template, &slots);
        body.object(|message| write_message(answer, to, message));
        let reason = finish_name(answer.effective_finish());
        fill(
            body,
            r#","logprobs":null,"finish_reason":$}],"#,
            &[Slot::Text(reason)],
        );
        if let Some(usage) = &answer.usage {
            body.member("usage", |writer| usage.write_openai(Dialect::Chat, writer));
        }
        to.top_level(body, &answer.extra);
    });
}

fn write_message(answer: &Answer, to: &mut Translation, writer: &mut Writer) {
    let mut content = None;
    let mut refusal = None;
    let mut thoughts = Vec::new();
    for part in &answer.parts {
        to.discard(&part.extra);
        match &part.content {
            Content::Text(text) => content.get_or_insert_with(String::new).push_str(text),
            Content::Refusal(text) => refusal.get_or_insert_with(String::new).push_str(text),
            Content::Reasoning(thought) => thoughts.push(thought),
            Content::Call(_) => {}
            _ => to.refuse(&part.path),
        }
    }
    let slots = [Slot::Maybe(content.as_deref()), Slot::Maybe(refusal.as_deref())];
    fill(writer, r#""role":"assistant","content":$,"refusal":$,"#, &slots);
    messages::write_thoughts(&thoughts, writer);
    let mut calls = messages::calls(&answer.parts).peekable();
    if calls.peek().is_some() {
        tools::write_calls(calls, false, writer);
    }
}
