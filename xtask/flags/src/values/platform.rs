//! The platforms of the images.

use std::{fmt, str::FromStr};

use serde_core::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};

use super::Target;

/// A platform, in the order of the image index.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Platform {
    /// `linux/amd64`
    Amd64,
    /// `linux/arm64`
    Arm64,
}

impl Platform {
    /// All platforms, which one tag has to resolve to.
    pub const ALL: [Self; 2] = [Self::Amd64, Self::Arm64];

    /// Returns the architecture's name in images.
    pub fn architecture(self) -> &'static str {
        match self {
            Self::Amd64 => "amd64",
            Self::Arm64 => "arm64",
        }
    }

    /// Returns the name of the platform's file in a directory of digests.
    pub fn file_name(self) -> &'static str {
        match self {
            Self::Amd64 => "linux-amd64",
            Self::Arm64 => "linux-arm64",
        }
    }

    /// Returns the name of the image's row in the budget file.
    pub fn budget_row(self) -> &'static str {
        match self {
            Self::Amd64 => "image linux/amd64",
            Self::Arm64 => "image linux/arm64",
        }
    }

    /// Returns the target of the binary in the image.
    pub fn target(self) -> Target {
        match self {
            Self::Amd64 => Target::LinuxAmd64,
            Self::Arm64 => Target::LinuxArm64,
        }
    }

    /// Returns the names of `platforms` for people: `linux/amd64 and linux/arm64`.
    pub fn in_words(platforms: &[Self]) -> String {
        platforms
            .iter()
            .map(ToString::to_string)
            .collect::<Vec<_>>()
            .join(" and ")
    }
}

impl fmt::Display for Platform {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Amd64 => "linux/amd64",
            Self::Arm64 => "linux/arm64",
        })
    }
}

impl FromStr for Platform {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let known = Self::ALL
            .into_iter()
            .find(|platform| platform.to_string() == text);
        known.ok_or_else(|| {
            format!(
                "there is no image for the platform `{text}`, but for {}",
                Self::in_words(&Self::ALL)
            )
        })
    }
}

impl Serialize for Platform {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Platform {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?
            .parse()
            .map_err(D::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn displayed_platform_parses_again() {
        for platform in Platform::ALL {
            assert_eq!(platform.to_string().parse(), Ok(platform));
            assert_eq!(platform.file_name(), platform.to_string().replace('/', "-"));
        }
    }

    #[test]
    fn error_lists_the_platforms() {
        for text in ["linux/riscv64", "amd64", "windows/amd64", "linux/arm64/v8", ""] {
            let error = text.parse::<Platform>().unwrap_err();
            assert!(error.ends_with("but for linux/amd64 and linux/arm64"), "{error}");
        }
    }
}
