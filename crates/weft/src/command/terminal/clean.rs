//! Text from elsewhere on a terminal: what a model says could hold sequences that move the cursor, set the window's title
//! or answer in the user's name.

use std::borrow::Cow;
use std::io::{self, IsTerminal as _};

/// Takes from a text what a terminal would obey, where it is one that gets it. Elsewhere every byte arrives as it is.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Clean {
    terminal: bool,
}

impl Clean {
    /// For standard output.
    pub(crate) fn for_output() -> Self {
        Self { terminal: io::stdout().is_terminal() }
    }

    /// `text` as it can be written.
    pub(crate) fn text<'a>(&self, text: &'a str) -> Cow<'a, str> {
        if !self.terminal || !text.contains(is_obeyed) {
            return Cow::Borrowed(text);
        }
        Cow::Owned(text.replace(is_obeyed, "\u{fffd}"))
    }
}

/// The control characters of ASCII and of Latin-1, but for line ends and tabs.
fn is_obeyed(c: char) -> bool {
    c.is_control() && !matches!(c, '\n' | '\t')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_terminal_gets_nothing_to_obey() {
        let clean = Clean { terminal: true };
        assert_eq!(
            clean.text("a\x1b]0;title\x07\u{9b}2J\r\n\tü"),
            "a\u{fffd}]0;title\u{fffd}\u{fffd}2J\u{fffd}\n\tü"
        );
        assert!(matches!(clean.text("plain\n"), Cow::Borrowed("plain\n")));
    }

    #[test]
    fn a_file_gets_all() {
        assert_eq!(Clean { terminal: false }.text("\x1b[2J"), "\x1b[2J");
    }
}
