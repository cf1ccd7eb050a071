//! Writing: names sorted at every depth, `<`, `>` and `&` escaped, the digits of numbers as they were.

use std::collections::BTreeMap;

use serde_json::to_string;
use serde_json::value::RawValue;

/// How deep a value may be: less than what `serde_json` reads into values, with an envelope around it.
const MAX_DEPTH: usize = 120;

/// A text as Go writes it, in quotes.
pub(crate) fn quoted(text: &str) -> String {
    let mut quoted = String::with_capacity(text.len() + 2);
    write_text(text, &mut quoted);
    quoted
}

/// A value that somebody sent, as Go writes it.
///
/// # Errors
/// It is nested too deep, or a number in it is out of the range that anybody reads.
pub(crate) fn canonical(value: &RawValue) -> Result<String, String> {
    let mut text = String::with_capacity(value.get().len());
    write(value, &mut text, 0)?;
    Ok(text)
}

/// A value that somebody sent, as Go's `json.RawMessage` is written: without spaces, in its own order, `<`, `>` and `&`
/// escaped.
///
/// # Errors
/// None that is known: what is left of JSON without its spaces is JSON.
pub(crate) fn compact(value: &RawValue) -> serde_json::Result<Box<RawValue>> {
    let mut text = String::with_capacity(value.get().len());
    let (mut quoted, mut escaped) = (false, false);
    for c in value.get().chars() {
        if quoted || !c.is_ascii_whitespace() {
            push(c, &mut text);
        }
        quoted ^= c == '"' && !escaped;
        escaped = c == '\\' && !escaped;
    }
    RawValue::from_string(text)
}

fn write(value: &RawValue, text: &mut String, depth: usize) -> Result<(), String> {
    if depth > MAX_DEPTH {
        return Err(format!("it is nested more than {MAX_DEPTH} deep"));
    }
    let given = value.get().trim();
    let wrong = |error: serde_json::Error| error.to_string();
    match given.as_bytes().first() {
        Some(b'{') => {
            let object: BTreeMap<String, &RawValue> = serde_json::from_str(given).map_err(wrong)?;
            text.push('{');
            for (index, (name, value)) in object.into_iter().enumerate() {
                if index > 0 {
                    text.push(',');
                }
                write_text(&name, text);
                text.push(':');
                write(value, text, depth + 1)?;
            }
            text.push('}');
        }
        Some(b'[') => {
            let list: Vec<&RawValue> = serde_json::from_str(given).map_err(wrong)?;
            text.push('[');
            for (index, value) in list.into_iter().enumerate() {
                if index > 0 {
                    text.push(',');
                }
                write(value, text, depth + 1)?;
            }
            text.push(']');
        }
        Some(b'"') => write_text(&serde_json::from_str::<String>(given).map_err(wrong)?, text),
        Some(b't' | b'f' | b'n') => text.push_str(given),
        _ => match given.parse::<f64>() {
            Ok(number) if number.is_finite() => text.push_str(given),
            _ => return Err(format!("the number {given} is out of range")),
        },
    }
    Ok(())
}

fn write_text(value: &str, text: &mut String) {
    let quoted = to_string(value).unwrap_or_default();
    for c in quoted.chars() {
        push(c, text);
    }
}

fn push(c: char, text: &mut String) {
    match c {
        '<' => text.push_str("\\u003c"),
        '>' => text.push_str("\\u003e"),
        '&' => text.push_str("\\u0026"),
        '\u{2028}' => text.push_str("\\u2028"),
        '\u{2029}' => text.push_str("\\u2029"),
        c => text.push(c),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(text: &str) -> Result<String, String> {
        canonical(&RawValue::from_string(text.into()).expect("JSON"))
    }

    #[test]
    fn names_are_sorted_signs_escaped_and_digits_kept() {
        let text = r#" {"b": [1.10, {"z":1,"y":-0.0}], "a<": "x & y \u00e9", "n": 123456789012345678901234567890, "e": 1E+2 } "#;
        let right = "{\"a\\u003c\":\"x \\u0026 y é\",\"b\":[1.10,{\"y\":-0.0,\"z\":1}],\"e\":1E+2,\
                     \"n\":123456789012345678901234567890}";
        assert_eq!(written(text), Ok(right.into()));
    }

    #[test]
    fn spaces_go_but_for_those_in_texts_and_the_order_stays() {
        let given = "{ \"b\": [ 1.10,\n{ \"a \\\" \\\\\" : \"x & y \\u00e9\" } ],\t\"a\" : null }";
        let written = compact(&RawValue::from_string(given.into()).expect("JSON")).expect("JSON");
        assert_eq!(written.get(), "{\"b\":[1.10,{\"a \\\" \\\\\":\"x \\u0026 y \\u00e9\"}],\"a\":null}");
    }

    #[test]
    fn what_is_too_deep_is_refused_and_does_not_take_the_stack() {
        let nested = |deep: usize| format!("{}1{}", "[".repeat(deep), "]".repeat(deep));
        assert_eq!(written(&nested(100)), Ok(nested(100)));
        for deep in [130, 100_000] {
            let raw = serde_json::from_str::<&RawValue>(&nested(deep)).map(RawValue::to_owned);
            assert!(raw.is_err() || raw.is_ok_and(|raw| canonical(&raw).is_err()), "{deep}");
        }
        assert!(written("[1e999]").is_err_and(|error| error.contains("out of range")));
    }
}
