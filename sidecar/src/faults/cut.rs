//! Ending a caller's connection instead of answering.
//!
//! The place where a fault strikes is far below the one that answers: whether the answer is to be let go is noted down
//! with the task that serves the request.

use std::cell::Cell;
use std::convert::Infallible;
use std::future::Future;

use http::Response;

tokio::task_local! {
    static CUT: Cell<bool>;
}

/// Marks an answer that is not to be sent.
#[derive(Debug, Clone, Copy, thiserror::Error)]
#[error("the connection was cut on purpose")]
pub(crate) struct Cut;

impl From<Infallible> for Cut {
    fn from(never: Infallible) -> Self {
        match never {}
    }
}

/// Lets go of the answer to the request that this task serves; a task that serves none has no answer.
pub(super) fn cut() {
    let _ = CUT.try_with(|cut| cut.set(true));
}

/// Serves a request, and marks its answer with [`Cut`] if somebody has called [`cut`] meanwhile.
pub(crate) async fn cuttable<B>(answer: impl Future<Output = Response<B>>) -> Response<B> {
    CUT.scope(Cell::new(false), async {
        let mut response = answer.await;
        if CUT.with(Cell::get) {
            response.extensions_mut().insert(Cut);
        }
        response
    })
    .await
}
