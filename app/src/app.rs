//! Which page a path shows. Routing happens on the server: the router is what would make the download big.

use leptos::prelude::*;
use leptos_meta::provide_meta_context;
use leptos_router::{
    SsrMode,
    components::{Route, Router, Routes},
    path,
};

use crate::pages::{
    dives::{DivePage, DivesPage},
    lab::{LabPage, OpenLab},
    not_found::NotFoundPage,
};

/// The pages. A lab is sent whole, not streamed: what it shows first is in the HTML, and its status is known.
#[component]
pub fn App() -> impl IntoView {
    provide_meta_context();
    view! {
        <Router>
            <Routes fallback=NotFoundPage>
                <Route path=path!("/") view=LabPage ssr=SsrMode::Async />
                <Route path=path!("/lab") view=OpenLab ssr=SsrMode::Async />
                <Route path=path!("/lab/:actor_id") view=LabPage ssr=SsrMode::Async />
                <Route path=path!("/dives") view=DivesPage ssr=SsrMode::Async />
                <Route path=path!("/dives/:slug") view=DivePage ssr=SsrMode::Async />
            </Routes>
        </Router>
    }
}
