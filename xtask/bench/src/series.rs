//! Processes that run alternately.

use std::{collections::BTreeMap, time::Duration};

use anyhow::{Context as _, Result};
use devkit::ui;

use super::sample::Sample;

/// Processes to be timed under equal conditions: each runs once a round, so other work of the machine affects all
/// of them, and every other round runs backwards, so none of them always follows the same one.
#[derive(Default)]
pub(super) struct Series<'a>(Vec<Timed<'a>>);

struct Timed<'a> {
    name: &'static str,
    run: Box<dyn Fn() -> Result<Duration> + 'a>,
    /// Times in milliseconds.
    times: Vec<f64>,
}

/// The results, by name, in milliseconds.
pub(super) struct Samples(BTreeMap<&'static str, Sample>);

impl<'a> Series<'a> {
    /// Adds `run`, which runs once and returns its time.
    pub(super) fn add(&mut self, name: &'static str, run: impl Fn() -> Result<Duration> + 'a) {
        self.0.push(Timed {
            name,
            run: Box::new(run),
            times: Vec::new(),
        });
    }

    /// Runs `rounds` rounds, after a first one that does not count and loads the files into memory.
    ///
    /// # Errors
    /// Fails with the first error of a run.
    pub(super) fn run(mut self, rounds: usize) -> Result<Samples> {
        ui::status(
            "Measuring",
            &format!("{} processes alternately, {rounds} times", self.0.len()),
        );
        for round in 0..=rounds {
            for timed in &mut self.0 {
                let took = (timed.run)().with_context(|| format!("could not measure `{}`", timed.name))?;
                if round > 0 {
                    timed.times.push(took.as_secs_f64() * 1e3);
                }
            }
            self.0.reverse();
        }
        Ok(Samples(
            self.0
                .into_iter()
                .map(|timed| (timed.name, Sample::new(timed.times)))
                .collect(),
        ))
    }
}

impl Samples {
    /// Returns the result with the name `name`.
    ///
    /// # Panics
    /// Panics if there is none.
    pub(super) fn of(&self, name: &str) -> &Sample {
        self.0
            .get(name)
            .unwrap_or_else(|| panic!("nothing is called `{name}`"))
    }
}

#[cfg(test)]
mod tests {
    use std::cell::RefCell;

    use super::*;

    #[test]
    fn runs_alternately_forwards_and_backwards() {
        let order = RefCell::new(String::new());
        let mut series = Series::default();
        for (name, letter) in [("one", '1'), ("two", '2')] {
            let order = &order;
            series.add(name, move || {
                order.borrow_mut().push(letter);
                Ok(Duration::from_millis(3))
            });
        }
        let samples = series.run(3).unwrap();
        assert_eq!(*order.borrow(), "12211221");
        assert_eq!(samples.of("two"), &Sample::new(vec![3.0; 3]));
    }
}
