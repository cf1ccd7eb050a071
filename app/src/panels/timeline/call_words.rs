//! The sidecar's own calls during an attempt, in words. Pure.

use model::timeline::Attempt;

/// The calls in a line for a tip, with what came of the last that failed: `Sidecar: 16 calls, 16 failed: no answer`.
pub(super) fn in_short(a: &Attempt) -> Option<String> {
    let (sum, _) = in_full(a)?;
    let failed = a.calls.iter().rfind(|seen| !seen.call.ok()).map(|seen| seen.call.to_string());
    let outcome = failed.as_deref().and_then(|call| call.split_once(": ")).map(|(_, outcome)| outcome);
    Some(match outcome {
        Some(outcome) => format!("Sidecar: {sum}: {outcome}"),
        None => format!("Sidecar: {sum}"),
    })
}

/// The calls in words: `16 calls, 16 failed`, and each with what came of it, those of one kind together.
pub(super) fn in_full(a: &Attempt) -> Option<(String, Vec<String>)> {
    if a.calls.is_empty() {
        return None;
    }
    let mut kinds: Vec<(String, usize)> = Vec::new();
    for call in a.calls.iter().map(|seen| seen.call.to_string()) {
        match kinds.iter_mut().find(|(kind, _)| *kind == call) {
            Some((_, times)) => *times += 1,
            None => kinds.push((call, 1)),
        }
    }
    let (all, failed) = (a.calls.len(), a.calls.iter().filter(|seen| !seen.call.ok()).count());
    let calls = if all == 1 { "1 call".to_owned() } else { format!("{all} calls") };
    let sum = if failed == 0 { calls } else { format!("{calls}, {failed} failed") };
    let each = |(kind, times)| if times == 1 { kind } else { format!("{times} × {kind}") };
    Some((sum, kinds.into_iter().map(each).collect()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use model::{
        operation::Operation,
        timeline::{AttemptState, EndedCall},
        wire::{CallOutcome, SeenCall},
    };

    fn seen(ended_at: u64, took_ms: u64, outcome: CallOutcome) -> EndedCall {
        let (command, keys) = ("HGETALL".to_owned(), vec!["history-user1".to_owned()]);
        EndedCall { ended_at, call: SeenCall { command, keys, outcome, took_us: took_ms * 1_000 } }
    }

    fn attempt(took_ms: u64, calls: Vec<EndedCall>) -> Attempt {
        let state = AttemptState::Succeeded { took_us: took_ms * 1_000 };
        Attempt { operation: Operation::Load, attempt: 1, max: 3, started_at: 10_000, state, hit: None, calls }
    }

    #[test]
    fn calls_of_one_kind_are_counted_together() {
        let calls =
            vec![seen(1, 1, CallOutcome::Refused), seen(2, 1, CallOutcome::Ok), seen(3, 1, CallOutcome::Refused)];
        let (sum, each) = in_full(&attempt(1, calls)).unwrap();
        assert_eq!(sum, "3 calls, 2 failed");
        assert_eq!(each, ["2 × HGETALL history-user1: refused", "HGETALL history-user1: answered"]);
        assert_eq!(in_full(&attempt(1, Vec::new())), None);
        let calls = vec![seen(1, 1, CallOutcome::Ok), seen(2, 1, CallOutcome::NoAnswer)];
        assert_eq!(in_short(&attempt(1, calls)).unwrap(), "Sidecar: 2 calls, 1 failed: no answer");
        assert_eq!(in_short(&attempt(1, vec![seen(1, 1, CallOutcome::Ok)])).unwrap(), "Sidecar: 1 call");
    }
}
