//! Complete blocks of Markdown as lines with colours.

use std::ops::Range;

use pulldown_cmark::{CodeBlockKind, Event, HeadingLevel, Options, Parser, Tag, TagEnd};
use unicode_width::UnicodeWidthStr as _;

use super::{
    inline::{Style, Text},
    table::Table,
};

/// The number of nested lists and quotes that are indented. Deeper ones are as far in as these.
const DEEPEST: usize = 12;

/// The narrowest text beside indentation.
const NARROWEST: usize = 20;

/// The widest rule.
const RULE: usize = 40;

const DIM: Style = Style {
    dim: true,
    bold: false,
    italic: false,
    underlined: false,
    struck: false,
    code: false,
};

const CODE: Style = Style {
    dim: false,
    code: true,
    ..DIM
};

/// Returns the extensions that models use.
pub(super) fn options() -> Options {
    Options::ENABLE_TABLES
        | Options::ENABLE_STRIKETHROUGH
        | Options::ENABLE_TASKLISTS
        | Options::ENABLE_FOOTNOTES
}

/// Writes blocks for a terminal of a certain width.
#[derive(Debug, Clone, Copy)]
pub(super) struct Renderer {
    width: usize,
}

impl Renderer {
    pub(super) fn new(width: usize) -> Renderer {
        Renderer {
            width: width.max(NARROWEST),
        }
    }

    /// Adds a line of code, which may have its line end.
    pub(super) fn code_line(&self, line: &str, out: &mut String) {
        CODE.write(line.trim_end_matches('\n'), out);
        out.push('\n');
    }

    /// Adds the line that opens or closes a block of code.
    pub(super) fn fence_line(&self, line: &str, out: &mut String) {
        DIM.write(line.trim(), out);
        out.push('\n');
    }

    /// Adds the blocks in `text`. `number` is that of the next item, if the text begins within a numbered list; so is
    /// the result if it ends within one.
    pub(super) fn render(&self, text: &str, number: Option<u64>, out: &mut String) -> Option<u64> {
        let mut writer = Blocks {
            width: self.width,
            text,
            gap: None,
            out,
            containers: Vec::new(),
            lists: Vec::new(),
            continued: number,
            style: Style::default(),
            line: Text::default(),
            links: Vec::new(),
            table: None,
            code: None,
        };
        let mut events = Parser::new_ext(text, options()).into_offset_iter();
        for (event, range) in events.by_ref() {
            writer.event(event, range);
        }
        writer.flush();
        // The text between two blocks that is no block: the definitions of links.
        let mut definitions: Vec<Range<usize>> = events
            .reference_definitions()
            .iter()
            .map(|(_, definition)| definition.span.clone())
            .collect();
        definitions.sort_by_key(|span| span.start);
        for (index, span) in definitions.into_iter().enumerate() {
            if index == 0 && is_spaced(text.get(..span.start).unwrap_or_default()) {
                writer.out.push('\n');
            }
            let line = text.get(span).unwrap_or_default();
            writer.out.push_str(line.trim());
            writer.out.push('\n');
        }
        if is_spaced(text) {
            writer.out.push('\n');
        }
        writer.continued
    }
}

/// Returns whether a text, which begins with a line, ends with an empty one. The marks of quotes count as empty.
fn is_spaced(text: &str) -> bool {
    let rest = gap(text);
    let newlines = text.get(rest..).unwrap_or_default().matches('\n').count();
    newlines > usize::from(rest > 0)
}

/// Returns the position of the white space and the marks of quotes at the end of a text.
fn gap(text: &str) -> usize {
    text.trim_end_matches(|c: char| c.is_whitespace() || c == '>')
        .len()
}

/// A quote, an item or a footnote around blocks.
struct Container {
    /// The beginning of its first line, until that is printed.
    first: Option<String>,
    /// The beginning of each other line.
    rest: String,
    width: usize,
}

struct Blocks<'a, 'o> {
    width: usize,
    text: &'a str,
    /// The end of the text before the last block.
    gap: Option<usize>,
    out: &'o mut String,
    containers: Vec<Container>,
    /// The number of the next item of each list, or `None` for bullets.
    lists: Vec<Option<u64>>,
    /// The number that the next list at the top begins with, because it continues one.
    continued: Option<u64>,
    style: Style,
    line: Text,
    /// The address of each open link or image, and the position of its text.
    links: Vec<(String, String)>,
    table: Option<Table>,
    /// The block of code, and whether it is fenced.
    code: Option<String>,
}

