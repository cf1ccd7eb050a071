//! What is done at once.

use proptest::collection::vec;
use proptest::prelude::*;

/// How many actors there are: few, so that much comes together.
pub const ACTORS: usize = 3;

/// Everything that is done, each after a pause in milliseconds.
#[derive(Debug, Clone)]
pub struct Load {
    pub acts: Vec<(u64, Act)>,
}

/// One thing. Each adds its number to the list of an actor, but for [`Act::Kill`].
#[derive(Debug, Clone)]
pub enum Act {
    /// A caller waits for the answer.
    Call { actor: usize, slow: u64 },
    /// A caller goes away after a while.
    Leave { actor: usize, slow: u64, after: u64 },
    /// The method calls its own actor, so often, and the innermost call adds the number.
    Reenter { actor: usize, depth: u8 },
    /// The method calls another actor, which adds the number: always one behind it, so that they never wait for each
    /// other.
    Across { from: usize, to: usize },
    /// The method registers a timer, which adds the number.
    Timer { actor: usize, due: u64 },
    /// A caller registers a reminder, which adds the number.
    Remind { actor: usize, due: u64 },
    /// The app dies in the middle of whatever it does, and is started again.
    Kill { back_after: u64 },
}

fn act() -> impl Strategy<Value = Act> {
    let actor = || 0..ACTORS;
    prop_oneof![
        6 => (actor(), 0..8_u64).prop_map(|(actor, slow)| Act::Call { actor, slow }),
        3 => (actor(), 0..8_u64, 0..12_u64).prop_map(|(actor, slow, after)| Act::Leave { actor, slow, after }),
        2 => (actor(), 1..5_u8).prop_map(|(actor, depth)| Act::Reenter { actor, depth }),
        2 => (0..ACTORS - 1, 1..ACTORS).prop_map(|(from, step)| Act::Across { from, to: (from + step).min(ACTORS - 1) }),
        2 => (actor(), 0..20_u64).prop_map(|(actor, due)| Act::Timer { actor, due }),
        2 => (actor(), 0..20_u64).prop_map(|(actor, due)| Act::Remind { actor, due }),
        1 => (0..30_u64).prop_map(|back_after| Act::Kill { back_after }),
    ]
}

pub fn load() -> impl Strategy<Value = Load> {
    // Deactivations come in the pauses: an actor idles after ten milliseconds.
    vec((0..60_u64, act()), 1..50).prop_map(|acts| Load { acts })
}
