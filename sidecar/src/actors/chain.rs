//! Reentrancy: calls that come back to an actor whose turn they are part of.
//!
//! A call of a type with reentrancy carries the header `Dapr-Reentrancy-Id`; the app puts it into the calls that its
//! method makes, and so calls with the same id are one chain.

use http::HeaderMap;
use http::header::{HeaderName, HeaderValue};

use super::host::TypeConfig;

pub(super) const HEADER: HeaderName = HeaderName::from_static("dapr-reentrancy-id");

/// The chain that a call belongs to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Chain {
    pub(super) id: HeaderValue,
    /// How many of its calls may be in one actor at once.
    pub(super) most: usize,
}

/// One call more than may be in an actor at once.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct TooDeep;

impl Chain {
    /// The chain of a call with these headers, which begins with this call if they name none. `None` when the type has
    /// no reentrancy.
    pub(super) fn of(headers: &mut HeaderMap, config: &TypeConfig) -> Option<Self> {
        let most = config.stack_depth?;
        let id = match headers.get(HEADER) {
            Some(id) => id.clone(),
            None => {
                // A UUID is a header's value.
                let id = HeaderValue::from_str(&uuid::Uuid::new_v4().to_string()).ok()?;
                headers.insert(HEADER, id.clone());
                id
            }
        };
        Some(Self { id, most })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_call_begins_a_chain_or_belongs_to_one_and_the_app_is_told_which() {
        let config = TypeConfig { stack_depth: Some(3), ..TypeConfig::default() };
        let mut headers = HeaderMap::new();
        let first = Chain::of(&mut headers, &config).expect("a chain");
        assert_eq!(headers.get(HEADER), Some(&first.id));
        assert_eq!(Chain::of(&mut headers, &config), Some(first));
        assert_eq!(Chain::of(&mut headers, &TypeConfig::default()), None);
    }
}
