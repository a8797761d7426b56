//! Simplifies how the core modules of the component are linked.
//!
//! `wit-component` links three: the program, one of stubs, and one that connects the stubs. A function of the host can
//! be lowered only when the program's memory exists, and the program is instantiated only when its imports do, so it
//! imports stubs, which call through a table. Here a small module defines the memory and the table instead, and the
//! program imports both:
//!
//! ```text
//! base (memory, table, calls of the program's exports) → functions of the host, lowered → program
//! ```
//!
//! So a call of the host is a direct one. The names between the modules are numbers, because nobody outside of the
//! component sees them: before, each function of the host was named four times. Imports and exports of the component
//! are the same, byte for byte.
//!
//! [`read`] takes the component apart, [`nested`] shortens names inside, [`program`] changes the program, [`renumber`]
//! the functions of the host, and [`mod@write`] puts all together.

mod nested;
mod program;
mod read;
mod renumber;
mod write;

use anyhow::{Context as _, Result};

/// Returns the component with simpler links between its modules.
///
/// # Errors
/// Fails if `component` is not linked as `wit-component` does it.
pub(super) fn relink(component: &[u8]) -> Result<Vec<u8>> {
    let mut parts = read::read(component)?;
    nested::shorten(&mut parts.items).context("the components inside are not linked as expected")?;
    write::write(&parts).context("its core modules are not linked as expected")
}

/// Returns the shortest name for a number.
fn short_name(number: usize) -> String {
    const DIGITS: &[u8] = b"abcdefghijklmnopqrstuvwxyz0123456789";
    let mut name = String::new();
    let mut rest = number;
    loop {
        name.push(char::from(DIGITS[rest % DIGITS.len()]));
        rest /= DIGITS.len();
        if rest == 0 {
            return name;
        }
        rest -= 1;
    }
}

#[cfg(test)]
mod tests;
