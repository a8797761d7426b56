//! Measuring whether work is in proportion to its input.
//!
//! Used by the tests of several packages, by `#[path]`.

use std::{hint::black_box, time::Duration};

/// The number of measurements of each input in an attempt. The quickest counts, because other load on the
/// machine only makes a run slower.
const RUNS: usize = 5;

/// The number of attempts. Linear work passes one of them, however busy the machine is; other work passes
/// none.
const ATTEMPTS: usize = 8;

/// The largest ratio allowed for twice the input.
const MOST: f64 = 2.6;

/// Asserts that `work` takes less than 2.6 times as long for twice the input, on inputs of `size`, twice and
/// four times that.
///
/// Only ratios are compared, so the result does not depend on the machine's speed. Quadratic work takes 4
/// times as long where 2.6 is allowed, and 16 times over both steps.
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

/// Returns the CPU time of this thread: waiting for a busy machine does not count.
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
fn notices_work_that_is_not_linear() {
    let squared = |size: &usize| {
        (0..*size)
            .map(|n| (0..*size).filter(|m| black_box(m ^ n) == 1).count())
            .sum::<usize>()
    };
    let linear = |size: &usize| (0..*size).filter(|n| black_box(n ^ 5) == 1).count();
    assert_linear("counting", 100_000, |size| size, linear);
    let found = std::panic::catch_unwind(|| assert_linear("counting pairs", 200, |size| size, squared));
    let words = *found
        .expect_err("it is noticed")
        .downcast::<String>()
        .expect("words");
    assert!(
        words.starts_with("counting pairs: twice the input takes "),
        "{words}"
    );
}
