//! Messages put together from fixed texts and values.
//!
//! The machinery behind `format!` and `write!` takes 2 KB of the component, and a list of texts for `concat` takes 20
//! bytes for each of them. [`join!`] writes the fixed texts as one, with marks for the values.

use alloc::string::String;

/// The mark of a value.
const VALUE: char = '\0';

/// Returns `template` with `values` in the place of its marks, in order.
#[doc(hidden)]
#[inline(never)]
pub fn fill(template: &str, values: &[&str]) -> String {
    let mut text = String::new();
    let mut values = values.iter();
    for part in template.split_inclusive(VALUE) {
        match part.strip_suffix(VALUE) {
            None => text.push_str(part),
            Some(fixed) => {
                text.push_str(fixed);
                text.push_str(values.next().unwrap_or(&""));
            }
        }
    }
    text
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
    use alloc::string::ToString as _;

    #[test]
    fn values_are_between_the_fixed_texts() {
        let value = "v".to_string();
        assert_eq!(join!("a"), "a");
        assert_eq!(join!(&value), "v");
        assert_eq!(join!("a ", &value, &value, " b", " c ", "v"), "a vv b c v");
        assert_eq!(join!(&2.to_string(), "\0"), "2");
    }
}
