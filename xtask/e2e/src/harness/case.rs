//! A case: a name, and a function that checks something.

/// A check with a name.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Case<C> {
    /// Path of the case, such as `chat::second_turn_carries_the_first`.
    pub(crate) name: &'static str,
    /// The check: a function of the context of its group. Its error is the difference from the expectation.
    pub(crate) check: C,
    /// Whether the case runs on the first runtime only: it takes several seconds, and is about our code rather
    /// than the runtime.
    pub(crate) long: bool,
}

/// Defines `CASES` from functions: cases of the parent module's type `Case`, with names such as `group::function`.
macro_rules! cases {
    (long $group:ident: $($check:ident,)*) => {
        $crate::harness::case::cases!(@ true, $group, $($check,)*);
    };
    ($group:ident: $($check:ident,)*) => {
        $crate::harness::case::cases!(@ false, $group, $($check,)*);
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
pub(crate) use cases;
