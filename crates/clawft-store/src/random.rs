//! Random numbers, for names that no other process uses.

#[cfg(all(target_os = "wasi", target_env = "p2"))]
pub use wasip2::random::random::get_random_u64 as number;

#[cfg(all(target_os = "wasi", target_env = "p1"))]
pub use preview1::number;

#[cfg(all(target_os = "wasi", target_env = "p1"))]
mod preview1 {
    /// Returns a random number.
    pub fn number() -> u64 {
        let mut bytes = crate::clock::now().to_le_bytes();
        // SAFETY: the host writes into the bytes and nothing else. A host without randomness leaves the time in
        // them.
        let _ = unsafe { wasip1::random_get(bytes.as_mut_ptr(), bytes.len()) };
        u64::from_le_bytes(bytes)
    }
}

/// Returns a random number, derived from the randomness that std takes from the system for its hash maps.
#[cfg(not(target_os = "wasi"))]
pub fn number() -> u64 {
    use std::hash::{BuildHasher as _, Hasher as _, RandomState};
    RandomState::new().build_hasher().finish()
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::number;

    #[test]
    fn random_numbers_do_not_repeat() {
        let mut numbers: HashSet<u64> = (0..1000).map(|_| number()).collect();
        numbers.extend(
            std::thread::spawn(|| (0..1000).map(|_| number()).collect::<Vec<_>>())
                .join()
                .unwrap(),
        );
        assert_eq!(numbers.len(), 2000);
    }
}
