//! What became of the events that turns published. Pure.

use model::{
    operation::Operation,
    timeline::{Event, Step},
};

/// How many are known: an older one to which something more happens does not come to the front.
const KNOWN: usize = 50;

/// What became of one turn's event.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Delivery {
    /// The turn that published it, if that is known.
    pub(super) turn: Option<u64>,
    /// When it came so far, in milliseconds since the Unix epoch.
    pub(super) at: u64,
    /// How far it came.
    pub(super) state: DeliveryState,
}

/// How far an event came.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum DeliveryState {
    /// The broker has it.
    Published,
    /// The subscription got it.
    Delivered,
    /// The broker did not take it.
    Failed,
}

/// What became of the last events that turns published, oldest first.
pub(super) fn deliveries(events: &[Event]) -> Vec<Delivery> {
    let mut deliveries = Vec::new();
    for event in events {
        read(&mut deliveries, event);
    }
    deliveries
}

fn read(deliveries: &mut Vec<Delivery>, event: &Event) {
    let (turn, state) = match &event.step {
        Step::AttemptSucceeded { turn, operation: Operation::Publish, .. } => (Some(*turn), DeliveryState::Published),
        Step::AttemptFailed { turn, operation: Operation::Publish, .. } => (Some(*turn), DeliveryState::Failed),
        Step::EventDelivered { turn, .. } => (*turn, DeliveryState::Delivered),
        _ => return,
    };
    let known = deliveries.iter_mut().rfind(|delivery| turn.is_some() && delivery.turn == turn);
    match known {
        // The subscription may be told before the publisher is answered.
        Some(delivery) if delivery.state == DeliveryState::Delivered => {}
        Some(delivery) => (delivery.at, delivery.state) = (event.at, state),
        None => {
            deliveries.push(Delivery { turn, at: event.at, state });
            deliveries.drain(..deliveries.len().saturating_sub(KNOWN));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_event_is_delivered_whichever_of_the_two_is_told_first() {
        let published =
            Step::AttemptSucceeded { turn: 1, operation: Operation::Publish, attempt: 1, max: 1, took_us: 1 };
        let delivered = Step::EventDelivered { turn: Some(1), input: String::new(), output: String::new() };
        for steps in [[published.clone(), delivered.clone()], [delivered, published]] {
            let events: Vec<Event> = (1..).zip(steps).map(|(seq, step)| Event { seq, at: 1_000 + seq, step }).collect();
            let told = |until| deliveries(&events[..until]).iter().map(|of| of.state).collect::<Vec<_>>();
            assert_eq!((told(0).len(), told(1).len(), told(2)), (0, 1, vec![DeliveryState::Delivered]));
        }
    }
}
