//! `GET /events/{actor_id}`: the timeline as a stream of server-sent events (WHATWG HTML, §9.2).

use std::{convert::Infallible, sync::Arc, time::Duration};

use app::{
    error::ErrorCode,
    timeline::{Event, EventId, TimelineSnapshot},
};
use axum::{
    Router,
    extract::{Query, State},
    http::{HeaderMap, HeaderValue, header},
    response::{
        IntoResponse, Response, Sse,
        sse::{Event as Frame, KeepAlive},
    },
    routing::get,
};
use futures::{Stream, StreamExt, stream};
use serde::Deserialize;
use tokio_stream::wrappers::BroadcastStream;
use tokio_util::sync::CancellationToken;

use super::{
    error::{ApiError, ErrorBody},
    extract::Actor,
};
use crate::timeline::{Follow, Missed, Timelines};

/// How often a stream with nothing to say shows that it lives.
const HEARTBEAT: Duration = Duration::from_secs(15);

/// How long a browser waits before it connects again.
const RECONNECT: Duration = Duration::from_secs(1);

/// What a stream needs.
#[derive(Clone)]
pub(crate) struct Streams {
    pub(crate) timelines: Timelines,
    /// Ends every stream: a shutdown must not wait for readers.
    pub(crate) shutdown: CancellationToken,
}

pub(crate) fn router(streams: Streams) -> Router {
    Router::new().route("/events/{actor_id}", get(events)).with_state(streams)
}

/// Where a first connection goes on.
#[derive(Deserialize)]
pub(crate) struct Position {
    after: Option<String>,
}

/// Follow the timeline as server-sent events.
///
/// `id:` is `<epoch>-<seq>` and `data:` one event. What was missed since `Last-Event-ID`, or since `after` on the
/// first connection, comes first. If that is gone, an event `gap` comes instead, with everything that is still known.
#[utoipa::path(
    get, path = "/events/{actor_id}", tag = "Lab",
    params(
        ("actor_id" = String, Path, example = "user1"),
        ("after" = Option<String>, Query, description = "The last event that is known already, <epoch>-<seq>"),
        ("Last-Event-ID" = Option<String>, Header, description = "The same, as browsers send it; wins over after")
    ),
    responses(
        (status = 200, description = "The stream", body = Event, content_type = "text/event-stream"),
        (status = 400, body = ErrorBody)
    )
)]
pub(crate) async fn events(
    State(streams): State<Streams>,
    Actor(actor): Actor,
    Query(position): Query<Position>,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    let last = headers.get("last-event-id").map(|id| id.to_str().unwrap_or_default().to_owned());
    let after = last.or(position.after).map(|id| id.parse::<EventId>()).transpose();
    let after = after.map_err(|error| ApiError::new(ErrorCode::InvalidRequest, error.to_string()))?;
    let frames = frames(streams.timelines.follow(&actor, after)).take_until(streams.shutdown.cancelled_owned());
    let mut response = Sse::new(frames).keep_alive(KeepAlive::new().interval(HEARTBEAT)).into_response();
    let headers = response.headers_mut();
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    // A proxy that buffers would hold the events back.
    headers.insert("x-accel-buffering", HeaderValue::from_static("no"));
    Ok(response)
}

/// What was missed, then what happens. Ends when this reader falls behind: it connects again and is given what it
/// missed, instead of the actor waiting for it.
fn frames(follow: Follow) -> impl Stream<Item = Result<Frame, Infallible>> {
    let Follow { epoch, missed, live } = follow;
    // The first bytes tell the reader that it is connected, before anything happens.
    let hello = Frame::default().comment("connected").retry(RECONNECT);
    let missed = match missed {
        Missed::Events(events) => events.iter().map(|event| step(epoch, event)).collect(),
        Missed::Gap(snapshot) => vec![gap(&snapshot)],
    };
    let live = BroadcastStream::new(live)
        .take_while(|event| std::future::ready(event.is_ok()))
        .filter_map(move |event| std::future::ready(event.ok().map(|event: Arc<Event>| step(epoch, &event))));
    stream::iter(std::iter::once(hello).chain(missed)).chain(live).map(Ok)
}

fn step(epoch: u64, event: &Event) -> Frame {
    frame(EventId { epoch, seq: event.seq }, serde_json::to_string(event))
}

fn gap(snapshot: &TimelineSnapshot) -> Frame {
    frame(snapshot.last, serde_json::to_string(snapshot)).event("gap")
}

fn frame(id: EventId, json: serde_json::Result<String>) -> Frame {
    match json {
        Ok(json) => Frame::default().id(id.to_string()).data(json),
        // Cannot happen with these types; a reader that sees an unknown event asks for the snapshot.
        Err(error) => Frame::default().event("broken").data(error.to_string()),
    }
}
