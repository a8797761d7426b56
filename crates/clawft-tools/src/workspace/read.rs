//! `read_file`: a whole text, or a range of its lines.

use alloc::{string::String, vec::Vec};
use core::str;

use clawft_types::{join, memory};

use super::{Answer, BINARY, Fault, Workspace};
use crate::{
    files::{FileFault, Stat},
    text::{line_breaks, number},
};

/// The maximum size of a result in bytes.
pub(crate) const MAX_RESULT: usize = 64 * 1024;

/// The number of bytes in which lines are counted. Later lines cannot be read.
const MAX_SCAN: u64 = 64 * 1024 * 1024;

/// The number of bytes to read at once.
const CHUNK: usize = 64 * 1024;

/// The maximum size of a file that is edited or compared, in bytes.
pub(super) const MAX_TEXT: usize = 1024 * 1024;

/// A range of lines, counted from 1; both ends are included.
#[derive(Clone, Copy)]
pub(crate) struct Lines {
    pub(crate) first: Option<u64>,
    pub(crate) last: Option<u64>,
}

impl Workspace<'_> {
    /// Reads a file, or the lines of a range.
    pub(crate) fn read_file(&mut self, path: &str, lines: Lines) -> Answer {
        let (at, stat) = self.existing_file(path)?;
        let is_large = stat.size > MAX_RESULT as u64;
        let is_whole = lines.first.is_none() && lines.last.is_none();
        let read = if is_whole && is_large {
            // A line is enough to recognise text.
            self.read_lines(&at, &stat, 1, 1)?
        } else {
            self.read_lines(
                &at,
                &stat,
                lines.first.unwrap_or(1),
                lines.last.unwrap_or(u64::MAX),
            )?
        };
        let size = number(stat.size);
        match read {
            None => Ok(join!(BINARY, " of ", &size, " bytes")),
            Some(_) if is_whole && is_large => Ok(join!(
                "this is a text of ",
                &size,
                " bytes, too large to be shown: read a range of its lines with `start_line` and `end_line`, or use `search_files`"
            )),
            Some(text) if text.is_empty() && !is_whole => Err("the file has no such line"),
            Some(text) => Ok(text),
        }
    }

    /// Reads the whole text of a file of at most [`MAX_TEXT`] bytes.
    pub(super) fn whole_text(&mut self, at: &str, stat: &Stat) -> Answer {
        let mut bytes = Vec::new();
        loop {
            let part = self.files.read(at, stat.identity, bytes.len() as u64, CHUNK)?;
            memory::append(&mut bytes, &part).map_err(FileFault::from)?;
            if bytes.len() > MAX_TEXT {
                return Err("the file is larger than 1 MiB, the limit for this tool");
            }
            if part.len() < CHUNK {
                return text(bytes, false).ok_or(BINARY);
            }
        }
    }

    /// Returns the lines from `first` to `last`, with a note if the file goes on; `None` for a binary file.
    fn read_lines(&mut self, at: &str, stat: &Stat, first: u64, last: u64) -> Result<Option<String>, Fault> {
        let mut taken: Vec<u8> = Vec::new();
        // The number of the line that is being read.
        let mut line = 1;
        let mut start = 0;
        let mut is_cut = false;
        'read: while start < MAX_SCAN {
            let chunk = self.files.read(at, stat.identity, start, CHUNK)?;
            for part in chunk.split_inclusive(|byte| *byte == b'\n') {
                is_cut = line > last;
                if line >= first && !is_cut {
                    let room = MAX_RESULT - taken.len();
                    is_cut = part.len() > room;
                    taken.extend_from_slice(part.get(..room).unwrap_or(part));
                }
                if is_cut {
                    break 'read;
                }
                line += u64::from(part.ends_with(b"\n"));
            }
            if chunk.len() < CHUNK {
                break;
            }
            start += chunk.len() as u64;
        }
        let is_whole_line = taken.ends_with(b"\n");
        let next = first.max(1) + line_breaks(&taken) as u64;
        let Some(mut text) = text(taken, is_cut) else {
            return Ok(None);
        };
        if is_cut && !text.is_empty() {
            let note = if is_whole_line {
                "[the file goes on with line "
            } else {
                "\n[there is more of line "
            };
            text.push_str(&[note, &number(next), "]"].concat());
        }
        Ok(Some(text))
    }
}

/// Returns the bytes as text, or `None` if they are binary: no UTF-8, or with a NUL. With `is_cut`, the last
/// character may be incomplete and is then dropped.
pub(super) fn text(mut bytes: Vec<u8>, is_cut: bool) -> Option<String> {
    if bytes.contains(&0) {
        return None;
    }
    if is_cut
        && let Err(error) = str::from_utf8(&bytes)
        && error.error_len().is_none()
    {
        bytes.truncate(error.valid_up_to());
    }
    String::from_utf8(bytes).ok()
}
