//! What Prometheus reads (`GET /metrics`), counted where it happens. `docs/operating.md` explains each of them.

use std::{sync::Arc, time::Duration};

use model::{
    operation::{Cause, Layer, Operation},
    timeline::Step,
};
use prometheus::{
    Histogram, HistogramOpts, HistogramVec, IntCounter, IntCounterVec, IntGauge, Opts, Registry, TextEncoder,
    core::Collector,
};

#[cfg(target_os = "linux")]
use prometheus::process_collector::ProcessCollector;

use crate::version;

/// The ends of a turn.
const COMPLETED: &str = "completed";
const REPEATED: &str = "repeated";
const FAILED: &str = "failed";

/// From a turn without a failure to one that took all of its 45 s.
const TURN_SECONDS: [f64; 13] = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.1, 0.25, 1.0, 2.5, 5.0, 10.0, 20.0, 45.0];

/// From an event that goes out at once to a reader that is about to be let go.
const LAG_SECONDS: [f64; 9] = [0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.5, 1.0, 5.0];

/// The metrics of one process. Clones share them.
#[derive(Clone)]
pub(crate) struct Metrics(Arc<Counted>);

struct Counted {
    registry: Registry,
    turns: IntCounterVec,
    turn_seconds: HistogramVec,
    attempts: IntCounterVec,
    recoveries: IntCounterVec,
    streams: IntGauge,
    let_go: IntCounter,
    lag: Histogram,
    labs: IntGauge,
    lab_bytes: IntGauge,
    lab_bytes_limit: IntGauge,
    waiting_bytes: IntGauge,
}

/// How much there is of the labs just now.
pub(crate) struct Held {
    pub(crate) labs: usize,
    pub(crate) bytes: usize,
    pub(crate) limit: usize,
    pub(crate) waiting: usize,
}

/// One event stream that is open.
pub(crate) struct OpenStream(IntGauge);

impl Drop for OpenStream {
    fn drop(&mut self) {
        self.0.dec();
    }
}

impl Metrics {
    pub(crate) fn new() -> Self {
        let registry = Registry::new();
        let counter = |name, help, labels: &[&str]| known(&registry, IntCounterVec::new(Opts::new(name, help), labels));
        let gauge = |name, help| known(&registry, IntGauge::new(name, help));
        let counted = Counted {
            turns: counter("faultlab_turns_total", "Turns of actors that have ended, by outcome.", &["outcome"]),
            turn_seconds: known(
                &registry,
                HistogramVec::new(
                    HistogramOpts::new("faultlab_turn_seconds", "How long turns took from their start, by outcome.")
                        .buckets(TURN_SECONDS.to_vec()),
                    &["outcome"],
                ),
            ),
            attempts: counter(
                "faultlab_attempts_total",
                "Attempts that have ended, by operation, end, and where and whether on purpose they failed.",
                &["operation", "end", "cause"],
            ),
            recoveries: counter(
                "faultlab_recoveries_total",
                "Operations that succeeded after at least one failed attempt.",
                &["operation"],
            ),
            streams: gauge("faultlab_streams", "Event streams that are open."),
            let_go: known(
                &registry,
                IntCounter::new(
                    "faultlab_streams_let_go_total",
                    "Event streams ended because their readers fell behind.",
                ),
            ),
            lag: known(
                &registry,
                Histogram::with_opts(
                    HistogramOpts::new(
                        "faultlab_timeline_lag_seconds",
                        "From the moment of an event until it goes out to a reader that follows.",
                    )
                    .buckets(LAG_SECONDS.to_vec()),
                ),
            ),
            labs: gauge(
                "faultlab_labs",
                "Labs, one for each actor, of which something is known or that are looked at.",
            ),
            lab_bytes: gauge("faultlab_labs_bytes", "What all labs take in memory, about."),
            lab_bytes_limit: gauge("faultlab_labs_limit_bytes", "What they may take before the oldest are forgotten."),
            waiting_bytes: gauge(
                "faultlab_waiting_bytes",
                "What calls take in memory that wait for their turns, about.",
            ),
            registry: registry.clone(),
        };
        let build = Opts::new("faultlab_build_info", "Always 1: the version and the commit are its labels.");
        let build = known(&registry, prometheus::IntGaugeVec::new(build, &["version", "commit"]));
        build.with_label_values(&[version::VERSION, version::COMMIT.unwrap_or("unknown")]).set(1);
        #[cfg(target_os = "linux")]
        registry.register(Box::new(ProcessCollector::for_self())).expect("it is registered once");
        let metrics = Self(Arc::new(counted));
        metrics.begin_at_zero();
        metrics
    }

