//! Measurements of an answer that is passed on, for the log and the metrics.

use super::exchange::Served;
use super::usage::UsageFinder;
use crate::metrics::GaugeGuard;
use crate::observe::Details;
use crate::state::Shared;
use std::sync::Arc;
use std::time::Instant;

/// The measurements of an answer, which are complete when this is dropped.
pub(super) struct Meter {
    shared: Shared,
    details: Arc<Details>,
    began: Instant,
    usage: UsageFinder,
    /// Whether the answer has begun.
    begun: bool,
    incomplete: bool,
    complete: bool,
    _running: GaugeGuard,
}

impl Meter {
    /// Begins to measure.
    pub(super) fn new(shared: &Shared, details: Arc<Details>) -> Meter {
        Meter {
            shared: shared.clone(),
            details,
            began: Instant::now(),
            usage: UsageFinder::default(),
            begun: false,
            incomplete: false,
            complete: false,
            _running: shared.metrics.making(),
        }
    }

    /// Notes who answers.
    pub(super) fn served(&self, served: &Served) {
        self.details.served(&served.target.provider.name, &served.model);
    }

    /// Notes the next bytes of the answer.
    pub(super) fn bytes(&mut self, bytes: &[u8]) {
        if !self.begun && !bytes.is_empty() {
            self.begun = true;
            let took = self.began.elapsed();
            self.shared.metrics.began(took);
            self.details.first_byte(took);
        }
        self.usage.take(bytes);
    }

    /// Returns whether any byte of the answer has arrived.
    pub(super) fn has_begun(&self) -> bool {
        self.begun
    }

    /// Notes that the answer broke off.
    pub(super) fn broke_off(&mut self) {
        self.incomplete = self.begun;
        self.complete = true;
    }

    /// Notes that the answer is complete.
    pub(super) fn completed(&mut self) {
        self.complete = true;
    }
}

impl Drop for Meter {
    fn drop(&mut self) {
        let usage = self.usage.usage();
        if let Some(usage) = usage {
            self.details.tokens(usage);
        }
        let incomplete = self.incomplete || self.begun && !self.complete;
        self.shared
            .metrics
            .completed(self.began.elapsed(), usage, incomplete);
    }
}
