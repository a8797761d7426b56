//! Sanitizes text for terminals: an answer could hold sequences that move the cursor, set the window's title
//! or type in the user's name.

use std::{
    borrow::Cow,
    io::{self, IsTerminal as _},
};

/// Replaces control characters if the output is a terminal. Elsewhere every byte stays as it is.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Sanitizer {
    terminal: bool,
}

impl Sanitizer {
    /// Returns the sanitizer for standard output.
    pub(crate) fn for_output() -> Self {
        Self {
            terminal: io::stdout().is_terminal(),
        }
    }

    /// Returns the sanitizer for standard error.
    pub(crate) fn for_errors() -> Self {
        Self {
            terminal: io::stderr().is_terminal(),
        }
    }

    /// Returns `text` in the form in which it can be written.
    pub(crate) fn text<'a>(&self, text: &'a str) -> Cow<'a, str> {
        if !self.terminal || !text.contains(is_control) {
            return Cow::Borrowed(text);
        }
        Cow::Owned(text.replace(is_control, "\u{fffd}"))
    }
}

/// Returns whether a terminal interprets `c`: the control characters of ASCII and Latin-1, but for line ends
/// and tabs; and the two that reverse what is written, so that a command reads as another one.
pub(super) fn is_control(c: char) -> bool {
    (c.is_control() && !matches!(c, '\n' | '\t')) || matches!(c, '\u{202d}' | '\u{202e}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn replaces_control_characters_on_terminals() {
        let sanitizer = Sanitizer { terminal: true };
        assert_eq!(
            sanitizer.text("a\x1b]0;title\x07\u{9b}2J\r\n\tü"),
            "a\u{fffd}]0;title\u{fffd}\u{fffd}2J\u{fffd}\n\tü"
        );
        assert_eq!(sanitizer.text("rm \u{202e}txt.a"), "rm \u{fffd}txt.a");
        assert!(matches!(sanitizer.text("plain\n"), Cow::Borrowed("plain\n")));
    }

    #[test]
    fn leaves_text_for_files_unchanged() {
        assert_eq!(Sanitizer { terminal: false }.text("\x1b[2J"), "\x1b[2J");
    }
}
