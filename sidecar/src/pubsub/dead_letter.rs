//! Dead letter topics must not lead back to where a message comes from: it would go round for ever.

use std::collections::HashMap;

use crate::resources::Subscription;

/// Takes the dead letter topic away where it closes a circle, with an error in the log.
pub(super) fn break_circles(subscriptions: &mut [Subscription]) {
    for index in 0..subscriptions.len() {
        if !closes_circle(subscriptions, index) {
            continue;
        }
        let subscription = &mut subscriptions[index];
        let letters = std::mem::take(&mut subscription.dead_letter_topic);
        tracing::error!(
            "the dead letter topic {letters} of topic {} leads back to it: it is left out, and what the app refuses of \
             that topic is dropped (give it a topic of its own)",
            subscription.topic
        );
    }
}

/// Whether the way of the dead letters of this subscription comes back to its topic.
fn closes_circle(subscriptions: &[Subscription], index: usize) -> bool {
    let start = &subscriptions[index];
    let next: HashMap<&str, &str> = subscriptions
        .iter()
        .filter(|other| other.pubsub == start.pubsub && !other.dead_letter_topic.is_empty())
        .map(|other| (other.topic.as_str(), other.dead_letter_topic.as_str()))
        .collect();
    let mut topic = start.topic.as_str();
    // As many steps as there are topics: a circle that does not come through here is another's.
    for _ in 0..next.len() {
        match next.get(topic) {
            Some(&letters) if letters == start.topic => return true,
            Some(&letters) => topic = letters,
            None => return false,
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::resources::subscription::Origin;

    fn subscription(pubsub: &str, topic: &str, letters: &str) -> Subscription {
        Subscription {
            pubsub: pubsub.into(),
            topic: topic.into(),
            metadata: HashMap::new(),
            rules: Vec::new(),
            dead_letter_topic: letters.into(),
            scopes: Vec::new(),
            origin: Origin::Programmatic,
        }
    }

    #[test]
    fn each_circle_is_opened_in_one_place_and_what_is_none_is_left_alone() {
        let mut subscriptions = [
            subscription("p", "self", "self"),
            subscription("p", "a", "b"),
            subscription("p", "b", "c"),
            subscription("p", "c", "a"),
            subscription("p", "into", "a"),
            subscription("p", "line", "end"),
            subscription("q", "end", "line"),
        ];
        break_circles(&mut subscriptions);
        let letters: Vec<_> = subscriptions.iter().map(|s| s.dead_letter_topic.as_str()).collect();
        assert_eq!(letters, ["", "", "c", "a", "a", "end", "line"]);
    }
}
