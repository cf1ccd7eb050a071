//! Dead letter topics must not lead back to where a message comes from: it would go round for ever.

use crate::resources::Subscription;

/// Takes the dead letter topic away where it closes a circle, with an error in the log. `takes` says whether a
/// subscription to the one topic of a component takes what is published to the other.
pub(super) fn break_circles(subscriptions: &mut [Subscription], takes: impl Fn(&str, &str, &str) -> bool) {
    for index in 0..subscriptions.len() {
        if !closes_circle(subscriptions, index, &takes) {
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

/// Whether a way of the dead letters of this subscription comes back to it.
pub(super) fn closes_circle(
    subscriptions: &[Subscription],
    start: usize,
    takes: impl Fn(&str, &str, &str) -> bool,
) -> bool {
    let mut seen = vec![false; subscriptions.len()];
    let mut left = vec![start];
    while let Some(from) = left.pop() {
        let Subscription { pubsub, dead_letter_topic: letters, .. } = &subscriptions[from];
        if letters.is_empty() {
            continue;
        }
        for (next, other) in subscriptions.iter().enumerate() {
            if other.pubsub != *pubsub || !takes(pubsub, &other.topic, letters) {
                continue;
            }
            if next == start {
                return true;
            }
            if !std::mem::replace(&mut seen[next], true) {
                left.push(next);
            }
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    fn subscription(pubsub: &str, topic: &str, letters: &str) -> Subscription {
        Subscription { pubsub: pubsub.into(), ..crate::pubsub::tests::subscription(topic, letters) }
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
            subscription("p", "orders*", "orders.dead"),
        ];
        break_circles(&mut subscriptions, |_, subscribed, topic| {
            subscribed == topic || subscribed.strip_suffix('*').is_some_and(|start| topic.starts_with(start))
        });
        let letters: Vec<_> = subscriptions.iter().map(|s| s.dead_letter_topic.as_str()).collect();
        assert_eq!(letters, ["", "", "c", "a", "a", "end", "line", ""]);
    }
}
