//! Service invocation: calling the methods of an app, this sidecar's own or another's.

use std::sync::Arc;

use bytes::Bytes;
use http::Method;
use http::header::{CONTENT_LENGTH, CONTENT_TYPE, HeaderMap, HeaderValue, TRANSFER_ENCODING};
use tokio_util::sync::CancellationToken;

use crate::app_channel::{AppChannel, AppError, AppReply, escape, forwarded};
use crate::error::ApiError;
use crate::names::normalise_method;
use crate::neighbours::{Neighbours, Unanswered};
use crate::pubsub::PubSub;
use crate::resiliency::{Failure, Resiliency, Run, SERVICE_RETRIES};
use crate::resources::Subscription;
use crate::resources::subscription::Origin;

/// A call of an app's method.
pub(crate) struct ServiceCall {
    /// The app's id, with its namespace behind a dot if it is another one.
    pub(crate) target: String,
    pub(crate) verb: Method,
    /// The path of the method.
    pub(crate) method: String,
    pub(crate) query: Option<String>,
    /// The caller's, as they came.
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

/// What calls are answered with.
pub(crate) struct Invocation {
    app_id: String,
    namespace: String,
    app: Option<AppChannel>,
    pubsub: Arc<PubSub>,
    neighbours: Arc<Neighbours>,
    resiliency: Resiliency,
    closing: CancellationToken,
}

impl Invocation {
    pub(crate) fn new(
        config: &crate::Config,
        app: Option<AppChannel>,
        pubsub: Arc<PubSub>,
        neighbours: Arc<Neighbours>,
        resiliency: Resiliency,
    ) -> Self {
        Self {
            app_id: config.app_id.clone(),
            namespace: config.namespace.clone().unwrap_or_else(|| "default".to_owned()),
            app,
            pubsub,
            neighbours,
            resiliency,
            closing: CancellationToken::new(),
        }
    }

    /// Calls an app. Whatever it answers is the answer.
    pub(crate) async fn invoke(&self, call: ServiceCall) -> Result<AppReply, ApiError> {
        let ServiceCall { target, verb, method, query, headers, body } = call;
        let failed = |why: String| ApiError::direct_invoke(&target, why);
        let method = normalise_method(&method).map_err(|why| failed(format!("invalid method: {why}")))?;
        if target.is_empty() {
            return Err(ApiError::direct_invoke_no_app_id());
        }
        if target.starts_with("http:") || target.starts_with("https:") {
            return Err(failed("this sidecar calls no endpoints outside of Dapr: call them yourself".into()));
        }
        let (id, namespace) = match target.split_once('.') {
            None => (target.as_str(), self.namespace.as_str()),
            Some((id, namespace)) if !namespace.contains('.') => (id, namespace),
            Some(_) => return Err(failed(format!("invalid app id {target}"))),
        };
        let mut passed = forwarded(headers.iter().map(|(name, value)| (name.as_str(), value.as_bytes())));
        if let Some(content_type) = headers.get(CONTENT_TYPE) {
            passed.insert(CONTENT_TYPE, content_type.clone());
        }
        passed.remove("dapr-app-id");
        if id == self.app_id && namespace == self.namespace {
            let Some(app) = &self.app else {
                return Err(failed("cannot invoke local endpoint: app channel not initialized".into()));
            };
            // Here, where the call leaves for the app: those of other sidecars come along too.
            if let Some(whose) = self.reserved(&method) {
                return Err(ApiError::direct_invoke_reserved(&target, &method, whose));
            }
            let answered = app.invoke(verb, &method, query.as_deref(), passed, body).await;
            return answered.map(of_the_app).map_err(|error| match error {
                AppError::NoRoom(why) => ApiError::direct_invoke_no_room(&target, why),
                error => failed(error.to_string()),
            });
        }
        for (name, value) in [
            ("dapr-caller-app-id", self.app_id.as_str()),
            ("dapr-caller-namespace", &self.namespace),
            ("dapr-callee-app-id", id),
        ] {
            if let Ok(value) = HeaderValue::from_str(value) {
                passed.insert(name, value);
            }
        }
        let query = query.map(|query| format!("?{query}")).unwrap_or_default();
        let path = format!("/v1.0/invoke/{target}/method/{}{query}", escape(&method.replace('%', "%25")));
        let guard = self.resiliency.built_in(SERVICE_RETRIES);
        let attempt = async |_| {
            let Some(neighbour) = self.neighbours.find(id, Some(namespace)) else {
                return Err(Failure::transient(format!("couldn't find service: {id}")));
            };
            let sent = self.neighbours.send(&neighbour, verb.clone(), &path, passed.clone(), body.clone()).await;
            sent.map_err(|error| match error {
                Unanswered::Unreachable(why) => Failure::transient(why),
                Unanswered::Failed(why) => Failure::permanent(why),
            })
        };
        let found = self.neighbours.find(id, Some(namespace)).is_some();
        let answered = match found {
            true => guard.run(Run { target: None, end: &self.closing }, attempt).await,
            // One that is not there is not waited for.
            false => attempt(1).await.map_err(|failure| failure.error),
        };
        answered.map(of_the_app).map_err(failed)
    }

