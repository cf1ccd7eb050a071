//! What answers for a path that no page has.

use http::StatusCode;
use leptos::prelude::*;
use leptos_axum::ResponseOptions;

use super::plain::PlainPage;

/// `404`, with the way back.
#[component]
pub fn NotFoundPage() -> impl IntoView {
    if let Some(response) = use_context::<ResponseOptions>() {
        response.set_status(StatusCode::NOT_FOUND);
    }
    view! {
        <PlainPage title="There is no such page">
            <p>
                "A lab has the address " <code>"/lab/…"</code>
                " with the actor’s id at its end. Type an id above, or go to "
                <a href="/">"the lesson’s lab"</a> "."
            </p>
        </PlainPage>
    }
}
