//! Server-sent events: a stream of bytes, cut anywhere, to the data of its events.
//!
//! As the HTML standard defines them: lines end with CR LF, LF or CR, a byte order mark may come first, an event ends with an
//! empty line, its `data` lines are joined by line feeds, a line that begins with a colon is a comment. An event that the
//! end of the stream cuts off is none. The fields `event`, `id` and `retry` are skipped: providers repeat an event's name in
//! its data.

use alloc::vec::Vec;
use core::mem;

/// The most bytes an event may have. The largest that providers send is a few hundred.
pub const MAX_EVENT: usize = 1 << 20;

/// Finds the events in a stream that comes in parts. Holds no more than [`MAX_EVENT`] bytes, whatever comes.
#[derive(Debug, Default)]
pub struct Decoder {
    /// The line so far.
    line: Vec<u8>,
    /// The event's data so far, with a line feed after each line.
    data: Vec<u8>,
    /// Whether the last byte was a CR: a LF that follows belongs to it.
    after_cr: bool,
    /// Whether the first line is over, which may begin with a byte order mark.
    begun: bool,
}

/// An event has more than [`MAX_EVENT`] bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TooLong;

impl Decoder {
    /// The data of the next event, never empty; `None` if all of `bytes` is used up before it is complete. What is used is
    /// taken off the front of `bytes`.
    pub fn next(&mut self, bytes: &mut &[u8]) -> Result<Option<Vec<u8>>, TooLong> {
        while let Some((&byte, rest)) = bytes.split_first() {
            *bytes = rest;
            let after_cr = mem::replace(&mut self.after_cr, byte == b'\r');
            match byte {
                b'\n' if after_cr => {}
                b'\n' | b'\r' => {
                    if let Some(event) = self.end_line() {
                        return Ok(Some(event));
                    }
                }
                _ if self.line.len() + self.data.len() >= MAX_EVENT => return Err(TooLong),
                _ => self.line.push(byte),
            }
        }
        Ok(None)
    }

    fn end_line(&mut self) -> Option<Vec<u8>> {
        let line = mem::take(&mut self.line);
        let line = match mem::replace(&mut self.begun, true) {
            true => &line,
            false => line.strip_prefix("\u{feff}".as_bytes()).unwrap_or(&line),
        };
        match line {
            [] => self.end_event(),
            [b'd', b'a', b't', b'a', value @ ..] => {
                match value {
                    [b':', b' ', value @ ..] | [b':', value @ ..] => self.data.extend_from_slice(value),
                    [] => {}
                    // A longer name.
                    _ => return None,
                }
                self.data.push(b'\n');
                None
            }
            _ => None,
        }
    }

    fn end_event(&mut self) -> Option<Vec<u8>> {
        let mut data = mem::take(&mut self.data);
        data.pop();
        (!data.is_empty()).then_some(data)
    }
}
