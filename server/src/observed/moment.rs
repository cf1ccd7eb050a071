//! An event of the sidecar as a moment of an actor.

use model::own::moment::{CALLER_LEFT, Moment, Publish, StateCall, What};
use sidecar::observation::{
    Actor, Answer, CallEnd, Event, EventKind, Excerpt, InjectedFault, KeyChange, Outcome, TurnId,
};

use crate::timeline::clock::{micros, us_of};

/// Whose moment it is, and it; `None` for what is no actor's. A delivery names no actor: the event's id says whose it is.
pub(super) fn of(event: &Event) -> Option<(Whose, Moment)> {
    let (whose, what) = what(&event.kind)?;
    Some((whose, Moment { at_us: us_of(event.at), what }))
}

/// Whose moment it is.
pub(super) enum Whose {
    Actor(Actor),
    /// Of the actor that published this event.
    Event(String),
    /// Of all of them.
    All,
}

fn what(kind: &EventKind) -> Option<(Whose, What)> {
    let of = |actor: &Actor, what| Some((Whose::Actor(actor.clone()), what));
    match kind {
        EventKind::CallQueued { call } => {
            of(&call.actor, What::Queued { call: call.id.0, method: call.method.clone() })
        }
        EventKind::CallStarted { call, turn, .. } => {
            of(&call.actor, What::Started { call: call.id.0, turn: turn.0, method: call.method.clone() })
        }
        EventKind::CallEnded { call, turn, end, .. } => {
            let (status, text) = ended(end);
            of(&call.actor, What::Ended { call: call.id.0, turn: turn.map(|turn| turn.0), status, text })
        }
        EventKind::Activated { actor, .. } => of(actor, What::Activated),
        EventKind::Deactivated { actor, .. } => of(actor, What::Deactivated),
        EventKind::StateCallEnded { call, outcome, read, took, fault, .. } => {
            let written = call.keys.iter().find_map(|key| match &key.change {
                KeyChange::Upsert(value) => Some(value),
                KeyChange::Read | KeyChange::Delete => None,
            });
            let state = StateCall {
                turn: number(call.turn),
                write: call.is_write(),
                keys: call.key_names().map(str::to_owned).collect(),
                value: written.or(read.as_ref()).map(text),
                error: error(outcome),
                on_purpose: fault.as_deref().map(purpose),
                took_us: micros(*took),
            };
            of(call.actor()?, What::State(state))
        }
        EventKind::PublishEnded { publication, outcome, took, fault, .. } => {
            let (actor, turn) = publication.turn.clone()?;
            let publish = Publish {
                turn: Some(turn.0),
                event: publication.event_id.clone(),
                topic: publication.topic.clone(),
                data: text(&publication.data),
                error: error(outcome),
                on_purpose: fault.as_deref().map(purpose),
                took_us: micros(*took),
            };
            of(&actor, What::Published(publish))
        }
        EventKind::DeliveryEnded { delivery, answer, .. } => {
            let (event, topic) = (delivery.event_id.clone(), delivery.topic.clone());
            let refused = match answer {
                Answer::Accepted => None,
                Answer::Dropped => Some("dropped".to_owned()),
                Answer::Failed(why) => Some(why.clone()),
                Answer::TimedOut => Some("no answer in time".to_owned()),
                Answer::Abandoned => return None,
            };
            Some((Whose::Event(event.clone()), What::Delivered { event, topic, refused }))
        }
        EventKind::CallbackRegistered { callback, outcome, .. } => {
            let what = error(outcome).map_or_else(|| "registered".to_owned(), |why| format!("not registered: {why}"));
            of(&callback.actor, What::Callback { name: callback.name.clone(), what })
        }
        EventKind::CallbackFired { callback, .. } => {
            of(&callback.actor, What::Callback { name: callback.name.clone(), what: "fired".into() })
        }
        EventKind::CallbackEnded { callback, end, .. } => {
            let what = format!("{end:?}").to_lowercase();
            of(&callback.actor, What::Callback { name: callback.name.clone(), what })
        }
        EventKind::AppLost { .. } => Some((Whose::All, What::Restarted)),
        EventKind::AbsentPart { request, .. } => Some((Whose::All, What::Absent { request: request.clone() })),
        _ => None,
    }
}

fn ended(end: &CallEnd) -> (Option<u16>, String) {
    match end {
        CallEnd::Answered { status, reply } => (Some(*status), text(reply)),
        CallEnd::Failed(why) | CallEnd::Refused(why) => (None, why.clone()),
        CallEnd::TimedOut => (None, "the policy's time-out passed".into()),
        CallEnd::CallerLeft => (None, CALLER_LEFT.into()),
    }
}

fn number(turn: Option<TurnId>) -> Option<u64> {
    turn.map(|turn| turn.0)
}

fn error(outcome: &Outcome) -> Option<String> {
    outcome.as_result().err().map(str::to_owned)
}

fn text(excerpt: &Excerpt) -> String {
    excerpt.text().into_owned()
}

fn purpose(fault: &InjectedFault) -> String {
    format!("{}: {}", fault.name, fault.action)
}
