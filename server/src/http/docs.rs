//! `GET /docs` and `GET /openapi.json`: what the lab takes and answers. The page needs no network and no script.

use std::sync::Arc;

use app::{
    pages::document::{Frame, Style, document},
    panels::topbar::{Brand, ThemeButton},
};
use axum::{
    Json, Router,
    http::{HeaderMap, HeaderValue, header},
    response::{Html, IntoResponse, Response},
    routing::get,
};
use leptos::prelude::*;
use serde_json::Value;
use utoipa::{
    OpenApi,
    openapi::{
        self, PathItem, RefOr,
        path::{HttpMethod, Operation},
    },
};

use super::pages::chosen_theme;

/// The description without its routes, which their handlers bring with them.
#[derive(OpenApi)]
#[openapi(
    info(
        title = "Faultlab",
        description = "A playground for the fault tolerance of a Dapr virtual actor. Step 4.4: Fault tolerance."
    ),
    tags(
        (name = "Lesson", description = "The two routes of the lesson. Both invoke the actor."),
        (name = "Actor", description = "What the lesson looks up to see whether the actor is there."),
        (name = "Lab", description = "Whatever the page can do."),
        (name = "Recordings", description = "One turn as a document: out of a lab, and shown again on this lab or another.")
    )
)]
pub(super) struct Api;

/// The routes that describe `api`.
pub(crate) fn router(api: openapi::OpenApi, stylesheet: Option<String>) -> Router {
    let api = Arc::new(api);
    let document = Arc::clone(&api);
    let page = async move |headers: HeaderMap| page(&api, stylesheet.as_deref().unwrap_or_default(), &headers);
    Router::new().route("/openapi.json", get(async move || Json(document))).route("/docs", get(page))
}

/// The operations of a path, with their methods.
fn operations(item: &PathItem) -> impl Iterator<Item = (&'static str, HttpMethod, &Operation)> {
    let all = [
        ("GET", HttpMethod::Get, &item.get),
        ("PUT", HttpMethod::Put, &item.put),
        ("POST", HttpMethod::Post, &item.post),
        ("DELETE", HttpMethod::Delete, &item.delete),
    ];
    all.into_iter().filter_map(|(name, method, operation)| Some((name, method, operation.as_ref()?)))
}

