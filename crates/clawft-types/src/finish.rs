//! The ways an answer ends.

use alloc::string::String;

use crate::{join, text::Ascii as _};

/// The way an answer ended, by the finish reason that the provider sent.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Finish {
    /// The model had said everything. Assumed as well if the provider sends no reason.
    #[default]
    Complete,
    /// A limit of tokens cut it off.
    Truncated,
    /// A content filter cut it off or withheld it.
    Filtered,
    /// The model refused to answer.
    Refused,
    /// The provider paused, and expects to be asked to go on.
    Paused,
    /// A limit of the turn ended it before the model answered: too many calls of tools, tokens or seconds.
    Stopped,
    /// The reason is none of the known ones.
    Unknown,
}

/// The reasons of each way, separated by spaces, and the sentence fragment for the user.
const REASONS: [(Finish, &str, &str); 6] = [
    (
        Finish::Complete,
        "stop end_turn stop_sequence eos eos_token complete completed",
        "",
    ),
    (
        Finish::Truncated,
        "length max_tokens max_output_tokens model_length model_context_window_exceeded",
        "the answer is truncated at a limit of tokens",
    ),
    (
        Finish::Filtered,
        "content_filter content_filtered sensitive safety image_safety recitation blocklist prohibited_content spii guardrail_intervened error_toxic",
        "the provider's content filter ended the answer",
    ),
    (Finish::Refused, "refusal", "the model refused to answer"),
    (Finish::Paused, "pause_turn", "the provider paused the answer"),
    (Finish::Unknown, "", "the answer ended for an unexpected reason"),
];

impl Finish {
    /// Returns the way that `reason` stands for. Case does not count, nor what follows a colon: Gemini sends
    /// `content_filter: SAFETY`.
    pub fn of(reason: &str) -> Finish {
        let reason = reason.pieces(b':').next().unwrap_or_default().trim();
        let known = |reasons: &str| {
            reasons
                .pieces(b' ')
                .any(|known| known.eq_ignore_ascii_case(reason))
        };
        REASONS
            .iter()
            .find(|(_, reasons, _)| reason.is_empty() || known(reasons))
            .map_or(Finish::Unknown, |(finish, ..)| *finish)
    }

    /// Returns the warning about an answer that is not complete: a sentence fragment with the `reason`. `None`
    /// for a complete one.
    pub fn warning(self, reason: Option<&str>) -> Option<String> {
        let (_, _, text) = REASONS.iter().find(|(finish, ..)| *finish == self)?;
        let text = match reason {
            Some(reason) => join!(text, " (finish reason `", reason, "`)"),
            None => String::from(*text),
        };
        (self != Finish::Complete).then_some(text)
    }
}
