//! Which topics of a component the app may publish and subscribe to.

use crate::resources::Component;

/// What `publishingScopes`, `subscriptionScopes`, `allowedTopics` and `protectedTopics` say for one app.
#[derive(Debug, Default)]
pub(crate) struct Scopes {
    publishing: Vec<String>,
    subscriptions: Vec<String>,
    /// Empty means every topic.
    allowed: Vec<String>,
    protected: Vec<String>,
}

impl Scopes {
    pub(crate) fn new(component: &Component, app_id: &str) -> Self {
        let text = |name: &str| component.get(name).unwrap_or_default().replace(' ', "");
        Self {
            publishing: of_app(&text("publishingScopes"), app_id),
            subscriptions: of_app(&text("subscriptionScopes"), app_id),
            allowed: list(&text("allowedTopics")),
            protected: list(&text("protectedTopics")),
        }
    }

    /// One topic is protected, and not this app's.
    #[cfg(test)]
    pub(super) fn protecting(topic: &str) -> Self {
        Self { protected: vec![topic.to_owned()], ..Self::default() }
    }

    pub(crate) fn may_publish(&self, topic: &str) -> bool {
        self.allows(topic, &self.publishing)
    }

    pub(crate) fn may_subscribe(&self, topic: &str) -> bool {
        self.allows(topic, &self.subscriptions)
    }

    /// Topics are compared as they are written, wildcards too. An app with scopes has those topics alone, and a
    /// protected topic belongs to whoever has it in its scopes.
    fn allows(&self, topic: &str, scoped: &[String]) -> bool {
        let has = |topics: &[String]| topics.iter().any(|listed| listed == topic);
        if !self.allowed.is_empty() && !has(&self.allowed) {
            return false;
        }
        (scoped.is_empty() && !has(&self.protected)) || has(scoped)
    }
}

/// The topics of an app in `app=a,b;other=c`.
fn of_app(text: &str, app_id: &str) -> Vec<String> {
    let parts = text.split(';').filter_map(|part| part.split_once('='));
    let topics = parts.filter(|(app, _)| *app == app_id).flat_map(|(_, topics)| topics.split(','));
    topics.map(str::to_owned).collect()
}

fn list(text: &str) -> Vec<String> {
    match text {
        "" => Vec::new(),
        text => text.split(',').map(str::to_owned).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scopes(publishing: &str, allowed: &str, protected: &str) -> Scopes {
        Scopes {
            publishing: of_app(publishing, "app"),
            allowed: list(allowed),
            protected: list(protected),
            ..Scopes::default()
        }
    }

    #[test]
    fn an_app_has_what_its_scopes_name_and_without_any_all_that_is_not_protected() {
        let open = scopes("other=a", "", "secret");
        assert!(open.may_publish("a") && !open.may_publish("secret"));
        let scoped = scopes("other=x;app=a,secret", "", "secret");
        assert!(scoped.may_publish("a") && scoped.may_publish("secret") && !scoped.may_publish("x"));
        let none = scopes("app=", "", "");
        assert!(!none.may_publish("a"), "a scope without a topic leaves none");
    }

    #[test]
    fn what_is_allowed_stands_before_everything_else() {
        let allowed = scopes("app=a,b", "b,c", "");
        assert!(allowed.may_publish("b") && !allowed.may_publish("a") && !allowed.may_publish("c"));
    }
}
