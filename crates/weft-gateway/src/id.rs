//! Random identifiers for requests and answers.

use std::{
    fmt::Write as _,
    hash::{BuildHasher as _, RandomState},
    sync::{
        LazyLock,
        atomic::{AtomicU64, Ordering},
    },
};

/// The number of random bytes.
const BYTES: usize = 12;

/// Counts the requests of this process.
static REQUESTS: AtomicU64 = AtomicU64::new(0);

/// Keys of a hash function, from the system's randomness.
static KEYS: LazyLock<[RandomState; 2]> = LazyLock::new(Default::default);

/// Returns 24 hexadecimal digits for a request: unique, but cheaper than [`random`], which asks the system each time.
pub(super) fn of_request() -> String {
    let number = REQUESTS.fetch_add(1, Ordering::Relaxed);
    let [high, low] = KEYS.each_ref().map(|keys| keys.hash_one(number));
    format!("{high:016x}{:08x}", low & 0xffff_ffff)
}

/// Returns 24 hexadecimal digits that nobody can guess.
pub(super) fn random() -> String {
    let mut bytes = [0; BYTES];
    // An identifier that is not unique is no reason to refuse an answer.
    let _ = getrandom::fill(&mut bytes);
    bytes
        .iter()
        .fold(String::with_capacity(2 * BYTES), |mut text, byte| {
            let _ = write!(text, "{byte:02x}");
            text
        })
}

#[cfg(test)]
mod tests {
    #[test]
    fn identifiers_differ_from_each_other() {
        for make in [super::random, super::of_request] {
            let [one, other] = [make(), make()];
            assert_ne!(one, other);
            assert_eq!((one.len(), other.len()), (24, 24));
        }
    }
}
