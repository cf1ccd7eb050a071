//! A list that can become long, while little of it is in sight. On the page it is several lists, one below the other:
//! those that are out of sight are skipped as a whole when the page is laid out and painted.

use leptos::prelude::*;

/// How many of a list's last entries are in sight, as a rule.
const IN_SIGHT: usize = 8;

/// The list. A change of one entry runs that entry alone.
#[component]
pub fn PartedList<T, N>(
    /// The entries; their keys rise.
    entries: Memo<Vec<T>>,
    /// What an entry is known by, whatever else of it changes.
    key: fn(&T) -> u64,
    /// How many keys a part has. A smaller part has less to be drawn that is out of sight, and more often a part that
    /// grows old, for which the page is laid out twice.
    keys_of_a_part: u64,
    /// Shows an entry, as one `li`.
    entry: fn(Memo<T>) -> N,
) -> impl IntoView
where
    T: Clone + PartialEq + Send + Sync + 'static,
    N: IntoView + 'static,
{
    let part_of = move |entry: &T| key(entry) / keys_of_a_part;
    let parts = Memo::new(move |_| entries.with(|entries| Parts::of(entries.iter().map(part_of).collect())));
    let part = move |number: u64| {
        let entries = Memo::new_owning(move |before: Option<Vec<T>>| {
            entries.with(|entries| {
                let from = entries.partition_point(|entry| part_of(entry) < number);
                let to = entries.partition_point(|entry| part_of(entry) <= number);
                let now = &entries[from..to];
                match before {
                    Some(before) if before == now => (before, false),
                    _ => (now.to_vec(), true),
                }
            })
        });
        let keys = Memo::new(move |_| entries.with(|entries| entries.iter().map(key).collect::<Vec<_>>()));
        let row = move |wanted: u64| {
            entry(Memo::new(move |before: Option<&T>| {
                let found = entries.with(|entries| entries.iter().find(|entry| key(entry) == wanted).cloned());
                // An entry that has gone is shown once more at most, as it was.
                found.or_else(|| before.cloned()).expect("a row is made for an entry that is there")
            }))
        };
        let old = move || parts.with(|parts| number < parts.first_in_sight);
        view! {
            <ol class="part" class:old=old>
                <For each=move || keys.get() key=|key| *key children=row />
            </ol>
        }
    };
    view! { <For each=move || parts.get().numbers key=|number| *number children=part /> }
}

/// The parts of a list.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Parts {
    /// Their numbers.
    numbers: Vec<u64>,
    /// The first that may be in sight. It is not old, or the browser would lay it out twice, to find out that it is.
    first_in_sight: u64,
}

impl Parts {
    /// Of a list whose entries are in these parts.
    fn of(mut parts: Vec<u64>) -> Self {
        let first_in_sight = parts.get(parts.len().saturating_sub(IN_SIGHT)).copied().unwrap_or_default();
        parts.dedup();
        Self { numbers: parts, first_in_sight }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_parts_of_a_list_that_may_be_in_sight_are_not_old() {
        let parts = Parts::of((1..=14).map(|key| key / 4).collect());
        // Of the last eight the first is number 7, which shares its part with 4 to 6.
        assert_eq!(parts, Parts { numbers: vec![0, 1, 2, 3], first_in_sight: 1 });
        assert!(Parts::of(Vec::new()).numbers.is_empty());
    }
}
