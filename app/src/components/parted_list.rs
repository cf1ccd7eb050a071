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
    let parts = Memo::new(move |_| entries.with(|entries| part_numbers(entries.iter().map(part_of))));
    // What may be in sight is in no old part: the browser would lay it out twice, to find out that it is.
    let first_in_sight =
        Memo::new(move |_| entries.with(|entries| entries.get(entries.len().saturating_sub(IN_SIGHT)).map(part_of)));
    let part = move |number: u64| {
        let entries = Memo::new(move |_| {
            entries.with(|entries| {
                let from = entries.partition_point(|entry| part_of(entry) < number);
                let to = entries.partition_point(|entry| part_of(entry) <= number);
                entries[from..to].to_vec()
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
        let old = move || first_in_sight.get().is_some_and(|first| number < first);
        view! {
            <ol class="part" class:old=old>
                <For each=move || keys.get() key=|key| *key children=row />
            </ol>
        }
    };
    view! { <For each=move || parts.get() key=|number| *number children=part /> }
}

/// The numbers of the parts that there are, each once.
fn part_numbers(of_entries: impl Iterator<Item = u64>) -> Vec<u64> {
    let mut numbers: Vec<u64> = of_entries.collect();
    numbers.dedup();
    numbers
}
