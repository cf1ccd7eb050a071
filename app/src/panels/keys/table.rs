//! The keys, and what they do.

/// One key.
pub struct Key {
    /// The character.
    pub key: &'static str,
    /// What it does, for a person.
    pub does: &'static str,
    /// What it moves the focus to, as a selector.
    pub go: Option<&'static str>,
    /// What it presses, as a selector.
    pub press: Option<&'static str>,
    /// What else it does.
    pub run: Option<KeyAction>,
}

/// What a key does that no element on the page does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyAction {
    /// Lays the page out for a room, and back.
    TogglePresent,
    /// Ends the guided tour.
    SkipTour,
}

const fn go(key: &'static str, does: &'static str, to: &'static str) -> Key {
    Key { key, does, go: Some(to), press: None, run: None }
}

const fn press(key: &'static str, does: &'static str, what: &'static str) -> Key {
    Key { key, does, go: None, press: Some(what), run: None }
}

const fn run(key: &'static str, does: &'static str, run: KeyAction) -> Key {
    Key { key, does, go: None, press: None, run: Some(run) }
}

/// For what a keyboard stays at once it is pressed: tabs, and what opens.
const fn both(key: &'static str, does: &'static str, what: &'static str) -> Key {
    Key { key, does, go: Some(what), press: Some(what), run: None }
}

/// The keys, by subject. Of several selectors the first counts whose element can be seen.
pub const KEYS: [(&str, &[Key]); 5] = [
    (
        "Chat",
        &[
            go("m", "Write a message; Enter sends it", "#msg"),
            both("q", "Scenarios", ".scenarios > summary"),
            press(
                "z",
                "Send a failed message again",
                "li:nth-last-child(1 of :has(.failure form)) .failure [type=submit]",
            ),
        ],
    ),
    (
        "Failures",
        &[
            press("f", "Failure switch on, off", ".knob input"),
            press("a", "Arm it again", ".arm"),
            go("e", "What fails, and how often", "#plan select"),
            both("h", "More kinds of failure", ".more > summary"),
            go("w", "The wire to Redis, where there is one", "#wire"),
        ],
    ),
    (
        "Lesson",
        &[
            both("1", "Open a check: 1 to 5", ".check:nth-child(1) > details > summary"),
            both("2", "", ".check:nth-child(2) > details > summary"),
            both("3", "", ".check:nth-child(3) > details > summary"),
            both("4", "", ".check:nth-child(4) > details > summary"),
            both("5", "", ".check:nth-child(5) > details > summary"),
            press("d", "Do what the open check asks for", ".check > details[open] form [type=submit]"),
            press("v", "Run all of them", ".run-all"),
            press("i", "The report, to print or hand in", ".to-report a"),
            both("x", "Reset the lab; asks first", ".checks .menu summary"),
        ],
    ),
    (
        "Timeline",
        &[
            press("k", "Pause, and go on", ".tl-pause"),
            press("r", "Replay the last turn", ".tl-replay"),
            press("o", "Older turn", ".tl-older"),
            press("n", "Newer turn", ".tl-newer"),
            go(
                "b",
                "Go to the newest turn’s bars; Tab goes along, Enter selects",
                "li:nth-last-child(1 of :has(a.bar)) a.bar",
            ),
            press("y", "Release the attempt that is held", ".hold-release"),
            go("t", "Any moment of an earlier turn; arrows move it", ".tl-scrub [type=range]"),
        ],
    ),
    (
        "Page",
        &[
            both("s", "What is stored", "#pane-stored"),
            both("l", "The retry policy", "#pane-policy"),
            both("c", "The code", "#pane-code"),
            go("g", "Open another actor’s lab", "#actor"),
            press("u", "Light, dark", ".to-dark, .to-light"),
            run("p", "Large type for a room, and back", KeyAction::TogglePresent),
            press("j", "Hold before each attempt, in large type", ".hold [type=checkbox]"),
            run("0", "Skip the guided tour", KeyAction::SkipTour),
            press("?", "This sheet", ".keys-button"),
        ],
    ),
];

/// The key for this character.
pub fn find(key: &str) -> Option<&'static Key> {
    KEYS.iter().flat_map(|(_, keys)| *keys).find(|line| line.key == key)
}
