//! Whatever is done, the labs are what a model of them says.

use proptest::{collection::vec, prelude::*};

use super::*;

/// Something that is done to one of a few labs.
#[derive(Clone, Debug)]
enum Deed {
    Store(usize),
    Queue,
    Finish,
    Prove(usize),
    Set(bool),
    Look,
    Follow,
    Leave,
}

fn deed() -> impl Strategy<Value = (usize, Deed)> {
    let deed = prop_oneof![
        6 => (0_usize..LARGE).prop_map(Deed::Store),
        1 => Just(Deed::Queue),
        1 => Just(Deed::Finish),
        1 => (0_usize..20_000).prop_map(Deed::Prove),
        1 => any::<bool>().prop_map(Deed::Set),
        3 => Just(Deed::Look),
        1 => Just(Deed::Follow),
        1 => Just(Deed::Leave),
    ];
    (0_usize..12, deed)
}

/// What has to hold of a lab, whatever else is done.
#[derive(Default)]
struct Model {
    /// The turns that wait, which are never forgotten.
    queued: Vec<crate::timeline::Ticket>,
    /// How much was ever told, so that nothing is told that was not.
    stored: usize,
    proven: bool,
    followed: Option<Follow>,
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn whatever_is_done_the_labs_are_what_the_model_says_within_the_budget(deeds in vec(deed(), 1..150)) {
        let budget = 400 * 1024;
        let (labs, timelines) = labs(budget);
        let controls = Controls::new(labs.clone(), RetryPolicy::LESSON, vec![], None, None);
        let lab = |n: usize| actor(&format!("lab{n}"));
        let mut models: Vec<Model> = (0..12).map(|_| Model::default()).collect();
        // The one used last in front.
        let mut used: Vec<usize> = Vec::new();
        for (n, deed) in deeds {
            let (actor, model, last) = (lab(n), &mut models[n], n);
            let (count, weight) = (labs.all().len(), labs.weight());
            let looks = matches!(deed, Deed::Look);
            let mut uses = !matches!(deed, Deed::Look | Deed::Follow | Deed::Leave);
            match deed {
                Deed::Store(bytes) => {
                    store(&timelines, &actor, bytes);
                    model.stored += 1;
                }
                // Refused for want of room, it is no use of the lab.
                Deed::Queue => match timelines.queue_turn(&actor, Method::ResetConversation, None, None) {
                    Ok(ticket) => model.queued.push(ticket),
                    Err(_) => uses = false,
                },
                Deed::Finish => {
                    let ticket = model.queued.pop();
                    let turn = timelines.start_turn(&actor, ticket.as_ref(), Method::ResetConversation, None, None);
                    timelines.record(&actor, Step::TurnCompleted { turn, took_us: 1, repeated: false });
                }
                Deed::Prove(bytes) => {
                    prove(&labs, &actor, bytes);
                    model.proven = true;
                }
                Deed::Set(on) => {
                    controls.set_fault(&actor, model::fault::FaultSetting { on, plan: None }).unwrap();
                }
                Deed::Look => drop((timelines.snapshot(&actor), controls.fault(&actor), timelines.is_whole(&actor))),
                Deed::Follow => model.followed = Some(timelines.follow(&actor, None)),
                Deed::Leave => model.followed = None,
            }
            if looks {
                prop_assert_eq!((labs.all().len(), labs.weight()), (count, weight));
            }
            if uses {
                used.retain(|other| *other != n);
                used.insert(0, n);
            }
            prop_assert_eq!(labs.weight(), weighed(&labs));
            let all = labs.all();
            // What the lab used last took is forgotten when another is used, and looking at one is no use of it.
            let last_used = used.first().map(|last| lab(*last));
            let is_used = |lab: &Lab| *lab.actor() == actor || Some(lab.actor()) == last_used.as_ref();
            let pinned = all.iter().filter(|lab| is_used(lab) || lab.read(|lab| lab.ring.has_open_turns()));
            let pinned: usize = pinned.map(|lab| lab.read(|lab| lab.counted().all)).sum();
            let room = budget + budget / 64 + pinned;
            prop_assert!(labs.weight() <= room, "{} of {}", labs.weight(), room);
            prop_assert!(!uses || labs.find(&actor).is_some(), "the lab that was used is there");
            drop(all);
            let proven: Vec<bool> = (0..12).map(|n| is_proven(&labs, &lab(n))).collect();
            let place = |n: usize| used.iter().position(|other| *other == n).unwrap_or(usize::MAX);
            for n in 0..12 {
                let model = &models[n];
                prop_assert!(model.queued.iter().all(|ticket| timelines.turn_waits(&lab(n), ticket)), "open turns stay");
                let told = timelines.snapshot(&lab(n)).events;
                let told = told.iter().filter(|event| matches!(event.step, Step::ReplyReady { .. })).count();
                prop_assert!(told <= model.stored);
                prop_assert!(!proven[n] || model.proven, "nothing is proven by itself");
                if model.proven && !proven[n] {
                    // Whatever was used before it has gone before it, unless a turn waits there.
                    let older = (0..12).find(|&m| proven[m] && place(m) > place(n) && models[m].queued.is_empty());
                    prop_assert_eq!(older, None, "the pass of lab{} went first", n);
                    let known = (0..12).find(|&m| m != last && knows(&timelines, &lab(m)) && models[m].queued.is_empty());
                    prop_assert_eq!(known, None, "a timeline outlived the pass of lab{}", n);
                }
            }
            models.iter_mut().zip(proven).for_each(|(model, proven)| model.proven = proven);
        }
    }
}
