//! An answer that arrives as a stream.

use crate::answer::{self, Answer, Fault};
use crate::sse::{self, Decoder, MAX_EVENT};
use alloc::format;
use alloc::string::String;
use clawft_types::{Kind, memory};

/// The part of a stream that has arrived.
#[derive(Debug)]
pub(crate) struct Stream {
    kind: Kind,
    decoder: Decoder,
    /// The answer so far.
    pub(crate) answer: Answer,
    /// The end of the stream, once it is reached: regular, or a fault. Later bytes are ignored.
    pub(crate) end: Option<Result<(), Fault>>,
}

impl Stream {
    pub(crate) fn new(kind: Kind) -> Stream {
        Stream {
            kind,
            decoder: Decoder::default(),
            answer: Answer::default(),
            end: None,
        }
    }

    /// Takes the next bytes and returns the text that they add.
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
        let added = memory::copy_text(self.answer.text.get(shown..).unwrap_or_default());
        added.unwrap_or_else(|error| {
            // Text that is not shown is not part of the answer.
            self.answer.text.truncate(shown);
            self.end = Some(Err(error.into()));
            String::new()
        })
    }

    fn next(&mut self, bytes: &mut &[u8]) -> Result<Progress, Fault> {
        let Some(data) = self.decoder.next(bytes)? else {
            return Ok(Progress::Wait);
        };
        match answer::event(self.kind, data, &mut self.answer)? {
            true => Ok(Progress::End),
            false => Ok(Progress::Event),
        }
    }
}

impl From<sse::Fault> for Fault {
    fn from(fault: sse::Fault) -> Fault {
        match fault {
            sse::Fault::TooLong => {
                Fault::Bad(format!("an event of the stream is larger than {MAX_EVENT} bytes"))
            }
            sse::Fault::NoMemory(error) => error.into(),
        }
    }
}

enum Progress {
    /// An event was read; another one may follow.
    Event,
    /// All bytes were read.
    Wait,
    /// The last event was read.
    End,
}
