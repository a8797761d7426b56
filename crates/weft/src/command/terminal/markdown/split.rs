//! The part of an unfinished text that later text cannot change.

use pulldown_cmark::{CodeBlockKind, Event, Parser, Tag};

use super::render::options;

/// A fenced block of code that is not closed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Fence {
    mark: char,
    length: usize,
    indent: usize,
}

/// The complete part of a text.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Split {
    /// The length of the complete part in bytes.
    pub(super) complete: usize,
    /// The block of code that begins behind it.
    pub(super) fence: Option<Fence>,
}

/// The last block of a text, at the top.
struct Block {
    start: usize,
    kind: Kind,
    /// The beginning of the last item of a list, if there are several.
    last_item: Option<usize>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// A heading or a rule, complete with its line.
    Line,
    /// A paragraph or a table, complete with an empty line.
    Text,
    Fenced,
    List,
    Other,
}

/// Finds the complete part of `text`, which consists of whole lines.
pub(super) fn split(text: &str) -> Split {
    let Some(block) = last_block(text) else {
        return Split {
            complete: 0,
            fence: None,
        };
    };
    let is_empty_line = text
        .lines()
        .next_back()
        .is_some_and(|line| line.trim().is_empty());
    let source = text.get(block.start..).unwrap_or_default();
    match block.kind {
        Kind::Fenced => match Fence::of(line_from(text, block.start)) {
            Some(fence) if !is_closed(source, &fence) => Split {
                complete: line_start(text, block.start),
                fence: Some(fence),
            },
            _ => all(text),
        },
        Kind::Line => all(text),
        Kind::Text if is_empty_line => all(text),
        Kind::List => {
            let last = block.last_item.unwrap_or(block.start);
            Split {
                complete: line_start(text, last),
                fence: None,
            }
        }
        _ => Split {
            complete: line_start(text, block.start),
            fence: None,
        },
    }
}

fn all(text: &str) -> Split {
    Split {
        complete: text.len(),
        fence: None,
    }
}

fn last_block(text: &str) -> Option<Block> {
    let mut last: Option<Block> = None;
    let mut depth = 0_usize;
    for (event, range) in Parser::new_ext(text, options()).into_offset_iter() {
        match event {
            Event::Start(tag) => {
                match (&tag, depth) {
                    (_, 0) => {
                        last = Some(Block {
                            start: range.start,
                            kind: kind(&tag),
                            last_item: None,
                        });
                    }
                    (Tag::Item, 1) => {
                        if let Some(block) = &mut last {
                            block.last_item = Some(range.start);
                        }
                    }
                    _ => {}
                }
                depth += 1;
            }
            Event::End(_) => depth = depth.saturating_sub(1),
            Event::Rule if depth == 0 => {
                last = Some(Block {
                    start: range.start,
                    kind: Kind::Line,
                    last_item: None,
                });
            }
            _ => {}
        }
    }
    last
}

fn kind(tag: &Tag<'_>) -> Kind {
    match tag {
        Tag::Heading { .. } => Kind::Line,
        Tag::Paragraph | Tag::Table(_) => Kind::Text,
        Tag::CodeBlock(CodeBlockKind::Fenced(_)) => Kind::Fenced,
        Tag::List(_) => Kind::List,
        _ => Kind::Other,
    }
}

/// Returns the beginning of the line that holds the byte `at`.
fn line_start(text: &str, at: usize) -> usize {
    let before = text.get(..at).unwrap_or_default();
    before.rfind('\n').map_or(0, |end| end + 1)
}

fn line_from(text: &str, at: usize) -> &str {
    let line = text.get(line_start(text, at)..).unwrap_or_default();
    line.lines().next().unwrap_or_default()
}

/// Returns whether a block of code, which begins with its fence, ends with one.
fn is_closed(source: &str, fence: &Fence) -> bool {
    source.lines().skip(1).any(|line| fence.is_closed_by(line))
}

impl Fence {
    /// Reads the line that opens a block.
    fn of(line: &str) -> Option<Fence> {
        let rest = line.trim_start_matches(' ');
        let mark = rest.chars().next().filter(|mark| matches!(mark, '`' | '~'))?;
        Some(Fence {
            mark,
            length: rest.chars().take_while(|c| *c == mark).count(),
            indent: line.len() - rest.len(),
        })
    }

    pub(super) fn is_closed_by(&self, line: &str) -> bool {
        let rest = line.trim_start_matches(' ');
        let marks = rest.chars().take_while(|c| *c == self.mark).count();
        let is_indented = line.len() - rest.len() > 3;
        !is_indented && marks >= self.length && rest.trim_start_matches(self.mark).trim().is_empty()
    }

    /// Returns a line of the code without the indentation of the fence.
    pub(super) fn strip<'a>(&self, line: &'a str) -> &'a str {
        let spaces = line
            .bytes()
            .take(self.indent)
            .take_while(|byte| *byte == b' ')
            .count();
        line.get(spaces..).unwrap_or_default()
    }
}
