//! Events of a stream, held back until they are complete.
//!
//! If a provider breaks off in the middle of an event, the event of the error can follow the last complete one.

/// The maximum length of an event, in bytes, that is held until it is complete. A longer one is passed on in parts.
const LONGEST: usize = 64 * 1024;

/// The bytes of an event that is not complete.
#[derive(Debug, Default)]
pub(crate) struct Events {
    held: Vec<u8>,
    /// Whether a part of an event was passed on.
    is_split: bool,
}

impl Events {
    /// Returns the bytes to pass on now: as they came, up to the end of the last complete event.
    pub(crate) fn feed(&mut self, bytes: Vec<u8>) -> Vec<u8> {
        let known = self.held.len();
        if known == 0 {
            self.held = bytes;
        } else {
            self.held.extend_from_slice(&bytes);
        }
        // The end of an event may begin in the bytes that were held before.
        let from = known.saturating_sub(3);
        let end = events_end(self.held.get(from..).unwrap_or_default()).map(|end| from + end);
        match end {
            Some(end) => {
                self.is_split = false;
                self.pass(end)
            }
            None if self.held.len() > LONGEST => {
                self.is_split = true;
                self.pass(self.held.len())
            }
            None => Vec::new(),
        }
    }

    fn pass(&mut self, end: usize) -> Vec<u8> {
        let later = self.held.split_off(end.min(self.held.len()));
        std::mem::replace(&mut self.held, later)
    }

    /// Returns whether the last bytes passed on are the beginning of an event.
    pub(crate) fn is_split(&self) -> bool {
        self.is_split
    }

    /// Returns the last bytes.
    pub(crate) fn end(&mut self) -> Vec<u8> {
        std::mem::take(&mut self.held)
    }

    /// Drops the event that is not complete. Returns the bytes that end it if a part was passed on.
    pub(crate) fn abandon(&mut self) -> &'static [u8] {
        self.held.clear();
        if self.is_split { b"\n\n" } else { b"" }
    }
}

/// Returns the first line of data in the complete events of `bytes`, and whether it is named an error, as llama.cpp
/// does.
pub(crate) fn first_data(bytes: &[u8]) -> Option<(&[u8], bool)> {
    let complete = bytes.get(..events_end(bytes)?)?;
    let mut lines = complete.split(|byte| matches!(byte, b'\n' | b'\r'));
    lines.find_map(|line| {
        let data = |name: &[u8]| Some(line.strip_prefix(name)?.trim_ascii());
        let usual = data(b"data:").map(|data| (data, false));
        usual.or_else(|| Some((data(b"error:")?, true)))
    })
}

/// Returns the position after the last complete event: two ends of lines, one after the other.
fn events_end(bytes: &[u8]) -> Option<usize> {
    let is_end = |at: &usize| {
        let seen = bytes.get(..*at).unwrap_or_default();
        seen.ends_with(b"\n\n") || seen.ends_with(b"\n\r\n") || seen.ends_with(b"\r\r")
    };
    (0..=bytes.len()).rev().find(is_end)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fed(parts: &[&str]) -> Vec<String> {
        let mut events = Events::default();
        let mut passed: Vec<String> = parts
            .iter()
            .map(|part| String::from_utf8(events.feed(part.as_bytes().to_vec())).unwrap())
            .collect();
        passed.push(String::from_utf8(events.end()).unwrap());
        passed
    }

    #[test]
    fn passes_on_complete_events() {
        assert_eq!(
            fed(&["data: 1\n\ndata", ": 2\n", "\n"]),
            ["data: 1\n\n", "", "data: 2\n\n", ""]
        );
        assert_eq!(fed(&["a\r\n\r", "\nb"]), ["", "a\r\n\r\n", "b"]);
        assert_eq!(fed(&["a\r", "\rb"]), ["", "a\r\r", "b"]);
        assert_eq!(fed(&["end"]), ["", "end"]);
    }

    #[test]
    fn finds_the_first_data() {
        let found =
            |bytes: &str| first_data(bytes.as_bytes()).map(|(data, is_error)| (data.to_vec(), is_error));
        for complete in [
            "data:1\n\n",
            ": 0\r\n\r\nid: 2\r\ndata: 1\r\n\r\ndata",
            "event: e\rdata:1 \r\rdata:2\r\r",
        ] {
            assert_eq!(found(complete), Some((b"1".to_vec(), false)), "{complete:?}");
        }
        assert_eq!(found("error: 1\n\n"), Some((b"1".to_vec(), true)));
        for incomplete in ["", "data: 1", "data: 1\n", ": 0\n\ndata: 1\n", "event: data:\n\n"] {
            assert_eq!(found(incomplete), None, "{incomplete:?}");
        }
    }

    #[test]
    fn passes_on_a_long_event_in_parts() {
        let mut events = Events::default();
        assert_eq!(events.feed(vec![b'x'; LONGEST]), b"");
        assert_eq!(events.abandon(), b"");
        assert_eq!(events.feed(vec![b'x'; LONGEST + 1]).len(), LONGEST + 1);
        assert_eq!(events.abandon(), b"\n\n");
        assert_eq!(events.feed(b"\n\n".to_vec()), b"\n\n");
        assert_eq!(events.abandon(), b"");
    }
}
