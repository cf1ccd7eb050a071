//! The objects of a request's body: names in any case, values as they were sent.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::value::RawValue;

use crate::error::ApiError;

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

    /// # Errors
    /// The body is no list of objects.
    pub(super) fn read_list(body: &[u8]) -> Result<Vec<Self>, ApiError> {
        serde_json::from_slice(body).map_err(malformed)
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
