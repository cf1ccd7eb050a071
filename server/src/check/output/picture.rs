//! A trial as a picture: what was seen of its actor, from left to right, in SVG. Between two moments there is the same
//! room, however long it took: it says so, and each bar has its time.

use model::own::{
    moment::{Moment, What, short},
    trial::Trial,
};

use super::escaped;

/// The width of one bar with the gap behind it, in pixels.
const STEP: usize = 92;
/// How many bars there are at most.
const MOST: usize = 24;

/// One thing that is drawn.
struct Bar {
    class: &'static str,
    name: String,
    /// What it says when it is pointed at.
    title: String,
    /// Milliseconds since the beginning.
    at_ms: u64,
    on_purpose: bool,
}

/// The picture; empty where nothing was seen.
pub(super) fn picture(trial: &Trial) -> String {
    let began = trial.acts.first().map_or(0, |act| act.at_us);
    let bars: Vec<Bar> = trial.moments.iter().filter_map(|moment| bar(moment, began)).collect();
    if bars.is_empty() {
        return String::new();
    }
    let left_out = bars.len().saturating_sub(MOST);
    let width = bars.len().min(MOST) * STEP + 16;
    let words: Vec<_> = bars.iter().take(MOST).map(|bar| bar.title.clone()).collect();
    let mut svg = format!(
        "<figure><svg class=\"plot\" width=\"{width}\" height=\"78\" viewBox=\"0 0 {width} 78\" role=\"img\" aria-label=\"{}\">",
        escaped(&words.join(", "))
    );
    svg.push_str(&format!("<line class=\"axis\" x1=\"8\" x2=\"{}\" y1=\"42\" y2=\"42\"/>", width - 8));
    for (place, bar) in bars.iter().take(MOST).enumerate() {
        let x = 8 + place * STEP;
        let Bar { class, name, title, at_ms, on_purpose } = bar;
        svg.push_str(&format!(
            "<g class=\"{class}\"><title>{}</title><text class=\"op\" x=\"{x}\" y=\"20\">{}</text><rect x=\"{x}\" y=\"28\" width=\"72\" height=\"28\" rx=\"3\"/><text class=\"at\" x=\"{x}\" y=\"72\">{at_ms} ms</text>{}</g>",
            escaped(title),
            escaped(name),
            mark(class, x),
        ));
        if *on_purpose {
            svg.push_str(&format!("<path class=\"flag\" d=\"M{} 28v-13l9 3.5-9 3.5\"/>", x + 60));
        }
    }
    svg.push_str("</svg>");
    if left_out > 0 {
        svg.push_str(&format!("<figcaption>{left_out} more are not drawn</figcaption>"));
    }
    svg + "</figure>"
}

/// The second cue beside the colour.
fn mark(class: &str, x: usize) -> String {
    let (x, y) = (x + 30, 36);
    match class {
        "ok" => format!("<path class=\"mark\" d=\"M{x} {}l4 4 7-8\"/>", y + 6),
        "fail" => format!("<path class=\"mark\" d=\"M{x} {y}l10 10m0-10l-10 10\"/>"),
        _ => String::new(),
    }
}

fn bar(moment: &Moment, began: u64) -> Option<Bar> {
    let (class, name, on_purpose) = match &moment.what {
        What::State(call) => {
            let class = if call.error.is_some() { "fail" } else { "ok" };
            (class, if call.write { "save" } else { "load" }.to_owned(), call.on_purpose.is_some())
        }
        What::Published(event) => {
            let class = if event.error.is_some() { "fail" } else { "ok" };
            (class, "publish".to_owned(), event.on_purpose.is_some())
        }
        What::Delivered { refused, .. } => {
            (if refused.is_some() { "fail" } else { "ok" }, "delivery".to_owned(), false)
        }
        What::Activated => ("note", "activated".to_owned(), false),
        What::Deactivated => ("note", "deactivated".to_owned(), false),
        What::Ended { status, .. } => {
            let name = status.map_or_else(|| "no reply".to_owned(), |status| format!("reply {status}"));
            (if *status == Some(200) { "note" } else { "fail" }, name, false)
        }
        What::Line { text } if model::own::judge::is_failure(text) => ("line", text.chars().take(12).collect(), false),
        What::Restarted => ("note", "restarted".to_owned(), false),
        _ => return None,
    };
    let title = short(&moment.words());
    Some(Bar { class, name, title, at_ms: moment.at_us.saturating_sub(began) / 1_000, on_purpose })
}
