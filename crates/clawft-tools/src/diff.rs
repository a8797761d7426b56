//! A unified difference of two texts, for the user who is asked for permission.

use alloc::{string::String, vec::Vec};

use clawft_types::{join, text::Ascii as _};

use crate::text::{beginning, number};

/// The number of unchanged lines that are shown before and after a change.
const CONTEXT: usize = 3;

/// The maximum number of lines that are shown as removed, and as added.
const MAX_LINES: usize = 100;

/// The maximum length of a line in bytes.
const MAX_LINE: usize = 400;

/// Returns the difference as one hunk from the first to the last line that differs.
pub(crate) fn diff(path: &str, before: &str, after: &str) -> String {
    let old = with_ends(before);
    let new = with_ends(after);
    let start = common(old.iter(), new.iter());
    let most = old.len().min(new.len()) - start;
    let end = common(old.iter().rev(), new.iter().rev()).min(most);

    let first = start.saturating_sub(CONTEXT);
    let tail = end.min(CONTEXT);
    let old_end = old.len() - end;
    let new_end = new.len() - end;
    let mut shown = String::new();
    shown.push_str(&join!("--- ", path, "\n+++ ", path, "\n@@ -"));
    range(&mut shown, first, old_end + tail);
    shown.push_str(" +");
    range(&mut shown, first, new_end + tail);
    shown.push_str(" @@\n");
    lines(&mut shown, ' ', old.get(first..start));
    lines(&mut shown, '-', old.get(start..old_end));
    lines(&mut shown, '+', new.get(start..new_end));
    lines(&mut shown, ' ', old.get(old_end..old_end + tail));
    shown
}

/// Returns the lines with their ends.
fn with_ends(text: &str) -> Vec<&str> {
    let mut lines = Vec::new();
    let mut rest = text;
    while let Some((line, _)) = rest.cut(b'\n') {
        let (line, after) = rest.split_at(line.len() + 1);
        lines.push(line);
        rest = after;
    }
    if !rest.is_empty() {
        lines.push(rest);
    }
    lines
}

/// Returns the number of equal lines at the beginning of both.
fn common<'a>(old: impl Iterator<Item = &'a &'a str>, new: impl Iterator<Item = &'a &'a str>) -> usize {
    old.zip(new).take_while(|(old, new)| old == new).count()
}

/// Writes the lines from `start` to before `end`, counted from 0, as `FIRST,COUNT`.
fn range(shown: &mut String, start: usize, end: usize) {
    let first = if end > start { start + 1 } else { start };
    shown.push_str(&number(first));
    shown.push(',');
    shown.push_str(&number(end - start));
}

/// Writes lines with their sign, the first ones if there are many.
fn lines(shown: &mut String, sign: char, lines: Option<&[&str]>) {
    let lines = lines.unwrap_or_default();
    for line in lines.iter().take(MAX_LINES) {
        shown.push(sign);
        let whole = line.strip_suffix("\n");
        let text = whole.unwrap_or(line);
        let start = beginning(text, MAX_LINE);
        shown.push_str(start);
        if start.len() < text.len() {
            shown.push('…');
        }
        shown.push('\n');
        if whole.is_none() {
            shown.push_str("\\ No newline at end of file\n");
        }
    }
    if lines.len() > MAX_LINES {
        shown.push(sign);
        shown.push_str("… ");
        shown.push_str(&number(lines.len() - MAX_LINES));
        shown.push_str(" more lines\n");
    }
}

#[cfg(test)]
mod tests {
    use super::diff;

    #[test]
    fn shows_one_hunk_with_context() {
        let before = "a\nb\nc\nd\ne\nf\ng\n";
        let after = "a\nb\nc\nd\nE\nf\ng\n";
        assert_eq!(
            diff("x", before, after),
            "--- x\n+++ x\n@@ -2,6 +2,6 @@\n b\n c\n d\n-e\n+E\n f\n g\n"
        );
    }

    #[test]
    fn shows_new_and_emptied_files() {
        assert_eq!(
            diff("x", "", "a"),
            "--- x\n+++ x\n@@ -0,0 +1,1 @@\n+a\n\\ No newline at end of file\n"
        );
        assert_eq!(diff("x", "a\n", ""), "--- x\n+++ x\n@@ -1,1 +0,0 @@\n-a\n");
    }

    #[test]
    fn repeated_lines_are_counted_once() {
        assert_eq!(
            diff("x", "a\na\n", "a\n"),
            "--- x\n+++ x\n@@ -1,2 +1,1 @@\n a\n-a\n"
        );
    }

    #[test]
    fn bounds_lines_and_their_number() {
        let long = "x\n".repeat(10_000);
        let shown = diff("x", "", &long);
        assert!(shown.lines().count() < 110 && shown.ends_with("+… 9900 more lines\n"));
        assert!(diff("x", "", &"y".repeat(5000)).len() < 600);
    }
}
