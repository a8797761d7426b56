//! An answer that comes piece by piece.

use crate::provider::{self, Answer, Fault};
use crate::sse::{Decoder, MAX_EVENT, TooLong};
use alloc::borrow::ToOwned as _;
use alloc::format;
use alloc::string::String;
use clawft_types::Kind;

/// What has come so far.
#[derive(Debug)]
pub(crate) struct Stream {
    kind: Kind,
    decoder: Decoder,
    /// The answer so far.
    pub(crate) answer: Answer,
    /// How it ended, once it has: by itself, or by a fault. What comes after that does not count.
    pub(crate) end: Option<Result<(), Fault>>,
}

impl Stream {
    pub(crate) fn new(kind: Kind) -> Stream {
        Stream { kind, decoder: Decoder::default(), answer: Answer::default(), end: None }
    }

    /// Takes the next bytes and gives the text that they add.
    pub(crate) fn take(&mut self, mut bytes: &[u8]) -> String {
        let shown = self.answer.text.len();
        while self.end.is_none() {
            self.end = match self.next(&mut bytes) {
                Ok(Progress::Event) => None,
                Ok(Progress::Wait) => break,
                Ok(Progress::End) => Some(Ok(())),
                Err(fault) => Some(Err(fault)),
            };
        }
        self.answer.text[shown..].to_owned()
    }

    fn next(&mut self, bytes: &mut &[u8]) -> Result<Progress, Fault> {
        let too_long =
            |TooLong| Fault::Bad(format!("an event of the stream is larger than {MAX_EVENT} bytes"));
        let Some(data) = self.decoder.next(bytes).map_err(too_long)? else { return Ok(Progress::Wait) };
        match provider::event(self.kind, &data, &mut self.answer)? {
            true => Ok(Progress::End),
            false => Ok(Progress::Event),
        }
    }
}

enum Progress {
    /// An event was read, there may be another.
    Event,
    /// All bytes are used up.
    Wait,
    /// The last event was read.
    End,
}
