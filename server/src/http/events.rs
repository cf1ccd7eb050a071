//! `GET /events/{actor_id}`: the timeline as a stream of server-sent events (WHATWG HTML, §9.2).

use std::{convert::Infallible, time::Duration};

use axum::{
    extract::State,
    http::{HeaderMap, HeaderValue, header},
    response::{
        IntoResponse, Response, Sse,
        sse::{Event as Frame, KeepAlive},
    },
};
use futures::{Stream, StreamExt, stream};
use model::{
    error::ErrorCode,
    timeline::{Event, EventId},
};
use serde::{Deserialize, Serialize};
use tokio_util::sync::CancellationToken;
use utoipa_axum::{router::OpenApiRouter, routes};

use super::{
    error::{ApiError, ErrorBody},
    extract::{Actor, Asked},
};
use crate::{
    labs::Timelines,
    timeline::{Follow, Missed},
};

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

pub(crate) fn router(streams: Streams) -> OpenApiRouter {
    OpenApiRouter::new().routes(routes!(events)).with_state(streams)
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
    Asked(position): Asked<Position>,
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
    let (events, gap) = match missed {
        Missed::Events(events) => (events, None),
        Missed::Gap(snapshot) => (Vec::new(), Some(snapshot)),
    };
    // Each is made when the reader has taken those before it.
    let events = events.into_iter().map(move |event| step(epoch, event.seq, json(&*event)));
    let gap = gap.into_iter().map(|known| step(known.last.epoch, known.last.seq, json(&known)).event("gap"));
    let live = live.into_stream().map(move |event| step(epoch, event.seq, event.json()));
    stream::iter(std::iter::once(hello).chain(events).chain(gap)).chain(live).map(Ok)
}

fn step(epoch: u64, seq: u64, json: impl AsRef<str>) -> Frame {
    Frame::default().id(EventId { epoch, seq }.to_string()).data(json)
}

/// Cannot fail with these types; a reader that is given no event asks for the snapshot.
fn json(value: &impl Serialize) -> String {
    serde_json::to_string(value).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use axum::response::Sse;
    use model::{actor_id::ActorId, fault::FaultStatus, timeline::Step};

    use super::*;

    /// The ids of all that a stream says until it ends.
    async fn read_to_the_end(follow: Follow) -> Vec<u64> {
        let body = Sse::new(frames(follow)).into_response().into_body();
        let text = String::from_utf8(axum::body::to_bytes(body, usize::MAX).await.unwrap().into()).unwrap();
        let ids = text.lines().filter_map(|line| line.strip_prefix("id: "));
        ids.map(|id| id.parse::<EventId>().unwrap().seq).collect()
    }

    #[tokio::test]
    async fn a_reader_that_falls_behind_is_let_go_and_misses_nothing_when_it_comes_back() {
        let (timelines, actor) = (Timelines::new(), ActorId::lesson());
        let record = || timelines.record(&actor, Step::FaultChanged { fault: FaultStatus::lesson() });
        let start = EventId { epoch: timelines.snapshot(&actor).last.epoch, seq: record().seq };
        // It is connected and does not read, while more happens than is held for it.
        let slow = timelines.follow(&actor, Some(start));
        let mut last = start.seq;
        for _ in 0..5_000 {
            last = record().seq;
        }
        // The actor was not held up, and the stream ends instead of growing.
        let seen = read_to_the_end(slow).await;
        assert!(seen.len() < 5_000, "{} events were held for one reader", seen.len());

        let resume = seen.last().map_or(start, |seq| EventId { epoch: start.epoch, seq: *seq });
        let rest = match timelines.follow(&actor, Some(resume)).missed {
            Missed::Events(events) => events.iter().map(|event| event.seq).collect::<Vec<_>>(),
            Missed::Gap(snapshot) => snapshot.events.iter().map(|event| event.seq).collect(),
        };
        assert_eq!(rest.last(), Some(&last), "the newest is there");
        assert!(rest.windows(2).all(|pair| pair[1] == pair[0] + 1));
    }
}
