//! Turns that are driven by a host with its own network: the implementation of the functions in
//! `include/clawft.h`.
//!
//! This module uses no pointers: the functions convert them to slices and back, and are exported on
//! wasm32-wasip1 only. So this module is tested natively. The numbers are the header's.

mod codes;
mod driven;

pub use codes::{Break, Event, Finish, Misuse, Number, Step, Text};

use clawft_types::ToolDefinition;

use crate::{platform::WasmPlatform, pulled};
use driven::Driven;

/// The maximum number of turns in progress.
pub const MAX_TURNS: usize = 64;

/// The turns in progress. Each has a positive number that is never reused.
#[derive(Default)]
pub struct Turns {
    // Boxed, so that growing the vector moves little.
    open: Vec<(i32, Box<Driven>)>,
    last: i32,
    /// The tools of the host, for turns that begin later.
    tools: Vec<ToolDefinition>,
}

impl Turns {
    /// Returns an empty list of turns.
    pub const fn new() -> Self {
        Self {
            open: Vec::new(),
            last: 0,
            tools: Vec::new(),
        }
    }

    /// Offers a tool of the host in the turns that begin later.
    ///
    /// # Errors
    /// [`Misuse::NoText`] and [`Misuse::NoTool`].
    pub fn offer(&mut self, name: &[u8], description: &[u8], parameters: &[u8]) -> Result<(), Misuse> {
        let tool = ToolDefinition {
            name: text(name)?.to_owned().into(),
            description: text(description)?.to_owned().into(),
            parameters: text(parameters)?.to_owned().into(),
        };
        self.tools.push(tool);
        let checked = pulled::check(&self.tools);
        if checked.is_err() {
            self.tools.pop();
        }
        checked.map_err(|_| Misuse::NoTool)
    }

    /// Begins a turn with the files and the environment of `platform`, and returns its number. If it cannot
    /// begin, the turn reports the reason: it is at [`Step::Failed`] then.
    ///
    /// # Errors
    /// [`Misuse::NoText`] and [`Misuse::NoRoom`].
    pub fn begin(&mut self, platform: WasmPlatform, message: &[u8], session: &[u8]) -> Result<i32, Misuse> {
        let (message, session) = (text(message)?, text(session)?);
        if self.open.len() >= MAX_TURNS {
            return Err(Misuse::NoRoom);
        }
        let number = self.last.checked_add(1).ok_or(Misuse::NoRoom)?;
        self.open.push((
            number,
            Box::new(Driven::begin(platform, message, session, self.tools.clone())),
        ));
        self.last = number;
        Ok(number)
    }

    /// Returns the host's next step.
    ///
    /// # Errors
    /// [`Misuse::NoTurn`].
    pub fn step(&self, turn: i32) -> Result<Step, Misuse> {
        Ok(self.find(turn)?.step())
    }

    /// Takes an event, by its code, with its number and its bytes, `elapsed_ms` after the turn's beginning,
    /// and returns the host's next step.
    ///
    /// # Errors
    /// [`Misuse::NoTurn`] and [`Misuse::NoEvent`].
    pub fn feed(
        &mut self,
        turn: i32,
        event: u32,
        number: u32,
        bytes: &[u8],
        elapsed_ms: u32,
    ) -> Result<Step, Misuse> {
        let open = self.open.iter_mut().find(|(number, _)| *number == turn);
        let (_, open) = open.ok_or(Misuse::NoTurn)?;
        open.feed(event, number, bytes, elapsed_ms)
    }

    /// Takes the result of the call that the host performs, and returns the host's next step.
    ///
    /// # Errors
    /// [`Misuse::NoTurn`], [`Misuse::NoEvent`] and [`Misuse::NoText`].
    pub fn answer(
        &mut self,
        turn: i32,
        result: &[u8],
        is_error: bool,
        elapsed_ms: u32,
    ) -> Result<Step, Misuse> {
        let open = self.open.iter_mut().find(|(number, _)| *number == turn);
        let (_, open) = open.ok_or(Misuse::NoTurn)?;
        open.answer(text(result)?, is_error, elapsed_ms)
    }

    /// Returns a text of the turn by its code; empty if there is none.
    pub fn text(&self, turn: i32, text: u32) -> &[u8] {
        match (self.find(turn), Text::from_code(text)) {
            (Ok(turn), Some(text)) => turn.text(text),
            _ => &[],
        }
    }

    /// Returns a number of the turn by its code; 0 if there is none.
    pub fn number(&self, turn: i32, number: u32) -> u32 {
        match (self.find(turn), Number::from_code(number)) {
            (Ok(turn), Some(number)) => turn.number(number),
            _ => 0,
        }
    }

    /// Removes a turn.
    ///
    /// # Errors
    /// [`Misuse::NoTurn`].
    pub fn forget(&mut self, turn: i32) -> Result<(), Misuse> {
        self.open.remove(self.place(turn)?);
        Ok(())
    }

    fn find(&self, turn: i32) -> Result<&Driven, Misuse> {
        let open = self.open.iter().find(|(number, _)| *number == turn);
        open.map(|(_, open)| &**open).ok_or(Misuse::NoTurn)
    }

    fn place(&self, turn: i32) -> Result<usize, Misuse> {
        self.open
            .iter()
            .position(|(number, _)| *number == turn)
            .ok_or(Misuse::NoTurn)
    }
}

fn text(bytes: &[u8]) -> Result<&str, Misuse> {
    str::from_utf8(bytes).map_err(|_| Misuse::NoText)
}

#[cfg(test)]
mod tests;
