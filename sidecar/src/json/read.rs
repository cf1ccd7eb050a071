//! Reading: names of fields without regard to case, and `null` is the same as nothing.

use serde::Deserialize;
use serde::de::value::{MapDeserializer, SeqDeserializer};
use serde::de::{Deserializer, IntoDeserializer, Visitor};
use serde_json::{Error, Value};

/// A value that is read as Go's `encoding/json` reads it.
#[derive(Debug, Clone)]
pub(crate) struct Go {
    value: Value,
    /// Numbers and booleans are text where text is wanted, as in the YAML of Kubernetes.
    as_text: bool,
}

impl Go {
    /// A value of a YAML file.
    pub(crate) fn yaml(value: Value) -> Self {
        Self { value, as_text: true }
    }

    fn inner(&self, value: Value) -> Self {
        Self { value, as_text: self.as_text }
    }

    /// An object whose names are those of a struct's fields where they differ in case alone. Of several that fit, the one
    /// that fits exactly counts, else the last.
    fn fitted(self, fields: &'static [&'static str]) -> Vec<(String, Self)> {
        let Value::Object(object) = &self.value else { return Vec::new() };
        let mut fitted: Vec<(String, bool, Self)> = Vec::new();
        for (name, value) in object {
            if value.is_null() {
                continue;
            }
            let field = fields.iter().find(|field| field.eq_ignore_ascii_case(name)).copied();
            let exact = field.is_none_or(|field| field == name);
            let field = field.unwrap_or(name).to_owned();
            match fitted.iter_mut().find(|(other, ..)| *other == field) {
                Some((_, true, _)) if !exact => {}
                Some(earlier) => (earlier.1, earlier.2) = (exact, self.inner(value.clone())),
                None => fitted.push((field, exact, self.inner(value.clone()))),
            }
        }
        fitted.into_iter().map(|(field, _, value)| (field, value)).collect()
    }
}

impl IntoDeserializer<'_, Error> for Go {
    type Deserializer = Self;

    fn into_deserializer(self) -> Self {
        self
    }
}

impl<'de> Deserializer<'de> for Go {
    type Error = Error;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        let as_text = self.as_text;
        let inner = move |value| Self { value, as_text };
        match self.value {
            Value::Array(items) => visitor.visit_seq(SeqDeserializer::new(items.into_iter().map(inner))),
            Value::Object(object) => {
                visitor.visit_map(MapDeserializer::new(object.into_iter().map(|(name, value)| (name, inner(value)))))
            }
            other => other.deserialize_any(visitor),
        }
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        match self.value {
            Value::Null => visitor.visit_none(),
            _ => visitor.visit_some(self),
        }
    }

    fn deserialize_string<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        match self.value {
            Value::Null => visitor.visit_str(""),
            Value::Number(number) if self.as_text => visitor.visit_string(number.to_string()),
            Value::Bool(truth) if self.as_text => visitor.visit_string(truth.to_string()),
            other => other.deserialize_string(visitor),
        }
    }

    fn deserialize_str<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        self.deserialize_string(visitor)
    }

    fn deserialize_bool<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        match self.value {
            Value::Null => visitor.visit_bool(false),
            other => other.deserialize_bool(visitor),
        }
    }

    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        match self.value {
            Value::Null => visitor.visit_seq(SeqDeserializer::new(std::iter::empty::<Self>())),
            Value::Array(_) => self.deserialize_any(visitor),
            other => other.deserialize_seq(visitor),
        }
    }

    fn deserialize_map<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        match self.value {
            Value::Null => visitor.visit_map(MapDeserializer::new(std::iter::empty::<(String, Self)>())),
            Value::Object(_) => self.deserialize_any(visitor),
            other => other.deserialize_map(visitor),
        }
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        name: &'static str,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Error> {
        match self.value {
            Value::Object(_) | Value::Null => visitor.visit_map(MapDeserializer::new(self.fitted(fields).into_iter())),
            // A list would be taken for the fields in their order.
            other @ Value::Array(_) => other.deserialize_map(visitor),
            other => other.deserialize_struct(name, fields, visitor),
        }
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(self, _: &'static str, visitor: V) -> Result<V::Value, Error> {
        visitor.visit_newtype_struct(self)
    }

    serde::forward_to_deserialize_any! {
        i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char bytes byte_buf unit unit_struct tuple tuple_struct enum
        identifier ignored_any
    }
}

/// Reads what the app answers.
///
/// # Errors
/// Text that is no JSON, or that is not of this shape.
pub(crate) fn from_slice<T: for<'de> Deserialize<'de>>(json: &[u8]) -> Result<T, Error> {
    T::deserialize(Go { value: serde_json::from_slice(json)?, as_text: false })
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use serde_json::json;

    use super::*;

    #[derive(Debug, Default, PartialEq, Deserialize)]
    #[serde(rename_all = "camelCase", default)]
    struct Shape {
        pubsubname: String,
        dead_letter_topic: String,
        metadata: BTreeMap<String, String>,
        inside: Option<Box<Shape>>,
        list: Vec<Shape>,
        on: bool,
        count: u32,
    }

    #[test]
    fn names_are_matched_without_regard_to_case_at_every_depth_and_those_of_maps_are_kept() {
        let text = br#"{"pubsubName":"p","DEADLETTERTOPIC":"d","Metadata":{"Key":"v"},"unknown":[1],
                        "INSIDE":{"PubSubName":"q","List":[{"pubsubname":"r"}]},"list":null,"count":3,"On":true}"#;
        let shape: Shape = from_slice(text).expect("fits");
        assert_eq!((shape.pubsubname.as_str(), shape.dead_letter_topic.as_str()), ("p", "d"));
        assert_eq!(shape.metadata, BTreeMap::from([("Key".into(), "v".into())]));
        let inside = shape.inside.expect("is there");
        assert_eq!((inside.pubsubname.as_str(), inside.list[0].pubsubname.as_str()), ("q", "r"));
        assert_eq!((shape.list.len(), shape.on, shape.count), (0, true, 3));
        let exact: Shape = from_slice(br#"{"pubsubname":"exact","PUBSUBNAME":"other"}"#).expect("fits");
        assert_eq!(exact.pubsubname, "exact");
    }

    #[test]
    fn nothing_is_the_default_wherever_it_stands_and_only_files_have_numbers_for_text() {
        let shape: Shape =
            from_slice(br#"{"pubsubname":null,"metadata":{"a":null},"inside":null,"on":null}"#).expect("fits");
        assert_eq!(shape.metadata, BTreeMap::from([("a".into(), String::new())]));
        assert!(from_slice::<Shape>(br#"{"pubsubname":5}"#).is_err());
        assert!(from_slice::<Shape>(b"[]").is_err() && from_slice::<Shape>(b"5").is_err());
        let value = json!({"pubsubname": 500, "deadLetterTopic": true, "metadata": {"a": 1.5}});
        let shape = Shape::deserialize(Go::yaml(value)).expect("fits");
        assert_eq!((shape.pubsubname.as_str(), shape.dead_letter_topic.as_str()), ("500", "true"));
        assert_eq!(shape.metadata["a"], "1.5");
    }
}
