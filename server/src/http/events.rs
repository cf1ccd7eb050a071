//! `GET /events/{actor_id}`: the timeline as a stream of server-sent events (WHATWG HTML, §9.2).

use std::{collections::VecDeque, convert::Infallible, mem, net::SocketAddr, sync::Arc, time::Duration};

use axum::{
    Extension,
    extract::{ConnectInfo, State},
    http::{HeaderMap, HeaderValue, header},
    response::{
        IntoResponse, Response, Sse,
        sse::{Event as Frame, KeepAlive},
    },
};
use futures::{Stream, StreamExt, stream};
use model::{
    actor_id::ActorId,
    error::ErrorCode,
    timeline::{Event, EventId, TimelineSnapshot},
};
use serde::{Deserialize, Serialize};
use tokio_util::sync::CancellationToken;
use utoipa_axum::{router::OpenApiRouter, routes};

use super::{
    error::{ApiError, ErrorBody},
    extract::{Actor, Asked},
};
use crate::{
    clients::{Clients, Place},
    labs::Timelines,
    metrics::{Metrics, OpenStream},
    timeline::{Follow, clock},
};

/// How often a stream with nothing to say shows that it lives.
const HEARTBEAT: Duration = Duration::from_secs(15);

/// How long a browser waits before it connects again.
const RECONNECT: Duration = Duration::from_secs(1);

/// How many streams one client may hold. A browser has six at most to one origin, and a class may be behind one address.
pub(crate) const STREAMS: usize = 1_024;

/// What a stream needs.
#[derive(Clone)]
pub(crate) struct Streams {
    pub(crate) timelines: Timelines,
    /// What each client holds of them.
    pub(crate) clients: Clients,
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
/// first connection, comes first. If that is gone, an event `gap` comes instead, in place of all that the reader knows:
/// the oldest of what is still known, up to 64 KiB, after which the rest of it comes like other events.
#[utoipa::path(
    get, path = "/events/{actor_id}", tag = "Lab",
    params(
        ("actor_id" = String, Path, example = "user1"),
        ("after" = Option<String>, Query, description = "The last event that is known already, <epoch>-<seq>"),
        ("Last-Event-ID" = Option<String>, Header, description = "The same, as browsers send it; wins over after")
    ),
    responses(
        (status = 200, description = "The stream", body = Event, content_type = "text/event-stream"),
        (status = 400, body = ErrorBody),
        (status = 429, description = "As many streams as may be are open from one address", body = ErrorBody)
    )
)]
pub(crate) async fn events(
    State(streams): State<Streams>,
    Actor(actor): Actor,
    Asked(position): Asked<Position>,
    peer: Option<Extension<ConnectInfo<SocketAddr>>>,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    let place = peer.map(|Extension(ConnectInfo(peer))| streams.clients.enter(peer.ip()).ok_or_else(|| full(&streams)));
    let place = place.transpose()?;
    let last = headers.get("last-event-id").map(|id| id.to_str().unwrap_or_default().to_owned());
    let after = last.or(position.after).map(|id| id.parse::<EventId>()).transpose();
    let after = after.map_err(|error| ApiError::new(ErrorCode::InvalidRequest, error.to_string()))?;
    let reading = Reading { _place: place, ..Reading::new(streams.timelines, actor, after) };
    let frames = frames(reading).take_until(streams.shutdown.cancelled_owned());
    let mut response = Sse::new(frames).keep_alive(KeepAlive::new().interval(HEARTBEAT)).into_response();
    let headers = response.headers_mut();
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    // A proxy that buffers would hold the events back.
    headers.insert("x-accel-buffering", HeaderValue::from_static("no"));
    Ok(response)
}

fn full(streams: &Streams) -> ApiError {
    let most = streams.clients.most();
    let message = format!("{most} event streams are open from this address, and no more are: close some");
    ApiError::new(ErrorCode::TooManyWaiting, message)
}

/// What was missed, then what happens. Ends when this reader falls behind: it connects again and is given what it
/// missed, instead of the actor waiting for it.
fn frames(reading: Reading) -> impl Stream<Item = Result<Frame, Infallible>> {
    // The first bytes tell the reader that it is connected, before anything happens.
    let hello = Frame::default().comment("connected").retry(RECONNECT);
    let steps =
        stream::unfold(reading, |mut reading| async move { reading.next().await.map(|frame| (frame, reading)) });
    stream::once(std::future::ready(hello)).chain(steps).map(Ok)
}

/// Where a reader is.
struct Reading {
    timelines: Timelines,
    actor: ActorId,
    follow: Follow,
    /// Whether it has to be told that it cannot go on where it was.
    tells_gap: bool,
    /// What was read of what it missed, and has not gone out.
    piece: VecDeque<Arc<Event>>,
    metrics: Metrics,
    /// Counted for as long as it reads.
    _open: OpenStream,
    /// The client's, for as long.
    _place: Option<Place>,
}

