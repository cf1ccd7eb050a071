//! Keys and passwords that a program writes are masked before they are kept or shown.

use std::{borrow::Cow, sync::LazyLock};

use regex::{Regex, RegexBuilder};

/// What stands in their place.
const MASK: &str = "***";

/// A value of the environment that is shorter is not looked for: it would be found everywhere.
const SHORTEST: usize = 8;

/// What a variable's name has in it whose value is a secret.
const NAMES: [&str; 6] = ["KEY", "TOKEN", "SECRET", "PASSWORD", "PASSWD", "CREDENTIAL"];

/// What is masked wherever it stands, each with what is written for it.
static SHAPES: LazyLock<Vec<(Regex, &str)>> = LazyLock::new(|| {
    let shapes = [
        // The password of a URL.
        (r"\b([a-z][a-z0-9+.-]*://[^\s/:@]*):[^\s/@]+@", "$1:***@"),
        (r"\b(bearer|basic)\s+[a-z0-9._~+/=-]{8,}", "$1 ***"),
        // Keys that say what they are by their beginnings.
        (r"\b(sk-|sk_live_|sk_test_|gsk_|ghp_|gho_|ghs_|github_pat_|xox[abp]-|hf_|AIza|AKIA)[a-z0-9_-]{8,}", "$1***"),
        (
            r#"\b([a-z0-9_-]*(?:api[_-]?key|secret|password|passwd|token))(["']?\s*[=:]\s*["']?)[^\s"',;&]{6,}"#,
            "$1$2***",
        ),
    ];
    let compiled = shapes.into_iter().map(|(shape, masked)| {
        // They are written above: one that is none would be none in every test.
        RegexBuilder::new(shape).case_insensitive(true).build().map(|shape| (shape, masked)).ok()
    });
    compiled.flatten().collect()
});

/// What to mask in the lines of one program.
#[derive(Clone, Default)]
pub struct Secrets {
    /// The longest first: one may be a part of another.
    values: Vec<String>,
}

impl Secrets {
    /// The values of those variables whose names say that they are secret.
    #[must_use]
    pub fn of_environment(variables: impl IntoIterator<Item = (String, String)>) -> Self {
        let is_secret = |(name, value): &(String, String)| {
            let name = name.to_ascii_uppercase();
            // A path only says where a secret is.
            NAMES.iter().any(|word| name.contains(word)) && value.len() >= SHORTEST && !value.starts_with('/')
        };
        let mut values: Vec<_> = variables.into_iter().filter(is_secret).map(|(_, value)| value).collect();
        values.sort_by_key(|value| std::cmp::Reverse(value.len()));
        Self { values }
    }

    /// The text with all of them masked.
    #[must_use]
    pub fn mask<'a>(&self, text: &'a str) -> Cow<'a, str> {
        let mut masked = Cow::Borrowed(text);
        for value in &self.values {
            if masked.contains(value.as_str()) {
                masked = Cow::Owned(masked.replace(value.as_str(), MASK));
            }
        }
        for (shape, with) in SHAPES.iter() {
            if shape.is_match(&masked) {
                masked = Cow::Owned(shape.replace_all(&masked, *with).into_owned());
            }
        }
        masked
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_masked_and_what_only_looks_like_it_stays() {
        let key = ("MY_API_KEY".to_owned(), "correct-horse".to_owned());
        let path = ("APPLICATION_CREDENTIALS".to_owned(), "/etc/keys.json".to_owned());
        let secrets = Secrets::of_environment([key, path, ("TOKEN".to_owned(), "x".to_owned())]);
        for (text, masked) in [
            ("calling with correct-horse now", "calling with *** now"),
            ("redis://user:p4ss@localhost:6379/0", "redis://user:***@localhost:6379/0"),
            ("redis://:p4ss@localhost", "redis://:***@localhost"),
            ("Authorization: Bearer abcdef0123456789", "Authorization: Bearer ***"),
            ("openai sk-proj-abcdefgh12345678", "openai sk-***"),
            ("OPENAI_API_KEY=abcdefgh", "OPENAI_API_KEY=***"),
            (r#"{"password": "hunter22"}"#, r#"{"password": "***"}"#),
            ("reads /etc/keys.json", "reads /etc/keys.json"),
            ("http://127.0.0.1:8000/chat/user1", "http://127.0.0.1:8000/chat/user1"),
            (
                "Processing message for history-user1: {'role': 'user', 'content': 'Hi'}",
                "Processing message for history-user1: {'role': 'user', 'content': 'Hi'}",
            ),
        ] {
            assert_eq!(secrets.mask(text), masked);
        }
    }
}
