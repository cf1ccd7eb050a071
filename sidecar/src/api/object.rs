//! The objects of a request's body: names in any case, values as they were sent.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::value::RawValue;

use crate::error::ApiError;
use crate::limits::{MOST_ITEMS, too_many};

/// An object whose names are matched without regard to case, as in Go, and whose values keep their digits.
#[derive(Debug, Default, Deserialize)]
#[serde(transparent)]
pub(super) struct Object(BTreeMap<String, Box<RawValue>>);

impl Object {
    /// # Errors
    /// The body is no object.
    pub(super) fn read(body: &[u8]) -> Result<Self, ApiError> {
        serde_json::from_slice(body).map_err(malformed)
    }

    /// The objects of a list, each read when it is asked for: many small ones take much more room than their text.
    ///
    /// # Errors
    /// The body is no list, or one of more items than a request may have.
    pub(super) fn read_list(body: &[u8]) -> Result<impl Iterator<Item = Result<Self, ApiError>>, ApiError> {
        let items: Vec<&RawValue> = serde_json::from_slice(body).map_err(malformed)?;
        if items.len() > MOST_ITEMS {
            return Err(ApiError::malformed(too_many(items.len())));
        }
        Ok(items.into_iter().map(|item| serde_json::from_str(item.get()).map_err(malformed)))
    }

    /// A list of this object's; `null` is the same as none.
    ///
    /// # Errors
    /// It is no list, one of something else, or one of more items than a request may have.
    pub(super) fn list<T: DeserializeOwned>(&self, name: &str) -> Result<Vec<T>, ApiError> {
        let text = self.find(name).map_or("null", RawValue::get);
        let items = serde_json::from_str::<Option<Vec<&RawValue>>>(text).map_err(malformed)?.unwrap_or_default();
        if items.len() > MOST_ITEMS {
            return Err(ApiError::malformed(too_many(items.len())));
        }
        items.into_iter().map(|item| serde_json::from_str(item.get()).map_err(malformed)).collect()
    }

    /// A value, `null` included.
    pub(super) fn find(&self, name: &str) -> Option<&RawValue> {
        let exact = self.0.get(name);
        let any = || self.0.iter().find(|(given, _)| given.eq_ignore_ascii_case(name)).map(|(_, value)| value);
        exact.or_else(any).map(|value| &**value)
    }

    /// A value of a kind; `null` is the same as none, and has the default.
    ///
    /// # Errors
    /// It is of another kind.
    pub(super) fn field<T: DeserializeOwned + Default>(&self, name: &str) -> Result<T, ApiError> {
        match self.find(name) {
            None => Ok(T::default()),
            Some(value) => {
                serde_json::from_str::<Option<T>>(value.get()).map(Option::unwrap_or_default).map_err(malformed)
            }
        }
    }
}

pub(super) fn malformed(error: impl std::fmt::Display) -> ApiError {
    ApiError::malformed(format!("failed deserializing HTTP body: {error}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_of_more_items_than_a_request_may_have_is_refused() {
        let body = |count: usize| format!("[{}]", vec!["{}"; count].join(","));
        assert_eq!(Object::read_list(body(MOST_ITEMS).as_bytes()).map(Iterator::count), Ok(MOST_ITEMS));
        let error = Object::read_list(body(MOST_ITEMS + 1).as_bytes()).map(Iterator::count).expect_err("too many");
        assert!(error.message.contains("1000 items at most, and this one has 1001"), "{}", error.message);
        let keys = |count| Object::read(format!(r#"{{"keys":{}}}"#, body(count)).as_bytes()).expect("an object");
        assert!(keys(MOST_ITEMS).list::<Object>("keys").is_ok());
        assert!(keys(MOST_ITEMS + 1).list::<Object>("keys").is_err());
        assert_eq!(keys(0).list::<String>("none"), Ok(Vec::new()));
    }
}
