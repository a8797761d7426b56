//! Selection of the part of a conversation that goes with a request.

use alloc::{borrow::ToOwned as _, vec::Vec};
use core::ops::Range;

use clawft_types::{
    Message, Role, ToolCall, ToolResult,
    memory::{self, NoMemory},
};

/// The assumed size of a token in bytes. Counting tokens exactly needs a model's own tables.
const BYTES_PER_TOKEN: usize = 4;

/// Returns the end of the conversation that fits into `tokens` together with `taken` bytes of other text, as two
/// parts that follow each other. The newest message is always in it.
///
/// It consists of whole turns, and begins with a user message. If not even the newest turn fits, that is the
/// user's message and the last of the turn's answers, each with the results of its calls: a call is never
/// without its result.
pub(crate) fn recent(messages: &[Message], tokens: u32, taken: usize) -> [&[Message]; 2] {
    let mut room = (tokens as usize)
        .saturating_mul(BYTES_PER_TOKEN)
        .saturating_sub(taken);
    // Each turn begins with the user's message.
    let newest = messages
        .iter()
        .rposition(|message| message.role == Role::User)
        .unwrap_or_default();
    let mut start = messages.len();
    let mut in_newest_turn = true;
    for (index, message) in messages.iter().enumerate().rev() {
        match room.checked_sub(message.size()) {
            Some(rest) => room = rest,
            None => break,
        }
        match message.role {
            Role::User => {
                start = index;
                in_newest_turn = false;
            }
            Role::Assistant if in_newest_turn => start = index,
            _ if index == 0 => start = index,
            _ => {}
        }
    }
    if start <= newest {
        return [part(messages, start..messages.len()), &[]];
    }
    // The last answer with its results, even if they do not fit.
    let answers = newest + 1;
    let last = part(messages, answers..messages.len())
        .iter()
        .rposition(|message| message.role == Role::Assistant)
        .map_or(messages.len(), |last| answers + last);
    [
        part(messages, newest..answers),
        part(messages, start.min(last)..messages.len()),
    ]
}

fn part(messages: &[Message], range: Range<usize>) -> &[Message] {
    messages.get(range).unwrap_or_default()
}

/// Lets the reasoning of all turns with calls go back, or of none if all of it does. Returns whether there are any.
pub(crate) fn change_echoed(messages: &mut [Message]) -> bool {
    let echoed = in_turns_with_calls(messages).any(|message| !message.echoed);
    in_turns_with_calls(messages).fold(false, |_, message| {
        message.echoed = echoed;
        true
    })
}

/// Returns the answers of turns with calls, but for those before the first call.
fn in_turns_with_calls(messages: &mut [Message]) -> impl Iterator<Item = &mut Message> {
    let mut follows_result = false;
    messages.iter_mut().filter(move |message| {
        let is_in = message.role == Role::Assistant && (follows_result || !message.calls.is_empty());
        follows_result = message.role == Role::Tool;
        is_in
    })
}

/// Gives each call of a conversation a result: one that was interrupted gets the message that it was. Providers
/// refuse a call without its result, and a result without its call.
pub(crate) fn answer_interrupted(messages: &mut Vec<Message>) -> Result<(), NoMemory> {
    let is_result = |message: &&Message| message.role == Role::Tool;
    let results = messages.iter().rev().take_while(is_result).count();
    let Some(calls) = messages.len().checked_sub(results + 1) else {
        return Ok(());
    };
    let (before, after) = messages.split_at(calls + 1);
    let mut missing = Vec::new();
    for call in before.last().map_or(&[][..], |message| &message.calls) {
        let answers = |message: &Message| message.answered.as_ref().is_some_and(|known| known.id == call.id);
        if !after.iter().any(answers) {
            missing.push(interrupted(call));
        }
    }
    for result in missing {
        memory::push(messages, result.into())?;
    }
    Ok(())
}

/// Returns the result of a call that was not performed to its end.
fn interrupted(call: &ToolCall) -> ToolResult {
    ToolResult {
        id: call.id.clone(),
        content: "the call was interrupted: it is not known whether it had an effect".to_owned(),
        is_error: true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn conversation() -> Vec<Message> {
        let roles = [
            Role::User,
            Role::Assistant,
            Role::User,
            Role::Assistant,
            Role::User,
        ];
        roles
            .into_iter()
            .map(|role| Message::new(role, "12345678"))
            .collect()
    }

    fn length(messages: &[Message], tokens: u32, taken: usize) -> usize {
        recent(messages, tokens, taken).concat().len()
    }

    #[test]
    fn sends_whole_turns_newest_first() {
        let all = conversation();
        let kept = |tokens| length(&all, tokens, 0);
        assert_eq!([10, 9, 8, 6, 5, 2, 1].map(kept), [5, 3, 3, 3, 1, 1, 1]);
        assert_eq!(length(&all, 10, 1), 3, "other text counts");
        assert_eq!(length(&all, 1, usize::MAX), 1);
        assert_eq!(length(&[], 1, 0), 0);
    }

    #[test]
    fn sends_answers_with_results_of_the_newest_turn() {
        let roles = [
            Role::User,
            Role::Assistant,
            Role::User,
            Role::Assistant,
            Role::Tool,
            Role::Assistant,
            Role::Tool,
        ];
        let all: Vec<Message> = (0..)
            .zip(roles)
            .map(|(n, role)| Message::new(role, format!("{n}2345678")))
            .collect();
        let kept = |tokens| -> String {
            let kept = recent(&all, tokens, 0).concat();
            kept.iter()
                .filter_map(|message| message.content.chars().next())
                .collect()
        };
        assert_eq!(
            [14, 13, 12, 11, 10].map(kept),
            ["0123456", "23456", "23456", "23456", "23456"]
        );
        assert_eq!(
            [9, 8, 7, 6, 5, 4].map(kept),
            ["23456", "23456", "256", "256", "256", "256"]
        );
        assert_eq!([3, 2, 1, 0].map(kept), ["256"; 4], "a call goes with its result");
    }

    #[test]
    fn keeps_a_leading_answer_if_it_fits() {
        let all = &conversation()[1..];
        assert_eq!(length(all, 8, 0), 4);
        assert_eq!(length(all, 7, 0), 3);
    }
}
