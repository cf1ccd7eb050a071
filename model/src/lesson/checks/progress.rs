//! How far a check is.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

use super::{RECOVERY_FAILURES, RECOVERY_MESSAGES};

/// How far a check is. As text, and so in JSON, it is two or three words for a person.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub enum Progress {
    /// Nothing speaks for it yet.
    NotYet,
    /// So many of the messages are acknowledged that *Recovery* asks for.
    Sent(usize),
    /// All of them are, and so many met a failure first.
    FailedFirst(usize),
    /// All that is missing is that the actor returns its history.
    ReadHistory,
    /// It is proven.
    Proven,
}

impl fmt::Display for Progress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotYet => f.write_str("not yet"),
            Self::Sent(sent) => write!(f, "{sent} of {RECOVERY_MESSAGES} sent"),
            Self::FailedFirst(failed) => write!(f, "{failed} of {RECOVERY_FAILURES} failed first"),
            Self::ReadHistory => f.write_str("read history"),
            Self::Proven => f.write_str("proven"),
        }
    }
}

impl From<Progress> for String {
    fn from(progress: Progress) -> Self {
        progress.to_string()
    }
}

impl FromStr for Progress {
    type Err = ProgressError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let counted = (0..=RECOVERY_MESSAGES).flat_map(|count| [Self::Sent(count), Self::FailedFirst(count)]);
        let mut all = [Self::NotYet, Self::ReadHistory, Self::Proven].into_iter().chain(counted);
        all.find(|progress| progress.to_string() == text).ok_or(ProgressError)
    }
}

impl TryFrom<String> for Progress {
    type Error = ProgressError;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

/// Words that no check's progress has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("A check's progress is \"not yet\", \"1 of 3 sent\", \"1 of 2 failed first\", \"read history\" or \"proven\"")]
pub struct ProgressError;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn its_words_are_its_json_and_lead_back_to_it() {
        let all = [
            (Progress::NotYet, "not yet"),
            (Progress::Sent(2), "2 of 3 sent"),
            (Progress::FailedFirst(1), "1 of 2 failed first"),
            (Progress::ReadHistory, "read history"),
            (Progress::Proven, "proven"),
        ];
        for (progress, words) in all {
            assert_eq!(serde_json::to_value(progress).unwrap(), words);
            assert_eq!(serde_json::from_value::<Progress>(words.into()).unwrap(), progress);
        }
        assert_eq!("4 of 3 sent".parse::<Progress>(), Err(ProgressError));
    }
}
