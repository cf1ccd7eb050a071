//! A history as a program keeps it or returns it. Programs differ in how they write one down; what they have in common is
//! a list of messages, each with a text.

use serde_json::Value;

/// How many messages a program keeps at least: the lesson's limit.
pub const KEPT: usize = 5;

/// The texts of the messages in a JSON document: a list, or an object with a list somewhere in it. `None` where there is
/// no list.
#[must_use]
pub fn texts(json: &str) -> Option<Vec<String>> {
    let value: Value = serde_json::from_str(json).ok()?;
    list(&value).map(|list| list.iter().map(text).collect())
}

/// The text of the reply in a JSON document: what stands in the innermost `content`, else the only text that there is.
#[must_use]
pub fn reply(json: &str) -> Option<String> {
    let value: Value = serde_json::from_str(json).ok()?;
    content(&value)
}

fn list(value: &Value) -> Option<&Vec<Value>> {
    match value {
        Value::Array(list) => Some(list),
        Value::Object(fields) => fields.values().find_map(list),
        _ => None,
    }
}

fn content(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Object(fields) => ["content", "message", "text", "response", "reply", "output"]
            .iter()
            .find_map(|name| content(fields.get(*name)?)),
        _ => None,
    }
}

fn text(item: &Value) -> String {
    content(item).unwrap_or_else(|| item.to_string())
}

/// What is wrong with a history.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Wrong {
    /// A message is not in it.
    Missing(String),
    /// A message is in it more than once.
    Twice(String),
    /// What was there before is gone, or stands in another order.
    Gone {
        /// How many messages there were.
        before: usize,
        /// How many of them are left where they should be.
        left: usize,
    },
}

/// Whether a history holds what it has to: all that was said, in its order, or at least its last [`KEPT`] messages.
///
/// # Errors
/// What is wrong.
pub fn holds(said: &[String], history: &[String]) -> Result<(), Wrong> {
    let needed = said.len().min(KEPT);
    for text in &said[said.len() - needed..] {
        let expected = said.iter().filter(|other| *other == text).count();
        match history.iter().filter(|other| *other == text).count() {
            0 => return Err(Wrong::Missing(text.clone())),
            count if count > expected => return Err(Wrong::Twice(text.clone())),
            _ => {}
        }
    }
    if history.len() >= needed && said.ends_with(history) {
        return Ok(());
    }
    let left = said.iter().rev().zip(history.iter().rev()).take_while(|(a, b)| a == b).count();
    Err(Wrong::Gone { before: said.len(), left })
}

impl Wrong {
    /// It in words.
    #[must_use]
    pub fn words(&self) -> String {
        match self {
            Self::Missing(text) => format!("“{text}” is missing"),
            Self::Twice(text) => format!("“{text}” is there twice"),
            Self::Gone { before, left } => format!("of {before} messages only the last {left} are as they were"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(text: &str) -> Vec<String> {
        text.split_whitespace().map(str::to_owned).collect()
    }

    #[test]
    fn messages_are_found_however_a_program_writes_them_down() {
        let expected = Some(words("a b"));
        for json in [
            r#"[{"role": "user", "content": "a"}, {"role": "assistant", "content": "b"}]"#,
            r#"{"history": [{"text": "a"}, {"response": {"content": "b"}}]}"#,
            r#"{"data": {"messages": ["a", "b"]}}"#,
        ] {
            assert_eq!(texts(json), expected, "{json}");
        }
        assert_eq!(texts(r#"{"detail": "no"}"#), None);
        assert_eq!(texts("no"), None);
        assert_eq!(texts("[1]"), Some(words("1")));
        assert_eq!(reply(r#"{"response": {"role": "assistant", "content": "hello"}}"#).as_deref(), Some("hello"));
        assert_eq!(reply(r#"{"response": 3}"#), None);
    }

    #[test]
    fn a_history_may_leave_out_what_was_said_long_ago_and_nothing_else() {
        let said = words("a b c d e f g");
        for kept in ["a b c d e f g", "b c d e f g", "c d e f g"] {
            assert_eq!(holds(&said, &words(kept)), Ok(()), "{kept}");
        }
        assert_eq!(holds(&said, &words("d e f g")), Err(Wrong::Missing("c".into())));
        assert_eq!(holds(&said, &words("c d e f g g")), Err(Wrong::Twice("g".into())));
        assert_eq!(holds(&said, &words("d c e f g")), Err(Wrong::Gone { before: 7, left: 3 }));
        assert_eq!(holds(&said, &words("x c d e f g")), Err(Wrong::Gone { before: 7, left: 5 }));
        assert_eq!(holds(&[], &[]), Ok(()));
    }
}
