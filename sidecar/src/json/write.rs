//! Writing: names sorted at every depth, `<`, `>` and `&` escaped, the digits of numbers as they were.

use std::collections::BTreeMap;

use serde_json::to_string;
use serde_json::value::RawValue;

/// How deep a value may be: less than what `serde_json` reads into values, with an envelope around it.
const MAX_DEPTH: usize = 120;
/// What no value that was read as JSON does.
const ENDS: &str = "it ends too early";

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
    let mut writer = Writer { rest: value.get(), text: String::with_capacity(value.get().len()) };
    writer.value(0)?;
    Ok(writer.text)
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

/// Writes in one pass: a value that is deep is read no more often than one that is not.
struct Writer<'a> {
    /// What is left of a valid JSON text.
    rest: &'a str,
    text: String,
}

impl<'a> Writer<'a> {
    fn value(&mut self, depth: usize) -> Result<(), String> {
        if depth > MAX_DEPTH {
            return Err(format!("it is nested more than {MAX_DEPTH} deep"));
        }
        match self.next() {
            Some(b'{') => self.object(depth),
            Some(b'[') => self.list(depth),
            Some(b'"') => {
                let value = self.string()?;
                write_text(&value, &mut self.text);
                Ok(())
            }
            _ => self.scalar(),
        }
    }

    fn list(&mut self, depth: usize) -> Result<(), String> {
        self.copy();
        loop {
            match self.next() {
                Some(b',') => self.copy(),
                Some(b']') => {
                    self.copy();
                    return Ok(());
                }
                None => return Err(ENDS.into()),
                Some(_) => self.value(depth + 1)?,
            }
        }
    }

    fn object(&mut self, depth: usize) -> Result<(), String> {
        self.copy();
        let begin = self.text.len();
        // Each name, and where its member ends; it begins where the one before it ends.
        let mut members: Vec<(String, usize)> = Vec::new();
        loop {
            match self.next() {
                Some(b'"') => {
                    let name = self.string()?;
                    write_text(&name, &mut self.text);
                    self.next();
                    self.copy();
                    self.value(depth + 1)?;
                    members.push((name, self.text.len()));
                }
                Some(b'}') => break,
                Some(_) => self.skip(),
                None => return Err(ENDS.into()),
            }
        }
        self.skip();
        self.sort(begin, members);
        self.text.push('}');
        Ok(())
    }

    /// Puts members that are written one after the other in the order of their names, with commas; of those of one name,
    /// the last stays.
    fn sort(&mut self, begin: usize, members: Vec<(String, usize)>) {
        let written = self.text.split_off(begin);
        let mut sorted = BTreeMap::new();
        let mut from = 0;
        for (name, end) in members {
            let end = end - begin;
            sorted.insert(name, from..end);
            from = end;
        }
        for (index, range) in sorted.into_values().enumerate() {
            if index > 0 {
                self.text.push(',');
            }
            self.text.push_str(&written[range]);
        }
    }

    /// The next byte that is no space, which stays.
    fn next(&mut self) -> Option<u8> {
        self.rest = self.rest.trim_ascii_start();
        self.rest.bytes().next()
    }

    fn skip(&mut self) {
        self.rest = self.rest.get(1..).unwrap_or_default();
    }

    /// Writes the next byte, a sign of JSON, as it is.
    fn copy(&mut self) {
        self.text.push_str(self.rest.get(..1).unwrap_or_default());
        self.skip();
    }

    fn take(&mut self, length: usize) -> &'a str {
        let (taken, rest) = self.rest.split_at(length);
        self.rest = rest;
        taken
    }

    fn string(&mut self) -> Result<String, String> {
        let mut escaped = false;
        let ends = |byte: u8| {
            let ends = byte == b'"' && !escaped;
            escaped = byte == b'\\' && !escaped;
            ends
        };
        let length = self.rest.bytes().skip(1).position(ends).ok_or(ENDS)?;
        serde_json::from_str(self.take(length + 2)).map_err(|error| error.to_string())
    }

    fn scalar(&mut self) -> Result<(), String> {
        let ends = |c: char| matches!(c, ',' | ']' | '}') || c.is_ascii_whitespace();
        let given = self.take(self.rest.find(ends).unwrap_or(self.rest.len()));
        match given.parse::<f64>() {
            _ if matches!(given, "true" | "false" | "null") => {}
            Ok(number) if number.is_finite() => {}
            _ => return Err(format!("the number {given} is out of range")),
        }
        self.text.push_str(given);
        Ok(())
    }
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
    fn members_come_in_the_order_of_their_names_at_every_depth_and_the_last_of_one_name_counts() {
        let given = r#"{ "b" : { "z" : [ ], "a" : {} , "\u0061" : "\\\"}," } , "a" : true , "c":null, "b" : [ { "y":1 ,"x": "," } ] }"#;
        assert_eq!(written(given), Ok(r#"{"a":true,"b":[{"x":",","y":1}],"c":null}"#.into()));
        assert_eq!(written(r#"{"z":1,"a":"\\\"},"}"#), Ok(r#"{"a":"\\\"},","z":1}"#.into()));
        assert!(written(r#"["\ud800"]"#).is_err());
    }

    #[test]
    fn what_is_deep_is_read_no_more_often_than_what_is_not() {
        let items = vec!["\"text\""; 50_000].join(",");
        let time = |deep: usize| {
            let (open, close) = ("[".repeat(deep), "]".repeat(deep));
            let value = RawValue::from_string(format!("{open}{items}{close}")).expect("JSON");
            let once = || {
                let begin = std::time::Instant::now();
                canonical(&value).expect("written");
                begin.elapsed()
            };
            (0..5).map(|_| once()).min().expect("five")
        };
        let (flat, deep) = (time(1), time(110));
        assert!(deep < 5 * flat, "{deep:?}, and {flat:?} where it is flat");
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
