//! A transaction of an actor's state, as the HTTP API takes it.

use std::collections::HashMap;

use super::object::{Object, malformed};
use crate::actors::Change;
use crate::error::ApiError;
use crate::json;
use crate::state::Value;

/// The operations of a request's body: `[{"operation": "upsert", "request": {"key": …, "value": …}}, …]`.
///
/// # Errors
/// The body is not that, or an operation is neither an upsert nor a delete.
pub(super) fn changes(body: &[u8]) -> Result<Vec<Change>, ApiError> {
    Object::read_list(body)?.map(|operation| change(&operation?)).collect()
}

fn change(operation: &Object) -> Result<Change, ApiError> {
    let request: Object = operation.field("request")?;
    let value = match operation.field::<String>("operation")?.as_str() {
        "upsert" => Some(Value::Json(match request.find("value") {
            Some(value) => json::canonical(value).map_err(malformed)?,
            None => "null".into(),
        })),
        "delete" => None,
        other => return Err(ApiError::unsupported_operation(other)),
    };
    let metadata: HashMap<String, String> = request.field("metadata")?;
    let key = request.field("key")?;
    let ttl = metadata.get("ttlInSeconds").filter(|_| value.is_some()).cloned();
    Ok(Change { ttl, key, value })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_is_kept_with_its_digits_and_names_in_order() {
        let body = br#"[{"Operation":"upsert","request":{"key":"k","Value":{"b":1.10,"a":12345678901234567890123}}},
                        {"operation":"delete","request":{"key":"d"}},{"operation":"upsert","request":{"key":"n"}}]"#;
        let changes = changes(body).expect("read");
        let values: Vec<_> = changes.iter().map(|change| (change.key.as_str(), change.value.clone())).collect();
        let json = |text: &str| Some(Value::Json(text.into()));
        assert_eq!(
            values,
            [("k", json(r#"{"a":12345678901234567890123,"b":1.10}"#)), ("d", None), ("n", json("null"))]
        );
    }

    #[test]
    fn what_is_no_transaction_is_refused() {
        for body in ["", "{}", "[1]", r#"[{"operation":1}]"#, r#"[{"operation":"upsert","request":5}]"#, "[{}]"] {
            assert!(changes(body.as_bytes()).is_err(), "{body}");
        }
    }
}
