//! Printing an answer as it arrives.

use crate::command::terminal::{self, Sanitizer, print};
use weft_agent::{Delta, Error};

/// Prints the text of an answer to standard output, and reasoning to standard error.
pub(super) struct Printer {
    sanitizer: Sanitizer,
    printed: Result<(), Error>,
    /// Whether the last delta was reasoning that did not end its line.
    in_reasoning: bool,
}

impl Printer {
    pub(super) fn new() -> Self {
        Self {
            sanitizer: Sanitizer::for_output(),
            printed: Ok(()),
            in_reasoning: false,
        }
    }

    /// Prints the next part. After a failure nothing more is printed.
    pub(super) fn show(&mut self, delta: Delta<'_>) {
        match delta {
            Delta::Reasoning("") => {}
            Delta::Reasoning(text) => {
                terminal::print_reasoning(text);
                self.in_reasoning = !text.ends_with('\n');
            }
            Delta::Text(text) => {
                self.end_reasoning();
                if self.printed.is_ok() {
                    self.printed = print(&self.sanitizer.text(text));
                }
            }
        }
    }

    /// Ends the answer's last line.
    ///
    /// # Errors
    /// If the text could not be printed.
    pub(super) fn end(mut self) -> Result<(), Error> {
        self.show(Delta::Text("\n"));
        self.printed
    }

    fn end_reasoning(&mut self) {
        if std::mem::take(&mut self.in_reasoning) {
            terminal::print_reasoning("\n");
        }
    }
}
