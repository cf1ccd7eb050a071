//! Everything that happens is told, in its order and with what belongs together.
#![allow(clippy::unwrap_used, missing_docs)]

mod support;

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::response::IntoResponse;
use dapr::dapr::proto::runtime::v1::PublishEventRequest;
use http::{Method, StatusCode};
use sidecar::observation::{
    Actor, Answer, CallEnd, CallbackEnd, CallbackKind, Cause, DeliveryEnd, Event, EventKind, Events, KeyChange,
    Outcome, Reason, StateOperation, StateOwner, TurnId, channel,
};
use support::{App, DEADLINE, Gate, Lab, PUBSUB, STORE, Seen, TYPE, gated, invoke, upsert};

/// A lab that tells.
async fn watched(app: App, documents: &[&str]) -> (Lab, Events) {
    let (sender, events) = channel(10_000);
    let lab = Lab::with(app, documents, |config| config.ports.observers.push(sender)).await;
    (lab, events)
}

/// Takes events up to the first that is wanted, and that one.
async fn up_to(events: &mut Events, what: &str, wanted: impl Fn(&EventKind) -> bool) -> Vec<Event> {
    let mut taken = Vec::new();
    loop {
        let next = tokio::time::timeout(DEADLINE, events.recv()).await;
        let event = next.unwrap_or_else(|_| panic!("never told: {what}; {taken:#?}")).unwrap();
        let last = wanted(&event.kind);
        taken.push(event);
        if last {
            return taken;
        }
    }
}

fn names(events: &[Event]) -> Vec<&'static str> {
    events.iter().map(|event| event.kind.name()).collect()
}

/// Calls back to the sidecar that the app belongs to, as an actor does.
#[derive(Clone, Default)]
struct Back(Arc<Mutex<Option<Calling>>>);

type Calling = (dapr::dapr::proto::runtime::v1::dapr_client::DaprClient<tonic::transport::Channel>, String);

impl Back {
    fn is_to(&self, lab: &Lab) {
        *self.0.lock().unwrap() = Some((lab.grpc.clone(), format!("http://{}", lab.sidecar.http_addr())));
    }

    fn get(&self) -> Calling {
        self.0.lock().unwrap().clone().unwrap()
    }
}

/// Saves its body and publishes it in each turn; takes what it has published.
fn chatting(back: &Back) -> App {
    let back = back.clone();
    let subscribe = r#"[{"pubsubname":"bus","topic":"said","route":"/heard"}]"#;
    App::answering(move |seen: Seen| {
        let back = back.clone();
        async move {
            if seen.method != Method::PUT || !seen.path.ends_with("/method/Say") {
                return StatusCode::OK.into_response();
            }
            let (mut grpc, _) = back.get();
            let text = String::from_utf8(seen.body.to_vec()).unwrap();
            let request = dapr::dapr::proto::runtime::v1::ExecuteActorStateTransactionRequest {
                actor_type: TYPE.into(),
                actor_id: "a".into(),
                operations: vec![upsert("said", &text)],
            };
            grpc.execute_actor_state_transaction(request).await.unwrap();
            let (pubsub_name, topic, data) = ("bus".into(), "said".into(), text.clone().into_bytes());
            grpc.publish_event(PublishEventRequest { pubsub_name, topic, data, ..Default::default() }).await.unwrap();
            text.into_response()
        }
    })
    .subscribing(subscribe)
}

