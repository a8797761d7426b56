//! Markdown on a terminal: a block is printed as soon as it is complete, and a block of code line by line.

mod inline;
mod render;
mod split;
mod table;

use super::sanitize::is_control;
use render::Renderer;
use split::{Fence, Split};

/// The size of incomplete text, in bytes, from which it is parsed again only when it has grown by an eighth. So all of
/// a long block is parsed in proportion to its length.
const OFTEN: usize = 2048;

/// The largest block, in bytes, that is shown before it is complete.
const PREVIEWED: usize = 8192;

/// An answer in Markdown that is being received.
#[derive(Debug, Clone)]
pub(crate) struct Markdown {
    renderer: Renderer,
    /// The text that is not yet printed.
    pending: String,
    /// The length of `pending` at which it is parsed again.
    next: usize,
    /// The block of code that is open.
    fence: Option<Fence>,
    /// The number of the next item, if a numbered list is open.
    number: Option<u64>,
    /// Whether anything was printed, and an empty line belongs before the next block.
    begun: bool,
    spaced: bool,
}

impl Markdown {
    /// Returns Markdown for a terminal that is `width` columns wide.
    pub(crate) fn new(width: usize) -> Markdown {
        Markdown {
            renderer: Renderer::new(width),
            pending: String::new(),
            next: 0,
            fence: None,
            number: None,
            begun: false,
            spaced: false,
        }
    }

    /// Uses another width from now on.
    pub(crate) fn fit(&mut self, width: usize) {
        self.renderer = Renderer::new(width);
    }

    /// Takes further text, and returns what can be printed: whole lines.
    pub(crate) fn push(&mut self, text: &str) -> String {
        let text = text.chars().filter(|c| *c != '\r');
        let before = self.pending.len();
        self.pending.extend(text.map(|c| {
            if is_control(c) {
                char::REPLACEMENT_CHARACTER
            } else {
                c
            }
        }));
        let mut out = String::new();
        if self.pending.get(before..).is_some_and(|new| new.contains('\n')) {
            while self.step(&mut out) {}
        }
        out
    }

    /// Returns the block that is not complete as it looks by now; nothing if it is large.
    pub(crate) fn preview(&self) -> String {
        match self.pending.len() {
            1..=PREVIEWED => self.clone().end(),
            _ => String::new(),
        }
    }

    /// Returns the rest at the end of the text.
    pub(crate) fn end(&mut self) -> String {
        let mut out = String::new();
        if !self.pending.is_empty() && !self.pending.ends_with('\n') {
            self.pending.push('\n');
        }
        self.next = 0;
        while self.step(&mut out) {}
        let rest = std::mem::take(&mut self.pending);
        self.render(&rest, &mut out);
        *self = Markdown {
            renderer: self.renderer,
            ..Markdown::new(0)
        };
        out
    }

    /// Prints the next complete part. Returns false if there is none.
    fn step(&mut self, out: &mut String) -> bool {
        match &self.fence {
            Some(fence) => {
                let Some(end) = self.pending.find('\n') else {
                    return false;
                };
                let line: String = self.pending.drain(..=end).collect();
                match fence.is_closed_by(&line) {
                    true => {
                        self.renderer.fence_line(&line, out);
                        self.fence = None;
                        self.next = 0;
                    }
                    false => self.renderer.code_line(fence.strip(&line), out),
                }
                true
            }
            None => self.step_blocks(out),
        }
    }

    fn step_blocks(&mut self, out: &mut String) -> bool {
        let Some(end) = self.pending.rfind('\n') else {
            return false;
        };
        if self.pending.len() < self.next {
            return false;
        }
        let Split { complete, fence } = split::split(self.pending.get(..=end).unwrap_or_default());
        if complete == 0 && fence.is_none() {
            let len = self.pending.len();
            self.next = if len < OFTEN { 0 } else { len + len / 8 };
            return false;
        }
        let done: String = self.pending.drain(..complete).collect();
        self.next = 0;
        self.render(&done, out);
        if fence.is_some()
            && let Some(end) = self.pending.find('\n')
        {
            let line: String = self.pending.drain(..=end).collect();
            let mut shown = String::new();
            self.renderer.fence_line(&line, &mut shown);
            self.emit(&shown, out);
            self.number = None;
        }
        self.fence = fence;
        true
    }

    fn render(&mut self, text: &str, out: &mut String) {
        let mut blocks = String::new();
        self.number = self.renderer.render(text, self.number, &mut blocks);
        self.emit(&blocks, out);
    }

    /// Adds blocks. Empty lines are kept between blocks, one each, but not at the beginning and the end of the text.
    fn emit(&mut self, blocks: &str, out: &mut String) {
        let body = blocks.trim_matches('\n');
        self.spaced |= blocks.starts_with('\n');
        if body.is_empty() {
            return;
        }
        if self.spaced && self.begun {
            out.push('\n');
        }
        out.push_str(body);
        out.push('\n');
        self.spaced = blocks.ends_with("\n\n");
        self.begun = true;
    }
}

#[cfg(test)]
mod tests;
