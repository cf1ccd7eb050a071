//! What is told of a program, moment by moment.

use serde::{Deserialize, Serialize};

/// Why a call has no answer whose caller did not wait for it.
pub const CALLER_LEFT: &str = "the caller went away";

/// Something that happened, with its time in microseconds since the Unix epoch. What lasted stands at its end.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Moment {
    /// When.
    pub at_us: u64,
    /// What.
    #[serde(flatten)]
    pub what: What,
}

/// What happened. A `turn` is the sidecar's own number for it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum What {
    /// A call stands in its actor's line.
    Queued {
        /// Which call.
        call: u64,
        /// The method; of a timer `timer/NAME`, of a reminder `remind/NAME`.
        method: String,
    },
    /// A call has its turn.
    Started {
        /// Which call.
        call: u64,
        /// Its turn.
        turn: u64,
        /// The method.
        method: String,
    },
    /// A call is over.
    Ended {
        /// Which call.
        call: u64,
        /// Its turn, if it had one.
        turn: Option<u64>,
        /// The status that the program answered with.
        status: Option<u16>,
        /// The answer, or why there is none.
        text: String,
    },
    /// The actor is in memory from now on.
    Activated,
    /// The actor is not in memory any more.
    Deactivated,
    /// A call to the state store.
    State(StateCall),
    /// An event on its way to a broker.
    Published(Publish),
    /// A subscriber has answered to an event.
    Delivered {
        /// The event.
        event: String,
        /// The topic.
        topic: String,
        /// `None` if it has the event, else why not.
        refused: Option<String>,
    },
    /// A timer or a reminder was registered, fired or ended.
    Callback {
        /// Its name.
        name: String,
        /// What became of it.
        what: String,
    },
    /// The program wrote a line.
    Line {
        /// The line, without colours.
        text: String,
    },
    /// The code was replaced: what its actors had in memory is gone.
    Restarted,
    /// The program asked for a part of Dapr that the lab does not have.
    Absent {
        /// What was asked for.
        request: String,
    },
}

/// One call to the state store, as it ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StateCall {
    /// The turn that the actor had; `None` if somebody looked from outside.
    pub turn: Option<u64>,
    /// Whether it writes.
    pub write: bool,
    /// The keys.
    pub keys: Vec<String>,
    /// What was read, or what was to be written under the first key; its beginning if it is long.
    pub value: Option<String>,
    /// The error, if it failed.
    pub error: Option<String>,
    /// What was done to it on purpose.
    pub on_purpose: Option<String>,
    /// How long it took, in microseconds.
    pub took_us: u64,
}

/// One event on its way to a broker, as it ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Publish {
    /// The turn that it was published in, if that is known.
    pub turn: Option<u64>,
    /// The event's id.
    pub event: Option<String>,
    /// The topic.
    pub topic: String,
    /// The data, or its beginning.
    pub data: String,
    /// The error, if it failed.
    pub error: Option<String>,
    /// What was done to it on purpose.
    pub on_purpose: Option<String>,
    /// How long it took, in microseconds.
    pub took_us: u64,
}

impl Moment {
    /// The call to the state store, if it is one.
    #[must_use]
    pub const fn state(&self) -> Option<&StateCall> {
        match &self.what {
            What::State(call) => Some(call),
            _ => None,
        }
    }

    /// The event for a broker, if it is one.
    #[must_use]
    pub const fn publish(&self) -> Option<&Publish> {
        match &self.what {
            What::Published(publish) => Some(publish),
            _ => None,
        }
    }

    /// The program's line, if it is one.
    #[must_use]
    pub fn line(&self) -> Option<&str> {
        match &self.what {
            What::Line { text } => Some(text),
            _ => None,
        }
    }

    /// What it is, in one word.
    #[must_use]
    pub const fn kind(&self) -> &'static str {
        match self.what {
            What::Queued { .. } | What::Started { .. } | What::Ended { .. } => "call",
            What::Activated => "activated",
            What::Deactivated => "deactivated",
            What::State(_) => "state_call",
            What::Published(_) => "publish",
            What::Delivered { .. } => "delivery",
            What::Callback { .. } => "callback",
            What::Line { .. } => "log",
            What::Restarted => "restarted",
            What::Absent { .. } => "absent",
        }
    }

    /// It in a few words.
    #[must_use]
    pub fn words(&self) -> String {
        let end = |error: &Option<String>, on_purpose: &Option<String>| match (error, on_purpose) {
            (None, None) => String::new(),
            (None, Some(_)) => " (held up on purpose)".to_owned(),
            (Some(error), None) => format!(" failed: {}", short(error)),
            (Some(error), Some(_)) => format!(" failed on purpose: {}", short(error)),
        };
        match &self.what {
            What::Queued { method, .. } => format!("{method} waits for its turn"),
            What::Started { method, .. } => format!("{method} has its turn"),
            What::Ended { status: Some(status), text, .. } => format!("answered {status}: {}", short(text)),
            What::Ended { status: None, text, .. } => format!("no answer: {}", short(text)),
            What::Activated => "activated".to_owned(),
            What::Deactivated => "deactivated".to_owned(),
            What::State(call) => {
                let verb = if call.write { "write" } else { "read" };
                let value = call.value.as_deref().filter(|_| call.write || call.error.is_none());
                let value = value.map(|value| format!(" {}", short(value))).unwrap_or_default();
                format!("{verb} of {}{value}{}", call.keys.join(", "), end(&call.error, &call.on_purpose))
            }
            What::Published(publish) => {
                format!("event to {}{}", publish.topic, end(&publish.error, &publish.on_purpose))
            }
            What::Delivered { topic, refused: None, .. } => format!("event of {topic} accepted"),
            What::Delivered { topic, refused: Some(why), .. } => {
                format!("event of {topic} not accepted: {}", short(why))
            }
            What::Callback { name, what } => format!("{name} {what}"),
            What::Line { text } => short(text),
            What::Restarted => "program restarted".to_owned(),
            What::Absent { request } => format!("{request}: the lab does not have this"),
        }
    }
}

/// The beginning of a text, on one line.
#[must_use]
pub fn short(text: &str) -> String {
    const MOST: usize = 160;
    let mut words: String = text.split_whitespace().collect::<Vec<_>>().join(" ");
    if let Some((end, _)) = words.char_indices().nth(MOST) {
        words.truncate(end);
        words.push('…');
    }
    words
}
