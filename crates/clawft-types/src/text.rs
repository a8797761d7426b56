//! Messages put together from fixed texts and values.
//!
//! The machinery behind `format!` and `write!` takes 2 KB of the component, and a list of texts for `concat` takes 20
//! bytes for each of them. [`join!`](crate::join) writes the fixed texts as one, with marks for the values.

use alloc::{string::String, vec::Vec};

/// The mark of a value.
const VALUE: u8 = 0;

/// Returns `template` with `values` in the place of its marks, in order.
#[doc(hidden)]
#[inline(never)]
pub fn fill(template: &str, values: &[&str]) -> String {
    let mut text = String::new();
    let mut parts = template.pieces(VALUE);
    text.push_str(parts.next().unwrap_or_default());
    for (part, value) in parts.zip(values) {
        text.push_str(value);
        text.push_str(part);
    }
    text
}

/// Searches for one ASCII character. core's patterns search for any character, and take 2 KB of the component.
pub trait Ascii {
    /// Returns the texts before, between and after the separators.
    fn pieces(&self, separator: u8) -> Pieces<'_>;

    /// Returns the texts before and after the first separator.
    fn cut(&self, separator: u8) -> Option<(&str, &str)>;

    /// Returns whether the text contains the character.
    fn has(&self, character: u8) -> bool;
}

impl Ascii for str {
    fn pieces(&self, separator: u8) -> Pieces<'_> {
        Pieces {
            rest: Some(self),
            separator,
        }
    }

    #[inline(never)]
    fn cut(&self, separator: u8) -> Option<(&str, &str)> {
        let at = self.bytes().position(|byte| byte == separator)?;
        Some((self.get(..at)?, self.get(at + 1..)?))
    }

    fn has(&self, character: u8) -> bool {
        self.cut(character).is_some()
    }
}

/// Iterator over the texts between separators.
#[derive(Debug, Clone)]
pub struct Pieces<'a> {
    /// `None` after the last one.
    rest: Option<&'a str>,
    separator: u8,
}

impl<'a> Iterator for Pieces<'a> {
    type Item = &'a str;

    #[inline(never)]
    fn next(&mut self) -> Option<&'a str> {
        let rest = self.rest.take()?;
        let Some((piece, after)) = rest.cut(self.separator) else {
            return Some(rest);
        };
        self.rest = Some(after);
        Some(piece)
    }
}

/// Sorts names. In one place, because each use of a sort is compiled anew.
#[inline(never)]
pub fn sort(names: &mut [String]) {
    names.sort_unstable();
}

/// Returns a number in decimal digits. `to_string` would bring a table of digits, and tables of functions.
#[inline(never)]
pub fn number(number: u64) -> String {
    let mut digits = Vec::new();
    let mut rest = number;
    loop {
        digits.push(b'0' + u8::try_from(rest % 10).unwrap_or_default());
        rest /= 10;
        if rest == 0 {
            break;
        }
    }
    digits.reverse();
    String::from_utf8(digits).unwrap_or_default()
}

/// Implements `Display` with the type's method `message`, which needs no machinery.
#[macro_export]
macro_rules! display_message {
    ($type:ty) => {
        impl core::fmt::Display for $type {
            fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
                f.write_str(&self.message())
            }
        }
    };
}

/// Returns the texts as one. Literals are fixed texts; all others are values of type `&str`.
///
/// ```
/// use clawft_types::join;
///
/// let name = String::from("a.txt");
/// assert_eq!(join!("`", &name, "` has ", &2.to_string(), " lines"), "`a.txt` has 2 lines");
/// ```
#[macro_export]
macro_rules! join {
    (@ [$($fixed:literal)*] [$($value:expr,)*]) => {
        $crate::text::fill(concat!($($fixed),*), &[$($value),*])
    };
    (@ [$($fixed:literal)*] [$($value:expr,)*] $next:literal $(, $($rest:tt)*)?) => {
        $crate::join!(@ [$($fixed)* $next] [$($value,)*] $($($rest)*)?)
    };
    (@ [$($fixed:literal)*] [$($value:expr,)*] $next:expr $(, $($rest:tt)*)?) => {
        $crate::join!(@ [$($fixed)* "\0"] [$($value,)* $next,] $($($rest)*)?)
    };
    ($($part:tt)+) => {
        $crate::join!(@ [] [] $($part)+)
    };
}

#[cfg(test)]
mod tests {
    use alloc::{string::ToString as _, vec::Vec};

    use super::Ascii as _;

    #[test]
    fn values_are_between_the_fixed_texts() {
        let value = "v".to_string();
        assert_eq!(join!("a"), "a");
        assert_eq!(join!(&value), "v");
        assert_eq!(join!("a ", &value, &value, " b", " c ", "v"), "a vv b c v");
        assert_eq!(join!(&2.to_string(), "\0"), "2");
    }

    #[test]
    fn pieces_are_those_of_split() {
        for text in ["", "/", "a", "a/", "/a", "a//b", "é/ü/"] {
            let pieces: Vec<&str> = text.pieces(b'/').collect();
            assert_eq!(pieces, text.split('/').collect::<Vec<_>>());
            assert_eq!(text.cut(b'/'), text.split_once('/'));
            assert_eq!(text.has(b'/'), text.contains('/'));
        }
    }

    #[test]
    fn numbers_have_all_digits() {
        for number in [0, 7, 10, 1234, u64::MAX] {
            assert_eq!(super::number(number), number.to_string());
        }
    }
}
