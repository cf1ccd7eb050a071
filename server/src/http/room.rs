//! Room for what is on its way to clients: a lab's page or document has megabytes, which its client may take slowly.

use std::{sync::Arc, time::Duration};

use axum::{
    body::{Body, Bytes, to_bytes},
    extract::{Request, State},
    http::{Method, StatusCode},
    middleware::Next,
    response::{IntoResponse, Response},
};
use model::error::{ErrorCode, LabError};
use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore},
    time::timeout,
};

use super::error::{ApiError, is_api};

/// How many KiB the large answers have together that clients have not taken yet: 64 MiB.
const ROOM: u32 = 64 * 1024;

/// How many answers are made at once. Each may be large, and is counted when it is there.
const MADE_AT_ONCE: usize = 32;

/// From how many bytes on an answer counts.
const LARGE: usize = 64 * 1024;

/// How long an answer waits for room.
const WAIT: Duration = Duration::from_secs(2);

/// The room for the answers of one listener. Clones share it.
#[derive(Clone)]
pub(super) struct Room {
    free: Arc<Semaphore>,
    making: Arc<Semaphore>,
}

impl Default for Room {
    fn default() -> Self {
        let free = Arc::new(Semaphore::new(usize::try_from(ROOM).unwrap_or(usize::MAX)));
        Self { free, making: Arc::new(Semaphore::new(MADE_AT_ONCE)) }
    }
}

/// An answer that has room until nobody holds it any more.
struct Counted {
    bytes: Bytes,
    _room: OwnedSemaphorePermit,
}

impl AsRef<[u8]> for Counted {
    fn as_ref(&self) -> &[u8] {
        &self.bytes
    }
}

/// Answers what is looked at when there is room for the answer: for routes that make an answer as a whole, and soon.
pub(super) async fn within(State(room): State<Room>, request: Request, next: Next) -> Response {
    if request.method() != Method::GET {
        return next.run(request).await;
    }
    let path = request.uri().path().to_owned();
    let answer = async {
        // Kept until its answer is counted.
        let _making = room.making.acquire().await.ok()?;
        let (head, body) = next.run(request).await.into_parts();
        let body = match to_bytes(body, usize::MAX).await {
            Ok(bytes) if bytes.len() < LARGE => Body::from(bytes),
            Ok(bytes) => {
                let size = u32::try_from(bytes.len().div_ceil(1024)).unwrap_or(ROOM).min(ROOM);
                let free = timeout(WAIT, Arc::clone(&room.free).acquire_many_owned(size)).await;
                Body::from(Bytes::from_owner(Counted { bytes, _room: free.ok()?.ok()? }))
            }
            Err(error) => {
                tracing::error!("an answer on {path} broke off: {error}");
                return Some(StatusCode::INTERNAL_SERVER_ERROR.into_response());
            }
        };
        Some(Response::from_parts(head, body))
    };
    let answer = answer.await;
    answer.unwrap_or_else(|| {
        let words = "So much is on its way to others, who do not take it, that there is no room for this. Ask again in a \
                     moment.";
        let error = ApiError(LabError::new(ErrorCode::TooManyWaiting, words));
        if is_api(&path) { error.into_response() } else { (StatusCode::TOO_MANY_REQUESTS, words).into_response() }
    })
}

#[cfg(test)]
mod tests {
    use std::fs;

    use model::{actor_id::ActorId, operation::Method as ActorMethod, timeline::Step};
    use tokio_util::sync::CancellationToken;
    use tower::ServiceExt;

    use super::*;
    use crate::{
        application::{Application, Settings},
        http::site::Site,
    };

    #[tokio::test(start_paused = true)]
    async fn large_answers_that_nobody_takes_leave_no_room_for_others_and_small_ones_need_none() {
        let folder = tempfile::TempDir::new().unwrap();
        fs::create_dir_all(folder.path().join("site/pkg")).unwrap();
        fs::write(folder.path().join("hash.txt"), "js: j\nwasm: w\ncss: c\n").unwrap();
        fs::write(folder.path().join("site/pkg/app.c.css"), "body{}").unwrap();
        let site = Site::find(Some(&folder.path().join("site"))).unwrap();
        let nobody = Settings { dapr_endpoint: "http://127.0.0.1:1".to_owned(), ..Settings::default() };
        let application = Application::new(nobody).unwrap();
        let (timelines, actor) = (application.timelines(), ActorId::lesson());
        let content = "x".repeat(16 * 1024);
        let turn = timelines.start_turn(&actor, None, ActorMethod::ProcessMessage, None, Some(content.clone()));
        for _ in 0..60 {
            timelines.record(&actor, Step::ReplyReady { turn, content: content.clone(), reply: content.clone() });
        }
        timelines.record(&actor, Step::TurnCompleted { turn, took_us: 1, repeated: false });
        let backend = application.backend();
        let recording = backend.recorded_turn(&actor, turn).await.unwrap();
        let id = backend.keep_recording(&recording).unwrap();
        let router = application.public(&site, CancellationToken::new());
        let get = async |path: &str| {
            let request = Request::get(path).header("host", "localhost").body(Body::empty()).unwrap();
            router.clone().oneshot(request).await.unwrap()
        };
        let large = [
            format!("/api/lab/{actor}/timeline"),
            format!("/api/lab/{actor}/turn/{turn}"),
            format!("/api/recordings/{id}"),
            format!("/lab/{actor}"),
        ];
        for _ in 0..2 {
            let mut held = Vec::new();
            while let answer = get(&large[0]).await
                && answer.status() == StatusCode::OK
            {
                held.push(answer);
            }
            assert!((20..40).contains(&held.len()), "{}", held.len());
            for path in &large {
                assert_eq!(get(path).await.status(), StatusCode::TOO_MANY_REQUESTS, "{path}");
            }
            assert_eq!(get(&format!("/api/lab/{actor}/fault")).await.status(), StatusCode::OK);
            drop(held);
            for path in &large {
                let answer = get(path).await;
                assert_eq!(answer.status(), StatusCode::OK, "{path}");
                assert!(to_bytes(answer.into_body(), usize::MAX).await.unwrap().len() > LARGE, "{path}");
            }
        }
    }
}
