//! `write_file`, `edit_file` and `delete_file`, with previews of their effect.

use alloc::{string::String, vec::Vec};

use clawft_types::{join, memory, text::Ascii as _};

use super::{
    Answer, Fault, IS_DIRECTORY, Located, Workspace, check_kind, name, parent, push,
    read::{MAX_TEXT, text},
};
use crate::{
    diff::diff,
    files::{FileFault, Kind},
    text::{Needle, line_breaks, number},
};

/// The number of lines that an error message names.
const MAX_LINES: usize = 5;

impl Workspace<'_> {
    /// Writes a whole file, or returns the difference that this would make.
    pub(crate) fn write_file(&mut self, path: &str, content: &str, is_preview: bool) -> Answer {
        let located = self.locate(path, true)?;
        if located.path.is_empty() || matches!(name(path), "" | ".") {
            return Err(IS_DIRECTORY);
        }
        if let Some(stat) = &located.stat {
            check_kind(stat.kind)?;
        }
        if !is_preview {
            self.make_parents(&located)?;
            return self.write(&located.path, content, 1);
        }
        let before = match located.stat {
            Some(stat) if stat.size <= MAX_TEXT as u64 => {
                self.whole_text(&located.path, &stat).unwrap_or_default()
            }
            _ => String::new(),
        };
        Ok(diff(&located.path, &before, content))
    }

    /// Replaces a text that occurs once, or returns the difference that this would make.
    pub(crate) fn edit_file(&mut self, path: &str, old: &str, new: &str, is_preview: bool) -> Answer {
        if old.is_empty() || old == new {
            return Err("`old_text` is empty or the same as `new_text`");
        }
        let (at, stat) = self.existing_file(path)?;
        let before = self.whole_text(&at, &stat)?;
        let start = self.only_occurrence(old, &before)?;
        let (head, tail) = before.split_at_checked(start).unwrap_or_default();
        let mut after = Vec::new();
        for part in [head, new, tail.get(old.len()..).unwrap_or_default()] {
            memory::append(&mut after, part.as_bytes()).map_err(FileFault::from)?;
        }
        let after = text(after, false).ok_or("`new_text` holds a NUL character")?;
        if is_preview {
            return Ok(diff(&at, &before, &after));
        }
        self.write(&at, &after, line_breaks(head.as_bytes()) + 1)
    }

    /// Removes a file or a link, or returns the path of the one that this would remove.
    pub(crate) fn delete_file(&mut self, path: &str, is_preview: bool) -> Answer {
        let located = self.locate(path, false)?;
        match located.stat {
            Some(stat) if stat.kind == Kind::Directory => Err(IS_DIRECTORY),
            Some(_) if is_preview => Ok(join!("deletes ", &located.path)),
            _ => {
                let directory = self.directory(&located.path)?;
                self.files.remove(&located.path, &directory)?;
                Ok("deleted".into())
            }
        }
    }

    fn write(&mut self, at: &str, content: &str, line: usize) -> Answer {
        let directory = self.directory(at)?;
        self.files.write(at, &directory, content.as_bytes())?;
        Ok(join!(
            "written, changed from line ",
            &number(line),
            " on; the file has ",
            &number(content.len()),
            " bytes"
        ))
    }

    /// Makes the missing directories above a file.
    fn make_parents(&mut self, located: &Located) -> Result<(), Fault> {
        let directories = located.path.get(..parent(&located.path)).unwrap_or_default();
        if located.stat.is_some() || directories.is_empty() {
            return Ok(());
        }
        let mut made = String::new();
        for name in directories.pieces(b'/') {
            push(&mut made, name);
            if let Err(fault) = self.files.stat(&made) {
                match fault {
                    FileFault::NotFound => {
                        let directory = self.directory(&made)?;
                        self.files.make_directory(&made, &directory)?;
                    }
                    fault => return Err(fault.into()),
                }
            }
        }
        Ok(())
    }

    /// Returns the start of the only occurrence of `old`. An error message tells the model what to change.
    fn only_occurrence(&mut self, old: &str, text: &str) -> Result<usize, Fault> {
        let starts = occurrences(old, text);
        match starts.as_slice() {
            [start] => Ok(*start),
            [] => {
                let first = old
                    .pieces(b'\n')
                    .map(str::trim_ascii)
                    .find(|line| !line.is_empty());
                let lines = lines(text, &occurrences(first.unwrap_or(old), text));
                let crlf = if text.has(b'\r') {
                    ", and the file has CRLF line ends"
                } else {
                    ""
                };
                Err(match lines.as_str() {
                    "" => "`old_text` does not occur in the file: read the file again and copy the text exactly",
                    lines => self.fail(
                        "`old_text` does not occur in the file: copy it exactly, white space included. Its first line occurs at line ",
                        &[lines, crlf],
                    ),
                })
            }
            starts => Err(self.fail(
                "`old_text` is not unique: add lines before or after it. It occurs at the lines ",
                &[&lines(text, starts)],
            )),
        }
    }
}

/// Returns the starts of the first occurrences.
fn occurrences(needle: &str, text: &str) -> Vec<usize> {
    let mut starts = Vec::new();
    Needle::new(needle).find(text.as_bytes(), &mut |start| {
        starts.push(start);
        starts.len() < MAX_LINES
    });
    starts
}

/// Returns the numbers of the lines at `starts`, which are sorted.
fn lines(text: &str, starts: &[usize]) -> String {
    let mut numbers = String::new();
    for start in starts {
        if !numbers.is_empty() {
            numbers.push_str(", ");
        }
        let before = text.as_bytes().get(..*start).unwrap_or_default();
        numbers.push_str(&number(line_breaks(before) + 1));
    }
    numbers
}
