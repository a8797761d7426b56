//! The search for a member's name in the bytes of events: with vector instructions where speed counts, and in a few
//! instructions where size does.

#[cfg(not(target_arch = "wasm32"))]
use memchr::memmem;

/// A text to find.
#[derive(Debug)]
pub(crate) struct Finder {
    #[cfg(not(target_arch = "wasm32"))]
    search: memmem::Finder<'static>,
    needle: &'static [u8],
}

impl Finder {
    /// Returns the search for a text.
    pub(crate) fn new(needle: &'static [u8]) -> Finder {
        Finder {
            #[cfg(not(target_arch = "wasm32"))]
            search: memmem::Finder::new(needle),
            needle,
        }
    }

    /// Returns the bytes after each place where the text is found.
    pub(crate) fn find_all<'a>(&'a self, mut bytes: &'a [u8]) -> impl Iterator<Item = &'a [u8]> {
        core::iter::from_fn(move || {
            bytes = bytes.get(self.find(bytes)? + self.needle.len()..)?;
            Some(bytes)
        })
    }

    #[cfg(not(target_arch = "wasm32"))]
    fn find(&self, bytes: &[u8]) -> Option<usize> {
        self.search.find(bytes)
    }

    #[cfg(target_arch = "wasm32")]
    fn find(&self, bytes: &[u8]) -> Option<usize> {
        find_simply(self.needle, bytes)
    }
}

/// Returns the first position of `needle`.
#[cfg(any(target_arch = "wasm32", test))]
fn find_simply(needle: &[u8], bytes: &[u8]) -> Option<usize> {
    let first = needle.first()?;
    let starts = |at: &usize| bytes.get(*at..).is_some_and(|rest| rest.starts_with(needle));
    let mut places = bytes.iter().enumerate().filter(|(_, byte)| *byte == first);
    places.find_map(|(at, _)| Some(at).filter(starts))
}

#[cfg(test)]
mod tests {
    use alloc::vec::Vec;

    use super::*;

    #[test]
    fn finds_every_place_of_a_text() {
        let finder = Finder::new(b"aab");
        let found: Vec<&[u8]> = finder.find_all(b"aaab-aab").collect();
        assert_eq!(found, [&b"-aab"[..], b""]);
        assert_eq!(Finder::new(b"aab").find_all(b"aa").count(), 0);
    }

    #[test]
    fn both_searches_find_the_same() {
        for bytes in [&b""[..], b"aab", b"aaab", b"aabaab", b"abaa", b"aa"] {
            let found = memmem::find(bytes, b"aab");
            assert_eq!(find_simply(b"aab", bytes), found, "{bytes:?}");
        }
    }
}
