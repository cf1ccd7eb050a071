//! Keys and passwords that a program writes are masked before they are kept or shown.

use std::{borrow::Cow, ffi::OsString, path::Path, sync::LazyLock};

use regex::{Regex, RegexBuilder};

use super::clean::clean;

/// What stands in their place.
const MASK: &str = "***";

/// A value of the environment that is shorter is not looked for: it would be found everywhere.
const SHORTEST: usize = 8;

/// What a variable's name has in it whose value is a secret.
const NAMES: [&str; 7] = ["KEY", "TOKEN", "SECRET", "PASSWORD", "PASSWD", "PASSPHRASE", "CREDENTIAL"];

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
    pub fn of_environment(variables: impl IntoIterator<Item = (OsString, OsString)>) -> Self {
        let is_secret = |(name, value): &(OsString, OsString)| {
            let name = name.to_string_lossy().to_ascii_uppercase();
            // A path only says where a secret is; a key may begin as one does.
            let is_path = || Path::new(value).is_absolute() && Path::new(value).exists();
            NAMES.iter().any(|word| name.contains(word)) && !is_path()
        };
        let secret = variables.into_iter().filter(is_secret).map(|(_, value)| value);
        // A key of several lines is written line by line, and shown as any line is.
        let lines = |value: OsString| -> Vec<String> {
            let lines = value.as_encoded_bytes().split(|byte| matches!(byte, b'\n' | b'\r'));
            lines.map(|line| clean(line.trim_ascii()).plain).filter(|line| line.len() >= SHORTEST).collect()
        };
        let mut values: Vec<_> = secret.flat_map(lines).collect();
        values.sort_by_key(|value| std::cmp::Reverse(value.len()));
        values.dedup();
        Self { values }
    }

    /// The text with all of them masked. Of one that `goes_on` the end may be the beginning of a secret.
    #[must_use]
    pub fn mask<'a>(&self, text: &'a str, goes_on: bool) -> Cow<'a, str> {
        let mut masked = Cow::Borrowed(text);
        for value in &self.values {
            if masked.contains(value.as_str()) {
                masked = Cow::Owned(masked.replace(value.as_str(), MASK));
            }
            let begins = |length: &usize| value.is_char_boundary(*length) && masked.ends_with(&value[..*length]);
            if goes_on && let Some(length) = (SHORTEST..value.len()).rev().find(begins) {
                let mut text = masked.into_owned();
                text.truncate(text.len() - length);
                masked = Cow::Owned(text + MASK);
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
        let secrets =
            of(&[("MY_API_KEY", "correct-horse"), ("APPLICATION_CREDENTIALS", "/etc/passwd"), ("TOKEN", "x")]);
        for (text, masked) in [
            ("calling with correct-horse now", "calling with *** now"),
            ("redis://user:p4ss@localhost:6379/0", "redis://user:***@localhost:6379/0"),
            ("redis://:p4ss@localhost", "redis://:***@localhost"),
            ("Authorization: Bearer abcdef0123456789", "Authorization: Bearer ***"),
            ("openai sk-proj-abcdefgh12345678", "openai sk-***"),
            ("OPENAI_API_KEY=abcdefgh", "OPENAI_API_KEY=***"),
            (r#"{"password": "hunter22"}"#, r#"{"password": "***"}"#),
            ("reads /etc/passwd", "reads /etc/passwd"),
            ("http://127.0.0.1:8000/chat/user1", "http://127.0.0.1:8000/chat/user1"),
            (
                "Processing message for history-user1: {'role': 'user', 'content': 'Hi'}",
                "Processing message for history-user1: {'role': 'user', 'content': 'Hi'}",
            ),
        ] {
            assert_eq!(secrets.mask(text, false), masked);
        }
    }

    #[test]
    fn a_key_of_several_lines_is_masked_line_by_line_and_in_one() {
        let key = "-----BEGIN KEY-----\nMIIEvQIBADANBg\r\n\tkqhkiG9w0BAQEF\u{7}AASC\n-----END KEY-----\n";
        let secrets = of(&[("PRIVATE_KEY", key)]);
        for line in key.lines() {
            let shown = clean(line.as_bytes()).plain;
            assert_eq!(secrets.mask(&shown, false).trim(), MASK, "{line}");
        }
        let debug = format!("{key:?}");
        assert!(!secrets.mask(&debug, false).contains("MIIEvQIBADANBg"), "{debug}");
    }

    #[test]
    fn a_key_that_begins_as_a_path_does_is_none() {
        let secrets = of(&[("SIGNING_KEY", "/9j4AAQSkZJRg+/AB")]);
        assert_eq!(secrets.mask("with /9j4AAQSkZJRg+/AB", false), "with ***");
    }

    #[test]
    fn the_beginning_of_a_key_at_the_end_of_what_goes_on_is_masked() {
        let secrets = of(&[("A_TOKEN", "correct-horse-battery"), ("B_TOKEN", "correct-mule-battery")]);
        assert_eq!(secrets.mask("is correct-horse-b", true), "is ***");
        assert_eq!(secrets.mask("is correct-mu", true), "is ***");
        assert_eq!(secrets.mask("is correct-", true), "is ***");
        assert_eq!(secrets.mask("is correct-", false), "is correct-");
        assert_eq!(secrets.mask("is correct-horse-b or not", true), "is correct-horse-b or not");
    }

    fn of(variables: &[(&str, &str)]) -> Secrets {
        Secrets::of_environment(variables.iter().map(|(name, value)| (name.into(), value.into())))
    }
}
