//! The public listener: pages, server functions, the lesson's REST, the lab as JSON, the event stream, the docs.
//!
//! `/actors/…` and `/subscribe` are not here: they are the sidecar's private door, see [`crate::app_channel`].

mod chat;
mod docs;
#[cfg(feature = "embed")]
mod embedded;
mod error;
mod events;
mod extract;
mod forms;
mod guard;
mod hold;
mod lab;
mod operations;
mod pages;
mod recording;
mod report;
mod room;
mod scenario;
mod sidecar_retries;
pub(crate) mod site;
mod wire;

use app::backend::SharedBackend;
use axum::{Router, middleware};
use tokio_util::sync::CancellationToken;
use tower_http::{
    CompressionLevel, compression::CompressionLayer, limit::RequestBodyLimitLayer, set_header::SetResponseHeaderLayer,
};
use utoipa::OpenApi;
use utoipa_axum::router::OpenApiRouter;

pub(crate) use self::{error::ErrorBody, operations::Operations};
use self::{
    events::{STREAMS, Streams},
    room::Room,
    site::Site,
};
use crate::{actor::config::ActorConfig, clients::Clients, guard::AllowedHosts, labs::Timelines, look_ups};

/// The most bytes of a request, recordings apart. A form needs up to three for each byte of a message of 16 KiB.
const MAX_BODY_BYTES: usize = 64 * 1024;

/// How much an answer is compressed: of a lab's page a fifth less comes over the line than at the fastest level, for
/// a few milliseconds more. A higher one saves little more and takes many times as long.
const COMPRESSION: CompressionLevel = CompressionLevel::Precise(5);

/// What the public listener serves from.
pub(crate) struct Public<'a> {
    pub(crate) backend: SharedBackend,
    pub(crate) timelines: Timelines,
    pub(crate) actors: ActorConfig,
    pub(crate) site: &'a Site,
    pub(crate) allowed: AllowedHosts,
    pub(crate) operations: Operations,
    pub(crate) shutdown: CancellationToken,
}

/// Everything that people and programs reach.
pub(crate) fn router(public: Public<'_>) -> Router {
    let Public { backend, timelines, actors, site, allowed, operations, shutdown } = public;
    let room = Room::default();
    let within_room = middleware::from_fn_with_state(room.clone(), room::within);
    let json = OpenApiRouter::with_openapi(docs::Api::openapi())
        .merge(lab::router())
        .merge(hold::router())
        .merge(wire::router())
        .merge(scenario::router())
        .merge(sidecar_retries::router())
        .merge(recording::turns())
        .layer(within_room.clone())
        // To read the history takes a turn, which may have to wait.
        .merge(chat::router())
        .with_state(backend.clone())
        .merge(look_ups::router(actors));
    // An event stream is left as it is, and past the compression it needs less memory.
    let events = events::router(Streams { timelines, clients: Clients::new(STREAMS), shutdown });
    // A recording is larger than anything else that comes in, and has a limit of its own.
    let recordings = recording::router(site, backend.clone()).layer(within_room.clone());
    let recordings = recordings.layer(CompressionLayer::new().quality(COMPRESSION));
    let (api, described) = json
        .layer(CompressionLayer::new().quality(COMPRESSION))
        .merge(events)
        .layer(RequestBodyLimitLayer::new(MAX_BODY_BYTES))
        .merge(recordings)
        .split_for_parts();
    let pages = Router::new()
        .merge(report::router(site, backend.clone()).layer(within_room))
        .merge(pages::router(site, backend, room))
        .merge(docs::router(described, site.stylesheet()))
        .layer(CompressionLayer::new().quality(COMPRESSION))
        .layer(RequestBodyLimitLayer::new(MAX_BODY_BYTES));
    let nosniff = axum::http::HeaderValue::from_static("nosniff");
    Router::new()
        .merge(pages)
        .merge(api)
        .merge(operations::router(operations))
        .layer(middleware::from_fn(error::one_shape))
        .layer(middleware::from_fn(forms::keep_typed))
        .layer(middleware::from_fn_with_state(allowed, guard::guard))
        .layer(SetResponseHeaderLayer::overriding(axum::http::header::X_CONTENT_TYPE_OPTIONS, nosniff))
}
