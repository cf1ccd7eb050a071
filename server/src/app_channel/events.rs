//! Published events on their way back: the topic's subscription delivers them here.

use axum::{Json, body::Bytes, extract::State};
use model::timeline::Step;
use serde::{Deserialize, Serialize};

use crate::{actor::publish::ConversationUpdated, labs::Timelines};

/// A CloudEvent, as far as it is read. Source: CloudEvents 1.0, as Dapr fills it in.
#[derive(Deserialize)]
struct CloudEvent {
    id: String,
    data: ConversationUpdated,
}

/// What becomes of the delivery. Any other word counts as a failed delivery to Dapr, the lesson's `Event processed`
/// too. Source: Dapr's pub/sub API reference.
#[derive(Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "UPPERCASE")]
enum Status {
    /// It was taken.
    Success,
    /// It can never be taken.
    Drop,
}

/// The answer to a delivery.
#[derive(Debug, Serialize)]
pub(super) struct Delivery {
    status: Status,
}

/// `POST /subscribe`
pub(super) async fn deliver(State(timelines): State<Timelines>, body: Bytes) -> Json<Delivery> {
    let status = match serde_json::from_slice::<CloudEvent>(&body) {
        Ok(CloudEvent { id, data }) => {
            let turn = timelines.turn_of_message(&data.actor_id, &id);
            let (input, output) = (data.input.content, data.output.content);
            timelines.record(&data.actor_id, Step::EventDelivered { turn, input, output });
            Status::Success
        }
        Err(error) => {
            tracing::warn!("Failed to decode event data: {error}");
            Status::Drop
        }
    };
    Json(Delivery { status })
}