impl Reading {
    fn new(timelines: Timelines, actor: ActorId, after: Option<EventId>) -> Self {
        let follow = timelines.follow(&actor, after);
        let metrics = timelines.labs().metrics().clone();
        Self {
            tells_gap: follow.missed.is_gap(),
            timelines,
            actor,
            follow,
            piece: VecDeque::new(),
            _open: metrics.open_stream(),
            _place: None,
            metrics,
        }
    }

    /// What the reader is told next, made when it has taken what was before; `None` when it has fallen behind.
    async fn next(&mut self) -> Option<Frame> {
        let step = self.step().await;
        if step.is_none() {
            self.metrics.let_go();
        }
        step
    }

    async fn step(&mut self) -> Option<Frame> {
        let epoch = self.follow.epoch;
        if self.piece.is_empty() {
            self.piece = self.timelines.read_missed(&self.actor, &mut self.follow).ok()?.into();
        }
        if mem::take(&mut self.tells_gap) {
            let known: Vec<Event> = self.piece.drain(..).map(|event| Event::clone(&event)).collect();
            let last = known.last().map_or(self.follow.missed.last(), |event| event.seq);
            let known = TimelineSnapshot { last: EventId { epoch, seq: last }, events: known };
            return Some(step(epoch, last, json(&known)).event("gap"));
        }
        if let Some(event) = self.piece.pop_front() {
            return Some(step(epoch, event.seq, json(&*event)));
        }
        let event = self.follow.live.next().await.ok()?;
        self.metrics.went_out(Duration::from_millis(clock::now_ms().saturating_sub(event.at)));
        Some(step(epoch, event.seq, event.json()))
    }
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
    use model::{fault::FaultStatus, timeline::Step};

    use super::*;

    /// The frames that a stream says until it ends, as their names and data.
    async fn read_to_the_end(reading: Reading) -> Vec<(u64, String)> {
        let body = Sse::new(frames(reading)).into_response().into_body();
        let text = String::from_utf8(axum::body::to_bytes(body, usize::MAX).await.unwrap().into()).unwrap();
        let id = |frame: &str| frame.lines().find_map(|line| line.strip_prefix("id: ")?.parse::<EventId>().ok());
        text.split("\n\n").filter_map(|frame| Some((id(frame)?.seq, frame.to_owned()))).collect()
    }

    fn numbers(frames: &[(u64, String)]) -> Vec<u64> {
        frames.iter().map(|(number, _)| *number).collect()
    }

    #[tokio::test]
    async fn a_reader_that_falls_behind_is_let_go_and_misses_nothing_when_it_comes_back() {
        let (timelines, actor) = (Timelines::new(), ActorId::lesson());
        let record = || timelines.record(&actor, Step::FaultChanged { fault: FaultStatus::lesson() });
        let start = EventId { epoch: timelines.snapshot(&actor).last.epoch, seq: record().seq };
        // It is connected and does not read, while more happens than is held for it.
        let slow = Reading::new(timelines.clone(), actor.clone(), Some(start));
        let mut last = start.seq;
        for _ in 0..5_000 {
            last = record().seq;
        }
        // The actor was not held up, and the stream ends instead of growing.
        let seen = numbers(&read_to_the_end(slow).await);
        assert!(seen.len() < 5_000, "{} events were held for one reader", seen.len());

        let resume = seen.last().map_or(start, |seq| EventId { epoch: start.epoch, seq: *seq });
        let mut follow = timelines.follow(&actor, Some(resume));
        let rest = timelines.read_all_missed(&actor, &mut follow).unwrap();
        let rest: Vec<u64> = rest.iter().map(|event| event.seq).collect();
        assert_eq!(rest.last(), Some(&last), "the newest is there");
        assert!(rest.windows(2).all(|pair| pair[1] == pair[0] + 1));
    }

    #[tokio::test]
    async fn what_was_missed_goes_out_in_pieces_also_where_the_reader_cannot_go_on_where_it_was() {
        let (timelines, actor) = (Timelines::new(), ActorId::lesson());
        let text = "x".repeat(10_000);
        for _ in 0..50 {
            timelines.record(&actor, Step::ReplyReady { turn: 1, content: text.clone(), reply: text.clone() });
        }
        let epoch = timelines.snapshot(&actor).last.epoch;
        for (after, first) in [(EventId { epoch, seq: 1 }, 2), (EventId { epoch: 1, seq: 1 }, 3)] {
            let last = timelines.snapshot(&actor).last.seq;
            let reading = Reading::new(timelines.clone(), actor.clone(), Some(after));
            // So many that the stream ends after what was missed.
            (0..300).for_each(|_| drop(timelines.record(&actor, Step::Activated)));
            let seen = read_to_the_end(reading).await;
            let largest = seen.iter().map(|(_, frame)| frame.len()).max().unwrap();
            assert!(largest < 65 * 1024, "{largest} bytes in one frame");
            assert_eq!(numbers(&seen), (first..=last).collect::<Vec<_>>());
            // Three events of 20 kB each are the first piece.
            assert_eq!(seen[0].1.contains("event: gap"), first == 3);
        }
    }
}
