//! Selection of the part of a conversation that goes with a request.

use clawft_types::{Message, Role};

/// The assumed size of a token in bytes. Counting tokens exactly needs a model's own tables.
const BYTES_PER_TOKEN: usize = 4;

/// Returns the end of the conversation that fits into `tokens` together with `taken` bytes of other text. It
/// consists of whole turns and begins with a user message. The newest message is always part of it.
pub(crate) fn recent(messages: &[Message], tokens: u32, taken: usize) -> &[Message] {
    let mut room = (tokens as usize)
        .saturating_mul(BYTES_PER_TOKEN)
        .saturating_sub(taken);
    let mut start = messages.len().saturating_sub(1);
    for (index, message) in messages.iter().enumerate().rev() {
        match room.checked_sub(message.content.len()) {
            Some(rest) => room = rest,
            None => return messages.get(start..).unwrap_or_default(),
        }
        if message.role == Role::User {
            start = index;
        }
    }
    messages
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

    #[test]
    fn sends_whole_turns_newest_first() {
        let all = conversation();
        let kept = |tokens| recent(&all, tokens, 0).len();
        assert_eq!([10, 9, 8, 6, 5, 2, 1].map(kept), [5, 3, 3, 3, 1, 1, 1]);
        assert_eq!(recent(&all, 10, 1).len(), 3, "other text counts");
        assert_eq!(recent(&all, 1, usize::MAX).len(), 1);
        assert_eq!(recent(&[], 1, 0), []);
    }

    #[test]
    fn keeps_a_leading_answer_if_it_fits() {
        let all = &conversation()[1..];
        assert_eq!(recent(all, 8, 0).len(), 4);
        assert_eq!(recent(all, 7, 0).len(), 3);
    }
}
