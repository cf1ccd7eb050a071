//! Turns as the lesson makes them, for the tests of this folder: put together from events, like the real ones.

use model::{
    error::{ErrorCode, LabError},
    operation::{Cause, Layer, Method, Operation},
    timeline::{Event, ReleasedBy, Step, Turn, turns},
};

const CAUSE: Cause = Cause { simulated: true, layer: Layer::Actor };
const MAX: u8 = 3;

struct Script {
    turn: u64,
    events: Vec<Event>,
}

impl Script {
    fn new(turn: u64, at: u64) -> Self {
        let step = Step::TurnQueued {
            turn,
            method: Method::ProcessMessage,
            message_id: None,
            content: Some(format!("Message {turn}")),
        };
        Self { turn, events: vec![Event { seq: 1, at, step }] }
    }

    fn then(mut self, at: u64, step: Step) -> Self {
        self.events.push(Event { seq: self.events.len() as u64 + 1, at, step });
        self
    }

    fn start(self, at: u64) -> Self {
        let (turn, method) = (self.turn, Method::ProcessMessage);
        let activated = self.then(at, Step::Activated);
        activated.then(at, Step::TurnStarted { turn, method, message_id: None, content: None })
    }

    fn attempt(self, at: u64, operation: Operation, attempt: u8, took_us: u64, fails: bool) -> Self {
        let (turn, max) = (self.turn, if operation == Operation::Publish { 1 } else { MAX });
        let begun = self.then(at, Step::AttemptStarted { turn, operation, attempt, max });
        let end = at + took_us / 1_000;
        let error = model::fault::SIMULATED_ERROR.to_owned();
        if fails {
            let step =
                Step::AttemptFailed { turn, operation, attempt, max, error, cause: CAUSE, transient: true, took_us };
            begun.then(end, step)
        } else {
            begun.then(end, Step::AttemptSucceeded { turn, operation, attempt, max, took_us })
        }
    }

    fn wait(self, at: u64, operation: Operation, attempt: u8) -> Self {
        let (turn, delay_ms) = (self.turn, 1_000);
        let step = Step::RetryScheduled { turn, operation, attempt, max: MAX, delay_ms, due_at: at + delay_ms };
        self.then(at, step)
    }

    fn answered(self, at: u64, took_us: u64) -> Self {
        let turn = self.turn;
        let saved = self.attempt(at + 2, Operation::Save, 1, 4_800, false);
        let published = saved.attempt(at + 7, Operation::Publish, 1, 1_900, false);
        published.then(at + 9, Step::TurnCompleted { turn, took_us, repeated: false })
    }

    fn turn(self) -> Turn {
        turns(&self.events).remove(0)
    }
}

/// A turn that recovered on its second load, queued at `at`.
pub(super) fn recovered(number: u64, at: u64) -> Turn {
    let failed = Script::new(number, at).start(at).attempt(at, Operation::Load, 1, 400, true);
    let waited = failed.wait(at, Operation::Load, 2).attempt(at + 1_001, Operation::Load, 2, 2_100, false);
    waited.answered(at + 1_001, 1_012_000).turn()
}

/// A turn that waits for its second load.
pub(super) fn waiting(number: u64, at: u64) -> Turn {
    let failed = Script::new(number, at).start(at).attempt(at, Operation::Load, 1, 400, true);
    failed.wait(at, Operation::Load, 2).turn()
}

/// A turn whose second load is held, a second after its first, for 30 s at most.
pub(super) fn held(number: u64, at: u64) -> Turn {
    held_script(number, at).turn()
}

/// The same turn after 12 s, when its load was released and succeeded.
pub(super) fn released(number: u64, at: u64) -> Turn {
    let (turn, operation, attempt, max, by) = (number, Operation::Load, 2, MAX, ReleasedBy::Person);
    let then = at + 13_001;
    let released = held_script(number, at).then(then, Step::AttemptReleased { turn, operation, attempt, max, by });
    released.attempt(then, Operation::Load, 2, 2_100, false).answered(then, 13_012_000).turn()
}

fn held_script(turn: u64, at: u64) -> Script {
    let failed = Script::new(turn, at).start(at).attempt(at, Operation::Load, 1, 400, true);
    let (operation, attempt, max, due_at) = (Operation::Load, 2, MAX, at + 31_001);
    let held = Step::AttemptHeld { turn, operation, attempt, max, due_at };
    failed.wait(at, Operation::Load, 2).then(at + 1_001, held)
}

/// A turn that waits for the actor.
pub(super) fn queued(number: u64, at: u64) -> Turn {
    Script::new(number, at).turn()
}

/// A turn whose first attempt succeeded.
pub(super) fn quick(number: u64, at: u64) -> Turn {
    Script::new(number, at).start(at).attempt(at, Operation::Load, 1, 2_100, false).answered(at, 9_000).turn()
}

/// A turn that failed for good, 2 s after it began.
pub(super) fn exhausted(number: u64, at: u64) -> Turn {
    let mut script = Script::new(number, at).start(at);
    for attempt in 1..=MAX {
        let begun = at + u64::from(attempt - 1) * 1_001;
        script = script.attempt(begun, Operation::Load, attempt, 300, true);
        if attempt < MAX {
            script = script.wait(begun, Operation::Load, attempt + 1);
        }
    }
    let error = LabError::new(ErrorCode::RetriesExhausted, "The history could not be loaded in 3 attempts.");
    script
        .then(at + 2_003, Step::TurnFailed { turn: number, method: Method::ProcessMessage, took_us: 2_003_000, error })
        .turn()
}
