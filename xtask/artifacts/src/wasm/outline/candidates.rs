//! The choice of sequences: always those whose function saves most.

use std::{
    cmp::Reverse,
    collections::{BTreeMap, BinaryHeap},
};

use super::{
    Function,
    sequence::{self, Pattern, Sequence},
};

/// The bytes that a function has to save. With 25 the component is 2.7 KB smaller, and 0.4 KB compressed, but a stream
/// takes 7 % more time: each call takes some.
const MINIMUM: usize = 130;

/// The sequences that can still become calls.
pub(super) struct Candidates {
    /// Equal sequences, in their order in the module.
    patterns: Vec<(Pattern, Vec<Sequence>)>,
    /// The bytes that a function for each saves at most. Of equal ones, the first pattern is taken.
    savings: BinaryHeap<(usize, Reverse<usize>)>,
    /// Whether each instruction of each function is in a chosen sequence.
    taken: Vec<Vec<bool>>,
}

impl Candidates {
    pub(super) fn of(functions: &[Function]) -> Self {
        let mut found = BTreeMap::<Pattern, Vec<Sequence>>::new();
        for (number, function) in functions.iter().enumerate() {
            for start in 0..function.operators.len() {
                sequence::from(function, number, start, &mut |pattern, sequence| {
                    found.entry(pattern).or_default().push(sequence);
                });
            }
        }
        let patterns: Vec<_> = found.into_iter().collect();
        let savings = patterns.iter().enumerate();
        let savings = savings.map(|(at, (pattern, all))| (saved(pattern, all), Reverse(at)));
        Self {
            savings: savings.filter(|(saved, _)| *saved >= MINIMUM).collect(),
            patterns,
            taken: functions
                .iter()
                .map(|function| vec![false; function.operators.len()])
                .collect(),
        }
    }

    /// Chooses the sequences whose function saves most, if that is enough.
    pub(super) fn next(&mut self) -> Option<(Pattern, Vec<Sequence>)> {
        loop {
            let (expected, Reverse(at)) = self.savings.pop()?;
            let (pattern, all) = self.patterns.get_mut(at)?;
            // Others that were chosen may have taken some of them.
            free(all, &self.taken);
            let saved = saved(pattern, all);
            if saved < expected {
                if saved >= MINIMUM {
                    self.savings.push((saved, Reverse(at)));
                }
                continue;
            }
            let chosen = (pattern.clone(), std::mem::take(all));
            for sequence in &chosen.1 {
                let taken = self.taken.get_mut(sequence.function);
                if let Some(taken) = taken.and_then(|taken| taken.get_mut(sequence.start..sequence.end)) {
                    taken.fill(true);
                }
            }
            return Some(chosen);
        }
    }
}

/// Keeps the sequences of which no instruction is taken, and that do not overlap.
fn free(sequences: &mut Vec<Sequence>, taken: &[Vec<bool>]) {
    let mut last = (0, 0);
    sequences.retain(|sequence| {
        let taken = taken.get(sequence.function);
        let taken = taken.and_then(|taken| taken.get(sequence.start..sequence.end));
        let is_free = taken.is_some_and(|taken| !taken.contains(&true)) && last <= sequence.begin();
        if is_free {
            last = (sequence.function, sequence.end);
        }
        is_free
    });
}

/// Returns the bytes that a function for the sequences saves.
fn saved(pattern: &Pattern, sequences: &[Sequence]) -> usize {
    let saved: usize = sequences.iter().map(|sequence| sequence.saved).sum();
    saved.saturating_sub(pattern.cost())
}