    /// Whose a method is that nobody may invoke: the sidecar alone calls the app there. A caller would run an actor past
    /// its turn, take leave of it, or make messages up.
    fn reserved(&self, method: &str) -> Option<&'static str> {
        let path = as_apps_may_read(method);
        match path.split_once('/') {
            Some(("actors", _)) => return Some("that is an actor's: call it with the actors API"),
            Some(("dapr", _)) => return Some("that is what Dapr asks the app for"),
            None if path == "healthz" => return Some("that is what Dapr asks the app for"),
            _ => {}
        }
        is_route(&self.pubsub.subscriptions(), &path)
            .then_some("that is the route of a subscription: publish to its topic")
    }

    /// Tries nothing again from now on.
    pub(crate) fn close(&self) {
        self.closing.cancel();
    }
}

/// Whether messages come to the app at this path. A stream has no route in the app: its path stands for nothing.
fn is_route(subscriptions: &[Subscription], path: &str) -> bool {
    let of_the_app = subscriptions.iter().filter(|subscription| subscription.origin != Origin::Streaming);
    let route = |path: &str| as_apps_may_read(path.split(['?', '#']).next().unwrap_or_default());
    of_the_app
        .flat_map(|subscription| &subscription.rules)
        .any(|rule| !rule.path.is_empty() && route(&rule.path) == path)
}

/// A path as the most generous of apps reads it: escapes resolved ever so often, backslashes for slashes, without the
/// parameters of segments (`;a=b`), whatever the case, and without slashes and dots that lead nowhere. Takes a time and
/// a memory that grow with the path and no faster: whoever calls decides how long it is.
fn as_apps_may_read(path: &str) -> String {
    let path = decoded(path);
    let mut read = String::with_capacity(path.len());
    for segment in path.split(['/', '\\']) {
        match segment.split(';').next().unwrap_or_default().trim() {
            "" | "." => {}
            ".." => read.truncate(read.rfind('/').unwrap_or_default()),
            segment => {
                if !read.is_empty() {
                    read.push('/');
                }
                read.extend(segment.chars().flat_map(char::to_lowercase));
            }
        }
    }
    read
}

/// A text without escapes: one that stands there only when others are resolved is resolved too.
fn decoded(text: &str) -> String {
    let hex = |byte: u8| char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
    let mut bytes = Vec::with_capacity(text.len());
    for byte in text.bytes() {
        bytes.push(byte);
        // What is resolved may be the last sign of an escape that began before it.
        while let [.., b'%', high, low] = *bytes
            && let (Some(high), Some(low)) = (hex(high), hex(low))
        {
            bytes.truncate(bytes.len() - 3);
            bytes.push(high << 4 | low);
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

/// An answer without what describes the connection that it came over.
fn of_the_app(mut reply: AppReply) -> AppReply {
    for name in [CONTENT_LENGTH, TRANSFER_ENCODING, http::header::CONNECTION] {
        reply.headers.remove(name);
    }
    reply
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::resources::subscription::Rule;

    #[test]
    fn what_leads_to_the_same_place_in_an_app_is_read_as_the_same_path() {
        for path in [
            "actors/T/a",
            "//actors///T/a/",
            "./actors/T/./a",
            "x/../actors/T/a",
            "%61ctors/T/a",
            "%2561ctors%252FT/a",
            "x/%2e%2e/actors/T/a",
            "\\actors\\T/a",
            "Actors/t/A",
            "actors;v=1/T;x/a",
        ] {
            assert_eq!(as_apps_may_read(path), "actors/t/a", "{path}");
        }
        assert_eq!(as_apps_may_read("100%/é"), "100%/é");
        assert_eq!(as_apps_may_read("a/b/../../../c%C3%A9%"), "cé%");
    }

    #[test]
    fn a_stream_takes_no_path_of_the_app() {
        let from = |origin| Subscription {
            pubsub: "p".into(),
            topic: "t".into(),
            metadata: std::collections::HashMap::new(),
            rules: vec![Rule { r#match: String::new(), path: "/".into() }],
            dead_letter_topic: String::new(),
            scopes: Vec::new(),
            bulk: None,
            origin,
        };
        assert!(!is_route(&[from(Origin::Streaming)], ""));
        assert!(is_route(&[from(Origin::Streaming), from(Origin::Programmatic)], ""));
    }

    #[test]
    fn a_path_that_is_escaped_ever_so_often_is_read_in_one_pass() {
        // Layer after layer this is a million passes over megabytes: hours.
        let escaped = format!("%{}61ctors/T", "25".repeat(1_000_000));
        assert_eq!(as_apps_may_read(&escaped), "actors/t");
        let digits = format!("{}%34%31", "%2%35".repeat(1_000_000));
        assert!(as_apps_may_read(&digits).ends_with("%a"));
        assert_eq!(as_apps_may_read(&"/a/..".repeat(1_000_000)), "");
    }
}
