//! The choice of the step that begins next, while others run.

use flags::Step;

/// The place of a step in a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum State {
    Waiting,
    Running,
    Ended,
}

/// Returns the index of the first step that may begin now; `None` while each of them has to wait.
///
/// A step waits for the steps whose files it uses, whatever their result, and for those that it disturbs or that
/// disturb it. A step that has to run alone also waits for all that run, and the steps after it wait for it.
pub(super) fn next(steps: &[(Step, State)]) -> Option<usize> {
    let runs = |(_, state): &(Step, State)| *state == State::Running;
    let runs_alone = |it: &&(Step, State)| runs(it) && it.0.runs_alone();
    if steps.iter().any(|it| runs_alone(&it)) {
        return None;
    }
    let any_runs = steps.iter().any(runs);
    let ended = |needed: &Step| {
        steps
            .iter()
            .all(|(step, state)| step != needed || *state == State::Ended)
    };
    let is_disturbed = |step: Step| steps.iter().any(|it| runs(it) && step.disturbs(it.0));
    for (index, (step, state)) in steps.iter().enumerate() {
        if *state != State::Waiting {
            continue;
        }
        if step.runs_alone() {
            return (!any_runs).then_some(index);
        }
        if step.needs().iter().all(ended) && !is_disturbed(*step) {
            return Some(index);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use State::{Ended, Running, Waiting};
    use clap::ValueEnum as _;

    use super::*;

    #[test]
    fn steps_wait_for_the_files_that_they_use() {
        let steps = |wasm, dist| {
            let next = [
                (Step::Wasm, wasm),
                (Step::Dist, dist),
                (Step::Weft, Waiting),
                (Step::Host, Waiting),
            ];
            super::next(&next).map(|index| next[index].0)
        };
        assert_eq!(steps(Waiting, Waiting), Some(Step::Wasm));
        assert_eq!(steps(Running, Running), None);
        assert_eq!(steps(Ended, Running), Some(Step::Host));
        assert_eq!(steps(Running, Ended), Some(Step::Weft));
    }

    #[test]
    fn browser_and_engine_take_turns() {
        let steps = |weft, engine, fuzz| {
            let next = [(Step::Weft, weft), (Step::Engine, engine), (Step::Fuzz, fuzz)];
            super::next(&next).map(|index| next[index].0)
        };
        assert_eq!(steps(Running, Waiting, Waiting), Some(Step::Fuzz));
        assert_eq!(steps(Waiting, Running, Ended), None);
        assert_eq!(steps(Waiting, Ended, Ended), Some(Step::Weft));
    }

    #[test]
    fn step_that_measures_runs_alone() {
        let steps = |first, bench| {
            next(&[
                (Step::Host, first),
                (Step::ComponentBench, bench),
                (Step::Coverage, Waiting),
            ])
        };
        assert_eq!(steps(Running, Waiting), None);
        assert_eq!(steps(Ended, Waiting), Some(1));
        assert_eq!(steps(Ended, Running), None);
        assert_eq!(steps(Ended, Ended), Some(2));
    }

    #[test]
    fn chosen_step_does_not_wait_for_others() {
        assert_eq!(next(&[(Step::Weft, Waiting)]), Some(0));
    }

    #[test]
    fn every_run_comes_to_its_end() {
        let mut steps: Vec<(Step, State)> = Step::value_variants()
            .iter()
            .map(|step| (*step, Waiting))
            .collect();
        while let Some(index) = next(&steps) {
            steps[index].1 = Ended;
        }
        assert!(steps.iter().all(|(_, state)| *state == Ended), "{steps:?}");
    }
}
