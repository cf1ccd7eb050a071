//! A turn in one line of small shapes, as text.

use maud::{Markup, html};

pub use crate::components::turn_trace::telling_bar;
use crate::components::turn_trace::{Drawing, marks};
use model::timeline::Turn;

/// The trace of a turn.
pub fn trace(turn: &Turn) -> Markup {
    markup(Drawing::of(&marks(turn)))
}

fn markup(drawing: Drawing) -> Markup {
    let Drawing { paths, width, words } = drawing;
    html! {
        svg.trace width=(width) height="12" viewBox={ "0 0 " (width) " 12" } role="img" aria-label=(words.join(", ")) {
            @for (class, path) in paths {
                path class=(class) d=(path) fill=[(class == "m-wait").then_some("url(#hatch-mini)")] {}
            }
        }
    }
}
