//! Whether the work that something takes is in proportion to its input.
//!
//! Used by the tests of several packages, by `#[path]`.

use std::hint::black_box;
use std::time::Duration;

/// How often each input is measured in an attempt. The quickest counts: whatever else a machine does only makes it slower.
const RUNS: usize = 5;

/// How often an attempt is made. What is in proportion comes through one of them, however busy the machine is; what is not
/// comes through none.
const ATTEMPTS: usize = 8;

/// The most that twice the input may take, as a multiple.
const MOST: f64 = 2.6;

/// Checks that `work` takes less than 2.6 times as long for twice the input, on inputs of `size`, twice and four times that.
///
/// Only ratios are looked at, so that nothing depends on the machine's speed. What grows with the square of its input has
/// 4 where 2.6 is allowed, and 16 over both steps.
///
/// # Panics
/// If it takes longer in each of several attempts.
pub(crate) fn assert_linear<T, R>(
    name: &str,
    size: usize,
    input: impl Fn(usize) -> T,
    work: impl Fn(&T) -> R,
) {
    let inputs = [size, size * 4].map(input);
    let mut seen = Vec::new();
    for _ in 0..ATTEMPTS {
        let mut quickest = [Duration::MAX; 2];
        for _ in 0..RUNS {
            for (input, quickest) in inputs.iter().zip(&mut quickest) {
                let start = now();
                black_box(work(black_box(input)));
                *quickest = (now() - start).min(*quickest);
            }
        }
        let [one, four] = quickest.map(|time| time.as_secs_f64());
        let step = (four / one).sqrt();
        if step < MOST {
            return;
        }
        seen.push(format!("{step:.2}"));
    }
    panic!("{name}: twice the input takes {} times the work", seen.join(", "));
}

/// The time that this thread has worked: what waits for a busy machine does not work.
#[cfg(target_os = "linux")]
fn now() -> Duration {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::ThreadCPUTime);
    time.try_into().expect("a thread begins at 0")
}

#[cfg(not(target_os = "linux"))]
fn now() -> Duration {
    std::time::UNIX_EPOCH.elapsed().unwrap_or_default()
}

#[test]
fn what_is_not_linear_is_noticed() {
    let squared = |size: &usize| {
        (0..*size).map(|n| (0..*size).filter(|m| black_box(m ^ n) == 1).count()).sum::<usize>()
    };
    let linear = |size: &usize| (0..*size).filter(|n| black_box(n ^ 5) == 1).count();
    assert_linear("counting", 100_000, |size| size, linear);
    let found = std::panic::catch_unwind(|| assert_linear("counting pairs", 200, |size| size, squared));
    let words = *found.expect_err("it is noticed").downcast::<String>().expect("words");
    assert!(words.starts_with("counting pairs: twice the input takes "), "{words}");
}
