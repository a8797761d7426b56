//! The text of bytes that a terminal sends for keys and pastes.

/// The input that was typed without a line editor.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Typed {
    /// The lines that were ended with Enter.
    pub(crate) lines: Vec<String>,
    /// The line that is not ended.
    pub(crate) rest: String,
    /// Whether Ctrl-D was pressed on an empty line.
    pub(crate) is_over: bool,
}

const PASTE: &str = "\x1b[200~";
const PASTE_END: &str = "\x1b[201~";

impl Typed {
    /// Adds input: pastes unchanged but for their line ends, keys with their effect on the text.
    pub(crate) fn add(&mut self, bytes: &[u8]) {
        let input = String::from_utf8_lossy(bytes);
        let mut rest = input.as_ref();
        while let Some(first) = rest.chars().next() {
            if let Some(pasted) = rest.strip_prefix(PASTE) {
                // A paste whose end has not arrived is kept as it is.
                let (pasted, after) = pasted.split_once(PASTE_END).unwrap_or((pasted, ""));
                self.paste(pasted);
                rest = after;
            } else if first == '\x1b' {
                rest = self.escape(rest);
            } else {
                self.key(first);
                rest = rest.get(first.len_utf8()..).unwrap_or_default();
            }
        }
    }

    /// Makes all lines the one that is not ended, for a user who has changed their mind.
    pub(crate) fn keep_back(&mut self) {
        let mut lines = std::mem::take(&mut self.lines);
        lines.push(std::mem::take(&mut self.rest));
        self.rest = lines.join("\n").trim_end_matches('\n').to_owned();
        self.is_over = false;
    }

    fn paste(&mut self, text: &str) {
        let text = text.replace("\r\n", "\n").replace('\r', "\n");
        let shown = text
            .chars()
            .filter(|c| !c.is_control() || matches!(c, '\n' | '\t'));
        self.rest.extend(shown);
    }

    fn key(&mut self, key: char) {
        match key {
            '\r' | '\n' => {
                let line = std::mem::take(&mut self.rest);
                if !line.trim().is_empty() {
                    self.lines.push(line);
                }
            }
            '\u{4}' => self.is_over |= self.rest.is_empty(),
            '\u{8}' | '\u{7f}' => drop(self.rest.pop()),
            // Ctrl-U and Ctrl-W.
            '\u{15}' => self.rest.truncate(self.rest.rfind('\n').map_or(0, |end| end + 1)),
            '\u{17}' => {
                let kept = self.rest.trim_end_matches(' ');
                let kept = kept.rfind([' ', '\n']).map_or(0, |end| end + 1);
                self.rest.truncate(kept);
            }
            key if key.is_control() => {}
            key => self.rest.push(key),
        }
    }

    /// Skips the sequence of a key, and returns what follows it. Alt-Enter is a line end.
    fn escape<'a>(&mut self, input: &'a str) -> &'a str {
        let mut rest = input.chars();
        rest.next();
        match rest.next() {
            Some('\r' | '\n') => self.rest.push('\n'),
            Some('[') => drop(rest.by_ref().find(|c| ('@'..='~').contains(c))),
            Some('O') => drop(rest.next()),
            _ => {}
        }
        rest.as_str()
    }
}

#[cfg(test)]
mod tests {
    use super::Typed;

    fn typed(bytes: &[u8]) -> Typed {
        let mut typed = Typed::default();
        typed.add(bytes);
        typed
    }

    #[test]
    fn keys_and_pastes_become_text() {
        for (bytes, text) in [
            (&b"hello"[..], "hello"),
            (b"\x1b[200~one\r\ntwo\rthree\x1b[201~!", "one\ntwo\nthree!"),
            (b"a\x1b[200~b\n\x1b[201~", "ab\n"),
            (b"ab\x7fc", "ac"),
            ("äö\x7f".as_bytes(), "ä"),
            (b"one two\x17three", "one three"),
            (b"one\x1b\rtwo\x15three", "one\nthree"),
            (b"a\x1b[A\x1b[1;5Cb\x1bOPc\x1b\rd", "abc\nd"),
            (b"a\x04\tb", "ab"),
            // Sequences that break off.
            (b"a\x1b", "a"),
            (b"a\x1b[", "a"),
            (b"a\x1b[200~b", "ab"),
            (b"a\xffb", "a\u{fffd}b"),
        ] {
            let typed = typed(bytes);
            assert_eq!(
                (typed.rest.as_str(), typed.lines.len(), typed.is_over),
                (text, 0, false),
                "{bytes:?}"
            );
        }
    }

    #[test]
    fn enter_ends_lines_but_not_within_pastes() {
        let mut typed = typed(b"one\r\r\x1b[200~two\nthree\x1b[201~\rfo");
        assert_eq!(
            (typed.lines.clone(), typed.rest.as_str()),
            (vec!["one".to_owned(), "two\nthree".to_owned()], "fo")
        );
        typed.add(b"ur\r\x04");
        assert_eq!(
            (typed.lines.len(), typed.rest.as_str(), typed.is_over),
            (3, "", true)
        );
        typed.keep_back();
        assert_eq!(
            (typed.lines.len(), typed.rest.as_str(), typed.is_over),
            (0, "one\ntwo\nthree\nfour", false)
        );
    }
}
