//! The ways in which the server answers, as a closed type.

use std::{error::Error, fmt, str::FromStr};

/// Bytes of text in the answer to [`Scenario::Large`]: much, and below any sensible limit.
pub const LARGE_TEXT_BYTES: usize = 5_000_000;

/// Bytes of text in the answer to [`Scenario::Huge`]: above the 10 MB that a client should take.
pub const HUGE_TEXT_BYTES: usize = 11_000_000;

/// A way to answer a request. Its name, as [`FromStr`] reads it and [`fmt::Display`] writes it, is in brackets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scenario {
    /// \[`ok`\] `echo: ` and the last user message, in the documented shape.
    Ok,
    /// \[`status-401`\] An error of this status, 400 to 599, worded as the provider words it.
    Status(u16),
    /// \[`recovers`\] The first request to a path gets 503, every later one is answered as by `ok`.
    Recovers,
    /// \[`slow`\] As `ok`, after one second.
    Slow,
    /// \[`silent`\] Takes the request and never answers.
    Silent,
    /// \[`stalled`\] Sends the head and half the body of a good answer, then nothing, and keeps the connection.
    Stalled,
    /// \[`truncated`\] As `stalled`, but closes the connection.
    Truncated,
    /// \[`large`\] A good answer of [`LARGE_TEXT_BYTES`].
    Large,
    /// \[`huge`\] A good answer of [`HUGE_TEXT_BYTES`].
    Huge,
    /// \[`garbage`\] Status 200 and a body that is not JSON, whatever its content type claims.
    Garbage,
}

/// The scenarios without a parameter, by name.
const NAMED: [(&str, Scenario); 9] = [
    ("ok", Scenario::Ok),
    ("recovers", Scenario::Recovers),
    ("slow", Scenario::Slow),
    ("silent", Scenario::Silent),
    ("stalled", Scenario::Stalled),
    ("truncated", Scenario::Truncated),
    ("large", Scenario::Large),
    ("huge", Scenario::Huge),
    ("garbage", Scenario::Garbage),
];

impl FromStr for Scenario {
    type Err = UnknownScenario;

    fn from_str(name: &str) -> Result<Self, Self::Err> {
        if let Some((_, scenario)) = NAMED.iter().find(|(known, _)| *known == name) {
            return Ok(*scenario);
        }
        name.strip_prefix("status-")
            .filter(|code| code.len() == 3)
            .and_then(|code| code.parse().ok())
            .filter(|code| (400..600).contains(code))
            .map(Self::Status)
            .ok_or_else(|| UnknownScenario(name.to_owned()))
    }
}

impl fmt::Display for Scenario {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Status(code) => write!(f, "status-{code}"),
            named => {
                let (name, _) =
                    NAMED.iter().find(|(_, known)| known == named).expect("every scenario is named");
                f.write_str(name)
            }
        }
    }
}

/// The name of no [`Scenario`]; its text lists those that there are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnknownScenario(pub String);

impl fmt::Display for UnknownScenario {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "no scenario is called `{}`; there are", self.0)?;
        NAMED.iter().try_for_each(|(name, _)| write!(f, " `{name}`,"))?;
        f.write_str(" and `status-400` to `status-599`")
    }
}

impl Error for UnknownScenario {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_reads_back() {
        let statuses = [400, 401, 599].map(Scenario::Status);
        for scenario in NAMED.iter().map(|(_, scenario)| *scenario).chain(statuses) {
            assert_eq!(scenario.to_string().parse(), Ok(scenario));
        }
    }

    #[test]
    fn other_names_are_refused_with_the_list() {
        for name in ["", "OK", "status-", "status-200", "status-600", "status-+40", "status-0401"] {
            let refusal = name.parse::<Scenario>().expect_err(name).to_string();
            assert!(refusal.contains(&format!("`{name}`")) && refusal.contains("`silent`"), "{refusal}");
        }
    }
}
