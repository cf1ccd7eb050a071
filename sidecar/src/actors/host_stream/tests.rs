//! Streams that open and end at the same time.

use std::collections::BTreeMap;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;
use std::time::Duration;

use tokio::sync::{Semaphore, watch};

use super::*;
use crate::actors::{NewReminder, OnFailure, Times, TypeConfig};
use crate::hooks::Hooks;
use crate::observation::Observation;
use crate::resiliency::{Resiliency, ResiliencySet};
use crate::state::{Operation, StateStore, Stored, Value, WriteError};

/// A store whose reads of the reminders are let go one by one, in whatever order.
struct Gated {
    kept: Mutex<BTreeMap<String, Vec<u8>>>,
    reads: watch::Sender<usize>,
    /// One for each read.
    gates: Vec<Semaphore>,
}

impl Gated {
    async fn until_reading(&self, reads: usize) {
        self.reads.subscribe().wait_for(|read| *read >= reads).await.expect("open");
    }

    fn keys(&self) -> usize {
        self.kept.lock().expect("whole").len()
    }
}

#[async_trait::async_trait]
impl StateStore for Gated {
    async fn get(&self, _: &str) -> Result<Option<Stored>, String> {
        Ok(None)
    }

    async fn with_prefix(&self, _: &str) -> Result<Vec<(String, Stored)>, String> {
        let mut number = 0;
        self.reads.send_modify(|reads| {
            number = *reads;
            *reads += 1;
        });
        let _open = self.gates[number].acquire().await.expect("open");
        let kept = self.kept.lock().expect("whole").clone();
        Ok(kept.into_iter().map(|(key, data)| (key, Stored { data, etag: None, expires: None })).collect())
    }

    async fn write(&self, operations: Vec<Operation>) -> Result<(), WriteError> {
        let mut kept = self.kept.lock().expect("whole");
        for Operation { key, put, .. } in operations {
            match put.map(|put| put.value) {
                Some(Value::Binary(data)) => drop(kept.insert(key, data)),
                Some(Value::Json(text)) => drop(kept.insert(key, text.into_bytes())),
                None => drop(kept.remove(&key)),
            }
        }
        Ok(())
    }

    fn path(&self) -> Option<&Path> {
        None
    }

    fn close(&self) {}
}

/// The first so many reads go on at once.
fn actors(open: usize) -> (Arc<Actors>, Arc<Gated>) {
    let gates = (0..8).map(|number| Semaphore::new(usize::from(number < open))).collect();
    let store = Arc::new(Gated { kept: Mutex::default(), reads: watch::Sender::new(0), gates });
    let nowhere = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
    let config = crate::Config::new("app", nowhere, crate::Resources::default());
    let policies = ResiliencySet::default().compile("app").expect("no policies");
    let resiliency = Resiliency::new("app".into(), Vec::new(), policies, Observation::default());
    let named = ("s".to_owned(), Arc::clone(&store) as Arc<dyn StateStore>);
    (Arc::new(Actors::new(None, Some(named), &config, resiliency, Hooks::default())), store)
}

fn types(names: &[&str]) -> AppConfig {
    AppConfig { types: names.iter().map(|&name| (name.to_owned(), TypeConfig::default())).collect() }
}

fn opening(actors: &Arc<Actors>, names: &[&str]) -> tokio::task::JoinHandle<Hosting> {
    let (actors, types) = (Arc::clone(actors), types(names));
    tokio::spawn(async move { actors.host_stream(types).await })
}

fn hosted(actors: &Actors) -> Vec<String> {
    let mut hosted: Vec<_> = actors.counts().into_iter().map(|(kind, _)| kind).collect();
    hosted.sort();
    hosted
}

#[tokio::test]
async fn of_two_streams_that_open_together_both_host() {
    let (actors, store) = actors(0);
    let one = opening(&actors, &["A"]);
    store.until_reading(1).await;
    let two = opening(&actors, &["B"]);
    store.until_reading(2).await;
    store.gates[1].add_permits(1);
    let _two = two.await.expect("open");
    store.gates[0].add_permits(1);
    let _one = one.await.expect("open");
    assert_eq!(hosted(&actors), ["A", "B"]);
}

