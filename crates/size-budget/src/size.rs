//! Sizes with a unit, as in `150 KB`.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Deserializer, Serialize, de::Error as _};

/// A number of bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Size(usize);

/// The measured size of an artifact.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, PartialOrd, Ord)]
pub struct Measured {
    /// Bytes of the file.
    pub raw: usize,
    /// Bytes of its `gzip -9` form.
    pub gzip: usize,
}

/// The units and their sizes in bytes: SI for KB and MB, IEC for KiB and MiB.
const UNITS: [(&str, usize); 5] = [
    ("B", 1),
    ("KB", 1_000),
    ("KiB", 1_024),
    ("MB", 1_000_000),
    ("MiB", 1_024 * 1_024),
];

impl Size {
    /// Returns the number of bytes.
    pub fn bytes(self) -> usize {
        self.0
    }

    pub(super) fn plus(self, more: Self) -> Self {
        Self(self.0.saturating_add(more.0))
    }
}

impl FromStr for Size {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let refuse = |why: &str| {
            format!(
                "`{text}` is no size: {why}; write a whole number and a unit, such as `150 KB` or `149_999 B`"
            )
        };
        let text = text.trim();
        if text.starts_with('-') {
            return Err(refuse("a size is not negative"));
        }
        let digits = text
            .find(|c: char| !c.is_ascii_digit() && c != '_')
            .unwrap_or(text.len());
        let (number, unit) = text.split_at(digits);
        let number: usize = number
            .replace('_', "")
            .parse()
            .map_err(|_| refuse("it has no number in front"))?;
        let unit = unit.trim();
        let known = UNITS.iter().find(|(name, _)| *name == unit);
        let (_, factor) = known.ok_or_else(|| {
            refuse(if unit.is_empty() {
                "it has no unit"
            } else {
                "unknown unit"
            })
        })?;
        number
            .checked_mul(*factor)
            .map(Self)
            .ok_or_else(|| refuse("it is too large"))
    }
}

impl<'de> Deserialize<'de> for Size {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        // Numbers are accepted so that the error can name the missing unit instead of expecting a string.
        #[derive(Deserialize)]
        #[serde(untagged)]
        enum Written {
            Text(String),
            Integer(i64),
            Float(f64),
        }
        match Written::deserialize(deserializer) {
            Ok(Written::Text(text)) => text.parse(),
            Ok(Written::Integer(number)) => number.to_string().parse(),
            Ok(Written::Float(number)) => number.to_string().parse(),
            Err(_) => Err("a size is a text such as `150 KB`".to_owned()),
        }
        .map_err(D::Error::custom)
    }
}

impl fmt::Display for Size {
    /// Writes the size in the largest decimal unit without loss.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            bytes if bytes > 0 && bytes % 1_000_000 == 0 => write!(formatter, "{} MB", bytes / 1_000_000),
            bytes if bytes > 0 && bytes % 1_000 == 0 => write!(formatter, "{} KB", bytes / 1_000),
            bytes => write!(formatter, "{} B", grouped(bytes)),
        }
    }
}

/// Returns a number with a comma between groups of three digits.
pub fn grouped(number: usize) -> String {
    let digits = number.to_string();
    let mut grouped = String::with_capacity(digits.len() * 4 / 3);
    for (index, digit) in digits.char_indices() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parses_decimal_and_binary_units() {
        let bytes = |text: &str| text.parse::<Size>().unwrap().bytes();
        assert_eq!(bytes("7 B"), 7);
        assert_eq!(bytes("150 KB"), 150_000);
        assert_eq!(bytes("150KB"), 150_000);
        assert_eq!(bytes("2 KiB"), 2_048);
        assert_eq!(bytes("1 MiB"), 1_048_576);
        assert_eq!(bytes("139_318 B"), 139_318);
    }

    #[test]
    fn error_explains_an_invalid_size() {
        let error = |text: &str| text.parse::<Size>().unwrap_err();
        assert!(error("-1 KB").contains("not negative"));
        assert!(error("150").contains("no unit"));
        assert!(error("150 kb").contains("unknown unit"));
        assert!(error("KB").contains("no number"));
        assert!(error("1.5 MB").contains("unknown unit"));
        assert!(error("99999999999999999999 B").contains("no number"));
        assert!(error("18446744073709551615 KB").contains("too large"));
    }

    #[test]
    fn groups_digits_by_three() {
        assert_eq!(
            [0, 999, 1_000, 1_234_567].map(grouped),
            ["0", "999", "1,000", "1,234,567"]
        );
    }

    proptest::proptest! {
        #[test]
        fn displayed_size_parses_again(bytes in 0_usize..10_000_000_000) {
            let shown = Size(bytes).to_string().replace(',', "_");
            assert_eq!(shown.parse(), Ok(Size(bytes)));
        }
    }
}
