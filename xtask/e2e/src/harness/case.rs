//! A case: the name of something that must hold, and a function that tries it.

/// One thing that must hold.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Case<C> {
    /// Its path, such as `chat::second_turn_carries_the_first`.
    pub(crate) name: &'static str,
    /// Tries it: a function of the context of its group. Its error is the difference from what was expected.
    pub(crate) check: C,
    /// Whether it is run on the first runtime alone: it takes several seconds, and is about our code rather than the runtime.
    pub(crate) long: bool,
}

/// Makes `CASES` of functions: cases of the kind that the parent module calls `Case`, with names such as `group::function`.
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
