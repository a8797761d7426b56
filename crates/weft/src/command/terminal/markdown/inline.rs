//! Styled text, broken into lines between words.

use unicode_width::{UnicodeWidthChar as _, UnicodeWidthStr as _};

use super::super::sanitize::is_control;

/// The end of a style.
const PLAIN: &str = "\x1b[0m";

/// The style of a text.
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
        let is_unsafe = |c: char| is_control(c) || c == '\n';
        if text.contains(is_unsafe) {
            let shown = text.replace(is_unsafe, "\u{fffd}");
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
    /// Whether there is no space before it: Chinese and Japanese have none.
    glued: bool,
}

impl Word {
    fn push(&mut self, text: &str, style: Style) {
        self.width += text.width();
        match self.parts.last_mut() {
            Some((last, known)) if *known == style => last.push_str(text),
            _ => self.parts.push((text.to_owned(), style)),
        }
    }

    /// Returns the width of the space before it in a line.
    fn gap(&self) -> usize {
        usize::from(!self.glued)
    }

    /// Returns the parts of the word that fit this width each.
    fn cut(&self, width: usize) -> Vec<Word> {
        let mut pieces = vec![Word {
            glued: self.glued,
            ..Word::default()
        }];
        for (text, style) in &self.parts {
            for letter in text.chars() {
                let is_full = pieces.last().is_some_and(|piece| {
                    piece.width > 0 && piece.width + letter.width().unwrap_or(0) > width
                });
                if is_full {
                    pieces.push(Word {
                        glued: true,
                        ..Word::default()
                    });
                }
                if let Some(piece) = pieces.last_mut() {
                    piece.push(letter.encode_utf8(&mut [0; 4]), *style);
                }
            }
        }
        pieces
    }
}

/// Returns whether a character belongs to a script without spaces, in which a line may end after any letter.
fn is_unspaced(c: char) -> bool {
    matches!(c, '\u{2e80}'..='\u{9fff}' | '\u{ac00}'..='\u{d7a3}' | '\u{f900}'..='\u{faff}' | '\u{ff00}'..='\u{ffef}'
        | '\u{20000}'..='\u{3ffff}')
}

/// Returns the parts of a word between which a line may end.
fn pieces(word: &str) -> Vec<&str> {
    // Marks that do not begin or end a line.
    const CLOSING: &str = "、。，．：；！？）」』】〕〉》〙〗ー々ぁぃぅぇぉっゃゅょゎァィゥェォッャュョヮ";
    const OPENING: &str = "（「『【〔〈《〘〖";
    let mut pieces = Vec::new();
    let mut start = 0;
    let mut before: Option<char> = None;
    for (at, c) in word.char_indices() {
        let ends = before.is_some_and(|before| {
            (is_unspaced(before) || is_unspaced(c))
                && c.width().is_some_and(|width| width > 0)
                && (c.is_alphanumeric() || is_unspaced(c))
                && !CLOSING.contains(c)
                && !OPENING.contains(before)
        });
        if ends {
            pieces.extend(word.get(start..at));
            start = at;
        }
        before = Some(c);
    }
    pieces.extend(word.get(start..));
    pieces
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
            for (index, piece) in pieces(word).into_iter().enumerate() {
                if index > 0 {
                    self.words.push(Some(Word {
                        glued: true,
                        ..Word::default()
                    }));
                }
                self.push_part(piece, style);
            }
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
            word.push(text, style);
        }
    }

    /// Returns the text with all words cut that are wider than this.
    pub(super) fn cut(&self, width: usize) -> Text {
        let words = self.words.iter().flat_map(|word| match word {
            Some(word) => word.cut(width).into_iter().map(Some).collect(),
            None => vec![None],
        });
        Text {
            words: words.collect(),
            is_open: self.is_open,
        }
    }

    /// Returns the width of the text in one line.
    pub(super) fn width(&self) -> usize {
        let words = self.words.iter().flatten();
        let width: usize = words.map(|word| word.width + word.gap()).sum();
        width.saturating_sub(1)
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
            if used > 0 && used + word.gap() + word.width > width {
                lines.push((String::new(), 0));
            }
            let Some((line, used)) = lines.last_mut() else {
                continue;
            };
            if *used > 0 && !word.glued {
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

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(text: &str, width: usize, cut: bool) -> Vec<String> {
        let mut shown = Text::default();
        shown.push(text, Style::default());
        let shown = if cut { shown.cut(width) } else { shown };
        shown.lines(width).into_iter().map(|(line, _)| line).collect()
    }

    #[test]
    fn texts_without_spaces_are_broken_too() {
        assert_eq!(lines("a 使用中文。好 bc", 9, false), ["a 使用中", "文。好 bc"]);
        assert_eq!(lines("使用（中）文", 6, false), ["使用", "（中）", "文"]);
        assert_eq!(lines("ab👩‍👩‍👧cd e", 4, false), ["ab👩‍👩‍👧cd", "e"]);
        assert_eq!(
            lines("https://a.example/b c", 6, false),
            ["https://a.example/b", "c"]
        );
    }

    #[test]
    fn cells_are_cut_where_nothing_else_helps() {
        assert_eq!(lines("abcdefgh ij", 3, true), ["abc", "def", "gh", "ij"]);
        assert_eq!(lines("ab\u{301}c", 2, true), ["ab\u{301}", "c"]);
        assert_eq!(lines("日本語", 1, true), ["日", "本", "語"]);
    }
}
