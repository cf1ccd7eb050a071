//! The browser's half: what the page's loader calls once the WebAssembly has arrived.
#![cfg(target_arch = "wasm32")]

// Its server functions and islands are found by name.
extern crate app;

/// Brings the page's island to life.
#[wasm_bindgen::prelude::wasm_bindgen]
pub fn hydrate() {
    leptos::mount::hydrate_islands();
}
