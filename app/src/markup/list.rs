//! Lists as text: each entry is drawn by itself, and only when what it is made of has changed. What happens in one turn
//! then costs one turn's drawing, however many there are.

use std::{borrow::Cow, iter::Peekable, sync::Arc, vec::IntoIter};

use leptos::prelude::*;
use maud::Markup;
use web_sys::Element;

use super::redraw;
use crate::live::{state::Derived, watch::watch};

/// One entry of a list.
#[derive(Clone, Debug)]
pub struct Entry {
    /// Its place among the others: later entries have higher ones.
    key: u64,
    class: Cow<'static, str>,
    made_of: Option<String>,
    markup: Arc<str>,
    /// What stands in it that changes more often than the rest.
    aside: String,
}

impl Entry {
    /// Its place among the others.
    pub const fn key(&self) -> u64 {
        self.key
    }

    /// Gives it one more class.
    pub fn also(&mut self, class: &str) {
        let classes = self.class.to_mut();
        classes.push(' ');
        classes.push_str(class);
    }
}

/// The entries of a list, in the making.
pub struct Entries {
    before: Peekable<IntoIter<Entry>>,
    now: Vec<Entry>,
}

impl Entries {
    /// How many of a list's entries may be in sight.
    const NEW: usize = 20;

    /// A list that was drawn as `before`.
    pub fn after(before: Option<Vec<Entry>>) -> Self {
        Self { before: before.unwrap_or_default().into_iter().peekable(), now: Vec::new() }
    }

    /// Adds an entry; the keys rise. It is drawn unless it was there before, made of the same. Without `made_of` it
    /// changes by itself, and is drawn each time.
    pub fn add(
        &mut self,
        key: u64,
        class: impl Into<Cow<'static, str>>,
        made_of: Option<String>,
        draw: impl FnOnce() -> Markup,
    ) {
        self.add_with(key, class, made_of, String::new(), draw);
    }

    /// The same with a text that changes more often than what the entry is made of, such as how long ago it was. In the
    /// markup it ends the element that has the attribute `data-aside`.
    pub fn add_with(
        &mut self,
        key: u64,
        class: impl Into<Cow<'static, str>>,
        made_of: Option<String>,
        aside: String,
        draw: impl FnOnce() -> Markup,
    ) {
        while self.before.next_if(|old| old.key < key).is_some() {}
        let old = self.before.next_if(|old| old.key == key);
        let same = old.filter(|old| made_of.is_some() && old.made_of == made_of);
        let markup = same.map_or_else(|| draw().into_string().into(), |old| old.markup);
        self.now.push(Entry { key, class: class.into(), made_of, markup, aside });
    }

    /// The list. All but the last so many entries are of the class `old`: they are out of sight, as a rule, and the
    /// browser need not lay them out. For the others it would do so twice, to find out that they are in sight.
    pub fn done(mut self) -> Vec<Entry> {
        let old = self.now.len().saturating_sub(Self::NEW);
        self.now[..old].iter_mut().for_each(|entry| entry.also("old"));
        self.now
    }
}

