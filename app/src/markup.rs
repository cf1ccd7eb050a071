//! Drawings as text: what only shows something is written as markup by a plain function, on the server and in the
//! browser alike, and brought into the page where it differs.
//!
//! A tree of views is paid for twice, by its types in the download and by its nodes in memory. A drawing needs neither:
//! it hears nothing itself, its links and forms are heard by [`clicks`](crate::live::clicks), and its whole state is
//! the text. Leptos keeps the state; this keeps the drawings.

mod list;

use js_sys::Array;
use leptos::prelude::*;
use leptos::{prelude::untrack, tachys::html::InertElement};
use maud::Markup;
use wasm_bindgen::{JsCast, JsValue, prelude::wasm_bindgen};
use web_sys::{Element, HtmlElement, HtmlInputElement, HtmlOptionElement, Node};

pub use self::list::items;
pub use self::list::{Entries, Entry, follow_list};

use crate::live::dom;

/// A drawing in a view: one element, which the server renders and the browser finds there.
pub fn drawn(draw: impl FnOnce() -> Markup) -> InertElement {
    let html = if cfg!(feature = "ssr") { untrack(draw).into_string() } else { String::new() };
    InertElement::new(html)
}

/// Keeps the element that the server rendered for `selector` as `draw` has it, with its attributes. In the browser alone.
///
/// What it depends on may change many times; the page is touched only when the text is another.
pub fn keep(selector: &'static str, draw: impl Fn() -> Markup + 'static) {
    keep_boxed(selector, Box::new(draw));
}

/// Apart, so that the download has it once.
fn keep_boxed(selector: &'static str, draw: Box<dyn Fn() -> Markup>) {
    let (mut drawn, mut element) = (String::new(), None::<HtmlElement>);
    Effect::new(move |_| {
        let markup = draw().into_string();
        if markup != drawn {
            element = element.take().filter(|element| element.is_connected()).or_else(|| dom::find(selector));
            if let Some(element) = &element {
                replace(element, &markup);
            }
            drawn = markup;
        }
    });
}

/// Makes the element the one that `markup` describes.
fn replace(element: &Element, markup: &str) {
    // Parsed in what it stands in: a list's entry or a drawing's part is nothing by itself.
    let wanted = element.parent_element().and_then(|parent| parent.clone_node().ok());
    let Some(wanted) = wanted.map(JsCast::unchecked_into::<Element>) else { return };
    wanted.set_inner_html(markup);
    if let Some(new) = wanted.first_child() {
        adopt(element, &new);
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
    let (mut here, mut wanted) = (is.first_child(), wanted.first_child());
    while let Some(new) = wanted {
        wanted = new.next_sibling();
        match here {
            None => drop(is.append_child(&new)),
            Some(mut old) => {
                let mut is_same = old.is_equal_node(Some(&new));
                // Of a list that lost an entry the others stay as they are.
                if !is_same && let Some(next) = old.next_sibling().filter(|next| next.is_equal_node(Some(&new))) {
                    let _ = is.remove_child(&old);
                    (old, is_same) = (next, true);
                }
                here = old.next_sibling();
                if !is_same && !adopt(&old, &new) {
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

/// Makes `old` what `new` is, if both are of one kind.
fn adopt(old: &Node, new: &Node) -> bool {
    let (drawn, wanted) = (Drawn::of(old), Drawn::of(new));
    if drawn.node_name() != wanted.node_name() {
        return false;
    }
    if old.node_type() == Node::ELEMENT_NODE {
        adopt_attributes(drawn, wanted);
        adopt_children(old, new);
    } else {
        old.set_node_value(new.node_value().as_deref());
    }
    true
}

#[wasm_bindgen]
extern "C" {
    /// A node whose names and values stay in the browser: to compare and to copy them nothing has to come out of it.
    type Drawn;

    #[wasm_bindgen(method, getter, js_name = nodeName)]
    fn node_name(this: &Drawn) -> JsValue;

    #[wasm_bindgen(method, js_name = getAttributeNames)]
    fn names(this: &Drawn) -> Array;

    /// `null` if there is none of this name.
    #[wasm_bindgen(method, js_name = getAttribute)]
    fn attribute(this: &Drawn, name: &JsValue) -> JsValue;

    #[wasm_bindgen(method, js_name = setAttribute)]
    fn set_attribute(this: &Drawn, name: &JsValue, value: &JsValue);

    #[wasm_bindgen(method, js_name = removeAttribute)]
    fn remove_attribute(this: &Drawn, name: &JsValue);
}

impl Drawn {
    fn of(node: &Node) -> &Self {
        node.unchecked_ref()
    }
}

/// What a person has opened stays open: that is no part of a drawing.
fn adopt_attributes(old: &Drawn, new: &Drawn) {
    for name in new.names() {
        let value = new.attribute(&name);
        if old.attribute(&name) != value {
            old.set_attribute(&name, &value);
            come_into_force(old, &name, &value);
        }
    }
    for name in old.names() {
        if new.attribute(&name).is_null() && name != "open" {
            old.remove_attribute(&name);
            come_into_force(old, &name, &JsValue::NULL);
        }
    }
}

/// A field that somebody has touched shows what it was set to, and its attribute only what it begins with: what changes
/// in the drawing comes into the field too. What does not change leaves alone what is being typed there.
fn come_into_force(field: &Drawn, name: &JsValue, value: &JsValue) {
    // A button's value is no more than its attribute.
    let is_input = field.has_type::<HtmlInputElement>();
    if !is_input && !field.has_type::<HtmlOptionElement>() {
        return;
    }
    let value = match name.as_string().as_deref() {
        Some("value") if is_input => value.as_string().unwrap_or_default().into(),
        Some("checked" | "selected") => JsValue::from_bool(!value.is_null()),
        _ => return,
    };
    // Told what it shows already, a field would lose what is being typed there and is no number yet.
    if js_sys::Reflect::get(field, name).as_ref() != Ok(&value) {
        let _ = js_sys::Reflect::set(field, name, &value);
    }
}
