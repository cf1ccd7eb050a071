//! `GET /lab/{actor_id}/report`: the lab's report as a page to print; with `?download`, the same as one file to keep.

use std::sync::Arc;

use app::{
    backend::SharedBackend,
    pages::{
        document::{Frame, Style},
        report::report,
    },
};
use axum::{
    Router,
    extract::{RawQuery, State},
    http::{HeaderMap, HeaderValue, header},
    response::{Html, IntoResponse, Response},
    routing::get,
};

use super::{extract::Actor, pages::chosen_theme, site::Site};

#[derive(Clone)]
struct Reports {
    backend: SharedBackend,
    site: Arc<Site>,
}

pub(crate) fn router(site: &Site, backend: SharedBackend) -> Router {
    let reports = Reports { backend, site: Arc::new(site.clone()) };
    Router::new().route("/lab/{actor_id}/report", get(page)).with_state(reports)
}

async fn page(
    State(reports): State<Reports>,
    Actor(actor): Actor,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Response {
    let keeps = query.is_some_and(|query| query.split('&').any(|part| part == "download" || part == "download="));
    let snapshot = reports.backend.snapshot(&actor).await;
    let taken = jiff::ZonedDateTime::now().strftime("%-d %B %Y, %H:%M").to_string();
    let site = &reports.site;
    let (linked, inline) = (site.stylesheet().unwrap_or_default(), site.style().unwrap_or_default());
    // Whoever opens the file later has a theme of their own.
    let frame = if keeps {
        Frame { style: Style::Inline(&inline), theme: None }
    } else {
        Frame { style: Style::Linked(&linked), theme: chosen_theme(&headers) }
    };
    let mut response = Html(report(&snapshot, &taken, frame)).into_response();
    let headers = response.headers_mut();
    let csp = "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'none'; frame-ancestors 'none'";
    headers.insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(csp));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    if keeps {
        let name = HeaderValue::try_from(format!(r#"attachment; filename="faultlab-{actor}.html""#));
        let name = name.unwrap_or_else(|_| HeaderValue::from_static("attachment"));
        headers.insert(header::CONTENT_DISPOSITION, name);
    }
    response
}
