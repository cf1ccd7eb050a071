//! The keys, and what they do.

use super::shortcut::{Pane, Shortcut};

/// One key.
pub struct Key {
    /// The character.
    pub key: &'static str,
    /// What it does, for a person; nothing where another line says it for several keys.
    pub does: &'static str,
    /// What it does.
    pub shortcut: Shortcut,
}

const fn key(key: &'static str, does: &'static str, shortcut: Shortcut) -> Key {
    Key { key, does, shortcut }
}

/// The keys, by subject.
pub const KEYS: [(&str, &[Key]); 5] = [
    (
        "Chat",
        &[
            key("m", "Write a message; Enter sends it", Shortcut::WriteMessage),
            key("q", "Scenarios", Shortcut::Scenarios),
            key("z", "Send a failed message again", Shortcut::SendAgain),
        ],
    ),
    (
        "Failures",
        &[
            key("f", "Failure switch on, off", Shortcut::FailureSwitch),
            key("a", "Arm it again", Shortcut::ArmAgain),
            key("e", "What fails, and how often", Shortcut::FailingOperation),
            key("h", "More kinds of failure", Shortcut::MoreFailures),
            key("w", "The wire to Redis, where there is one", Shortcut::Wire),
        ],
    ),
    (
        "Lesson",
        &[
            key("1", "Open a check: 1 to 5", Shortcut::Check(1)),
            key("2", "", Shortcut::Check(2)),
            key("3", "", Shortcut::Check(3)),
            key("4", "", Shortcut::Check(4)),
            key("5", "", Shortcut::Check(5)),
            key("d", "Do what the open check asks for", Shortcut::DoStep),
            key("v", "Run all of them", Shortcut::RunAll),
            key("i", "The report, to print or hand in", Shortcut::Report),
            key("x", "Reset the lab; asks first", Shortcut::Reset),
        ],
    ),
    (
        "Timeline",
        &[
            key("k", "Pause, and go on", Shortcut::Pause),
            key("r", "Replay the last turn", Shortcut::Replay),
            key("o", "Older turn", Shortcut::OlderTurn),
            key("n", "Newer turn", Shortcut::NewerTurn),
            key("b", "Go to the newest turn’s bars; Tab goes along, Enter selects", Shortcut::NewestBar),
            key("y", "Release the attempt that is held", Shortcut::Release),
            key("t", "Any moment of an earlier turn; arrows move it", Shortcut::Moment),
        ],
    ),
    (
        "Page",
        &[
            key("s", "What is stored", Shortcut::Pane(Pane::Stored)),
            key("l", "The retry policy", Shortcut::Pane(Pane::Policy)),
            key("c", "The code", Shortcut::Pane(Pane::Code)),
            key("g", "Open another actor’s lab", Shortcut::OtherActor),
            key("u", "Light, dark", Shortcut::ToggleTheme),
            key("p", "Large type for a room, and back", Shortcut::TogglePresent),
            key("j", "Hold before each attempt, in large type", Shortcut::Hold),
            key("0", "Skip the guided tour", Shortcut::SkipTour),
            key("?", "This sheet", Shortcut::Sheet),
        ],
    ),
];

/// What the key with this character does.
pub fn find(key: &str) -> Option<Shortcut> {
    KEYS.iter().flat_map(|(_, keys)| *keys).find(|line| line.key == key).map(|line| line.shortcut)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_key_is_one_character_and_does_one_thing() {
        let keys = || KEYS.iter().flat_map(|(_, keys)| *keys);
        for (nth, line) in keys().enumerate() {
            assert_eq!(line.key.chars().count(), 1);
            assert!(keys().skip(nth + 1).all(|other| other.key != line.key && other.shortcut != line.shortcut));
            assert_eq!(find(line.key), Some(line.shortcut));
        }
        assert_eq!(find("="), None);
    }
}
