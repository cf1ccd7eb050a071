//! What a program registers: its actor types from `/dapr/config`, and its chat from `/openapi.json`.

use std::net::SocketAddr;

use serde::Deserialize;
use serde_json::Value;

use super::{ask, finding, finding::Finding};

/// What the program tells of its actors.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Registered {
    pub(crate) types: Vec<String>,
    /// How long an actor stays in memory, in Go's notation; Dapr's hour unless it is said.
    idle: Option<String>,
}

impl Registered {
    /// How long an actor stays in memory, for people to read.
    pub(crate) fn idle(&self) -> String {
        self.idle.as_deref().map_or_else(|| "60 min".to_owned(), tidy)
    }
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
struct Answer {
    entities: Vec<String>,
    actor_idle_timeout: Option<String>,
}

/// Why a program registers nothing.
pub(crate) enum Nothing {
    /// It does not answer, now at least.
    NoAnswer(Finding),
    /// So it says.
    Said(Finding),
}

/// Asks for what it registers.
///
/// # Errors
/// That there is nothing, or no answer: what to do about it.
pub(crate) async fn actors(addr: SocketAddr) -> Result<Registered, Nothing> {
    let asked = ask::get(addr, "/dapr/config").await;
    let (status, body) = asked.map_err(|error| Nothing::NoAnswer(finding::no_http(&error)))?;
    if !status.is_success() {
        return Err(Nothing::Said(finding::no_config(status.as_u16())));
    }
    let no_json = |error| Nothing::Said(finding::no_http(&format!("no JSON ({error})")));
    let answer: Answer = serde_json::from_slice(&body).map_err(no_json)?;
    match answer.entities.is_empty() {
        true => Err(Nothing::Said(finding::no_actor())),
        false => {
            Ok(Registered { types: answer.entities, idle: answer.actor_idle_timeout.filter(|idle| !idle.is_empty()) })
        }
    }
}

/// The route that takes a message: a POST with one parameter in its path and `content` in its body, such as
/// `/chat/{actor_id}`. None where the program does not describe itself, or has none of the kind.
pub(crate) async fn chat(addr: SocketAddr) -> Option<String> {
    let (status, body) = ask::get(addr, "/openapi.json").await.ok()?;
    let described: Value = serde_json::from_slice(&body).ok()?;
    status.is_success().then(|| chat_in(&described))?
}

fn chat_in(described: &Value) -> Option<String> {
    let takes_content = |operation: &Value| {
        let schema = &operation["requestBody"]["content"]["application/json"]["schema"];
        let named = schema["$ref"].as_str().and_then(|name| described.pointer(name.strip_prefix('#')?));
        named.unwrap_or(schema)["properties"].get("content").is_some()
    };
    let mut paths = described["paths"].as_object()?.iter();
    let has_one = |path: &str| path.matches('{').count() == 1;
    paths.find(|(path, operations)| has_one(path) && takes_content(&operations["post"])).map(|(path, _)| path.clone())
}

/// The routes of a chat.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Routes {
    /// Takes a message.
    pub(crate) send: String,
    /// Gives the history; none where the program describes none.
    pub(crate) history: Option<String>,
}

/// The routes of a chat, as the program describes them: that of [`chat`], and a GET with one parameter in its path and
/// `history` in its name.
pub(crate) async fn routes(addr: SocketAddr) -> Option<Routes> {
    let (_, body) = ask::get(addr, "/openapi.json").await.ok()?;
    let described: Value = serde_json::from_slice(&body).ok()?;
    let paths = described["paths"].as_object()?;
    let gives = |(path, operations): &(&String, &Value)| {
        path.matches('{').count() == 1 && path.contains("history") && operations.get("get").is_some()
    };
    Some(Routes { send: chat_in(&described)?, history: paths.iter().find(gives).map(|(path, _)| path.clone()) })
}

/// A time in Go's notation, without the parts that are none: `1h0m0s0ms0μs`.
fn tidy(time: &str) -> String {
    let mut parts = String::new();
    let mut rest = time;
    while let Some(unit) = rest.find(|char: char| !(char.is_ascii_digit() || char == '.')) {
        let after = &rest[unit..];
        let end = after.find(|char: char| char.is_ascii_digit()).unwrap_or(after.len());
        let (number, unit) = (&rest[..unit], &after[..end]);
        if number.parse::<f64>().is_ok_and(|number| number != 0.0) {
            parts.push_str(number);
            parts.push_str(unit);
        }
        rest = &after[end..];
    }
    if parts.is_empty() { time.to_owned() } else { parts }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_route_that_takes_a_message_is_found_whatever_it_is_called() {
        let body = json!({"content": {"application/json": {"schema": {"$ref": "#/components/schemas/Message"}}}});
        let mut described = json!({
            "paths": {
                "/actors/{t}/{id}/method/{m}": {"put": {}},
                "/subscribe": {"post": {"requestBody": body}},
                "/greet/{id}": {"post": {"requestBody": body}, "get": {}},
            },
            "components": {"schemas": {"Message": {"properties": {"role": {}, "content": {}}}}},
        });
        assert_eq!(chat_in(&described).as_deref(), Some("/greet/{id}"));
        described["components"]["schemas"]["Message"]["properties"] = json!({"text": {}});
        assert_eq!(chat_in(&described), None);
    }

    #[test]
    fn times_are_shown_without_what_is_nothing() {
        for (time, shown) in [("1h0m0s0ms0μs", "1h"), ("0h1m30s0ms0μs", "1m30s"), ("60s", "60s"), ("0s", "0s")] {
            assert_eq!(tidy(time), shown);
        }
    }
}
