//! The store, read past Dapr.

use std::{sync::Arc, time::Duration};

use model::{actor_id::ActorId, message::Message};
use tokio::time::sleep;

use super::shared::Shared;
use crate::model::Stored;

/// Reads the stored history again and again, past Dapr, whether or not the process runs.
pub(super) async fn read(shared: Arc<Shared>, actor: ActorId) {
    while !shared.over() {
        read_once(&shared, &actor).await;
        sleep(Duration::from_millis(20)).await;
    }
}

pub(super) async fn read_once(shared: &Shared, actor: &ActorId) -> Option<Vec<Message>> {
    let asked = shared.now();
    // Between a death and the next start the file may be locked for its repair.
    let value = shared.store.history(actor).await.ok()?.value;
    let told = shared.now();
    let history: Vec<Message> = value.map_or_else(Vec::new, |json| serde_json::from_str(&json).unwrap());
    shared.log(actor, |log| log.stored.push(Stored { asked, told, history: history.clone() }));
    Some(history)
}

/// Nothing is written while no process runs: two readings show the same.
pub(super) async fn read_between(shared: &Shared, actor: &ActorId) {
    let read = || async { Some(shared.store.history(actor).await.ok()?.value) };
    if let (Some(first), Some(second)) = (read().await, read().await) {
        assert_eq!(first, second, "{actor}: written by nobody");
    }
}
