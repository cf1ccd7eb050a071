//! A recorded turn: out of a lab as JSON, in again, and as a page. The pages need no script.

use std::{str::FromStr, sync::Arc, time::Duration};

use app::{
    backend::SharedBackend,
    pages::{
        self,
        document::{Frame, Style},
        recording::Refused,
    },
};
use axum::{
    Json, Router,
    extract::{
        DefaultBodyLimit, Multipart, Path, RawQuery, Request, State,
        multipart::{MultipartError, MultipartRejection},
        rejection::PathRejection,
    },
    http::{HeaderMap, HeaderValue, Method, StatusCode, header},
    middleware::{self, Next},
    response::{Html, IntoResponse, Redirect, Response},
    routing::get,
};
use futures::StreamExt;
use model::{
    error::{ErrorCode, LabError},
    recording::Recording,
    timeline::BarId,
};
use serde::Serialize;
use tokio::{sync::Semaphore, time::timeout};
use url::form_urlencoded;
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

use super::{
    error::{ApiError, ErrorBody, is_api},
    extract::{Parts, json_body},
    pages::chosen_theme,
    site::Site,
};

/// The most bytes of a form: a document that is too large comes back with what is wrong with it.
const MAX_FORM_BYTES: usize = 2 * Recording::MAX_BYTES;

/// The most bytes of a refused document that the form shows again, to be mended there.
const MAX_SHOWN_BYTES: usize = 256 * 1024;

/// How many recordings may come in at once.
const UPLOADS: usize = 8;

/// How long one waits for a place among them.
const UPLOAD_WAIT: Duration = Duration::from_secs(2);

/// How long one may take to come in and be answered: 3 MiB over a line of 0.5 Mbit/s.
const UPLOAD_LIMIT: Duration = Duration::from_secs(60);

/// A turn of a lab, as a document: among the routes with the usual limit.
pub(crate) fn turns() -> OpenApiRouter<SharedBackend> {
    OpenApiRouter::new().routes(routes!(turn))
}

/// What takes recordings, with a limit of its own, and shows them.
pub(crate) fn router(site: &Site, backend: SharedBackend) -> OpenApiRouter {
    let stylesheet: Arc<str> = site.stylesheet().unwrap_or_default().into();
    let pages = Pages { backend: backend.clone(), stylesheet };
    let uploads = Uploads { places: Arc::new(Semaphore::new(UPLOADS)), pages: pages.clone() };
    let shown = Router::new()
        .route("/recording", get(form_page).post(open))
        .route("/recording/{id}", get(page))
        .layer(DefaultBodyLimit::max(MAX_FORM_BYTES))
        .with_state(pages);
    let kept = OpenApiRouter::new().routes(routes!(keep)).routes(routes!(recording)).with_state(backend);
    kept.merge(shown.into()).layer(middleware::from_fn_with_state(uploads, few_at_once))
}

#[derive(Clone)]
struct Pages {
    backend: SharedBackend,
    stylesheet: Arc<str>,
}

impl Pages {
    fn frame<'a>(&'a self, headers: &'a HeaderMap) -> Frame<'a> {
        Frame { style: Style::Linked(&self.stylesheet), theme: chosen_theme(headers) }
    }
}

/// The recordings that come in just now.
#[derive(Clone)]
struct Uploads {
    places: Arc<Semaphore>,
    pages: Pages,
}

/// Takes few recordings at a time, those of all labs together, and none for ever: each has megabytes from its first byte
/// on. Who finds no place waits a moment for one.
async fn few_at_once(State(uploads): State<Uploads>, request: Request, next: Next) -> Response {
    if request.method() != Method::POST {
        return next.run(request).await;
    }
    let (path, headers) = (request.uri().path().to_owned(), request.headers().clone());
    let error = match timeout(UPLOAD_WAIT, uploads.places.acquire()).await {
        Ok(_place) => match timeout(UPLOAD_LIMIT, next.run(request)).await {
            Ok(response) => return response,
            Err(_) => LabError::new(
                ErrorCode::InvalidRequest,
                format!("The recording did not come whole within {} s. Send it again.", UPLOAD_LIMIT.as_secs()),
            ),
        },
        Err(_) => {
            // A client that still sends reads no answer.
            let mut rest = request.into_body().into_data_stream();
            let _whole = timeout(UPLOAD_WAIT, async { while let Some(Ok(_)) = rest.next().await {} }).await;
            LabError::new(
                ErrorCode::TooManyWaiting,
                format!("{UPLOADS} recordings come in already, as many as may at once. Send it again in a moment."),
            )
        }
    };
    if is_api(&path) {
        ApiError(error).into_response()
    } else {
        refuse(&uploads.pages, &headers, Refused { text: String::new(), file: None, error })
    }
}

