//! What was done to a program for one check, and what came back.

use super::{
    moment::{CALLER_LEFT, Moment, What},
    said,
};

/// A check as it was carried out. All of it is of one actor.
#[derive(Clone, Debug, Default)]
pub struct Trial {
    /// The actor's id.
    pub actor: String,
    /// The key of its history.
    pub key: String,
    /// What was done, in order.
    pub acts: Vec<Act>,
    /// What was seen meanwhile, in order.
    pub moments: Vec<Moment>,
}

/// Something that was done, with its time in microseconds since the Unix epoch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Act {
    /// When it began.
    pub at_us: u64,
    /// When it was over.
    pub until_us: u64,
    /// What.
    pub what: Done,
}

/// What was done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Done {
    /// A message was sent.
    Sent {
        /// Its text.
        text: String,
        /// What came back.
        reply: Reply,
    },
    /// The history was asked for.
    Read(Reply),
    /// The store itself was read: the value under the history's key.
    Looked(Option<String>),
    /// A failure was prepared, or the store works again: in words.
    Set(String),
    /// The actor was put out of memory.
    Deactivated,
    /// The key was taken out of the store.
    KeyTaken,
    /// The program was asked for something while it waited; whether it answered.
    Probed(bool),
}

/// What came back for a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reply {
    /// An answer.
    Answered {
        /// Its HTTP status.
        status: u16,
        /// Its body.
        body: String,
    },
    /// None within the time.
    Late,
    /// None at all: why.
    Lost(String),
}

impl Reply {
    /// Whether it says that all went well.
    #[must_use]
    pub fn is_ok(&self) -> bool {
        matches!(self, Self::Answered { status, .. } if (200..300).contains(status))
    }

    /// The body of an answer that says that all went well.
    #[must_use]
    pub fn ok(&self) -> Option<&str> {
        match self {
            Self::Answered { body, .. } if self.is_ok() => Some(body),
            _ => None,
        }
    }

    /// It in a few words.
    #[must_use]
    pub fn words(&self) -> String {
        match self {
            Self::Answered { status, body } => format!("{status} {}", super::moment::short(body)),
            Self::Late => "no answer in time".to_owned(),
            Self::Lost(why) => format!("no answer: {why}"),
        }
    }
}

/// A message that was sent.
#[derive(Clone, Copy, Debug)]
pub struct Sent<'a> {
    /// When.
    pub at_us: u64,
    /// When its reply was there.
    pub until_us: u64,
    /// Its text.
    pub text: &'a str,
    /// What came back.
    pub reply: &'a Reply,
}

impl Trial {
    /// The messages that were sent, in order.
    #[must_use]
    pub fn sent(&self) -> Vec<Sent<'_>> {
        let sent = self.acts.iter().filter_map(|act| match &act.what {
            Done::Sent { text, reply } => Some(Sent { at_us: act.at_us, until_us: act.until_us, text, reply }),
            _ => None,
        });
        sent.collect()
    }

    /// The histories that were asked for, in order.
    #[must_use]
    pub fn reads(&self) -> Vec<&Reply> {
        let read = self.acts.iter().filter_map(|act| match &act.what {
            Done::Read(reply) => Some(reply),
            _ => None,
        });
        read.collect()
    }

    /// When the history was asked for first; at no time if it was not.
    #[must_use]
    pub fn read_at(&self) -> u64 {
        let read = self.acts.iter().find(|act| matches!(act.what, Done::Read(_)));
        read.map_or(0, |act| act.at_us)
    }

    /// Whether the caller of a message's turn went away before the turn ended: the SDK waits only so long.
    #[must_use]
    pub fn caller_left(&self, sent: &Sent<'_>) -> bool {
        let left = |what: &What| matches!(what, What::Ended { status: None, text, .. } if text == CALLER_LEFT);
        self.between(sent.at_us, sent.until_us).any(|moment| left(&moment.what))
    }

    /// The values that were in the store, in order.
    #[must_use]
    pub fn looks(&self) -> Vec<Option<&str>> {
        let looked = self.acts.iter().filter_map(|act| match &act.what {
            Done::Looked(value) => Some(value.as_deref()),
            _ => None,
        });
        looked.collect()
    }

    /// What has to be in the history for these messages: each text, and the text of its reply where there was one.
    #[must_use]
    pub fn said<'a>(sent: impl IntoIterator<Item = &'a Sent<'a>>) -> Vec<String> {
        let mut said = Vec::new();
        for sent in sent {
            if let Some(body) = sent.reply.ok() {
                said.push(sent.text.to_owned());
                said.extend(said::reply(body));
            }
        }
        said
    }

    /// What was seen between two times.
    pub fn between(&self, from: u64, until: u64) -> impl Iterator<Item = &Moment> {
        self.moments.iter().filter(move |moment| (from..=until).contains(&moment.at_us))
    }

    /// Whether a call of the actor came into its line while it had a turn, and never got one: it has called itself.
    #[must_use]
    pub fn calls_itself(&self) -> bool {
        let mut running = false;
        let sent = self.sent().len() + self.reads().len();
        let queued = self.moments.iter().filter(|moment| matches!(moment.what, What::Queued { .. })).count();
        let inside = self.moments.iter().any(|moment| match &moment.what {
            What::Started { .. } => {
                running = true;
                false
            }
            What::Ended { .. } => {
                running = false;
                false
            }
            What::Queued { .. } => running,
            _ => false,
        });
        inside && queued > sent
    }
}
