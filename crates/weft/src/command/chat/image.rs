//! The images of the command line.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use clawft_types::image::Image;
use weft_agent::Error;

/// The largest image in bytes. No provider takes a larger one.
const LARGEST: usize = 20 << 20;

/// The formats that providers take, by their first bytes.
const FORMATS: [(&[u8], &str); 4] = [
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"GIF8", "image/gif"),
    (b"RIFF", "image/webp"),
];

/// Returns the image in `bytes`; `None` if they are none of a format that providers take. `name` is for messages.
///
/// # Errors
/// If it is too large.
pub(super) fn of(bytes: &[u8], name: &str) -> Result<Option<Image>, Error> {
    let Some(media_type) = media_type(bytes) else {
        return Ok(None);
    };
    if bytes.len() > LARGEST {
        let size = bytes.len() >> 20;
        let largest = LARGEST >> 20;
        return Err(Error::other(format!(
            "{name} has {size} MB, and an image may have {largest} MB: make it smaller"
        )));
    }
    Ok(Some(Image {
        media_type: media_type.to_owned(),
        data: STANDARD.encode(bytes),
    }))
}

fn media_type(bytes: &[u8]) -> Option<&'static str> {
    let (_, media_type) = FORMATS.iter().find(|(start, _)| bytes.starts_with(start))?;
    let is_other = *media_type == "image/webp" && bytes.get(8..12) != Some(b"WEBP");
    (!is_other).then_some(*media_type)
}

#[cfg(test)]
mod tests {
    use super::*;

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
            let image = of(bytes, "it").unwrap();
            assert_eq!(
                image.as_ref().map(|image| image.media_type.as_str()),
                media_type,
                "{bytes:?}"
            );
        }
        let large = [b"GIF89a", vec![0; LARGEST].as_slice()].concat();
        assert!(of(&large, "it").unwrap_err().to_string().contains("20 MB"));
    }
}
