//! Measurements of an answer that is passed on, for the log and the metrics.

use std::{sync::Arc, time::Instant};

use super::{exchange::Served, usage::UsageFinder};
use crate::{keys::Spent, metrics::GaugeGuard, observe::Details, state::Shared};

/// The measurements of an answer, which are complete when this is dropped.
pub(super) struct Meter {
    shared: Shared,
    details: Arc<Details>,
    began: Instant,
    usage: UsageFinder,
    /// The counts of the client's key.
    spent: Option<Arc<Spent>>,
    /// The bytes of the request and the answer, for an answer that does not count its tokens.
    length: usize,
    served: Option<Served>,
    /// Whether the answer has begun.
    begun: bool,
    incomplete: bool,
    complete: bool,
    _running: GaugeGuard,
}

impl Meter {
    /// Begins to measure.
    pub(super) fn new(
        shared: &Shared,
        details: Arc<Details>,
        spent: Option<Arc<Spent>>,
        length: usize,
    ) -> Meter {
        Meter {
            shared: shared.clone(),
            details,
            began: Instant::now(),
            usage: UsageFinder::default(),
            spent,
            length,
            served: None,
            begun: false,
            incomplete: false,
            complete: false,
            _running: shared.metrics.making(),
        }
    }

    /// Notes who answers.
    pub(super) fn served(&mut self, served: &Served) {
        self.served = Some(served.clone());
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
        self.length = self.length.saturating_add(bytes.len());
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
        if let Some(served) = self.served.as_ref().filter(|_| self.begun) {
            let provider = &served.target.provider.name;
            self.shared.metrics.served(provider, &served.model, usage);
        }
        if let Some(spent) = self.spent.as_ref().filter(|_| self.begun) {
            let estimated = self.length.div_ceil(super::BYTES_PER_TOKEN);
            let estimated = u64::try_from(estimated).unwrap_or(u64::MAX);
            spent.tokens(usage.map_or(estimated, |usage| usage.total_tokens));
        }
        let incomplete = self.incomplete || self.begun && !self.complete;
        self.shared
            .metrics
            .completed(self.began.elapsed(), usage, incomplete);
    }
}
