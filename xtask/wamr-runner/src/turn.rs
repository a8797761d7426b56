//! A turn of the agent, driven through the module's exported functions with the network of this host.

use std::{
    thread,
    time::{Duration, Instant},
};

use anyhow::{Result, bail};

use self::header as clawft;
use crate::{
    guest::{self, Guest},
    network::{self, Broken, Request, Response},
};

/// The numbers of the module's header file.
#[allow(
    dead_code,
    missing_docs,
    unreachable_pub,
    non_camel_case_types,
    reason = "written by a program"
)]
mod header {
    include!(concat!(env!("OUT_DIR"), "/clawft.rs"));
}

/// The result of a turn.
#[derive(Debug)]
pub(crate) struct TurnResult {
    /// The answer, or the error message.
    pub(crate) result: Result<String, String>,
    /// The deltas of the answer.
    pub(crate) pieces: Vec<String>,
    /// The reason why the answer broke off; empty if it is complete.
    pub(crate) incomplete: String,
    /// Warnings for the user.
    pub(crate) warnings: String,
    /// The reason why the turn is not stored; empty if it is.
    pub(crate) unstored: String,
    /// The calls of tools, one a line.
    pub(crate) calls: String,
}

/// Runs a turn that answers `message` in the session `session`.
pub(crate) fn take(guest: &mut Guest, message: &str, session: &str) -> Result<TurnResult> {
    let start = Instant::now();
    let (message, session) = (lend(guest, message.as_bytes())?, lend(guest, session.as_bytes())?);
    let turn = guest.call("clawft_begin", &[message.0, message.1, session.0, session.1])?;
    for (address, _) in [message, session] {
        guest.call("clawft_free", &[address])?;
    }
    if turn.cast_signed() < 0 {
        bail!("`clawft_begin` returned {}", turn.cast_signed());
    }
    let mut turn = Turn {
        guest,
        turn,
        start,
        response: None,
    };
    let taken = turn.take()?;
    turn.guest.call("clawft_drop", &[turn.turn])?;
    Ok(taken)
}

/// Copies `bytes` into the guest's memory, and returns their address and length. The caller frees them.
pub(crate) fn lend(guest: &mut Guest, bytes: &[u8]) -> Result<(u32, u32)> {
    let size = u32::try_from(bytes.len())?;
    let address = guest.call("clawft_alloc", &[size])?;
    if address == 0 && size > 0 {
        bail!("`clawft_alloc` has no room for {size} bytes");
    }
    guest.write(address, bytes)?;
    Ok((address, size))
}

/// Returns the text of `turn` with the number `which`.
pub(crate) fn text(guest: &mut Guest, turn: u32, which: u32) -> Result<Vec<u8>> {
    let address = guest.call("clawft_text", &[turn, which])?;
    let size = guest.call("clawft_text_size", &[turn, which])?;
    guest.read(address, size)
}

struct Turn<'a> {
    guest: &'a mut Guest,
    turn: u32,
    start: Instant,
    /// The response that is being read.
    response: Option<Response>,
}

impl Turn<'_> {
    fn take(&mut self) -> Result<TurnResult> {
        let mut pieces = Vec::new();
        let mut calls = self.text(clawft::CLAWFT_CALLS)?;
        let mut step = self.guest.call("clawft_step", &[self.turn])?;
        loop {
            step = match step {
                clawft::CLAWFT_SEND => self.send()?,
                clawft::CLAWFT_MORE => self.read()?,
                clawft::CLAWFT_DONE | clawft::CLAWFT_FAILED => break,
                other => bail!("the turn is at step {}", other.cast_signed()),
            };
            let piece = self.text(clawft::CLAWFT_PIECE)?;
            pieces.extend(Some(piece).filter(|piece| !piece.is_empty()));
            calls += &self.text(clawft::CLAWFT_CALLS)?;
        }
        let (answer, error) = (
            self.text(clawft::CLAWFT_ANSWER)?,
            self.text(clawft::CLAWFT_ERROR)?,
        );
        let warnings = self.text(clawft::CLAWFT_WARNINGS)?;
        let unstored = self.text(clawft::CLAWFT_UNSTORED)?;
        Ok(match step {
            clawft::CLAWFT_DONE => TurnResult {
                result: Ok(answer),
                pieces,
                incomplete: error,
                warnings,
                unstored,
                calls,
            },
            _ => TurnResult {
                result: Err(error),
                pieces,
                incomplete: String::new(),
                warnings,
                unstored,
                calls,
            },
        })
    }

    /// Sends the request, and reports the beginning of the response.
    fn send(&mut self) -> Result<u32> {
        // The rest of an earlier response is no longer needed.
        self.response = None;
        thread::sleep(self.milliseconds(clawft::CLAWFT_WAIT_MS)?);
        let request = Request {
            method: self.text(clawft::CLAWFT_METHOD)?,
            url: self.text(clawft::CLAWFT_URL)?,
            headers: self.text(clawft::CLAWFT_HEADERS)?,
            body: text(self.guest, self.turn, clawft::CLAWFT_REQUEST_BODY)?,
            timeout: self.milliseconds(clawft::CLAWFT_TIMEOUT_MS)?,
            idle_timeout: self.milliseconds(clawft::CLAWFT_IDLE_TIMEOUT_MS)?,
            total_timeout: self.milliseconds(clawft::CLAWFT_TOTAL_TIMEOUT_MS)?,
        };
        match network::send(&request) {
            Err(broken) => self.broken(&broken),
            Ok(response) => {
                let status = response.status.into();
                let headers = response.headers.clone();
                self.response = Some(response);
                self.feed(clawft::CLAWFT_HEAD, status, headers.as_bytes())
            }
        }
    }

    /// Reports the next part of the response.
    fn read(&mut self) -> Result<u32> {
        let Some(response) = &mut self.response else {
            bail!("there is no response to read more of")
        };
        match response.read() {
            Err(broken) => self.broken(&broken),
            Ok(bytes) if bytes.is_empty() => self.feed(clawft::CLAWFT_END, 0, &[]),
            Ok(bytes) => self.feed(clawft::CLAWFT_BODY, 0, &bytes),
        }
    }

    fn broken(&mut self, broken: &Broken) -> Result<u32> {
        let (number, cause) = match broken {
            Broken::Unavailable(cause) => (clawft::CLAWFT_UNAVAILABLE, cause.as_str()),
            Broken::Impossible(cause) => (clawft::CLAWFT_IMPOSSIBLE, cause.as_str()),
            Broken::TimedOut => (clawft::CLAWFT_TIMED_OUT, ""),
        };
        self.feed(clawft::CLAWFT_BROKEN, number, cause.as_bytes())
    }

    fn feed(&mut self, event: u32, number: u32, bytes: &[u8]) -> Result<u32> {
        let (address, size) = lend(self.guest, bytes)?;
        let elapsed = u32::try_from(self.start.elapsed().as_millis()).unwrap_or(u32::MAX);
        let step = self
            .guest
            .call("clawft_feed", &[self.turn, event, number, address, size, elapsed])?;
        self.guest.call("clawft_free", &[address])?;
        Ok(step)
    }

    fn text(&mut self, which: u32) -> Result<String> {
        guest::text(text(self.guest, self.turn, which)?)
    }

    fn number(&mut self, which: u32) -> Result<u32> {
        self.guest.call("clawft_number", &[self.turn, which])
    }

    fn milliseconds(&mut self, which: u32) -> Result<Duration> {
        Ok(Duration::from_millis(self.number(which)?.into()))
    }
}
