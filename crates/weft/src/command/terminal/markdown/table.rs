//! A table, with columns as wide as the terminal allows.

use pulldown_cmark::Alignment;

use super::inline::{Style, Text};

/// The narrowest column of a table that does not fit.
const NARROWEST: usize = 6;

const SEPARATOR: &str = " │ ";
const SEPARATOR_WIDTH: usize = 3;

/// A table that is being read.
#[derive(Debug, Default)]
pub(super) struct Table {
    pub(super) alignments: Vec<Alignment>,
    /// The head, then the other rows.
    pub(super) rows: Vec<Vec<Text>>,
}

impl Table {
    /// Returns the lines of the table, which is at most `width` columns wide if that is possible.
    pub(super) fn lines(&self, width: usize) -> Vec<String> {
        let widths = self.widths(width);
        let mut lines = Vec::new();
        for (index, row) in self.rows.iter().enumerate() {
            self.write_row(row, &widths, &mut lines);
            if index == 0 {
                let rule: Vec<String> = widths.iter().map(|width| "─".repeat(*width)).collect();
                let mut line = String::new();
                let dim = Style {
                    dim: true,
                    ..Style::default()
                };
                dim.write(&rule.join("─┼─"), &mut line);
                lines.push(line);
            }
        }
        lines
    }

    /// Returns the widths of the columns: those of their contents, of which the widest are made narrower.
    fn widths(&self, width: usize) -> Vec<usize> {
        let mut widths = vec![0; self.alignments.len()];
        for row in &self.rows {
            for (widest, cell) in widths.iter_mut().zip(row) {
                *widest = cell.width().max(*widest);
            }
        }
        let room = width.saturating_sub(SEPARATOR_WIDTH * widths.len().saturating_sub(1));
        let total = |cap: usize| widths.iter().map(|width| cap.min(*width)).sum::<usize>();
        let widest = widths.iter().copied().max().unwrap_or(0);
        if total(widest) <= room {
            return widths;
        }
        let cap = (NARROWEST..=widest).rev().find(|cap| total(*cap) <= room);
        let cap = cap.unwrap_or(NARROWEST);
        widths.into_iter().map(|width| width.min(cap)).collect()
    }

    fn write_row(&self, row: &[Text], widths: &[usize], lines: &mut Vec<String>) {
        let cells: Vec<Vec<(String, usize)>> = row
            .iter()
            .zip(widths)
            .map(|(cell, width)| cell.cut(*width).lines(*width))
            .collect();
        let height = cells.iter().map(Vec::len).max().unwrap_or(0);
        for index in 0..height {
            let mut line = String::new();
            for (column, width) in widths.iter().enumerate() {
                if column > 0 {
                    line.push_str(SEPARATOR);
                }
                let cell = cells.get(column).and_then(|cell| cell.get(index));
                let (text, used) = cell.map_or(("", 0), |(text, used)| (text.as_str(), *used));
                let space = width.saturating_sub(used);
                let left = match self.alignments.get(column) {
                    Some(Alignment::Right) => space,
                    Some(Alignment::Center) => space / 2,
                    _ => 0,
                };
                line.push_str(&" ".repeat(left));
                line.push_str(text);
                line.push_str(&" ".repeat(space - left));
            }
            lines.push(line.trim_end().to_owned());
        }
    }
}
