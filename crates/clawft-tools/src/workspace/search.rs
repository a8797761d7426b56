//! `search_files`: by text and by name.

use alloc::string::String;

use clawft_types::text::Ascii as _;

use super::{
    Answer, Workspace, name, position,
    read::{MAX_RESULT, text},
};
use crate::{
    files::{Files, Kind, Stat},
    text::{Needle, beginning, line_breaks, matches, number},
};

/// The maximum number of matches.
const MAX_MATCHES: usize = 100;

/// The size from which on files are not searched, in bytes.
const MAX_FILE: u64 = 1024 * 1024;

/// The number of bytes that are searched in one call.
const MAX_BYTES: u64 = 64 * 1024 * 1024;

/// The maximum length of a line in the result, in bytes.
const MAX_LINE: usize = 200;

/// The result so far.
struct Found {
    list: String,
    count: usize,
    bytes: u64,
}

impl Workspace<'_> {
    /// Returns the files whose names match the pattern `name`, or their lines that hold `text`. Without `text`,
    /// files are searched by name only; without `name`, all are.
    pub(crate) fn search_files(&mut self, path: &str, text: &str, name: &str) -> Answer {
        if text.has(b'\n') || (text.is_empty() && name.is_empty()) {
            return Err("give a `text` within a line to find, or a `name` with `*`");
        }
        let needle = (!text.is_empty()).then(|| Needle::new(text));
        let mut found = Found {
            list: String::new(),
            count: 0,
            bytes: 0,
        };
        let is_complete = self.walk(path, true, &mut |files, path, stat| {
            if stat.kind == Kind::File && is_named(name, path) {
                match &needle {
                    None => found.add(path, None),
                    Some(needle) => found.search(files, path, stat, needle),
                }
            }
            found.count < MAX_MATCHES && found.bytes < MAX_BYTES && found.list.len() < MAX_RESULT
        })?;
        if !is_complete {
            found
                .list
                .push_str("[the search was stopped here: narrow it with `path` or `name`]\n");
        } else if found.count == 0 {
            found.list.push_str("nothing was found");
        }
        self.add_lacking(&mut found.list);
        Ok(found.list)
    }
}

impl Found {
    /// Adds a file, or a line of it.
    fn add(&mut self, path: &str, line: Option<(usize, &str)>) {
        self.list.push_str(path);
        if let Some((at, text)) = line {
            self.list.push(':');
            self.list.push_str(&number(at));
            self.list.push_str(": ");
            self.list.push_str(beginning(text.trim_ascii(), MAX_LINE));
        }
        self.list.push('\n');
        self.count += 1;
    }

    /// Adds the lines of a file that hold the text. Files that cannot be read are left out, and so are binary
    /// and large ones.
    fn search(&mut self, files: &mut dyn Files, path: &str, stat: &Stat, needle: &Needle<'_>) {
        if stat.size > MAX_FILE {
            return;
        }
        let most = usize::try_from(MAX_FILE).unwrap_or_default();
        let Some(content) = files
            .read(path, stat.identity, 0, most)
            .ok()
            .and_then(|bytes| text(bytes, true))
        else {
            self.bytes += stat.size;
            return;
        };
        self.bytes += stat.size;
        let mut line = 1;
        // The end of the last matching line, up to which breaks were counted.
        let mut end = 0;
        needle.find(content.as_bytes(), &mut |start| {
            let Some(skipped) = content.as_bytes().get(end..start) else {
                return true;
            };
            line += line_breaks(skipped);
            let line_start = skipped
                .iter()
                .rposition(|byte| *byte == b'\n')
                .map_or(end, |at| end + at + 1);
            let rest = content.get(line_start..).unwrap_or_default();
            let text = rest.get(..position(rest, b'\n')).unwrap_or_default();
            self.add(path, Some((line, text)));
            // The rest of the line is not searched again. Its break is counted with the next match.
            end = line_start + text.len();
            self.count < MAX_MATCHES && self.list.len() < MAX_RESULT
        });
    }
}

/// Returns whether the file at `path` has a name that matches `pattern`; the whole path if that holds a `/`.
fn is_named(pattern: &str, path: &str) -> bool {
    let text = if pattern.has(b'/') { path } else { name(path) };
    pattern.is_empty() || matches(pattern, text, true)
}