    /// What has not happened yet is told as 0: the first time is seen as a rise, too.
    fn begin_at_zero(&self) {
        let Counted { turns, turn_seconds, attempts, recoveries, .. } = &*self.0;
        for outcome in [COMPLETED, REPEATED, FAILED] {
            turns.with_label_values(&[outcome]);
            turn_seconds.with_label_values(&[outcome]);
        }
        for operation in Operation::OF_A_MESSAGE {
            recoveries.with_label_values(&[operation.as_str()]);
            attempts.with_label_values(&[operation.as_str(), "succeeded", "none"]);
            for (simulated, layer) in [
                (true, Layer::Actor),
                (true, Layer::Store),
                (true, Layer::Wire),
                (false, Layer::Sidecar),
                (false, Layer::Store),
            ] {
                attempts.with_label_values(&[operation.as_str(), FAILED, &words(Cause { simulated, layer })]);
            }
        }
    }

    /// Counts what a step tells.
    pub(crate) fn count(&self, step: &Step) {
        let Counted { turns, turn_seconds, attempts, recoveries, .. } = &*self.0;
        let ended = |outcome: &str, took_us: u64| {
            turns.with_label_values(&[outcome]).inc();
            turn_seconds.with_label_values(&[outcome]).observe(Duration::from_micros(took_us).as_secs_f64());
        };
        match step {
            Step::TurnCompleted { took_us, repeated, .. } => {
                ended(if *repeated { REPEATED } else { COMPLETED }, *took_us)
            }
            Step::TurnFailed { took_us, .. } => ended(FAILED, *took_us),
            Step::AttemptSucceeded { operation, .. } => {
                attempts.with_label_values(&[operation.as_str(), "succeeded", "none"]).inc();
            }
            Step::AttemptFailed { operation, cause, .. } => {
                attempts.with_label_values(&[operation.as_str(), FAILED, &words(*cause)]).inc();
            }
            Step::Recovered { operation, .. } => recoveries.with_label_values(&[operation.as_str()]).inc(),
            _ => {}
        }
    }

    /// Counts an event stream for as long as it is open.
    pub(crate) fn open_stream(&self) -> OpenStream {
        self.0.streams.inc();
        OpenStream(self.0.streams.clone())
    }

    /// Counts an event stream that ends because its reader fell behind.
    pub(crate) fn let_go(&self) {
        self.0.let_go.inc();
    }

    /// Notes how old an event was when it went out.
    pub(crate) fn went_out(&self, after: Duration) {
        self.0.lag.observe(after.as_secs_f64());
    }

    /// All of them, in Prometheus' text format.
    ///
    /// # Errors
    /// None that is known.
    pub(crate) fn text(&self, held: &Held) -> prometheus::Result<String> {
        let set = |gauge: &IntGauge, to: usize| gauge.set(i64::try_from(to).unwrap_or(i64::MAX));
        set(&self.0.labs, held.labs);
        set(&self.0.lab_bytes, held.bytes);
        set(&self.0.lab_bytes_limit, held.limit);
        set(&self.0.waiting_bytes, held.waiting);
        TextEncoder::new().encode_to_string(&self.0.registry.gather())
    }
}

/// Registers a metric whose name and labels are written down in this file.
fn known<C: Collector + Clone + 'static>(registry: &Registry, made: prometheus::Result<C>) -> C {
    let made = made.expect("a name and labels as Prometheus has them");
    registry.register(Box::new(made.clone())).expect("each is registered once");
    made
}

/// Where an attempt failed, and whether on purpose, in one word.
fn words(cause: Cause) -> String {
    let layer = cause.layer.as_str();
    if cause.simulated { format!("simulated_{layer}") } else { layer.to_owned() }
}