/// Where a recording is.
#[derive(Serialize, ToSchema)]
pub(crate) struct Kept {
    /// Its id.
    id: String,
    /// The page that shows it.
    #[schema(example = "/recording/0b8f…")]
    address: String,
}

/// Take a turn out of the timeline.
///
/// The whole turn as one document, format `faultlab-turn`, version 1: its events in the form of the event stream, with
/// what was set when it began and what was set while it ran. What may change its outcome is in it; nothing is changed.
#[utoipa::path(
    get, path = "/api/lab/{actor_id}/turn/{number}", tag = "Recordings",
    params(
        ("actor_id" = String, Path, example = "user1"),
        ("number" = u64, Path, description = "The actor's number for the turn, from 1", example = 1)
    ),
    responses(
        (status = 200, body = Recording), (status = 400, body = ErrorBody),
        (status = 404, description = "The turn is not, or not any more, in the timeline; those that are, are named",
            body = ErrorBody),
        (status = 409, description = "The turn has not ended", body = ErrorBody)
    )
)]
pub(crate) async fn turn(
    State(backend): State<SharedBackend>,
    Parts((actor, number)): Parts<(String, String)>,
) -> Result<Json<Recording>, ApiError> {
    let actor = actor.parse::<model::actor_id::ActorId>()?;
    let number = number.parse().map_err(|_| {
        ApiError::new(ErrorCode::InvalidRequest, format!("{number:?} is no number of a turn: it is 1 or more"))
    })?;
    Ok(Json(backend.recorded_turn(&actor, number).await?))
}

/// Hand in a recording.
///
/// Kept in memory of the process, the last hundred, until it ends; no lab is touched. The answer says where it is shown.
#[utoipa::path(
    post, path = "/api/recordings", tag = "Recordings", request_body = Recording,
    responses(
        (status = 201, description = "Kept; the answer says where", body = Kept),
        (status = 400, description = "The body is no JSON", body = ErrorBody),
        (status = 413, description = "The body is over 3 MiB", body = ErrorBody),
        (status = 415, body = ErrorBody),
        (status = 429, description = "Too many recordings come in at once", body = ErrorBody),
        (status = 422, description = "The body is no recording of one whole turn: the field is named", body = ErrorBody)
    )
)]
pub(crate) async fn keep(State(backend): State<SharedBackend>, request: Request) -> Result<Response, ApiError> {
    let body = json_body(request, Recording::MAX_BYTES).await?;
    let id = backend.keep_recording(&Recording::parse(&body)?)?;
    let address = format!("/recording/{id}");
    let location = [(header::LOCATION, format!("/api/recordings/{id}"))];
    Ok((StatusCode::CREATED, location, Json(Kept { id, address })).into_response())
}

/// Read a recording.
///
/// The document that was handed in, with everything written out that may be left out. `ID` below stands for the one that
/// the answer to handing it in gave.
#[utoipa::path(
    get, path = "/api/recordings/{id}", tag = "Recordings",
    params(("id" = String, Path, description = "As the answer to handing it in gave it")),
    responses((status = 200, body = Recording), (status = 404, body = ErrorBody))
)]
pub(crate) async fn recording(
    State(backend): State<SharedBackend>,
    Parts(id): Parts<String>,
) -> Result<Json<Recording>, ApiError> {
    Ok(Json(backend.recording(&id).ok_or_else(gone)?))
}

fn gone() -> LabError {
    let words = "There is no such recording (any more): the last hundred are kept, until the lab ends. Open it again at \
                 /recording.";
    LabError::new(ErrorCode::NotFound, words)
}

