//! `write_file`, `edit_file` and `delete_file`, with previews of their effect.

use super::read::text;
use super::{Answer, Last, Located, Workspace, failed, join, not_a_file};
use crate::diff::diff;
use crate::files::{FileFault, Kind};
use crate::text::{Needle, line_breaks, number};
use alloc::borrow::ToOwned as _;
use alloc::string::String;
use alloc::vec::Vec;
use clawft_types::memory;

/// The maximum size of a file that is edited, in bytes.
const MAX_EDIT: usize = 1024 * 1024;

/// The number of lines that an error message names.
const MAX_LINES: usize = 5;

/// The arguments of `edit_file`.
#[derive(Clone, Copy)]
pub(crate) struct Edit<'a> {
    pub(crate) path: &'a str,
    pub(crate) old: &'a str,
    pub(crate) new: &'a str,
}

/// An edit that can be made.
struct Edited {
    at: String,
    before: String,
    after: String,
    /// The line where the replaced text begins.
    line: usize,
}

impl Workspace<'_> {
    /// Writes a whole file.
    pub(crate) fn write_file(&mut self, path: &str, content: &str) -> Answer {
        let located = self.writable(path)?;
        self.make_parents(path, &located.path)?;
        self.files
            .write(&located.path, content.as_bytes())
            .map_err(|fault| failed("write", path, fault))?;
        let done = if located.stat.is_some() {
            "replaced `"
        } else {
            "created `"
        };
        Ok([done, path, "` with ", &number(content.len()), " bytes"].concat())
    }

    /// Returns the difference that [`Self::write_file`] would make.
    pub(crate) fn preview_write(&mut self, path: &str, content: &str) -> Answer {
        let located = self.writable(path)?;
        let before = match located.stat {
            None => Some(String::new()),
            Some(stat) if stat.size > MAX_EDIT as u64 => None,
            Some(stat) => self.whole_text(path, &located.path, &stat, MAX_EDIT)?,
        };
        Ok(match before {
            Some(before) => diff(&located.path, &before, content),
            None => [
                "replaces `",
                &located.path,
                "`, which is binary or large, with:\n",
                &diff(&located.path, "", content),
            ]
            .concat(),
        })
    }

    /// Replaces a text that occurs once.
    pub(crate) fn edit_file(&mut self, edit: Edit<'_>) -> Answer {
        let edited = self.edited(edit)?;
        self.files
            .write(&edited.at, edited.after.as_bytes())
            .map_err(|fault| failed("write", edit.path, fault))?;
        Ok(["edited `", edit.path, "` at line ", &number(edited.line)].concat())
    }

    /// Returns the difference that [`Self::edit_file`] would make.
    pub(crate) fn preview_edit(&mut self, edit: Edit<'_>) -> Answer {
        let edited = self.edited(edit)?;
        Ok(diff(&edited.at, &edited.before, &edited.after))
    }

    /// Removes a file or a link.
    pub(crate) fn delete_file(&mut self, path: &str) -> Answer {
        let at = self.deletable(path)?;
        self.files
            .remove(&at)
            .map_err(|fault| failed("delete", path, fault))?;
        Ok(["deleted `", path, "`"].concat())
    }

    /// Returns the path of a file that can be removed.
    pub(crate) fn deletable(&mut self, path: &str) -> Answer {
        let located = self.locate(path, Last::Keep)?;
        match located.stat {
            Some(stat) if stat.kind == Kind::Directory => Err(failed(
                "delete",
                path,
                FileFault::Other(not_a_file(stat.kind).to_owned()),
            )),
            Some(_) => Ok(located.path),
            None => Err(failed("delete", path, FileFault::NotFound)),
        }
    }

    /// Resolves the path of a file that exists or can be created.
    fn writable(&mut self, path: &str) -> Result<Located, String> {
        let located = self.locate(path, Last::Follow)?;
        let kind = located.stat.map_or(Kind::File, |stat| stat.kind);
        if kind != Kind::File || located.path.is_empty() || path.ends_with('/') {
            let kind = if kind == Kind::File { Kind::Directory } else { kind };
            return Err(failed(
                "write",
                path,
                FileFault::Other(not_a_file(kind).to_owned()),
            ));
        }
        Ok(located)
    }

    /// Makes the missing directories above `at`.
    fn make_parents(&mut self, path: &str, at: &str) -> Result<(), String> {
        let mut directory = String::new();
        let mut names = at.split('/').peekable();
        while let Some(name) = names.next() {
            if names.peek().is_none() {
                break;
            }
            directory = join(&directory, name);
            let made = match self.files.stat(&directory) {
                Err(FileFault::NotFound) => self.files.make_directory(&directory),
                found => found.map(drop),
            };
            made.map_err(|fault| failed("write", path, fault))?;
        }
        Ok(())
    }

    /// Reads the file and makes the edit in memory.
    fn edited(&mut self, edit: Edit<'_>) -> Result<Edited, String> {
        let Edit { path, old, new } = edit;
        if old.is_empty() {
            return Err("`old_text` is empty: use `write_file` to write a whole file".to_owned());
        }
        if old == new {
            return Err("`old_text` and `new_text` are equal".to_owned());
        }
        let (at, stat) = self.existing_file(path)?;
        let before = self
            .whole_text(path, &at, &stat, MAX_EDIT)?
            .ok_or_else(|| ["`", path, "` is a binary file"].concat())?;
        let start = only_occurrence(path, old, &before)?;
        let (head, tail) = before.split_at_checked(start).unwrap_or_default();
        let tail = tail.get(old.len()..).unwrap_or_default();
        let mut after = Vec::new();
        for part in [head, new, tail] {
            memory::append(&mut after, part.as_bytes())
                .map_err(|error| failed("edit", path, error.into()))?;
        }
        let line = line_breaks(head.as_bytes()) + 1;
        let after = text(after, false).ok_or("`new_text` holds a NUL character")?;
        Ok(Edited {
            at,
            before,
            after,
            line,
        })
    }
}

