//! A case: a name for what must hold, and how that is tried. What it is tried with differs between kinds of cases.

use anyhow::{Result, ensure};

/// One thing that must hold.
#[derive(Clone, Copy, Debug)]
pub(super) struct Case<C> {
    /// What must hold, as a phrase; `--only` looks for its text in here.
    pub(super) name: &'static str,
    /// Tries it: a function of what a case of this kind works with. Its error says what was not as it should be.
    pub(super) check: C,
    /// It takes several seconds, and what it shows of our code it need not show on every runtime.
    pub(super) long: bool,
}

impl<C: Copy> Case<C> {
    /// The cases whose name contains `only`; all of them without it, and an error that lists the names if there are none.
    pub(super) fn select(cases: Vec<Self>, only: Option<&str>) -> Result<Vec<Self>> {
        let Some(text) = only else { return Ok(cases) };
        let chosen: Vec<Self> = cases.iter().copied().filter(|case| case.name.contains(text)).collect();
        let names: Vec<&str> = cases.iter().map(|case| case.name).collect();
        ensure!(!chosen.is_empty(), "no case contains `{text}`; there are\n  {}", names.join("\n  "));
        Ok(chosen)
    }
}

/// Makes `CASES` of functions: cases of the kind that the parent module calls `Case`, with names such as `group::function`.
macro_rules! cases {
    (long $group:ident: $($check:ident,)*) => {
        $crate::smoke::case::cases!(@ true, $group, $($check,)*);
    };
    ($group:ident: $($check:ident,)*) => {
        $crate::smoke::case::cases!(@ false, $group, $($check,)*);
    };
    (@ $long:literal, $group:ident, $($check:ident,)*) => {
        /// The cases of this group.
        pub(super) const CASES: &[super::Case] = &[$(super::Case {
            name: concat!(stringify!($group), "::", stringify!($check)),
            check: $check,
            long: $long,
        }),*];
    };
}
pub(super) use cases;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_chooses_by_text() {
        let case = |name| Case { name, check: (), long: false };
        let cases = || vec![case("plain text in"), case("plain text out"), case("an error")];
        let count = |only| Case::select(cases(), only).unwrap().len();
        assert_eq!([count(None), count(Some("plain text in")), count(Some("plain"))], [3, 1, 2]);
        let error = Case::select(cases(), Some("no such thing")).unwrap_err().to_string();
        assert!(error.starts_with("no case contains `no such thing`; there are\n  plain text in"), "{error}");
    }
}
