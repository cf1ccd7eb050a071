//! JSON from outside, read field by field: what is refused is named, with what it may be.

use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::{
    error::{ErrorCode, LabError},
    form::allowed,
};

/// Reads a document.
///
/// # Errors
/// It is no JSON: [`ErrorCode::InvalidRequest`], with line and column. Or a field of it is not as it has to be:
/// [`ErrorCode::InvalidField`], with its place.
pub fn read<T: DeserializeOwned>(json: &[u8]) -> Result<T, LabError> {
    let mut reader = serde_json::Deserializer::from_slice(json);
    let value = serde_path_to_error::deserialize(&mut reader)
        .map_err(|error| if error.inner().is_data() { refused_field(&error) } else { no_json(error.inner()) })?;
    reader.end().map_err(|error| no_json(&error))?;
    Ok(value)
}

fn no_json(error: &serde_json::Error) -> LabError {
    LabError::new(ErrorCode::InvalidRequest, format!("This is not JSON as it has to be: {}", brief(&error.to_string())))
}

/// The field that could not be read. One that is missing is named by the error alone: the path ends before it.
fn refused_field(error: &serde_path_to_error::Error<serde_json::Error>) -> LabError {
    let mut path = error.path().to_string();
    let full = error.inner().to_string();
    let words = full.split(" at line ").next().unwrap_or_default();
    let missing = words.strip_prefix("missing field `").and_then(|rest| rest.split('`').next());
    if let Some(name) = missing {
        path = if path == "." { name.to_owned() } else { format!("{path}.{name}") };
    }
    let last = path.rsplit('.').next().unwrap_or_default();
    let name = last.split('[').next().unwrap_or_default();
    let allowed = allowed(name);
    let (path, words) = (brief(&path), brief(words));
    LabError::of_field(path.clone(), format!("{path}: {words}{allowed}."))
}

/// Words that quote what was sent, without its middle where that is long: what is refused is not sent back whole.
#[must_use]
pub fn brief(words: &str) -> String {
    const MOST: usize = 1_000;
    let count = words.chars().count();
    if count <= MOST {
        return words.to_owned();
    }
    let (begins, ends) = (words.chars().take(MOST / 2), words.chars().skip(count - MOST / 2));
    begins.chain(['…']).chain(ends).collect()
}

/// The first place in `given` that came to nothing in what was `read` of it: a field that nobody knows, or a list where
/// an object has to be. A field that is `null` may be left out.
#[must_use]
pub fn left_out(given: &Value, read: &Value) -> Option<String> {
    fn at(given: &Value, read: &Value, place: &str) -> Option<String> {
        match (given, read) {
            (Value::Object(given), Value::Object(read)) => given.iter().find_map(|(name, value)| {
                let place = if place.is_empty() { name.clone() } else { format!("{place}.{name}") };
                match read.get(name) {
                    Some(read) => at(value, read, &place),
                    None => (!value.is_null()).then_some(place),
                }
            }),
            (Value::Array(given), Value::Array(read)) => {
                let mut both = given.iter().zip(read).enumerate();
                both.find_map(|(n, (given, read))| at(given, read, &format!("{place}[{n}]")))
            }
            (Value::Object(_) | Value::Array(_), _) | (_, Value::Object(_) | Value::Array(_)) => {
                Some(if place.is_empty() { ".".to_owned() } else { place.to_owned() })
            }
            _ => None,
        }
    }
    at(given, read, "")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[derive(Debug, serde::Deserialize)]
    struct Outer {
        inner: Vec<Inner>,
    }

    #[derive(Debug, serde::Deserialize)]
    struct Inner {
        #[serde(rename = "attempts")]
        _attempts: u8,
    }

    fn refused(text: &str) -> LabError {
        read::<Outer>(text.as_bytes()).unwrap_err()
    }

    #[test]
    fn a_field_is_named_by_its_place_and_with_what_it_may_be() {
        let wrong = refused(r#"{"inner":[{"attempts":1},{"attempts":"two"}]}"#);
        assert_eq!((wrong.code, wrong.field.as_deref()), (ErrorCode::InvalidField, Some("inner[1].attempts")));
        assert!(wrong.message.contains("1 to 10"), "{wrong}");
        assert_eq!(refused(r#"{"inner":[{}]}"#).field.as_deref(), Some("inner[0].attempts"));
        assert_eq!(refused("{}").field.as_deref(), Some("inner"));
    }

    #[test]
    fn what_is_no_json_is_named_by_line_and_column() {
        for text in ["", "{", "{\"inner\":[]} x"] {
            let error = refused(text);
            assert_eq!((error.code, error.field.as_deref()), (ErrorCode::InvalidRequest, None));
            assert!(error.message.contains("line 1 column"), "{error}");
        }
        assert_eq!(read::<Outer>(br#"{"inner":[]}"#).unwrap().inner.len(), 0);
    }

    #[test]
    fn what_is_refused_is_not_sent_back_whole() {
        let long = "x".repeat(1_000_000);
        for text in [
            format!(r#"{{"{long}":1}}"#),
            format!(r#"{{"inner":"{long}"}}"#),
            format!("{{\"inner\":[{{\"attempts\":\"{long}\"}}]}}"),
        ] {
            let error = refused(&text);
            assert!(error.message.len() < 3_000 && error.field.is_some_and(|field| field.len() < 1_100));
        }
        assert!(brief(&format!("unknown {long}, expected this")).ends_with("x, expected this"));
        assert_eq!(brief("ä"), "ä");
    }

    #[test]
    fn what_came_to_nothing_is_found() {
        let read = json!({"a": 1, "b": [{"c": 2}, {"c": null}]});
        assert_eq!(left_out(&read, &read), None);
        assert_eq!(left_out(&json!({"b": [{"c": 2}, {"c": 3, "d": 4}]}), &read).as_deref(), Some("b[1].d"));
        assert_eq!(left_out(&json!({"a": 1, "e": null}), &read), None, "null is nothing");
        assert_eq!(left_out(&json!({"b": [[2]]}), &read).as_deref(), Some("b[0]"));
        assert_eq!(left_out(&json!([1]), &read).as_deref(), Some("."));
    }
}
