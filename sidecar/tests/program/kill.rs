//! `kill -9`.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use dapr::dapr::proto::runtime::v1::dapr_client::DaprClient;
use dapr::dapr::proto::runtime::v1::{ExecuteActorStateTransactionRequest, GetActorStateRequest};
use tonic::transport::Channel;

use crate::program::{Program, Setup, client};
use crate::support::{App, STORE, TYPE, invoke, until, upsert};

const WRITERS: usize = 8;

#[tokio::test(flavor = "multi_thread")]
async fn what_was_acknowledged_survives_kills_with_a_write_ahead_log() {
    survives(STORE, 4).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_acknowledged_survives_kills_with_a_rollback_journal() {
    let store = format!("{}  - {{name: disableWAL, value: \"true\"}}\n", STORE.trim_end_matches(' '));
    survives(&store, 8).await;
}

/// Each actor saves the same number under two keys, again and again; the program is killed meanwhile, and started anew.
async fn survives(store: &str, kills: usize) {
    let folder = tempfile::tempdir().unwrap();
    let app = App::echo().listen().await;
    let mut acknowledged: HashMap<String, u64> = HashMap::new();
    for round in 0..=kills {
        let setup = Setup { store, ..Setup::new(app).await };
        let program = Program::start(folder.path(), &setup);
        let client = client(setup.grpc).await;
        for (id, saved) in &mut acknowledged {
            let (x, y) = (read(&client, id, "x").await, read(&client, id, "y").await);
            assert_eq!(x, y, "{id} after {round} kills: no half transaction");
            // The last one may have been committed without its answer getting out.
            assert!((*saved..=*saved + 1).contains(&x), "{id} after {round} kills: {x}, and {saved} was acknowledged");
            *saved = x;
        }
        if round == kills {
            break;
        }
        let written = Arc::new(AtomicUsize::new(0));
        let writers: Vec<_> = (0..WRITERS)
            .map(|actor| {
                let id = format!("a{actor}");
                let saved = acknowledged.get(&id).copied().unwrap_or(0);
                tokio::spawn(write(client.clone(), id, saved, Arc::clone(&written)))
            })
            .collect();
        until("some writes", || async { written.load(Ordering::Relaxed) >= 60 + 17 * round }).await;
        program.kill();
        for writer in writers {
            let (id, saved) = writer.await.unwrap();
            acknowledged.insert(id, saved);
        }
    }
    assert!(acknowledged.values().sum::<u64>() >= 60 * kills as u64);
}

/// Saves until nobody answers; returns what was acknowledged last.
async fn write(mut client: DaprClient<Channel>, id: String, from: u64, written: Arc<AtomicUsize>) -> (String, u64) {
    let mut saved = from;
    if invoke(client.clone(), TYPE, &id, "Do", "").await.is_err() {
        return (id, saved);
    }
    // Some pages each: a commit that can be cut off in its middle.
    let ballast = "x".repeat(20_000);
    loop {
        let next = saved + 1;
        let request = ExecuteActorStateTransactionRequest {
            actor_type: TYPE.into(),
            actor_id: id.clone(),
            operations: ["x", "y"].map(|key| upsert(key, &format!("{next} {ballast}"))).into(),
        };
        if client.execute_actor_state_transaction(request).await.is_err() {
            return (id, saved);
        }
        saved = next;
        written.fetch_add(1, Ordering::Relaxed);
    }
}

async fn read(client: &DaprClient<Channel>, id: &str, key: &str) -> u64 {
    let request = GetActorStateRequest { actor_type: TYPE.into(), actor_id: id.into(), key: key.into() };
    let data = client.clone().get_actor_state(request).await.unwrap().into_inner().data;
    let text = String::from_utf8(data).unwrap();
    text.split(' ').next().filter(|number| !number.is_empty()).map_or(0, |number| number.parse().unwrap())
}