/// The entries as the content of a list, for the first drawing.
#[cfg(feature = "ssr")]
pub fn items(entries: &[Entry]) -> String {
    use std::fmt::Write as _;

    entries.iter().fold(String::new(), |mut html, Entry { class, markup, .. }| {
        let _ = write!(html, r#"<li class="{class}">{markup}</li>"#);
        html
    })
}

/// Keeps the list's items as the entries are. It begins as [`items`] has drawn them on the server, and nothing else
/// stands in it.
pub fn follow_list(list: Element, entries: Derived<Vec<Entry>>) {
    let mut drawn = entries.get_untracked();
    watch(move || {
        let now = entries.get();
        update(&list, &drawn, &now);
        drawn = now;
    });
}

fn update(list: &Element, before: &[Entry], now: &[Entry]) {
    let mut item = list.first_element_child();
    let mut before = before.iter().peekable();
    for entry in now {
        while before.next_if(|old| old.key < entry.key).is_some() {
            item = item.and_then(removed);
        }
        let old = before.next_if(|old| old.key == entry.key);
        item = match (old, item) {
            (Some(old), Some(item)) => {
                if old.class != entry.class {
                    item.set_class_name(&entry.class);
                }
                if old.markup != entry.markup {
                    redraw(&item, &entry.markup);
                }
                if old.aside != entry.aside || old.markup != entry.markup {
                    show_aside(&item, &entry.aside);
                }
                item.next_element_sibling()
            }
            (_, next) => {
                if let Ok(new) = document().create_element("li") {
                    new.set_class_name(&entry.class);
                    new.set_inner_html(&entry.markup);
                    show_aside(&new, &entry.aside);
                    let _ = list.insert_before(&new, next.as_deref());
                }
                next
            }
        };
    }
    while let Some(gone) = item {
        item = removed(gone);
    }
}

/// Shows the text that changes by itself.
fn show_aside(item: &Element, aside: &str) {
    if !aside.is_empty()
        && let Ok(Some(holder)) = item.query_selector("[data-aside]")
        && let Some(text) = holder.last_child()
    {
        text.set_node_value(Some(aside));
    }
}

/// Takes an item out; gives the one after it.
fn removed(item: Element) -> Option<Element> {
    let next = item.next_element_sibling();
    item.remove();
    next
}

#[cfg(test)]
mod tests {
    use super::*;
    use maud::html;

    /// Draws the keys of `made_of`, and says which it really drew.
    fn drawn(before: Option<Vec<Entry>>, made_of: &[(u64, Option<&str>)]) -> (Vec<Entry>, Vec<u64>) {
        let (mut entries, mut drawn) = (Entries::after(before), Vec::new());
        for (key, made_of) in made_of {
            entries.add(*key, "row", made_of.map(str::to_owned), || {
                drawn.push(*key);
                html! { (key) " of " (made_of.unwrap_or("itself")) }
            });
        }
        (entries.done(), drawn)
    }

    #[test]
    fn an_entry_is_drawn_when_what_it_is_made_of_changes_and_no_other_is() {
        let (first, all) = drawn(None, &[(1, Some("a")), (2, Some("b")), (5, Some("c"))]);
        assert_eq!(all, [1, 2, 5]);
        let (second, changed) = drawn(Some(first), &[(1, Some("a")), (2, Some("B")), (5, Some("c")), (6, Some("d"))]);
        assert_eq!(changed, [2, 6]);
        let items = items(&second);
        assert!(items.starts_with(r#"<li class="row">1 of a</li><li class="row">2 of B</li>"#), "{items}");
        let (third, changed) = drawn(Some(second), &[(2, Some("B")), (6, Some("d"))]);
        assert_eq!((changed.len(), third.len()), (0, 2), "what goes at the front moves nothing");
    }

    #[test]
    fn a_text_that_changes_by_itself_has_nothing_drawn_anew() {
        let mut drawn = 0;
        let mut list = |before, aside: &str| {
            let mut entries = Entries::after(before);
            entries.add_with(1, "row", Some("a".to_owned()), aside.to_owned(), || {
                drawn += 1;
                html! { span data-aside { (aside) } }
            });
            entries.done()
        };
        let first = list(None, "1 s");
        let second = list(Some(first.clone()), "2 s");
        assert_eq!((first[0].aside.as_str(), second[0].aside.as_str()), ("1 s", "2 s"));
        assert_eq!((drawn, &first[0].markup), (1, &second[0].markup));
    }

    #[test]
    fn an_entry_that_changes_by_itself_is_drawn_each_time() {
        let (first, _) = drawn(None, &[(1, Some("a")), (2, None)]);
        assert_eq!(drawn(Some(first), &[(1, Some("a")), (2, None)]).1, [2]);
    }
}
