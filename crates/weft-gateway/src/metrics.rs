//! The metrics for Prometheus.

use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
    time::Duration,
};

use clawft_types::Usage;
use prometheus_client::{
    encoding::text,
    metrics::{counter::Counter, family::Family, gauge::Gauge, histogram::Histogram, info::Info},
    registry::{Registry, Unit},
};

use super::{api_error::ApiError, build::Build, log};

/// The bounds of the histograms in seconds: an answer takes from milliseconds, from a local server, to
/// minutes.
const SECONDS: [f64; 12] = [
    0.005, 0.01, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 120.0,
];

/// The number of pairs of a provider and a model that have labels of their own.
pub(super) const MOST_MODELS: usize = 200;

/// The longest name of a model in a label, in bytes.
const LONGEST_MODEL: usize = 128;

/// The label of models without labels of their own.
const OTHER_MODELS: &str = "other";

type Labels<const N: usize> = [(&'static str, String); N];
type FixedLabel = [(&'static str, &'static str); 1];

/// The metrics. Most labels are constants of this program, and the number of models is bounded, so that no
/// client can increase their number.
pub(super) struct Metrics {
    registry: Registry,
    requests: Family<Labels<3>, Counter>,
    rejected: Family<FixedLabel, Counter>,
    tokens: Family<FixedLabel, Counter>,
    incomplete: Counter,
    answers: Family<Labels<2>, Counter>,
    model_tokens: Family<Labels<3>, Counter>,
    models: Mutex<Models>,
    connections: Gauge,
    connections_cut: Family<FixedLabel, Counter>,
    upstream_seconds: Histogram,
    first_piece_seconds: Histogram,
    /// The number of requests that are being answered.
    pub(super) in_flight: Gauge,
    /// The number of running turns.
    upstream_in_flight: Gauge,
}

/// The counters of models, by provider and model: so that an answer does not look each of them up by its labels.
#[derive(Default)]
struct Models {
    counters: HashMap<String, HashMap<String, ModelCounters>>,
    /// The number of models that have labels of their own.
    named: usize,
}

/// The counters of a model at a provider.
#[derive(Clone)]
struct ModelCounters {
    answers: Counter,
    prompt_tokens: Counter,
    completion_tokens: Counter,
}

/// An increment of a gauge, which is undone when this is dropped.
pub(super) struct GaugeGuard(Gauge);

impl GaugeGuard {
    fn new(gauge: &Gauge) -> GaugeGuard {
        gauge.inc();
        GaugeGuard(gauge.clone())
    }
}

impl Drop for GaugeGuard {
    fn drop(&mut self) {
        self.0.dec();
    }
}

impl Metrics {
    /// Returns metrics at zero.
    pub(super) fn new(build: Build) -> Metrics {
        let mut metrics = Metrics {
            registry: Registry::with_prefix("clawft"),
            requests: Family::default(),
            rejected: Family::default(),
            tokens: Family::default(),
            incomplete: Counter::default(),
            answers: Family::default(),
            model_tokens: Family::default(),
            models: Mutex::default(),
            connections: Gauge::default(),
            connections_cut: Family::default(),
            upstream_seconds: Histogram::new(SECONDS),
            first_piece_seconds: Histogram::new(SECONDS),
            in_flight: Gauge::default(),
            upstream_in_flight: Gauge::default(),
        };
        metrics.register(build);
        metrics
    }

    fn register(&mut self, build: Build) {
        let registry = &mut self.registry;
        registry.register("build", "The program", Info::new(labels(build)));
        registry.register("requests", "Requests answered", self.requests.clone());
        registry.register(
            "requests_in_flight",
            "Requests being answered",
            self.in_flight.clone(),
        );
        registry.register("rejected", "Refused requests, by reason", self.rejected.clone());
        registry.register("tokens", "Tokens that the provider counted", self.tokens.clone());
        registry.register("incomplete", "Answers that broke off", self.incomplete.clone());
        registry.register(
            "answers",
            "Answers that were passed on, by provider and model",
            self.answers.clone(),
        );
        registry.register(
            "model_tokens",
            "Tokens of answers that were passed on, by provider and model",
            self.model_tokens.clone(),
        );
        registry.register(
            "upstream_in_flight",
            "Answers being made",
            self.upstream_in_flight.clone(),
        );
        registry.register(
            "connections",
            "Connections that are open",
            self.connections.clone(),
        );
        let cut = "Connections closed because of their clients, by reason";
        registry.register("connections_cut", cut, self.connections_cut.clone());
        registry.register("log_lines_dropped", "Log lines that were dropped", log::dropped());
        let mut seconds = |name, help, histogram: &Histogram| {
            registry.register_with_unit(name, help, Unit::Seconds, histogram.clone());
        };
        seconds(
            "upstream",
            "Time until an answer is complete, all attempts included",
            &self.upstream_seconds,
        );
        seconds(
            "first_piece",
            "Time until a streamed answer begins",
            &self.first_piece_seconds,
        );
    }

    /// Counts a request that was answered.
    pub(super) fn answered(&self, method: &'static str, route: &str, status: u16) {
        let labels = [
            ("method", method.to_owned()),
            ("route", route.to_owned()),
            ("status", status.to_string()),
        ];
        self.requests.get_or_create(&labels).inc();
    }

    /// Counts a refused request.
    pub(super) fn rejected(&self, reason: &'static str) {
        self.rejected.get_or_create(&[("reason", reason)]).inc();
    }

    /// Counts a connection until the result is dropped.
    pub(super) fn connected(&self) -> GaugeGuard {
        GaugeGuard::new(&self.connections)
    }

    /// Counts a running turn until the result is dropped.
    pub(super) fn making(&self) -> GaugeGuard {
        GaugeGuard::new(&self.upstream_in_flight)
    }

    /// Counts a closed connection.
    pub(super) fn cut(&self, reason: &'static str) {
        self.connections_cut.get_or_create(&[("reason", reason)]).inc();
    }

    /// Counts an answer: its duration, its usage, and whether it broke off.
    pub(super) fn completed(&self, took: Duration, usage: Option<Usage>, incomplete: bool) {
        self.upstream_seconds.observe(took.as_secs_f64());
        let usage = usage.unwrap_or_default();
        for (kind, count) in [
            ("prompt", usage.prompt_tokens),
            ("completion", usage.completion_tokens),
        ] {
            self.tokens.get_or_create(&[("kind", kind)]).inc_by(count);
        }
        self.incomplete.inc_by(incomplete.into());
    }

    /// Counts an answer that was passed on, and its tokens. Clients choose the names of models, so beyond
    /// [`MOST_MODELS`] all others share one.
    pub(super) fn served(&self, provider: &str, model: &str, usage: Option<Usage>) {
        let counters = self.counters(provider, model);
        counters.answers.inc();
        if let Some(usage) = usage {
            counters.prompt_tokens.inc_by(usage.prompt_tokens);
            counters.completion_tokens.inc_by(usage.completion_tokens);
        }
    }

    fn counters(&self, provider: &str, model: &str) -> ModelCounters {
        let mut models = self.models.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = models.find(provider, model) {
            return known;
        }
        let named = models.named < MOST_MODELS && model.len() <= LONGEST_MODEL;
        models.named += usize::from(named);
        let model = if named { model } else { OTHER_MODELS };
        let others = models.find(provider, model);
        others.unwrap_or_else(|| models.add(provider, model, self.labelled(provider, model)))
    }

    /// Returns the counters with these labels.
    fn labelled(&self, provider: &str, model: &str) -> ModelCounters {
        let provider = ("provider", provider.to_owned());
        let model = ("model", model.to_owned());
        let tokens = |kind: &str| {
            let labels = [provider.clone(), model.clone(), ("kind", kind.to_owned())];
            self.model_tokens.get_or_create_owned(&labels)
        };
        ModelCounters {
            prompt_tokens: tokens("prompt"),
            completion_tokens: tokens("completion"),
            answers: self
                .answers
                .get_or_create_owned(&[provider.clone(), model.clone()]),
        }
    }

    /// Counts the first text of an answer.
    pub(super) fn began(&self, took: Duration) {
        self.first_piece_seconds.observe(took.as_secs_f64());
    }

    /// Returns the text that Prometheus reads.
    pub(super) fn to_text(&self) -> Result<String, ApiError> {
        let mut text = String::new();
        text::encode(&mut text, &self.registry)
            .map_err(|_| ApiError::internal("the metrics cannot be written"))?;
        Ok(text)
    }
}

impl Models {
    fn find(&self, provider: &str, model: &str) -> Option<ModelCounters> {
        self.counters.get(provider)?.get(model).cloned()
    }

    /// Adds the counters of a model, and returns them.
    fn add(&mut self, provider: &str, model: &str, counters: ModelCounters) -> ModelCounters {
        let of_provider = self.counters.entry(provider.to_owned()).or_default();
        of_provider.insert(model.to_owned(), counters.clone());
        counters
    }
}

/// Returns the values of `weft --version` as labels.
fn labels(build: Build) -> Labels<3> {
    [
        ("version", build.version),
        ("revision", build.revision),
        ("target", build.target),
    ]
    .map(|(name, value)| (name, value.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn number_of_models_is_bounded() {
        let metrics = Metrics::new(Build {
            version: "0.2.0",
            revision: "none",
            target: "test",
        });
        for number in 0..2 * MOST_MODELS {
            metrics.served("p", &format!("m{number}"), None);
        }
        let text = metrics.to_text().unwrap();
        let lines = text
            .lines()
            .filter(|line| line.starts_with("clawft_answers_total"));
        assert_eq!(lines.count(), MOST_MODELS + 1);
        let rest = format!("clawft_answers_total{{provider=\"p\",model=\"other\"}} {MOST_MODELS}");
        assert!(text.contains(&rest), "{text}");
    }

    #[test]
    fn text_has_all_metrics_by_name() {
        let metrics = Metrics::new(Build {
            version: "0.2.0",
            revision: "none",
            target: "test",
        });
        metrics.answered("POST", "/v1/chat/completions", 200);
        metrics.answered("POST", "/v1/chat/completions", 200);
        metrics.rejected("busy");
        metrics.began(Duration::from_millis(20));
        let usage = Usage {
            prompt_tokens: 9,
            completion_tokens: 2,
            total_tokens: 11,
            ..Usage::default()
        };
        metrics.completed(Duration::from_millis(300), Some(usage), true);
        metrics.in_flight.inc();
        drop(metrics.connected());
        let _connected = metrics.connected();
        metrics.cut("stalled");
        let text = metrics.to_text().unwrap();
        assert!(
            text.contains("clawft_build_info{version=\"0.2.0\",revision=\"none\",target=\"test\"}"),
            "{text}"
        );
        for line in [
            "clawft_requests_total{method=\"POST\",route=\"/v1/chat/completions\",status=\"200\"} 2",
            "clawft_requests_in_flight 1",
            "clawft_rejected_total{reason=\"busy\"} 1",
            "clawft_tokens_total{kind=\"prompt\"} 9",
            "clawft_tokens_total{kind=\"completion\"} 2",
            "clawft_incomplete_total 1",
            "clawft_upstream_in_flight 0",
            "clawft_log_lines_dropped_total 0",
            "clawft_connections 1",
            "clawft_connections_cut_total{reason=\"stalled\"} 1",
            "clawft_upstream_seconds_bucket{le=\"0.25\"} 0",
            "clawft_upstream_seconds_bucket{le=\"0.5\"} 1",
            "clawft_first_piece_seconds_count 1",
        ] {
            assert!(text.lines().any(|found| found == line), "{line}\n{text}");
        }
    }
}
