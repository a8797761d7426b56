//! The output of a guest, with the time of each part: in a stream, the parts arrive one by one.

use std::{
    io::{self, Read},
    thread::{self, JoinHandle},
    time::Instant,
};

use anyhow::{Context as _, Result};

/// The maximum number of bytes of one read.
const BUFFER: usize = 1 << 16;

/// A part of the output.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Arrival {
    /// Time at which it could be read.
    pub(super) at: Instant,
    /// Bytes of the part.
    pub(super) bytes: Vec<u8>,
}

/// A pipe that is being read.
#[derive(Debug)]
pub(super) struct Reader(JoinHandle<io::Result<Vec<Arrival>>>);

/// Starts to read `pipe` to its end.
pub(super) fn read(mut pipe: impl Read + Send + 'static) -> Reader {
    Reader(thread::spawn(move || {
        let mut arrivals = Vec::new();
        let mut buffer = vec![0; BUFFER];
        loop {
            match pipe.read(&mut buffer)? {
                0 => return Ok(arrivals),
                length => arrivals.push(Arrival {
                    at: Instant::now(),
                    bytes: buffer[..length].to_vec(),
                }),
            }
        }
    }))
}

impl Reader {
    /// Returns all parts. Waits for the end of the pipe, which comes when every process has closed its end.
    pub(super) fn finish(self) -> Result<Vec<Arrival>> {
        let arrivals = self
            .0
            .join()
            .ok()
            .context("the reader of standard output panicked")?;
        arrivals.context("could not read standard output")
    }
}

/// Joins the bytes of all parts.
pub(super) fn text(arrivals: &[Arrival]) -> Vec<u8> {
    arrivals
        .iter()
        .flat_map(|arrival| arrival.bytes.iter().copied())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_everything_to_the_end() {
        let arrivals = read(&b"one two"[..]).finish().unwrap();
        assert_eq!(text(&arrivals), b"one two");
        assert!(read(io::empty()).finish().unwrap().is_empty());
    }
}
