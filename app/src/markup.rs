//! Drawings as text: what only shows something is written as markup by a plain function, on the server and in the
//! browser alike, and brought into the page where it differs.
//!
//! A tree of views is paid for twice, by its types in the download and by its nodes in memory. A drawing needs neither:
//! it hears nothing itself, its links and forms are heard by [`clicks`](crate::live::clicks), and its whole state is
//! the text. Leptos keeps the state; this keeps the drawings.

mod list;

#[cfg(feature = "ssr")]
use leptos::{prelude::untrack, tachys::html::InertElement};
use maud::Markup;
use wasm_bindgen::{JsCast, JsValue};
use web_sys::{Element, HtmlInputElement, Node};

#[cfg(feature = "ssr")]
pub use self::list::items;
pub use self::list::{Entries, Entry, follow_list};

use crate::live::{dom, watch::watch};

/// A drawing in a page that the server renders.
#[cfg(feature = "ssr")]
pub fn drawn(draw: impl FnOnce() -> Markup) -> InertElement {
    InertElement::new(untrack(draw).into_string())
}

/// Keeps the element that the server rendered for `selector` as `draw` has it, with its attributes. In the browser alone.
///
/// What it depends on may change many times; the page is touched only when the text is another.
pub fn keep(selector: &'static str, draw: impl Fn() -> Markup + 'static) {
    keep_boxed(selector, Box::new(draw));
}

/// Apart, so that the download has it once.
fn keep_boxed(selector: &'static str, draw: Box<dyn Fn() -> Markup>) {
    let mut drawn = String::new();
    watch(move || {
        let markup = draw().into_string();
        if markup != drawn {
            replace(selector, &markup);
            drawn = markup;
        }
    });
}

/// Makes the element that `selector` names the one that `markup` describes.
fn replace(selector: &str, markup: &str) {
    let Some(element) = dom::find(selector) else { return };
    // Parsed in what it stands in: a list's entry or a drawing's part is nothing by itself.
    let wanted = element.parent_element().and_then(|parent| parent.clone_node().ok());
    let Some(wanted) = wanted.map(JsCast::unchecked_into::<Element>) else { return };
    wanted.set_inner_html(markup);
    if let Some(new) = wanted.first_child() {
        adopt(&element, &new);
    }
}

/// Changes the element's content to `markup`, and only where it differs: what is the same keeps its focus, its place
/// and its motion.
fn redraw(element: &Element, markup: &str) {
    // Parsed in an element of the same kind: a drawing's parts are no HTML.
    let Ok(wanted) = element.clone_node().map(JsCast::unchecked_into::<Element>) else { return };
    wanted.set_inner_html(markup);
    adopt_children(element, &wanted);
}

/// Makes the children of `is` those of `wanted`, from the first to the last.
fn adopt_children(is: &Node, wanted: &Node) {
    let mut here = is.first_child();
    while let Some(new) = wanted.first_child() {
        let _ = wanted.remove_child(&new);
        match here {
            None => drop(is.append_child(&new)),
            Some(mut old) => {
                // Of a list that lost an entry the others stay as they are.
                if let Some(next) = old.next_sibling().filter(|next| gone_before(&old, next, &new)) {
                    let _ = is.remove_child(&old);
                    old = next;
                }
                here = old.next_sibling();
                if !adopt(&old, &new) {
                    let _ = is.replace_child(&new, &old);
                }
            }
        }
    }
    while let Some(old) = here {
        here = old.next_sibling();
        let _ = is.remove_child(&old);
    }
}

/// Whether `new` is what stands after `old`.
fn gone_before(old: &Node, next: &Node, new: &Node) -> bool {
    next.is_equal_node(Some(new)) && !old.is_equal_node(Some(new))
}

/// Makes `old` what `new` is, if both are of one kind.
fn adopt(old: &Node, new: &Node) -> bool {
    if old.is_equal_node(Some(new)) {
        return true;
    }
    if old.node_name() != new.node_name() {
        return false;
    }
    match (old.dyn_ref::<Element>(), new.dyn_ref::<Element>()) {
        (Some(old), Some(new)) => {
            adopt_attributes(old, new);
            adopt_children(old, new);
        }
        _ => old.set_node_value(new.node_value().as_deref()),
    }
    true
}

/// What a person has opened stays open: that is no part of a drawing.
fn adopt_attributes(old: &Element, new: &Element) {
    let names = |element: &Element| element.get_attribute_names().into_iter().filter_map(|name| name.as_string());
    for name in names(new) {
        let value = new.get_attribute(&name);
        if let Some(value) = value.filter(|value| old.get_attribute(&name).as_ref() != Some(value)) {
            let _ = old.set_attribute(&name, &value);
            come_into_force(old, &name, Some(&value));
        }
    }
    for name in names(old).filter(|name| name != "open" && !new.has_attribute(name)) {
        let _ = old.remove_attribute(&name);
        come_into_force(old, &name, None);
    }
}

/// A field that somebody has touched shows what it was set to, and its attribute only what it begins with: what changes
/// in the drawing comes into the field too. What does not change leaves alone what is being typed there.
fn come_into_force(field: &Element, name: &str, value: Option<&str>) {
    let value = match name {
        // A button's is no more than its attribute.
        "value" if field.has_type::<HtmlInputElement>() => JsValue::from_str(value.unwrap_or_default()),
        "checked" | "selected" => JsValue::from_bool(value.is_some()),
        _ => return,
    };
    let name = JsValue::from_str(name);
    // Told what it shows already, a field would lose what is being typed there and is no number yet.
    if js_sys::Reflect::get(field, &name).as_ref() != Ok(&value) {
        let _ = js_sys::Reflect::set(field, &name, &value);
    }
}
