//! Reasoning that a model writes into its text: `<think>…</think>` at the beginning.

use alloc::string::String;

use clawft_types::{
    memory::{self, NoMemory},
    search::find,
};

use super::Answer;

/// The tags around reasoning.
const TAGS: [(&str, &str); 3] = [
    ("<think>", "</think>"),
    ("<thinking>", "</thinking>"),
    ("<thought>", "</thought>"),
];

/// More white space than any model writes before its reasoning, in bytes.
const MAX_SPACE: usize = 64;

/// Separates reasoning at the beginning of a text, which arrives in parts, from the text.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Splitter {
    place: Place,
    /// The end of the text so far, if it may be a part of a tag.
    held: String,
}

#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
enum Place {
    /// Before the first tag.
    #[default]
    Before,
    /// In the reasoning that ends with this tag.
    Inside(&'static str),
    /// Between the reasoning and the text.
    After,
    /// In the text.
    Text,
}

impl Splitter {
    /// Adds the parts of `text` to `answer`.
    pub(super) fn split(&mut self, text: &str, answer: &mut Answer) -> Result<(), NoMemory> {
        let mut held = core::mem::take(&mut self.held);
        let mut rest = text;
        if !held.is_empty() {
            memory::append_text(&mut held, text)?;
            rest = &held;
        }
        loop {
            let start = rest.trim_start();
            match self.place {
                Place::Before if rest.len() - start.len() >= MAX_SPACE => self.place = Place::Text,
                Place::Before => match TAGS.iter().find(|(tag, _)| start.starts_with(tag)) {
                    Some((tag, end)) => {
                        self.place = Place::Inside(end);
                        rest = start.get(tag.len()..).unwrap_or_default();
                    }
                    None if TAGS.iter().any(|(tag, _)| tag.starts_with(start)) => {
                        break;
                    }
                    None => self.place = Place::Text,
                },
                Place::Inside(tag) => match find(rest, tag) {
                    Some(end) => {
                        let (reasoning, text) = rest.split_at(end);
                        answer.add_reasoning(reasoning)?;
                        self.place = Place::After;
                        rest = text.get(tag.len()..).unwrap_or_default();
                    }
                    None => {
                        let (reasoning, end) = rest.split_at(rest.len() - unfinished(rest, tag));
                        answer.add_reasoning(reasoning)?;
                        rest = end;
                        break;
                    }
                },
                Place::After if start.is_empty() => {
                    rest = start;
                    break;
                }
                Place::After => {
                    self.place = Place::Text;
                    rest = start;
                }
                Place::Text => {
                    memory::append_text(&mut answer.text, rest)?;
                    rest = "";
                    break;
                }
            }
        }
        self.held = memory::copy_text(rest)?;
        Ok(())
    }

    /// Adds what was held back to `answer`.
    pub(super) fn end(self, answer: &mut Answer) -> Result<(), NoMemory> {
        match self.place {
            Place::Inside(_) => answer.add_reasoning(&self.held),
            _ => memory::append_text(&mut answer.text, &self.held),
        }
    }
}

/// Returns the length of the longest end of `text` that is a beginning of `tag`.
fn unfinished(text: &str, tag: &str) -> usize {
    (1..tag.len())
        .rev()
        .find(|length| text.ends_with(tag.get(..*length).unwrap_or_default()))
        .unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Returns the reasoning and the text of an answer that arrives in parts of `size` characters.
    fn split(text: &str, size: usize) -> (String, String) {
        let mut answer = Answer::default();
        let chars: Vec<char> = text.chars().collect();
        for part in chars.chunks(size) {
            answer.add_text(&part.iter().collect::<String>()).unwrap();
        }
        answer.end().unwrap();
        let reasoning = answer.reasoning.iter().map(|block| block.text.as_str()).collect();
        (reasoning, answer.text)
    }

    #[test]
    fn separates_reasoning_however_it_is_split() {
        let spaces = " ".repeat(MAX_SPACE);
        let tag_after_spaces = [&spaces, "<think>"].concat();
        for (text, reasoning, rest) in [
            ("<think>hm</think>\n\npong", "hm", "pong"),
            (" \n<think>\nhm\n</think>pong ", "\nhm\n", "pong "),
            ("<thought>hm</think></thought> pong", "hm</think>", "pong"),
            ("<thinking>hm</think></thinking>pong", "hm</think>", "pong"),
            ("<think></think>pong", "", "pong"),
            ("<think>a</thin</think>b", "a</thin", "b"),
            ("<think>unfinished </thi", "unfinished </thi", ""),
            ("<think>é</think>é</think>", "é", "é</think>"),
            ("<thin", "", "<thin"),
            ("<thing>", "", "<thing>"),
            ("  <", "", "  <"),
            ("say <think>", "", "say <think>"),
            ("  text", "", "  text"),
            ("", "", ""),
            (&spaces, "", &spaces),
            (&tag_after_spaces, "", &tag_after_spaces),
        ] {
            for size in [1, 2, 3, 5, 1000] {
                assert_eq!(
                    split(text, size),
                    (reasoning.to_owned(), rest.to_owned()),
                    "{text}"
                );
            }
        }
    }
}