#[tokio::test]
async fn what_has_ended_while_another_opens_is_not_hosted() {
    let (actors, store) = actors(2);
    let one = actors.host_stream(types(&["A", "C"])).await;
    let _three = actors.host_stream(types(&["D"])).await;
    let two = opening(&actors, &["B", "C"]);
    store.until_reading(3).await;
    drop(one);
    assert_eq!(hosted(&actors), ["D"], "what is not read yet is not hosted");
    for gate in &store.gates[2..] {
        gate.add_permits(1);
    }
    let _two = two.await.expect("open");
    assert_eq!(hosted(&actors), ["B", "C", "D"]);
    assert_eq!(*store.reads.borrow(), 4, "the reminders of C are read anew: they were forgotten with its host");
}

#[tokio::test]
async fn actors_are_active_as_long_as_the_stream_that_hosts_them() {
    let (actors, _store) = actors(8);
    let actor = ActorRef::new("A", "a");
    let activate = async || drop(actors.table.line_up(&actor).turn(None).await.expect("a turn"));
    let one = actors.host_stream(types(&["A"])).await;
    activate().await;
    let two = actors.host_stream(types(&["A"])).await;
    assert_eq!(actors.table.active(), [], "the new host knows of none");
    activate().await;
    drop(one);
    assert_eq!(actors.table.active(), std::slice::from_ref(&actor), "its host is still there");
    let _other = actors.host_stream(types(&["B"])).await;
    assert_eq!(actors.table.active(), std::slice::from_ref(&actor));
    drop(two);
    assert_eq!(actors.table.active(), []);
}

#[tokio::test(start_paused = true)]
async fn a_reminder_that_is_due_while_nobody_hosts_its_type_stays() {
    let (actors, store) = actors(8);
    let _hosting = actors.host_stream(types(&["A"])).await;
    let reminder = NewReminder {
        actor: ActorRef::new("A", "a"),
        name: "r".into(),
        times: Times { due_time: "1s".into(), ..Times::default() },
        data: None,
        overwrite: true,
        on_failure: OnFailure::default(),
    };
    actors.register_reminder(reminder).await.expect("registered");
    assert_eq!(store.keys(), 1);
    // As between two states of what is hosted.
    actors.host_from_now_on(Vec::new());
    tokio::time::sleep(Duration::from_secs(60)).await;
    assert_eq!(store.keys(), 1, "what nobody hosts comes when somebody does");
}

/// A host, and how it is asked to let go of an actor.
async fn host() -> (Hosting, impl AsyncFn(&'static str) -> Result<Said, AppError>) {
    let (actors, _store) = actors(8);
    let hosting = actors.host_stream(types(&["A"])).await;
    let host = hosting.host.clone();
    let ask = async move |actor: &'static str| {
        let (actor_type, actor_id) = ("A".to_owned(), actor.to_owned());
        host.ask(|id| Asked::Deactivate(Deactivate { id, actor_type, actor_id })).await
    };
    (hosting, ask)
}

#[tokio::test]
async fn a_call_whose_caller_left_before_it_was_sent_is_not_made() {
    let (mut hosting, ask) = host().await;
    let (mut left, mut waits) = (Box::pin(ask("left")), Box::pin(ask("waits")));
    assert!(futures::poll!(&mut left).is_pending() && futures::poll!(&mut waits).is_pending());
    drop(left);
    let call = hosting.next().await.expect("open").asked;
    assert!(matches!(&call, Some(Asked::Deactivate(call)) if call.actor_id == "waits"), "{call:?}");
}

#[tokio::test]
async fn what_was_said_counts_though_the_stream_ends_with_it() {
    for _ in 0..64 {
        let (mut hosting, ask) = host().await;
        let mut asked = Box::pin(ask("a"));
        assert!(futures::poll!(&mut asked).is_pending());
        let Some(Asked::Deactivate(Deactivate { id, .. })) = hosting.next().await.expect("open").asked else {
            panic!("another call");
        };
        hosting.answered(Said::Deactivated(Deactivated { id }));
        drop(hosting);
        assert!(asked.await.is_ok());
    }
}
