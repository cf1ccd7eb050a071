//! Doing something again when what it reads has changed.

use leptos::prelude::*;

/// Does `what` soon, and again whenever something has changed that it read. In the browser alone.
///
/// A Leptos effect is code of its own for each closure that it is made of. Here it is in the download once.
pub fn watch(what: impl FnMut() + 'static) {
    watch_boxed(Box::new(what));
}

fn watch_boxed(mut what: Box<dyn FnMut()>) {
    Effect::new(move |_| what());
}
