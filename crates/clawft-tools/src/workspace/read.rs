//! `read_file`: a whole text, or a range of its lines.

use super::{Answer, Workspace, failed};
use crate::files::Stat;
use crate::text::{line_breaks, number};
use alloc::borrow::ToOwned as _;
use alloc::string::String;
use alloc::vec::Vec;
use clawft_types::memory;
use core::str;

/// The maximum size of a result in bytes.
pub(crate) const MAX_RESULT: usize = 64 * 1024;

/// The number of bytes in which lines are counted. Later lines cannot be read.
const MAX_SCAN: u64 = 64 * 1024 * 1024;

/// The number of bytes to read at once.
const CHUNK: usize = 64 * 1024;

/// The number of bytes by which a large file is recognised as text.
const SAMPLE: usize = 4096;

/// A range of lines, counted from 1; both ends are included.
#[derive(Clone, Copy)]
pub(crate) struct Lines {
    pub(crate) first: Option<u64>,
    pub(crate) last: Option<u64>,
}

impl Workspace<'_> {
    /// Reads the file at `path`, or the lines of a range.
    pub(crate) fn read_file(&mut self, path: &str, lines: Lines) -> Answer {
        let (at, stat) = self.existing_file(path)?;
        if lines.first.is_some() || lines.last.is_some() {
            return self.read_lines(path, &at, &stat, lines);
        }
        let is_large = stat.size > MAX_RESULT as u64;
        let most = if is_large { SAMPLE } else { MAX_RESULT };
        let bytes = self.bytes(path, &at, &stat, 0, most)?;
        match text(bytes, is_large) {
            Some(_) if is_large => Ok([
                "`",
                path,
                "` is a text file of ",
                &number(stat.size),
                " bytes, too large to be shown as a whole: read a range of its lines with `start_line` and `end_line`, or use `search_files`",
            ]
            .concat()),
            Some(text) => Ok(text),
            None => Ok(binary(path, &stat)),
        }
    }

    fn bytes(
        &mut self,
        path: &str,
        at: &str,
        stat: &Stat,
        start: u64,
        most: usize,
    ) -> Result<Vec<u8>, String> {
        self.files
            .read(at, stat.identity, start, most)
            .map_err(|fault| failed("read", path, fault))
    }

    /// Reads the whole text of a file of at most `most` bytes; `None` if it is binary.
    pub(super) fn whole_text(
        &mut self,
        path: &str,
        at: &str,
        stat: &Stat,
        most: usize,
    ) -> Result<Option<String>, String> {
        // One byte more shows whether the file has grown.
        let mut bytes = Vec::new();
        loop {
            let part = self.bytes(path, at, stat, bytes.len() as u64, CHUNK)?;
            memory::append(&mut bytes, &part).map_err(|error| failed("read", path, error.into()))?;
            if bytes.len() > most {
                return Err([
                    "`",
                    path,
                    "` is larger than ",
                    &number(most),
                    " bytes, the limit for this tool",
                ]
                .concat());
            }
            if part.len() < CHUNK {
                return Ok(text(bytes, false));
            }
        }
    }

    fn read_lines(&mut self, path: &str, at: &str, stat: &Stat, lines: Lines) -> Answer {
        let first = lines.first.unwrap_or(1).max(1);
        let last = lines.last.unwrap_or(u64::MAX);
        if last < first {
            return Err("`end_line` is before `start_line`".to_owned());
        }
        let mut taken = Vec::new();
        // The number of the line that is being read.
        let mut line = 1;
        let mut start = 0;
        let mut is_cut = false;
        'read: while start < MAX_SCAN {
            let chunk = self.bytes(path, at, stat, start, CHUNK)?;
            for part in chunk.split_inclusive(|byte| *byte == b'\n') {
                if line > last {
                    is_cut = true;
                    break 'read;
                }
                if line >= first {
                    let room = MAX_RESULT - taken.len();
                    taken.extend_from_slice(part.get(..room).unwrap_or(part));
                    if part.len() > room {
                        is_cut = true;
                        break 'read;
                    }
                }
                line += u64::from(part.ends_with(b"\n"));
            }
            if chunk.len() < CHUNK {
                break;
            }
            start += chunk.len() as u64;
        }
        if taken.is_empty() {
            return Err(["`", path, "` has no line ", &number(first)].concat());
        }
        let next = first + line_breaks(&taken) as u64;
        let is_whole_line = taken.ends_with(b"\n");
        let Some(mut text) = text(taken, is_cut) else {
            return Ok(binary(path, stat));
        };
        if is_cut {
            let end = if is_whole_line { "" } else { "\n" };
            let note = if is_whole_line || next > first {
                ["[the file continues with line ", &number(next), "]"].concat()
            } else {
                ["[line ", &number(next), " is longer than what can be shown]"].concat()
            };
            text.push_str(end);
            text.push_str(&note);
        }
        Ok(text)
    }
}

/// Describes a file that is not text.
fn binary(path: &str, stat: &Stat) -> String {
    ["`", path, "` is a binary file of ", &number(stat.size), " bytes"].concat()
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
