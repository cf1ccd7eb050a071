//! The prediction as a person says it.

use super::{Forecast, PredictedStep, Prediction};
use crate::operation::{Layer, Operation};

/// What happens to one operation.
struct Tries {
    operation: Operation,
    failed: u8,
    hung: u8,
    late_ms: u64,
    /// The attempt that succeeds, and of how many.
    done: Option<(u8, u8)>,
}

impl Prediction {
    /// The prediction as a person says it.
    #[must_use]
    pub fn sentence(&self) -> String {
        let operations = Operation::OF_A_MESSAGE;
        let parts: Vec<Tries> = operations.into_iter().filter_map(|operation| self.tries(operation)).collect();
        let mut sentences: Vec<String> = parts.iter().filter_map(Tries::begins).collect();
        let holds = if self.held { " plus your holds" } else { "" };
        // How long the sidecar tries before it reports that it has lost its store is not known before.
        let time = match self.breaks_on_the_wire() {
            true => format!("{} to {}{holds}", seconds(self.min_ms), seconds(self.max_ms)),
            false => format!("{}{holds}", seconds(self.min_ms)),
        };
        let retried = parts.iter().rev().find_map(|tries| tries.done.filter(|_| tries.failed > 0));
        match self.outcome {
            Forecast::NotStored | Forecast::Unknown => {
                if let Some(tries) = parts.last() {
                    let (all, operation) = (tries.failed, tries.operation.as_str());
                    sentences.pop();
                    let what = if tries.hung == all { "hang" } else { "fail" };
                    let end = match self.outcome {
                        Forecast::Unknown => "It is not known then whether the message is stored.",
                        _ => "Nothing is stored.",
                    };
                    let who = match all {
                        1 => format!("The only {operation} attempt {what}s"),
                        _ => format!("All {all} {operation} attempts {what}"),
                    };
                    sentences.push(format!("{who}, in {time}. {end}"));
                }
            }
            Forecast::Stored | Forecast::Repeated => {
                if let Some((attempt, max)) = retried {
                    sentences.push(format!("Attempt {attempt} of {max} succeeds, after {time}."));
                } else if !sentences.is_empty() {
                    sentences.push(format!("The message is answered after {time}."));
                }
                if parts.iter().any(|tries| tries.operation == Operation::Publish && tries.failed > 0) {
                    let stored = match sentences.is_empty() {
                        true if self.held => "The message is stored as soon as its attempts are released; publishing",
                        true => "The message is stored at once; publishing",
                        false => "Publishing",
                    };
                    sentences.push(format!("{stored} its event fails, and the turn succeeds all the same."));
                }
                if self.outcome == Forecast::Repeated {
                    sentences.push("The message was stored before: its stored reply is given again.".to_owned());
                }
            }
        }
        match sentences.as_slice() {
            [] if self.held => "Every attempt succeeds as soon as it is released.".to_owned(),
            [] => "Every attempt succeeds at once.".to_owned(),
            sentences => sentences.join(" "),
        }
    }

    fn breaks_on_the_wire(&self) -> bool {
        self.steps.iter().any(|step| {
            let PredictedStep::Attempt { hit: Some(hit), .. } = step else { return false };
            hit.end.is_some_and(|end| end.layer == Layer::Wire && !end.hangs)
        })
    }

    fn tries(&self, of: Operation) -> Option<Tries> {
        let mut tries = Tries { operation: of, failed: 0, hung: 0, late_ms: 0, done: None };
        let mut any = false;
        for step in &self.steps {
            let PredictedStep::Attempt { operation, attempt, max, fails, hit, .. } = *step else { continue };
            if operation != of {
                continue;
            }
            any = true;
            let hangs = hit.is_some_and(|hit| hit.hangs());
            tries.failed += u8::from(fails);
            tries.hung += u8::from(hangs);
            if !hangs {
                tries.late_ms += step.least_ms();
            }
            if !fails {
                tries.done = Some((attempt, max));
            }
        }
        any.then_some(tries)
    }
}

impl Tries {
    /// What goes wrong, if anything does that is worth a sentence of its own.
    fn begins(&self) -> Option<String> {
        let operation = self.operation.as_str();
        let late = (self.late_ms > 0).then(|| seconds(self.late_ms));
        if self.operation == Operation::Publish {
            return late.map(|late| format!("The publish is held up for {late}."));
        }
        let fails = match (self.failed, self.hung) {
            (0, _) => return late.map(|late| format!("The {operation} is held up for {late}.")),
            (1, 0) => format!("The first {operation} fails"),
            (1, _) => format!("The first {operation} hangs until its time-out"),
            (n, 0) => format!("{n} {operation} attempts fail"),
            (n, hung) if n == hung => format!("{n} {operation} attempts hang until their time-out"),
            (n, _) => format!("{n} {operation} attempts fail or hang"),
        };
        Some(match late {
            Some(late) => format!("{fails}, and {late} are lost to delays."),
            None => format!("{fails}."),
        })
    }
}

/// To the tenth of a second; what is shorter than one, and no number of tenths, in milliseconds.
fn seconds(ms: u64) -> String {
    if ms < 1_000 && !ms.is_multiple_of(100) {
        return format!("{ms} ms");
    }
    format!("{}.{} s", ms / 1_000, ms % 1_000 / 100)
}