/// The operation as a line for a shell, against the lab that the page came from.
fn curl(origin: &str, method: &str, path: &str, operation: &Operation) -> String {
    // curl would take braces for a list of names.
    let given = operation.parameters.iter().flatten().fold(path.to_owned(), |path, parameter| {
        let RefOr::T(parameter) = parameter else { return path };
        // It gives its example away as JSON alone.
        let described = serde_json::to_value(parameter).unwrap_or_default();
        let name = &parameter.name;
        let example = match &described["example"] {
            Value::Null => name.to_uppercase(),
            Value::String(text) => text.clone(),
            other => other.to_string(),
        };
        path.replace(&format!("{{{name}}}"), &example)
    });
    let url = origin.to_owned() + &given;
    let body = match (method, path) {
        ("POST", "/chat/{actor_id}") => Some(r#"{"role": "user", "content": "Hi there"}"#),
        ("PUT", "/api/lab/{actor_id}/fault") => Some(r#"{"on": true, "plan": [{"operation": "save", "attempts": 2}]}"#),
        ("PUT", "/api/lab/{actor_id}/policy") => Some(r#"{"attempts": 5, "delay_ms": 200, "backoff": "exponential"}"#),
        ("POST", "/api/lab/{actor_id}/scenario") => Some(r#"{"name": "save-fails-twice"}"#),
        ("PUT", "/api/lab/{actor_id}/hold" | "/api/sidecar-retries") => Some(r#"{"on": true}"#),
        ("PUT", "/api/wire") => Some(r#"{"fault": {"kind": "refuse"}}"#),
        _ => None,
    };
    let flags = match (method, path) {
        ("GET", "/events/{actor_id}") => "-N ".to_owned(),
        ("GET", _) => String::new(),
        _ => format!("-X {method} "),
    };
    match body {
        // The document is too long for a line: the turn that the route above it gives.
        None if path == "/api/recordings" => {
            format!("curl {flags}{url} -H \"Content-Type: application/json\" --data-binary @turn.json")
        }
        Some(body) => format!("curl {flags}{url} -H \"Content-Type: application/json\" -d '{body}'"),
        None => format!("curl {flags}{url}"),
    }
}

fn page(api: &openapi::OpenApi, stylesheet: &str, headers: &HeaderMap) -> Response {
    // Looked at by the guard already: it names this lab.
    let host = headers.get(header::HOST).and_then(|host| host.to_str().ok()).unwrap_or("localhost:8000");
    let origin = format!("http://{host}");
    let sections = api.tags.clone().unwrap_or_default().into_iter().map(|tag| {
        let of_tag = api.paths.paths.iter().flat_map(|(path, item)| {
            let operations = operations(item)
                .filter(|(_, _, operation)| operation.tags.as_ref().is_some_and(|tags| tags.contains(&tag.name)));
            operations.map(|(method, _, operation)| route(&origin, method, path, operation)).collect::<Vec<_>>()
        });
        let of_tag: Vec<_> = of_tag.collect();
        view! {
            <section>
                <h2>{tag.name.clone()}</h2>
                <p class="note">{tag.description.clone()}</p>
                {of_tag}
            </section>
        }
    });
    let sections: Vec<_> = sections.collect();
    let body = view! {
        <header class="topbar">
            <Brand/>
            <span class="topbar-step">"API"</span>
            <span class="topbar-gap"></span>
            <ThemeButton/>
        </header>
        <main class="docs">
            <h1>"API"</h1>
            <p class="lead">
                "Everything the page does, as HTTP. The same for programs, with every field: "
                <a href="/openapi.json">"openapi.json"</a> "."
            </p>
            {sections}
        </main>
    };
    let csp = "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'";
    let frame = Frame { style: Style::Linked(stylesheet), theme: chosen_theme(headers) };
    ([(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(csp))], Html(document(frame, "API", body)))
        .into_response()
}

fn route(origin: &str, method: &'static str, path: &str, operation: &Operation) -> impl IntoView + use<> {
    let answers: Vec<_> = operation
        .responses
        .responses
        .iter()
        .map(|(status, response)| {
            let words = match response {
                RefOr::T(response) => response.description.clone(),
                RefOr::Ref(_) => String::new(),
            };
            let words = if words.is_empty() { usual(status) } else { words };
            view! { <dt>{status.clone()}</dt><dd>{words}</dd> }
        })
        .collect();
    view! {
        <article class="route">
            <h3>
                <code class="verb">{method}</code>
                <code>{path.to_owned()}</code>
            </h3>
            <div class="route-body">
                <p>{operation.summary.as_deref().map(with_code)}</p>
                {operation.description.as_deref().map(|words| view! { <p>{with_code(words)}</p> })}
                <pre class="code"><code>{curl(origin, method, path, operation)}</code></pre>
                <dl>{answers}</dl>
            </div>
        </article>
    }
}

/// What a status says where its route says nothing more.
fn usual(status: &str) -> String {
    let words = match status {
        "200" => "Done; the answer is JSON",
        "204" => "Done",
        "400" => "The actor id or the request is not acceptable",
        "413" => "The body is over 16 KiB",
        "415" => "The body does not say that it is JSON",
        "503" => "The turn failed, or the sidecar or its store is away",
        _ => "",
    };
    words.to_owned()
}

/// Words with what stands between backticks as code.
fn with_code(words: &str) -> Vec<AnyView> {
    let part = |(n, part): (usize, &str)| {
        let part = part.to_owned();
        if n % 2 == 1 { view! { <code>{part}</code> }.into_any() } else { part.into_any() }
    };
    words.split('`').enumerate().map(part).collect()
}