/// A recording's page. Its address may name a bar that is selected: `?bar=…`.
async fn page(
    State(pages): State<Pages>,
    id: Result<Path<String>, PathRejection>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Response {
    let frame = pages.frame(&headers);
    // What is no text is the id of nothing.
    let id = id.map(|Path(id)| id).unwrap_or_default();
    let Some(recording) = pages.backend.recording(&id) else {
        let refused = Refused { text: String::new(), file: None, error: gone() };
        return answer(StatusCode::NOT_FOUND, pages::recording::open(Some(&refused), frame));
    };
    // A bar that is none selects nothing, as in a lab.
    let query = query.unwrap_or_default();
    let mut asked = form_urlencoded::parse(query.as_bytes());
    let bar = asked.find(|(name, _)| name == "bar").and_then(|(_, bar)| BarId::from_str(&bar).ok());
    let began = date(recording.at(), recording.utc_offset_min);
    answer(StatusCode::OK, pages::recording::recording(&recording, &id, &began, bar, frame))
}

/// A moment as a date and a time, `24 November 2026, 17:04:05`.
fn date(at: u64, utc_offset_min: i32) -> String {
    let moment = i64::try_from(at).ok().and_then(|at| jiff::Timestamp::from_millisecond(at).ok()).unwrap_or_default();
    let offset = jiff::tz::Offset::from_seconds(utc_offset_min.saturating_mul(60)).unwrap_or(jiff::tz::Offset::UTC);
    offset.to_datetime(moment).strftime("%-d %B %Y, %H:%M:%S").to_string()
}

async fn form_page(State(pages): State<Pages>, headers: HeaderMap) -> Response {
    let frame = pages.frame(&headers);
    answer(StatusCode::OK, pages::recording::open(None, frame))
}

/// `POST /recording`: goes on to the recording's page, or shows beside the field what is wrong, with what was typed.
async fn open(State(pages): State<Pages>, headers: HeaderMap, form: Result<Multipart, MultipartRejection>) -> Response {
    let sent = match form {
        Ok(form) => sent(form).await.map_err(|error| (error.status(), error.body_text())),
        Err(error) => Err((error.status(), error.body_text())),
    };
    let (text, file) = match sent {
        Ok(sent) => sent,
        Err((status, why)) => {
            let error = if status == StatusCode::PAYLOAD_TOO_LARGE {
                LabError::new(ErrorCode::TooLarge, "This is far too large: a recording has at most 3 MiB.")
            } else {
                // A form that did not come whole is no fault of the program either.
                LabError::new(ErrorCode::InvalidRequest, format!("The form cannot be read: {why}"))
            };
            return refuse(&pages, &headers, Refused { text: String::new(), file: None, error });
        }
    };
    let kept = if text.len() > Recording::MAX_BYTES {
        Err(LabError::new(ErrorCode::TooLarge, "This is over 3 MiB, which is the most that a recording has."))
    } else if text.trim().is_empty() {
        Err(LabError::new(ErrorCode::InvalidRequest, "There is nothing yet: choose a file, or put its text here."))
    } else {
        Recording::parse(text.as_bytes()).and_then(|recording| pages.backend.keep_recording(&recording))
    };
    match kept {
        Ok(id) => Redirect::to(&format!("/recording/{id}")).into_response(),
        Err(mut error) => {
            let text = if text.len() > MAX_SHOWN_BYTES {
                error.message.push_str(" It is too long to be shown here again: mend it where you have it.");
                String::new()
            } else {
                text
            };
            refuse(&pages, &headers, Refused { text, file, error })
        }
    }
}

/// The document of a form, and the name of its file: what is typed counts where no file is chosen.
async fn sent(mut form: Multipart) -> Result<(String, Option<String>), MultipartError> {
    let (mut text, mut file) = (String::new(), None);
    while let Some(field) = form.next_field().await? {
        let name = field.name().unwrap_or_default().to_owned();
        let of_file = field.file_name().filter(|name| !name.is_empty()).map(str::to_owned);
        let bytes = field.bytes().await?;
        let content = || String::from_utf8_lossy(&bytes).into_owned();
        match name.as_str() {
            "file" if of_file.is_some() => (text, file) = (content(), of_file),
            "document" if file.is_none() => text = content(),
            _ => {}
        }
    }
    Ok((text, file))
}

fn refuse(pages: &Pages, headers: &HeaderMap, refused: Refused) -> Response {
    let status = StatusCode::from_u16(refused.error.code.status()).unwrap_or(StatusCode::BAD_REQUEST);
    let frame = pages.frame(headers);
    answer(status, pages::recording::open(Some(&refused), frame))
}

fn answer(status: StatusCode, html: String) -> Response {
    let mut response = (status, Html(html)).into_response();
    let csp = "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'";
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(csp));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(header::REFERRER_POLICY, HeaderValue::from_static("same-origin"));
    response
}
