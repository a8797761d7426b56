//! Text at the end of the output that is replaced when more is known.

use std::time::{Duration, Instant};

use unicode_width::UnicodeWidthChar as _;

/// The shortest time between two drafts, so that fast answers do not flicker.
const PAUSE: Duration = Duration::from_millis(40);

/// The draft on the terminal.
#[derive(Debug, Default)]
pub(crate) struct Draft {
    /// The rows that it covers; 0 if there is none.
    rows: usize,
    /// The columns and rows of the terminal when it was written.
    size: (usize, usize),
    written: Option<Instant>,
}

impl Draft {
    /// Returns whether it is time for the next draft.
    pub(crate) fn is_due(&self) -> bool {
        self.written.is_none_or(|written| written.elapsed() >= PAUSE)
    }

    /// Forgets the draft: the cursor has left it.
    pub(crate) fn leave(&mut self) {
        self.rows = 0;
    }

    /// Returns the sequence that removes the draft from a terminal that has this size by now. If that has changed, the
    /// draft stays: nobody knows the rows that it covers, and text above it must not be lost.
    pub(crate) fn erase(&mut self, size: (usize, usize)) -> String {
        match std::mem::take(&mut self.rows) {
            0 => String::new(),
            _ if self.size != size => "\n".to_owned(),
            1 => "\r\x1b[J".to_owned(),
            rows => format!("\r\x1b[{}A\x1b[J", rows - 1),
        }
    }

    /// Returns `text` as the next draft: its last lines, as far as they fit a terminal of this size.
    pub(crate) fn write(&mut self, text: &str, (columns, rows): (usize, usize)) -> String {
        self.written = Some(Instant::now());
        if text.is_empty() {
            return String::new();
        }
        let lines: Vec<&str> = text.trim_end_matches('\n').split('\n').collect();
        let mut first = lines.len();
        let mut covered = 0;
        for (index, line) in lines.iter().enumerate().rev() {
            let taken = width(line).div_ceil(columns).max(1);
            if covered + taken >= rows {
                break;
            }
            covered += taken;
            first = index;
        }
        self.rows = covered;
        self.size = (columns, rows);
        lines.get(first..).unwrap_or_default().join("\n")
    }
}

/// Returns the width of a line without its colours.
fn width(line: &str) -> usize {
    let mut width = 0;
    let mut in_colour = false;
    for c in line.chars() {
        match c {
            '\x1b' => in_colour = true,
            'm' if in_colour => in_colour = false,
            '\t' => width += 8 - width % 8,
            c if !in_colour => width += c.width().unwrap_or(0),
            _ => {}
        }
    }
    width
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_draft_covers_what_fits_and_is_removed() {
        let mut draft = Draft::default();
        assert_eq!(draft.write("", (10, 5)) + &draft.erase((10, 5)), "");
        assert_eq!(draft.write("a\n\x1b[1mb\x1b[0m\n", (10, 5)), "a\n\x1b[1mb\x1b[0m");
        assert_eq!(draft.erase((10, 5)), "\r\x1b[1A\x1b[J");
        assert_eq!(draft.erase((10, 5)), "");
        // Long lines take several rows, and the beginning gives way.
        assert_eq!(draft.write("a\nb\n12345678901\nc", (10, 5)), "b\n12345678901\nc");
        assert_eq!(draft.erase((10, 5)), "\r\x1b[3A\x1b[J");
        assert_eq!(
            draft.write("\x1b[1m1234567890\x1b[0m", (10, 5)),
            "\x1b[1m1234567890\x1b[0m"
        );
        assert_eq!(draft.erase((10, 5)), "\r\x1b[J");
    }

    #[test]
    fn a_draft_stays_if_the_terminal_has_changed() {
        let mut draft = Draft::default();
        draft.write("a\nb", (10, 5));
        assert_eq!(draft.erase((20, 5)), "\n");
        assert_eq!(draft.erase((20, 5)), "");
        draft.write("a\nb", (10, 5));
        draft.leave();
        assert_eq!(draft.erase((10, 5)), "");
    }
}
