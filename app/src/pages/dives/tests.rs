use super::{
    content::DIVES,
    dive::{Dive, Live},
};
use model::scenario::{self, Need};

/// The text without its white space, so that line breaks may differ.
fn dense(text: &str) -> String {
    text.split_whitespace().collect()
}

#[test]
fn each_listing_of_this_program_is_what_runs() {
    for Dive { slug, ours, .. } in &DIVES {
        let source = format!("{}/../{}", env!("CARGO_MANIFEST_DIR"), ours.name);
        let source =
            dense(&std::fs::read_to_string(&source).unwrap_or_else(|error| panic!("{slug}: {source}: {error}")));
        let mut rest = source.as_str();
        for part in ours.text.split('…').map(dense) {
            let at = rest.find(&part);
            assert!(at.is_some(), "{slug}: not in the source any more, or not in this order: {part}");
            rest = &rest[at.unwrap() + part.len()..];
        }
    }
}

#[test]
fn each_listing_marks_one_of_its_lines() {
    for Dive { slug, theirs, ours, .. } in &DIVES {
        for listing in [theirs, ours] {
            let marked = listing.text.lines().filter(|line| line.trim() == listing.mark).count();
            assert_eq!(marked, 1, "{slug}: {}", listing.mark);
        }
    }
}

#[test]
fn each_dive_has_a_name_of_its_own_and_something_to_say_for_each_part() {
    for (n, dive) in DIVES.iter().enumerate() {
        assert!(DIVES.iter().skip(n + 1).all(|other| other.slug != dive.slug), "{}", dive.slug);
        assert!(!dive.there.is_empty() && !dive.here.is_empty() && !dive.seen.is_empty(), "{}", dive.slug);
    }
}

#[test]
fn each_dive_but_the_one_without_a_program_leads_to_a_scenario_that_runs_on_either_lab() {
    let mut shown = 0;
    for Dive { slug, live, .. } in &DIVES {
        let Live::Scene(scene) = live else { continue };
        shown += 1;
        for there in [&[Need::StoreLayer][..], &[Need::Wire]] {
            let (scenario, why) = scene.in_a_lab_with(there).unwrap();
            assert_eq!(scenario.missing(there), None, "{slug} on a lab with {there:?}");
            let itself = scenario::named(scene.scenario).unwrap().missing(there).is_none();
            assert_eq!(why.is_none(), itself, "{slug} says why it shows something else, and only then");
        }
    }
    assert_eq!(shown, 7);
}

#[test]
fn what_the_checks_lead_to_is_there() {
    for (slug, words) in &crate::panels::checks::dives::DIVES {
        assert!(DIVES.iter().any(|dive| dive.slug == *slug), "{words} leads to {slug}");
    }
}
