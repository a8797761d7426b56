//! The sampling temperature.

use alloc::string::String;

use crate::{display_message, text::number};

/// A sampling temperature from 0 (always the likeliest token) to 2, stored in thousandths: printing floats
/// would add kilobytes to the component, and no model needs more digits.
///
/// Displays as a JSON number: `0.7`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Temperature(u16);

impl Temperature {
    /// Returns the temperature nearest to `number`; `None` outside of 0 to 2.
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "the number is from 0 to 2"
    )]
    pub fn new(number: f64) -> Option<Temperature> {
        (0.0..=2.0)
            .contains(&number)
            .then_some(Temperature((number * 1000.0 + 0.5) as u16))
    }
}

impl Temperature {
    /// Returns the JSON number.
    pub fn message(&self) -> String {
        let mut text = String::new();
        let digits = [self.0 / 1000, self.0 / 100 % 10, self.0 / 10 % 10, self.0 % 10];
        let used = digits
            .iter()
            .rposition(|&digit| digit != 0)
            .map_or(1, |last| last + 1);
        for (place, digit) in digits.iter().take(used).enumerate() {
            if place == 1 {
                text.push('.');
            }
            text.push_str(&number((*digit).into()));
        }
        text
    }
}

display_message!(Temperature);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prints_the_given_temperature() {
        for (number, shown) in [
            (0.0, "0"),
            (1.0, "1"),
            (2.0, "2"),
            (0.7, "0.7"),
            (1.25, "1.25"),
            (0.0019, "0.002"),
        ] {
            assert_eq!(Temperature::new(number).unwrap().to_string(), shown);
        }
    }

    #[test]
    fn refuses_temperatures_out_of_range() {
        for number in [-0.1, 2.0001, f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
            assert_eq!(Temperature::new(number), None);
        }
    }
}