#[tokio::test]
async fn a_turn_is_told_with_all_that_belongs_to_it() {
    let back = Back::default();
    let (lab, mut events) = watched(chatting(&back), &[STORE, PUBSUB]).await;
    back.is_to(&lab);
    let began = up_to(&mut events, "hosted", |kind| matches!(kind, EventKind::TypesRegistered { .. })).await;
    assert!(names(&began).starts_with(&["AppFound"]), "{began:#?}");
    assert_eq!(began.last().unwrap().kind, EventKind::TypesRegistered { types: vec![TYPE.into()] });

    assert_eq!(lab.invoke("a", "Say", "hello").await.unwrap(), b"hello");
    // The delivery may come before or after the end of the turn.
    let mut told = up_to(&mut events, "delivered", |kind| matches!(kind, EventKind::DeliveryConcluded { .. })).await;
    if !told.iter().any(|event| matches!(event.kind, EventKind::CallEnded { .. })) {
        told.extend(up_to(&mut events, "ended", |kind| matches!(kind, EventKind::CallEnded { .. })).await);
    }
    let (delivery, turn): (Vec<Event>, Vec<Event>) =
        told.into_iter().partition(|event| event.kind.name().starts_with("Delivery"));
    assert_eq!(
        names(&turn),
        [
            "CallQueued",
            "CallStarted",
            "Activated",
            "StateCallStarted",
            "StateCallEnded",
            "PublishStarted",
            "PublishEnded",
            "CallEnded"
        ]
    );
    assert!(turn.windows(2).all(|pair| pair[0].number < pair[1].number && pair[0].since_start <= pair[1].since_start));
    let EventKind::CallQueued { call } = &turn[0].kind else { unreachable!() };
    let actor = Actor::new(TYPE, "a");
    assert_eq!((&call.actor, call.method.as_str(), &call.cause), (&actor, "Say", &Cause::Caller));
    assert_eq!(call.body.text(), "hello");
    let EventKind::CallStarted { turn: id, reentrant: false, .. } = turn[1].kind else { panic!("{turn:#?}") };
    let EventKind::StateCallEnded { call: state, outcome: Outcome::Succeeded, fault: None, .. } = &turn[4].kind else {
        panic!("{turn:#?}")
    };
    assert_eq!((state.turn, state.operation), (Some(id), StateOperation::Transaction));
    assert!(matches!(&state.keys[0].change, KeyChange::Upsert(value) if value.text() == "hello"));
    let EventKind::PublishEnded { publication, outcome: Outcome::Succeeded, .. } = &turn[6].kind else {
        panic!("{turn:#?}")
    };
    assert_eq!(publication.turn, Some((actor, id)));
    let EventKind::CallEnded { turn: Some(ended), end, .. } = &turn[7].kind else { panic!("{turn:#?}") };
    assert!(*ended == id && matches!(end, CallEnd::Answered { status: 200, reply } if reply.text() == "hello"));
    assert_eq!(names(&delivery), ["DeliveryStarted", "DeliveryEnded", "DeliveryConcluded"]);
    let EventKind::DeliveryEnded { delivery, attempt: 1, answer: Answer::Accepted, .. } = &delivery[1].kind else {
        panic!("{delivery:#?}")
    };
    assert_eq!((delivery.topic.as_str(), delivery.route.as_deref()), ("said", Some("/heard")));
    assert_eq!(Some(&delivery.event_id), publication.event_id.as_ref());

    // Somebody looks while there is no turn.
    lab.get_state("a", "said").await.unwrap();
    let looked = up_to(&mut events, "looked at", |kind| matches!(kind, EventKind::StateCallEnded { .. })).await;
    let Some(EventKind::StateCallEnded { call, read: Some(read), .. }) = looked.last().map(|event| &event.kind) else {
        panic!("{looked:#?}")
    };
    assert_eq!((call.turn, read.text().as_ref()), (None, "hello"));
}

#[tokio::test]
async fn calls_start_in_the_order_of_their_numbers_and_one_that_leaves_has_an_end() {
    let gate = Gate::closed();
    let (lab, mut events) = watched(gated(&gate), &[STORE]).await;
    let call = |n: usize| {
        let client = lab.grpc.clone();
        tokio::spawn(async move { invoke(client, TYPE, "a", "Do", &n.to_string()).await })
    };
    let calls: Vec<_> = (0..10).map(call).collect();
    let queued = Arc::new(AtomicUsize::new(0));
    let all = |kind: &EventKind| {
        matches!(kind, EventKind::CallQueued { .. }) && queued.fetch_add(1, Ordering::SeqCst) + 1 == 10
    };
    let mut told = up_to(&mut events, "all in line", all).await;
    // One in the middle of the line goes away.
    let body = |event: &Event| match &event.kind {
        EventKind::CallQueued { call } => Some((call.id, call.body.text().parse::<usize>().unwrap())),
        _ => None,
    };
    let mut line: Vec<_> = told.iter().filter_map(body).collect();
    line.sort();
    let (left, number) = line[5];
    calls[number].abort();
    let gone = |kind: &EventKind| matches!(kind, EventKind::CallEnded { call, turn: None, end: CallEnd::CallerLeft, .. } if call.id == left);
    told.extend(up_to(&mut events, "the one that left", gone).await);
    gate.open(10);
    for (place, call) in calls.into_iter().enumerate().filter(|(place, _)| *place != number) {
        assert_eq!(call.await.unwrap().unwrap(), place.to_string().as_bytes());
    }
    let last = line[9].0;
    told.extend(
        up_to(&mut events, "the last", |kind| matches!(kind, EventKind::CallEnded { call, .. } if call.id == last))
            .await,
    );
    let mut running = None;
    let mut started = Vec::new();
    for event in &told {
        match &event.kind {
            EventKind::CallStarted { call, turn, .. } => {
                assert_eq!(running.replace(*turn), None, "one turn at a time");
                started.push(call.id);
            }
            EventKind::CallEnded { turn: Some(turn), .. } => assert_eq!(running.take(), Some(*turn)),
            _ => {}
        }
    }
    let due: Vec<_> = line.iter().map(|(id, _)| *id).filter(|id| *id != left).collect();
    assert_eq!(started, due);
}

