//! The browser's half: what the page's loader calls once the WebAssembly has arrived.
#![cfg(target_arch = "wasm32")]

// Its server functions and islands are found by name.
extern crate app;

/// Brings the page's island to life.
#[wasm_bindgen::prelude::wasm_bindgen]
pub fn hydrate() {
    console_error_panic_hook::set_once();
    leptos::mount::hydrate_islands();
}