impl Blocks<'_, '_> {
    fn event(&mut self, event: Event<'_>, range: Range<usize>) {
        match event {
            Event::Start(tag) => self.start(tag, range),
            Event::End(tag) => self.end(tag),
            Event::Text(text) => self.push(&text),
            Event::Code(code) => {
                let style = Style {
                    code: true,
                    ..self.style
                };
                self.line.push(&code, style);
                self.note_link_text(&code);
            }
            Event::InlineMath(text) | Event::DisplayMath(text) => self.push(&text),
            Event::Html(html) => html.lines().for_each(|line| self.write_line(line)),
            Event::InlineHtml(html) => self.push(&html),
            Event::FootnoteReference(name) => self.push(&format!("[^{name}]")),
            // Models mean the line breaks that they send: verses, addresses, logs.
            Event::SoftBreak | Event::HardBreak => self.line.break_line(),
            Event::Rule => {
                self.separate(&range);
                let rule = "─".repeat(self.room().min(RULE));
                let mut line = String::new();
                DIM.write(&rule, &mut line);
                self.write_line(&line);
            }
            Event::TaskListMarker(done) => self.push(if done { "☑ " } else { "☐ " }),
        }
    }

    fn start(&mut self, tag: Tag<'_>, range: Range<usize>) {
        match tag {
            Tag::Paragraph => self.separate(&range),
            Tag::Heading { level, .. } => {
                self.separate(&range);
                self.style.bold = true;
                self.style.underlined = level == HeadingLevel::H1;
            }
            Tag::BlockQuote(_) => {
                self.flush();
                self.separate(&range);
                let mut bar = String::new();
                DIM.write("│", &mut bar);
                bar.push(' ');
                self.containers.push(Container {
                    first: None,
                    rest: bar,
                    width: 2,
                });
            }
            Tag::CodeBlock(kind) => {
                self.flush();
                self.separate(&range);
                let info = match &kind {
                    CodeBlockKind::Fenced(info) => info.as_ref(),
                    CodeBlockKind::Indented => "",
                };
                let mut fence = String::new();
                DIM.write(&format!("```{info}"), &mut fence);
                self.write_line(&fence);
                self.code = Some(String::new());
            }
            Tag::HtmlBlock => self.separate(&range),
            Tag::List(start) => {
                self.flush();
                let number = match self.lists.is_empty() {
                    true => start.map(|start| self.continued.take().unwrap_or(start)),
                    false => start,
                };
                self.lists.push(number);
            }
            Tag::Item => {
                self.flush();
                self.separate(&range);
                let marker = match self.lists.last_mut() {
                    Some(Some(number)) => {
                        let marker = format!("{number}. ");
                        *number = number.saturating_add(1);
                        marker
                    }
                    _ => "• ".to_owned(),
                };
                self.contain(marker);
            }
            Tag::FootnoteDefinition(name) => {
                self.flush();
                self.separate(&range);
                self.contain(format!("[^{name}]: "));
            }
            Tag::Table(alignments) => {
                self.flush();
                self.separate(&range);
                self.table = Some(Table {
                    alignments,
                    rows: Vec::new(),
                });
            }
            Tag::TableHead => {
                self.style.bold = true;
                self.begin_row();
            }
            Tag::TableRow => self.begin_row(),
            Tag::Emphasis => self.style.italic = true,
            Tag::Strong => self.style.bold = true,
            Tag::Strikethrough => self.style.struck = true,
            Tag::Link { dest_url, .. } => {
                self.style.underlined = true;
                self.links.push((dest_url.into_string(), String::new()));
            }
            Tag::Image { dest_url, .. } => {
                self.push("[image: ");
                self.links.push((dest_url.into_string(), String::new()));
            }
            _ => {}
        }
    }