#[tokio::test]
async fn timers_reminders_and_deactivation_are_told_from_their_beginning_to_their_end() {
    let app = App::echo().idle("200ms");
    let (lab, mut events) = watched(app, &[STORE]).await;
    lab.invoke("a", "Do", "").await.unwrap();
    let register = |what: &str, body: &str| {
        lab.http.post(lab.url(&format!("/v1.0/actors/{TYPE}/a/{what}"))).body(body.to_owned()).send()
    };
    assert_eq!(register("timers/t", r#"{"dueTime":"10ms","period":"R2/PT0S"}"#).await.unwrap().status(), 204);
    assert_eq!(register("timers/never", r#"{"dueTime":"1h"}"#).await.unwrap().status(), 204);
    assert_eq!(register("reminders/r", r#"{"dueTime":"10ms","data":1}"#).await.unwrap().status(), 204);
    assert_eq!(register("reminders/bad", r#"{"dueTime":"soon"}"#).await.unwrap().status(), 500);
    let told = up_to(&mut events, "deactivated", |kind| matches!(kind, EventKind::Deactivated { .. })).await;
    let callbacks: Vec<_> = told
        .iter()
        .filter_map(|event| match &event.kind {
            EventKind::CallbackRegistered { callback, outcome, .. } => Some((
                callback.kind,
                callback.name.as_str(),
                if outcome.is_success() { "registered" } else { "refused" },
            )),
            EventKind::CallbackFired { callback, .. } => Some((callback.kind, callback.name.as_str(), "fired")),
            EventKind::CallbackEnded { callback, end, .. } => {
                let end = match end {
                    CallbackEnd::Completed => "completed",
                    CallbackEnd::Deactivated => "deactivated",
                    other => panic!("{other:?}"),
                };
                Some((callback.kind, callback.name.as_str(), end))
            }
            _ => None,
        })
        .collect();
    let of = |name: &str| callbacks.iter().filter(|(_, n, _)| *n == name).map(|(_, _, what)| *what).collect::<Vec<_>>();
    assert_eq!(of("t"), ["registered", "fired", "completed"], "{callbacks:?}");
    assert_eq!(of("never"), ["registered", "deactivated"]);
    assert_eq!(of("r"), ["registered", "fired", "completed"]);
    assert_eq!(of("bad"), ["refused"]);
    assert!(callbacks.contains(&(CallbackKind::Reminder, "r", "fired")));

    let writes: Vec<_> = told
        .iter()
        .filter_map(|event| match &event.kind {
            EventKind::StateCallEnded { call, outcome, .. } if call.operation != StateOperation::List => {
                assert_eq!(call.owner, StateOwner::Reminders(Some(Actor::new(TYPE, "a"))));
                assert!(outcome.is_success());
                Some((call.operation, call.keys[0].name.as_str()))
            }
            _ => None,
        })
        .collect();
    assert_eq!(writes, [(StateOperation::Set, "r"), (StateOperation::Delete, "r")]);
    let causes: Vec<_> = told
        .iter()
        .filter_map(|event| match &event.kind {
            EventKind::CallQueued { call } if call.cause != Cause::Caller => Some(call.cause.clone()),
            _ => None,
        })
        .collect();
    assert!(causes.contains(&Cause::Timer("t".into())) && causes.contains(&Cause::Reminder("r".into())), "{causes:?}");
    let leaving = told.iter().find_map(|event| match &event.kind {
        EventKind::Deactivating { turn, reason, .. } => Some((*turn, *reason)),
        _ => None,
    });
    let EventKind::Deactivated { turn, outcome, .. } = &told.last().unwrap().kind else { unreachable!() };
    assert_eq!((leaving, outcome), (Some((*turn, Reason::Idle)), &Outcome::Succeeded));
    let turns: Vec<TurnId> = told
        .iter()
        .filter_map(|event| match &event.kind {
            EventKind::CallStarted { turn, .. } | EventKind::Deactivating { turn, .. } => Some(*turn),
            _ => None,
        })
        .collect();
    assert!(turns.windows(2).all(|pair| pair[0] < pair[1]), "turns are numbered in their order: {turns:?}");
}

#[tokio::test]
async fn a_delivery_that_is_refused_is_told_attempt_by_attempt_down_to_its_dead_letter() {
    let subscribe = r#"[{"pubsubname":"bus","topic":"t","route":"/no","deadLetterTopic":"dead"}]"#;
    let app = App::answering(|seen| async move {
        if seen.path == "/no" { StatusCode::INTERNAL_SERVER_ERROR.into_response() } else { ().into_response() }
    })
    .subscribing(subscribe);
    let retries = "apiVersion: dapr.io/v1alpha1\nkind: Resiliency\nmetadata: {name: r}\nspec:\n  policies: {retries: \
                   {again: {policy: constant, duration: 1ms, maxRetries: 1}}}\n  targets: {components: {bus: {inbound: \
                   {retry: again}}}}\n";
    let (lab, mut events) = watched(app, &[STORE, PUBSUB, retries]).await;
    lab.http.post(lab.url("/v1.0/publish/bus/t")).json(&1).send().await.unwrap();
    let told = up_to(&mut events, "buried", |kind| matches!(kind, EventKind::DeadLettered { .. })).await;
    let attempts: Vec<_> = told
        .iter()
        .filter_map(|event| match &event.kind {
            EventKind::DeliveryEnded { attempt, answer: Answer::Failed(why), .. } => {
                assert!(why.contains("500"), "{why}");
                Some(*attempt)
            }
            _ => None,
        })
        .collect();
    assert_eq!(attempts, [1, 2]);
    assert!(
        told.iter()
            .any(|event| matches!(&event.kind, EventKind::DeliveryConcluded { end: DeliveryEnd::Failed(_), .. }))
    );
    assert!(told.iter().any(|event| matches!(&event.kind, EventKind::Retry(_))));
    let EventKind::DeadLettered { topic, outcome, .. } = &told.last().unwrap().kind else { unreachable!() };
    assert_eq!((topic.as_str(), outcome), ("dead", &Outcome::Succeeded));
}

#[tokio::test]
async fn what_is_not_there_and_what_has_gone_are_told() {
    let gate = Gate::closed();
    let app = gated(&gate);
    let (lab, mut events) = watched(app.clone(), &[STORE]).await;
    lab.http.post(lab.url("/v1.0/workflows/dapr/w/start")).send().await.unwrap();
    let absent = EventKind::AbsentPart { part: Some("workflows"), request: "POST /v1.0/workflows/dapr/w/start".into() };
    up_to(&mut events, "the part that is absent", |kind| *kind == absent).await;

    invoke(lab.grpc.clone(), "Nobody", "a", "Do", "").await.unwrap_err();
    let refused =
        |kind: &EventKind| matches!(kind, EventKind::CallRefused { actor, .. } if actor.actor_type == "Nobody");
    up_to(&mut events, "the type that nobody hosts", refused).await;

    app.close();
    gate.open(1);
    support::until("the app is gone", || async { lab.invoke("a", "Do", "").await.is_err() }).await;
    up_to(&mut events, "the app that has gone", |kind| matches!(kind, EventKind::AppLost { .. })).await;
}

#[tokio::test]
async fn an_observer_that_panics_harms_nobody() {
    let seen = Arc::new(AtomicUsize::new(0));
    let counting = Arc::clone(&seen);
    let lab = Lab::with(App::echo(), &[STORE], move |config| {
        config.ports.observers.push(Arc::new(|_: &Event| panic!("an observer that is not well")));
        config.ports.observers.push(Arc::new(move |_: &Event| {
            counting.fetch_add(1, Ordering::SeqCst);
        }));
    })
    .await;
    assert_eq!(lab.invoke("a", "Do", "1").await.unwrap(), b"1");
    assert!(seen.load(Ordering::SeqCst) > 3);
    tokio::time::timeout(Duration::from_secs(20), lab.sidecar.shutdown()).await.unwrap();
}
