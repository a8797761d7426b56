//! The images of the command line.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use clawft_types::image::Image;
use std::fs;
use std::path::Path;
use weft_agent::{Error, home};

/// The largest image in bytes. No provider takes a larger one.
const LARGEST: u64 = 20 << 20;

/// The formats that providers take, by their first bytes.
const FORMATS: [(&[u8], &str); 4] = [
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"GIF8", "image/gif"),
    (b"RIFF", "image/webp"),
];

/// Reads the image in the file `path`.
///
/// # Errors
/// If the file cannot be read, is too large, or no image of a format that providers take.
pub(super) fn read(path: &Path) -> Result<Image, Error> {
    let shown = path.display();
    home::check_regular(path).map_err(|fault| Error::other(format!("cannot read `{shown}`: {fault}")))?;
    let failed = |error| Error::other(format!("cannot read `{shown}`: {error}"));
    let size = fs::metadata(path).map_err(failed)?.len();
    if size > LARGEST {
        let (size, largest) = (size >> 20, LARGEST >> 20);
        return Err(Error::other(format!(
            "`{shown}` has {size} MB, and an image may have {largest} MB: make it smaller"
        )));
    }
    let bytes = fs::read(path).map_err(failed)?;
    let media_type = media_type(&bytes).ok_or_else(|| {
        let advice = "send a text file with `--file`";
        Error::other(format!(
            "`{shown}` is no image in PNG, JPEG, GIF or WebP: {advice}"
        ))
    })?;
    Ok(Image {
        media_type: media_type.to_owned(),
        data: STANDARD.encode(bytes),
    })
}

fn media_type(bytes: &[u8]) -> Option<&'static str> {
    let (_, media_type) = FORMATS.iter().find(|(start, _)| bytes.starts_with(start))?;
    let is_other = *media_type == "image/webp" && bytes.get(8..12) != Some(b"WEBP");
    (!is_other).then_some(*media_type)
}

#[cfg(test)]
mod tests {
    #[test]
    fn formats_are_told_by_content() {
        for (bytes, media_type) in [
            (&b"\x89PNG\r\n\x1a\n\0"[..], Some("image/png")),
            (b"\xff\xd8\xff\xe0", Some("image/jpeg")),
            (b"GIF89a", Some("image/gif")),
            (b"RIFF\x01\0\0\0WEBPVP8 ", Some("image/webp")),
            (b"RIFF\x01\0\0\0WAVEfmt ", None),
            (b"<svg/>", None),
            (b"", None),
        ] {
            assert_eq!(super::media_type(bytes), media_type, "{bytes:?}");
        }
    }
}