    fn end(&mut self, tag: TagEnd) {
        match tag {
            TagEnd::Paragraph => self.flush(),
            TagEnd::Heading(_) => {
                self.flush();
                self.style = Style::default();
            }
            TagEnd::BlockQuote(_) | TagEnd::Item | TagEnd::FootnoteDefinition => {
                self.flush();
                // An item without content has a marker all the same.
                if self
                    .containers
                    .last()
                    .is_some_and(|container| container.first.is_some())
                {
                    self.write_line("");
                }
                self.containers.pop();
            }
            TagEnd::CodeBlock => {
                let code = self.code.take().unwrap_or_default();
                for line in code.lines() {
                    let mut styled = String::new();
                    CODE.write(line, &mut styled);
                    self.write_line(&styled);
                }
                let mut fence = String::new();
                DIM.write("```", &mut fence);
                self.write_line(&fence);
            }
            TagEnd::List(_) => {
                self.flush();
                let number = self.lists.pop().flatten();
                if self.lists.is_empty() && self.containers.is_empty() {
                    self.continued = number;
                }
            }
            TagEnd::TableHead => self.style.bold = false,
            TagEnd::TableCell => {
                let cell = std::mem::take(&mut self.line);
                if let Some(row) = self.table.as_mut().and_then(|table| table.rows.last_mut()) {
                    row.push(cell);
                }
            }
            TagEnd::Table => {
                if let Some(table) = self.table.take() {
                    let lines = table.lines(self.room());
                    lines.iter().for_each(|line| self.write_line(line));
                }
            }
            TagEnd::Emphasis => self.style.italic = false,
            TagEnd::Strong => self.style.bold = self.is_in_head(),
            TagEnd::Strikethrough => self.style.struck = false,
            TagEnd::Link => {
                self.style.underlined = false;
                self.end_link();
            }
            TagEnd::Image => {
                self.push("]");
                self.end_link();
            }
            _ => {}
        }
    }

    fn is_in_head(&self) -> bool {
        self.table.as_ref().is_some_and(|table| table.rows.len() == 1)
    }

    fn begin_row(&mut self) {
        if let Some(table) = &mut self.table {
            table.rows.push(Vec::new());
        }
    }

    fn contain(&mut self, text: String) {
        let width = text.width();
        let mut marker = String::new();
        Style::default().write(&text, &mut marker);
        self.containers.push(Container {
            first: Some(marker),
            rest: " ".repeat(width),
            width,
        });
    }

    fn push(&mut self, text: &str) {
        match &mut self.code {
            Some(code) => code.push_str(text),
            None => {
                self.line.push(text, self.style);
                self.note_link_text(text);
            }
        }
    }

    fn note_link_text(&mut self, text: &str) {
        if let Some((_, known)) = self.links.last_mut() {
            known.push_str(text);
        }
    }

    /// Adds the address of a link, unless its text is the address.
    fn end_link(&mut self) {
        let Some((address, text)) = self.links.pop() else {
            return;
        };
        let shown = address.strip_prefix("mailto:").unwrap_or(&address);
        if !address.is_empty() && shown != text.trim() {
            self.line.push(" ", self.style);
            let style = Style {
                dim: true,
                ..self.style
            };
            self.line.push(&format!("({address})"), style);
        }
    }

    /// Prints an empty line if there is one in the text before a block.
    fn separate(&mut self, range: &Range<usize>) {
        // The first block of an item is in the line of its marker.
        if self
            .containers
            .last()
            .is_some_and(|container| container.first.is_some())
        {
            return;
        }
        if self.containers.is_empty() && self.lists.is_empty() {
            self.continued = None;
        }
        let before = self.text.get(..range.start).unwrap_or_default();
        // A block that begins another one has the same distance.
        let is_first = self.containers.len() > DEEPEST || self.gap == Some(gap(before));
        if !is_first && is_spaced(before) {
            self.write_line("");
        }
        self.gap = Some(gap(before));
    }

    /// Prints the text of a block.
    fn flush(&mut self) {
        if self.line.is_empty() {
            return;
        }
        let text = std::mem::take(&mut self.line);
        for (line, _) in text.lines(self.room()) {
            self.write_line(&line);
        }
    }

    /// Returns the width beside the indentation.
    fn room(&self) -> usize {
        let taken: usize = self
            .containers
            .iter()
            .take(DEEPEST)
            .map(|container| container.width)
            .sum();
        self.width.saturating_sub(taken).max(NARROWEST)
    }

    fn write_line(&mut self, line: &str) {
        let start = self.out.len();
        let last = self.containers.len().saturating_sub(1);
        for (index, container) in self.containers.iter_mut().enumerate() {
            let first = container.first.take();
            if index < DEEPEST || index == last {
                self.out.push_str(first.as_deref().unwrap_or(&container.rest));
            }
        }
        self.out.push_str(line);
        let end = self.out.trim_end_matches(' ').len().max(start);
        self.out.truncate(end);
        self.out.push('\n');
    }
}
