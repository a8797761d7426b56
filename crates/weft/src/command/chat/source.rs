//! Files and standard input, each a text or an image.

use std::{
    fs::{self, File},
    io::{self, IsTerminal as _, Read},
    path::Path,
    time::Duration,
};

use clawft_store::FsFault;
use clawft_types::image::Image;
use weft_agent::{Error, home::file_error, text};

use super::image;
use crate::command::terminal;

/// The largest file in bytes. A device may have no end.
const LARGEST: u64 = 100 << 20;

/// The time after which a message says that standard input is being read.
const PATIENCE: Duration = Duration::from_secs(2);

/// The name of standard input in messages.
const INPUT: &str = "standard input";

/// The content of a file or of standard input.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Content {
    /// Text.
    Text(String),
    /// An image of a format that providers take.
    Image(Image),
}

/// Reads a file, which may be a pipe.
///
/// # Errors
/// If it cannot be read, is too large, or neither text nor an image.
pub(super) fn file(path: &Path) -> Result<Content, Error> {
    let shown = path.display();
    let failed = |error: io::Error| file_error("read", path, error);
    if fs::metadata(path).map_err(failed)?.is_dir() {
        return Err(file_error("read", path, FsFault::IsDirectory));
    }
    let name = format!("`{shown}`");
    let bytes = read(File::open(path).map_err(failed)?, &name)?.map_err(failed)?;
    content(bytes, &name)
}

/// Reads all of standard input. Says so if that takes long, because a caller may have left it open.
///
/// # Errors
/// As [`file()`].
pub(super) fn input() -> Result<Content, Error> {
    let text = "reading standard input until it ends; `< /dev/null` leaves it out";
    let is_typed = io::stdin().is_terminal();
    let waiting = (!is_typed).then(|| terminal::hint_after(PATIENCE, text));
    let bytes = read(io::stdin().lock(), INPUT)?;
    drop(waiting);
    let failed = |error| Error::other(format!("{INPUT} cannot be read: {}", FsFault::from(error)));
    let bytes = bytes.map_err(failed)?;
    content(bytes, INPUT)
}

/// Reads to the end, or fails if there is too much.
fn read(source: impl Read, name: &str) -> Result<io::Result<Vec<u8>>, Error> {
    let mut bytes = Vec::new();
    let read = source.take(LARGEST + 1).read_to_end(&mut bytes);
    if u64::try_from(bytes.len()).is_ok_and(|length| length > LARGEST) {
        let largest = LARGEST >> 20;
        return Err(Error::other(format!(
            "{name} has more than {largest} MB: send less"
        )));
    }
    Ok(read.map(|_| bytes))
}

fn content(bytes: Vec<u8>, name: &str) -> Result<Content, Error> {
    if let Some(image) = image::of(&bytes, name)? {
        return Ok(Content::Image(image));
    }
    text::decode(bytes).map(Content::Text).ok_or_else(|| {
        Error::other(format!(
            "{name} is neither an image in PNG, JPEG, GIF or WebP nor a text: it is not UTF-8"
        ))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn content_is_text_or_an_image() {
        let read = |bytes: &[u8]| content(bytes.to_vec(), "it");
        for (bytes, text) in [
            (&b""[..], ""),
            (b"a\n", "a\n"),
            (b"\xef\xbb\xbfa", "a"),
            (b"\xff\xfea\0\xe4\0", "aä"),
            (b"\xfe\xff\0a", "a"),
        ] {
            assert_eq!(read(bytes).unwrap(), Content::Text(text.to_owned()));
        }
        assert!(matches!(read(b"GIF89a"), Ok(Content::Image(_))));
        for bytes in [&b"\xff"[..], b"h\xe4", b"\xff\xfea", b"\xff\xfe\x00\xd8"] {
            let error = read(bytes).unwrap_err().to_string();
            assert!(error.ends_with("nor a text: it is not UTF-8"), "{error}");
        }
    }

    #[test]
    fn endless_files_are_refused() {
        let error = read(io::repeat(b'a'), "it").unwrap_err().to_string();
        assert_eq!(error, "it has more than 100 MB: send less");
    }

    #[test]
    fn missing_files_and_directories_are_named() {
        let directory = tempfile::TempDir::new().unwrap();
        let error = file(directory.path()).unwrap_err().to_string();
        assert!(error.ends_with("it is a directory"), "{error}");
        let error = file(&directory.path().join("a")).unwrap_err().to_string();
        assert!(error.ends_with("`: no such file or directory"), "{error}");
    }
}
