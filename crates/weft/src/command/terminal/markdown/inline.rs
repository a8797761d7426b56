//! Styled text, broken into lines between words.

use unicode_width::UnicodeWidthStr as _;

/// The end of a style.
const PLAIN: &str = "\x1b[0m";

/// How a text looks.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Style {
    pub(super) bold: bool,
    pub(super) italic: bool,
    pub(super) underlined: bool,
    pub(super) struck: bool,
    pub(super) dim: bool,
    pub(super) code: bool,
}

impl Style {
    /// Adds `text` in this style. Control characters, which entities can hide until here, are replaced.
    pub(super) fn write(self, text: &str, out: &mut String) {
        let is_control = |c: char| c.is_control() && c != '\t';
        if text.contains(is_control) {
            let shown = text.replace(is_control, "\u{fffd}");
            return self.write(&shown, out);
        }
        if self == Style::default() {
            return out.push_str(text);
        }
        for (is_set, code) in [
            (self.bold, "\x1b[1m"),
            (self.dim, "\x1b[2m"),
            (self.italic, "\x1b[3m"),
            (self.underlined, "\x1b[4m"),
            (self.struck, "\x1b[9m"),
            (self.code, "\x1b[36m"),
        ] {
            if is_set {
                out.push_str(code);
            }
        }
        out.push_str(text);
        out.push_str(PLAIN);
    }
}

/// A word, of which each part has a style.
#[derive(Debug, Default)]
struct Word {
    parts: Vec<(String, Style)>,
    width: usize,
}

/// Styled text.
#[derive(Debug, Default)]
pub(super) struct Text {
    /// Words; `None` is the end of a line.
    words: Vec<Option<Word>>,
    /// Whether the next text belongs to the last word.
    is_open: bool,
}

impl Text {
    pub(super) fn is_empty(&self) -> bool {
        self.words.is_empty()
    }

    /// Adds text, whose words are separated by white space. Code is one word, because spaces matter in it.
    pub(super) fn push(&mut self, text: &str, style: Style) {
        if style.code {
            return self.push_part(text, style);
        }
        if text.starts_with(char::is_whitespace) {
            self.is_open = false;
        }
        for word in text.split_whitespace() {
            self.push_part(word, style);
            self.is_open = false;
        }
        self.is_open = !text.is_empty() && !text.ends_with(char::is_whitespace);
    }

    /// Ends the line.
    pub(super) fn break_line(&mut self) {
        self.words.push(None);
        self.is_open = false;
    }

    fn push_part(&mut self, text: &str, style: Style) {
        if !self.is_open {
            self.words.push(Some(Word::default()));
        }
        self.is_open = true;
        if let Some(Some(word)) = self.words.last_mut() {
            word.width += text.width();
            match word.parts.last_mut() {
                Some((last, known)) if *known == style => last.push_str(text),
                _ => word.parts.push((text.to_owned(), style)),
            }
        }
    }

    /// Returns the width of the text in one line.
    pub(super) fn width(&self) -> usize {
        let words = self.words.iter().flatten();
        words.map(|word| word.width + 1).sum::<usize>().saturating_sub(1)
    }

    /// Returns the lines, each with its width. Only a word that is too long by itself makes a longer line.
    pub(super) fn lines(&self, width: usize) -> Vec<(String, usize)> {
        let mut lines = vec![(String::new(), 0)];
        let mut style = Style::default();
        for word in &self.words {
            let Some(word) = word else {
                lines.push((String::new(), 0));
                continue;
            };
            let used = lines.last().map_or(0, |(_, used)| *used);
            if used > 0 && used + 1 + word.width > width {
                lines.push((String::new(), 0));
            }
            let Some((line, used)) = lines.last_mut() else {
                continue;
            };
            if *used > 0 {
                // A line under several words goes through.
                let first = word.parts.first().map_or(Style::default(), |(_, style)| *style);
                match style == first && (style.underlined || style.struck) {
                    true => style.write(" ", line),
                    false => line.push(' '),
                }
                *used += 1;
            }
            for (part, part_style) in &word.parts {
                part_style.write(part, line);
                style = *part_style;
            }
            *used += word.width;
        }
        lines
    }
}
