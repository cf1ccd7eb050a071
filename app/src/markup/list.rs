//! Lists as text: each entry is drawn by itself, and only when what it is made of has changed. What happens in one turn
//! then costs one turn's drawing, however many there are.
//!
//! A list can become long, and little of it is in sight. On the page it is several lists, one below the other: those
//! that are out of sight are skipped as a whole when the page is laid out and painted.

use std::{borrow::Cow, iter::Peekable, sync::Arc, vec::IntoIter};

use leptos::prelude::*;
use maud::Markup;
use web_sys::Element;

use super::redraw;

/// One entry of a list.
#[derive(Clone, Debug)]
pub struct Entry {
    /// Its place among the others: later entries have higher ones.
    key: u64,
    /// The place of its part among the others.
    part: u64,
    /// Whether its part is out of sight, as a rule.
    is_old: bool,
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

    const fn part(&self) -> u64 {
        self.part
    }

    const fn class_of_part(&self) -> &'static str {
        if self.is_old { "part old" } else { "part" }
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
    keys_of_a_part: u64,
    before: Peekable<IntoIter<Entry>>,
    now: Vec<Entry>,
}

impl Entries {
    /// How many of a list's last entries are in sight, as a rule.
    const IN_SIGHT: usize = 8;

    /// A list that was drawn as `before`, in parts of so many keys each. A smaller part has less to be drawn that is out
    /// of sight, and more often a part that grows old, for which the page is laid out twice.
    pub fn after(before: Option<Vec<Entry>>, keys_of_a_part: u64) -> Self {
        Self { keys_of_a_part, before: before.unwrap_or_default().into_iter().peekable(), now: Vec::new() }
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
        let (part, class) = (key / self.keys_of_a_part, class.into());
        self.now.push(Entry { key, part, is_old: false, class, made_of, markup, aside });
    }

    /// The list. What may be in sight is in no old part: the browser would lay it out twice, to find out that it is.
    pub fn done(mut self) -> Vec<Entry> {
        let in_sight = self.now.len().saturating_sub(Self::IN_SIGHT);
        if let Some(part) = self.now.get(in_sight).map(Entry::part) {
            self.now.iter_mut().for_each(|entry| entry.is_old = entry.part < part);
        }
        self.now
    }
}

/// The entries in their parts, for the first drawing.
pub fn items(entries: &[Entry]) -> String {
    use std::fmt::Write as _;

    let mut html = String::new();
    for part in alike(entries, Entry::part) {
        let _ = write!(html, r#"<ol class="{}">"#, part[0].class_of_part());
        for Entry { class, markup, .. } in part {
            let _ = write!(html, r#"<li class="{class}">{markup}</li>"#);
        }
        html.push_str("</ol>");
    }
    html
}

/// Keeps the list's parts and items as the entries are. It begins as [`items`] has drawn them on the server, and nothing
/// else stands in it.
pub fn follow_list(list: Element, entries: Memo<Vec<Entry>>) {
    let mut drawn = entries.get_untracked();
    Effect::new(move |_| {
        let now = entries.get();
        update(&list, ("ol", Entry::part, show_part), &drawn, &now);
        drawn = now;
    });
}

/// What the children of an element are: their name, the rising number by which entries are of one child, and what makes
/// a child what its entries are, told those that it shows. A new child shows none.
type Children = (&'static str, fn(&Entry) -> u64, fn(&Element, &[Entry], &[Entry]));

/// Makes an element's children, which show `before`, show `now`.
fn update(parent: &Element, (name, number, show): Children, before: &[Entry], now: &[Entry]) {
    let mut child = parent.first_element_child();
    let mut before = alike(before, number).peekable();
    for entries in alike(now, number) {
        let place = number(&entries[0]);
        while before.next_if(|old| number(&old[0]) < place).is_some() {
            child = child.and_then(removed);
        }
        let shown = before.next_if(|old| number(&old[0]) == place);
        child = match (shown, child) {
            (Some(shown), Some(child)) => {
                show(&child, shown, entries);
                child.next_element_sibling()
            }
            (_, next) => {
                if let Ok(new) = document().create_element(name) {
                    show(&new, &[], entries);
                    let _ = parent.insert_before(&new, next.as_deref());
                }
                next
            }
        };
    }
    while let Some(gone) = child {
        child = removed(gone);
    }
}

/// The entries that have a number in common, for each number.
fn alike(entries: &[Entry], number: fn(&Entry) -> u64) -> impl Iterator<Item = &[Entry]> {
    entries.chunk_by(move |one, next| number(one) == number(next))
}

fn show_part(part: &Element, before: &[Entry], now: &[Entry]) {
    let class = now[0].class_of_part();
    if before.first().is_none_or(|before| before.class_of_part() != class) {
        part.set_class_name(class);
    }
    update(part, ("li", Entry::key, show_item), before, now);
}

fn show_item(item: &Element, before: &[Entry], now: &[Entry]) {
    let (before, now) = (before.first(), &now[0]);
    if before.is_none_or(|before| before.class != now.class) {
        item.set_class_name(&now.class);
    }
    let is_drawn_anew = before.is_none_or(|before| before.markup != now.markup);
    match before {
        None => item.set_inner_html(&now.markup),
        Some(_) if is_drawn_anew => redraw(item, &now.markup),
        Some(_) => {}
    }
    if is_drawn_anew || before.is_some_and(|before| before.aside != now.aside) {
        show_aside(item, &now.aside);
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
        let (mut entries, mut drawn) = (Entries::after(before, 4), Vec::new());
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
        let expected =
            r#"<ol class="part"><li class="row">1 of a</li><li class="row">2 of B</li></ol><ol class="part">"#;
        assert!(items.starts_with(expected), "{items}");
        let (third, changed) = drawn(Some(second), &[(2, Some("B")), (6, Some("d"))]);
        assert_eq!((changed.len(), third.len()), (0, 2), "what goes at the front moves nothing");
    }

    #[test]
    fn a_text_that_changes_by_itself_has_nothing_drawn_anew() {
        let mut drawn = 0;
        let mut list = |before, aside: &str| {
            let mut entries = Entries::after(before, 4);
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

    #[test]
    fn the_parts_of_a_list_that_may_be_in_sight_are_not_old() {
        let keys: Vec<_> = (1..=14).map(|key| (key, Some("a"))).collect();
        let (entries, _) = drawn(None, &keys);
        let parts: Vec<_> = alike(&entries, Entry::part).map(|part| (part.len(), part[0].is_old)).collect();
        // Of the last eight the first is number 7, which shares its part with 4 to 6.
        assert_eq!(parts, [(3, true), (4, false), (4, false), (3, false)]);
    }
}