/// Returns the start of the only occurrence of `old`. An error message tells the model what to change.
fn only_occurrence(path: &str, old: &str, text: &str) -> Result<usize, String> {
    let (starts, more) = occurrences(old, text);
    match starts.as_slice() {
        [start] => Ok(*start),
        [] => Err(absent(path, old, text)),
        starts => {
            let lines = lines(text, starts);
            let more = if more { " and others" } else { "" };
            Err([
                "`old_text` occurs more than once in `",
                path,
                "`, at the lines ",
                &lines,
                more,
                ": add lines before or after it, so that it is unique",
            ]
            .concat())
        }
    }
}

/// Returns the message for a text that does not occur, with a hint at where it may have been meant.
fn absent(path: &str, old: &str, text: &str) -> String {
    let mut message = ["`old_text` does not occur in `", path, "`: "].concat();
    let first = old.lines().map(str::trim).find(|line| !line.is_empty());
    let (starts, _) = first.map_or_else(Default::default, |line| occurrences(line, text));
    let hint = if starts.is_empty() {
        "read the file again and copy the text exactly"
    } else {
        message.push_str("its first line occurs at line ");
        message.push_str(&lines(text, &starts));
        if text.contains('\r') {
            ", and the file has CRLF line ends"
        } else {
            ", but then the text differs: copy it exactly, white space included"
        }
    };
    message.push_str(hint);
    message
}

/// Returns the starts of the first occurrences, and whether there are more.
fn occurrences(needle: &str, text: &str) -> (Vec<usize>, bool) {
    let mut starts = Vec::new();
    let mut more = false;
    Needle::new(needle).find(text.as_bytes(), &mut |start| {
        more = starts.len() == MAX_LINES;
        if !more {
            starts.push(start);
        }
        !more
    });
    (starts, more)
}

/// Returns the numbers of the lines at `starts`, which are sorted.
fn lines(text: &str, starts: &[usize]) -> String {
    let numbers = starts
        .iter()
        .map(|start| number(line_breaks(text.as_bytes().get(..*start).unwrap_or_default()) + 1));
    numbers.collect::<Vec<_>>().join(", ")
}
