//! An answer that arrives as a stream.

use alloc::{string::String, vec::Vec};
use core::mem;

use clawft_types::{
    Kind, join,
    memory::{self, NoMemory},
    text::number,
};

use crate::{
    answer::{self, Answer, Fault},
    sse::{self, Decoder, MAX_EVENT},
};

/// The part of a stream that has arrived.
#[derive(Debug)]
pub(crate) struct Stream {
    kind: Kind,
    decoder: Decoder,
    /// The answer so far.
    pub(crate) answer: Answer,
    /// The end of the stream, once it is reached: regular, or a fault. Later bytes are ignored.
    pub(crate) end: Option<Result<(), Fault>>,
    /// The length of the text that has been taken.
    shown: usize,
    /// The block of reasoning of which a part has been taken, and the length of that part.
    thought: (usize, usize),
}

/// The text that a stream adds.
pub(crate) enum Delta {
    /// Text of the answer.
    Text(String),
    /// Reasoning.
    Reasoning(String),
}

impl Stream {
    pub(crate) fn new(kind: Kind) -> Stream {
        Stream {
            kind,
            decoder: Decoder::default(),
            answer: Answer::default(),
            end: None,
            shown: 0,
            thought: (0, 0),
        }
    }

    /// Takes the next bytes.
    pub(crate) fn feed(&mut self, mut bytes: &[u8]) {
        while self.end.is_none() {
            self.end = match self.next(&mut bytes) {
                Ok(Progress::Event) => None,
                Ok(Progress::Wait) => return,
                Ok(Progress::End) => Some(self.answer.end().map_err(Fault::from)),
                Err(fault) => Some(Err(fault)),
            };
        }
    }

    /// Takes the end of the bytes. Text that no longer can be a part of a tag, or an event without its empty
    /// line, is then a part of the answer.
    pub(crate) fn finish(&mut self) {
        if self.end.is_some() {
            return;
        }
        // What cannot be read was cut off, which the missing end tells as well.
        while self.end.is_none()
            && let Ok(Some(data)) = self.decoder.finish()
        {
            self.end = match self.read(data) {
                Ok(true) => Some(Ok(())),
                Err(fault @ Fault::Failure(_)) => Some(Err(fault)),
                _ => None,
            };
        }
        if let Err(error) = self.answer.end() {
            self.end = Some(Err(error.into()));
        }
    }

    /// Returns the text that was added since the last call, reasoning first; `None` if there is none.
    pub(crate) fn take(&mut self) -> Option<Delta> {
        let delta = self.reasoning().and_then(|reasoning| match reasoning.as_str() {
            "" => self.text().map(Delta::Text),
            _ => Ok(Delta::Reasoning(reasoning)),
        });
        match delta {
            Ok(Delta::Text(text)) if text.is_empty() => None,
            Ok(delta) => Some(delta),
            Err(error) => {
                // Text that is not shown is not part of the answer.
                self.answer.text.truncate(self.shown);
                self.end = Some(Err(error.into()));
                None
            }
        }
    }

    fn text(&mut self) -> Result<String, NoMemory> {
        let text = memory::copy_text(self.answer.text.get(self.shown..).unwrap_or_default())?;
        self.shown = self.answer.text.len();
        Ok(text)
    }

    fn reasoning(&mut self) -> Result<String, NoMemory> {
        let mut text = String::new();
        let (known, mut start) = self.thought;
        for (index, block) in self.answer.reasoning.iter().enumerate().skip(known) {
            memory::append_text(
                &mut text,
                block.text.get(mem::take(&mut start)..).unwrap_or_default(),
            )?;
            self.thought = (index, block.text.len());
        }
        Ok(text)
    }

    fn next(&mut self, bytes: &mut &[u8]) -> Result<Progress, Fault> {
        let Some(data) = self.decoder.next(bytes)? else {
            return Ok(Progress::Wait);
        };
        match self.read(data)? {
            true => Ok(Progress::End),
            false => Ok(Progress::Event),
        }
    }

    /// Reads an event. Returns true if it is the last one.
    fn read(&mut self, data: Vec<u8>) -> Result<bool, Fault> {
        answer::event(self.kind, data, self.decoder.is_error(), &mut self.answer)
    }
}

impl From<sse::Fault> for Fault {
    fn from(fault: sse::Fault) -> Fault {
        match fault {
            sse::Fault::TooLong => Fault::Bad(join!(
                "an event of the stream is larger than ",
                &number(MAX_EVENT as u64),
                " bytes"
            )),
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
