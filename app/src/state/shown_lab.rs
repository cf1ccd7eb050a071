//! The lab as it was at the moment that the page shows, read from the events up to then.

use leptos::prelude::*;

use super::{lab::LabState, playback::PlaybackState, timeline::TimelineState};
use model::{
    fault::FaultStatus,
    lab::Panels,
    lesson::checks::Check,
    message::{Message, keep_last},
    policy::RetryPolicy,
    timeline::{Event, Step, Turn},
    wire::WireFault,
};

/// The lab at the moment that is shown.
#[derive(Clone, Copy)]
pub struct ShownLab {
    lab: LabState,
    timeline: TimelineState,
    playback: PlaybackState,
    /// The failure switch.
    pub fault: Memo<FaultStatus>,
    /// Whether the switch is on and has nothing left to do: the next message meets no failure.
    pub used_up: Memo<bool>,
}

impl ShownLab {
    /// Of these.
    pub fn new(lab: LabState, timeline: TimelineState, playback: PlaybackState) -> Self {
        let fault = Memo::new(move |_| {
            let then = playback.is_past().then(|| playback.with_events(fault)).flatten();
            then.unwrap_or_else(|| lab.fault.get())
        });
        let used_up = Memo::new(move |_| {
            let active = timeline.active.get();
            fault.with(|fault| fault.on && !fault.at_next_turn(active).is_loaded())
        });
        Self { lab, timeline, playback, fault, used_up }
    }

    /// The history, if an earlier moment is shown.
    pub fn earlier_history(self) -> Option<Vec<Message>> {
        let before = self.lab.panels.with(|panels| panels.before.clone());
        self.playback.is_past().then(|| self.timeline.turns.with(|turns| history(&before, turns)))
    }

    /// The retry policy, and whether attempts were held.
    pub fn policy_and_hold(self) -> (RetryPolicy, bool) {
        let now = self.lab.panels.with(|panels| (panels.policy, panels.hold));
        if !self.playback.is_past() {
            return now;
        }
        let count = self.playback.with_events(<[Event]>::len);
        self.timeline.events.with(|events| policy_and_hold(events, count, now))
    }

    /// How many messages were stored.
    pub fn messages(self) -> usize {
        match self.earlier_history() {
            Some(history) => history.len(),
            None => self.lab.panels.with(|panels| panels.history.as_ref().map_or(0, Vec::len)),
        }
    }

    /// A check. One that was proven later stands as if nobody had tried it.
    pub fn check(self, number: u8) -> Check {
        let check = self.lab.check(number);
        if !self.playback.is_past() || !check.is_passed() {
            return check;
        }
        // Of a pass that is older than the timeline nothing tells: it stands.
        let later = self.timeline.events.with(|events| proven(events)(number))
            && !self.playback.with_events(|events| proven(events)(number));
        if later { Check::untouched(number) } else { check }
    }

    /// How many checks were proven.
    pub fn passed(self) -> usize {
        (1..=5).filter(|number| self.check(*number).is_passed()).count()
    }

    /// The panels, if an earlier moment is shown: what could not be reached then is not known any more.
    pub fn earlier_panels(self) -> Option<Panels> {
        self.playback.is_past().then(|| {
            let mut panels = self.lab.panels.get();
            panels.history = Ok(Vec::new());
            if let Some(status) = &mut panels.wire {
                status.fault = self.playback.with_events(wire);
            }
            panels
        })
    }
}

/// The history that these turns made of the one before them.
pub fn history(before: &[Message], turns: &[Turn]) -> Vec<Message> {
    let mut history = before.to_vec();
    for turn in turns.iter().filter(|turn| turn.acknowledged()) {
        if let Some((content, reply)) = turn.content.clone().zip(turn.reply.clone()) {
            history.extend([Message::user(content), Message { content: reply, ..Message::reply_to("") }]);
        }
    }
    keep_last(&mut history);
    history
}

/// The failure switch as these events left it: before anybody or anything had changed it, the lesson's. `None` where the
/// first events of the lab are not known any more.
fn fault(events: &[Event]) -> Option<FaultStatus> {
    let changed = events.iter().rev().find_map(|event| match &event.step {
        Step::FaultChanged { fault } | Step::FaultFired { fault, .. } => Some(fault.clone()),
        Step::LabReset => Some(FaultStatus::lesson()),
        _ => None,
    });
    let untouched = || events.first().is_some_and(|event| event.seq == 1).then(FaultStatus::lesson);
    changed.or_else(untouched)
}

/// Which checks were proven after these events, of those that are proven now.
fn proven(events: &[Event]) -> impl Fn(u8) -> bool {
    let reset = events.iter().rposition(|event| matches!(event.step, Step::LabReset)).map_or(0, |place| place + 1);
    let passed: Vec<u8> = events[reset..]
        .iter()
        .filter_map(|event| match event.step {
            Step::CheckPassed { check } => Some(check),
            _ => None,
        })
        .collect();
    move |number| passed.contains(&number)
}

/// The policy, and whether attempts were held, after the first `count` of these events: as set last, else as it was before
/// it was first set, which of a policy is the lesson's; what was never set is as it is now.
fn policy_and_hold(events: &[Event], count: usize, now: (RetryPolicy, bool)) -> (RetryPolicy, bool) {
    let (before, after) = events.split_at(count.min(events.len()));
    let policy = |event: &Event| match event.step {
        Step::PolicyChanged { policy } => Some(policy),
        Step::LabReset => Some(RetryPolicy::LESSON),
        _ => None,
    };
    let hold = |event: &Event| match event.step {
        Step::HoldChanged { on } => Some(on),
        _ => None,
    };
    let policy_then = before.iter().rev().find_map(policy);
    let hold_then = before.iter().rev().find_map(hold);
    (
        policy_then.or_else(|| after.iter().find_map(policy).map(|_| RetryPolicy::LESSON)).unwrap_or(now.0),
        hold_then.or_else(|| after.iter().find_map(hold).map(|on| !on)).unwrap_or(now.1),
    )
}

/// What the wire to Redis did after these events.
fn wire(events: &[Event]) -> Option<WireFault> {
    let changed = events.iter().rev().find_map(|event| match &event.step {
        Step::WireChanged { wire } => Some(*wire),
        _ => None,
    });
    changed.flatten()
}

#[cfg(test)]
mod tests {
    use super::{super::fixture, *};
    use model::{fault::FaultSetting, lesson::checks::CheckState, timeline::turns, wire::WireStatus};

    #[test]
    fn the_history_of_a_moment_is_what_the_turns_before_it_stored() {
        let events = fixture::two_turns();
        let one = history(&[], &turns(&events[..4]));
        assert_eq!(one, [Message::user("one"), Message::reply_to("one")]);
        let before: Vec<Message> = (0..4).map(|n| Message::user(n.to_string())).collect();
        assert_eq!(history(&before, &turns(&events[..7])).len(), 5, "the last five are kept");
    }

    #[test]
    fn before_its_first_change_the_switch_was_the_lessons_and_a_hold_the_other_way() {
        let used = FaultStatus { counts: Vec::new(), ..FaultStatus::lesson().after(FaultSetting::OFF) };
        let policy = RetryPolicy { attempts: 5, ..RetryPolicy::LESSON };
        let events = fixture::events([
            Step::Activated,
            Step::FaultChanged { fault: used.clone() },
            Step::PolicyChanged { policy },
            Step::HoldChanged { on: true },
        ]);
        assert_eq!((fault(&events[..1]), fault(&events[..2])), (Some(FaultStatus::lesson()), Some(used)));
        assert_eq!(fault(&events[2..3]), None, "nobody knows how it stood then");
        assert_eq!(policy_and_hold(&events, 1, (policy, true)), (RetryPolicy::LESSON, false));
        assert_eq!(policy_and_hold(&events, 4, (RetryPolicy::LESSON, false)), (policy, true));
    }

    #[test]
    fn a_check_that_was_proven_later_is_not_proven_then() {
        let _owner = fixture::owner();
        let lab = fixture::lab();
        let check = Check { state: CheckState::Passed, ..Check::untouched(1) };
        let older = Check { state: CheckState::Passed, ..Check::untouched(2) };
        lab.panels.update(|panels| panels.checks = vec![check, older]);
        let (timeline, playback) =
            fixture::timeline(&fixture::events([Step::Activated, Step::CheckPassed { check: 1 }]));
        let shown = ShownLab::new(lab, timeline, playback);
        assert_eq!(untrack(|| shown.passed()), 2);
        playback.seek(1);
        assert_eq!(untrack(|| (shown.check(1).is_passed(), shown.passed())), (false, 1));
    }

    #[test]
    fn switch_and_wire_are_those_of_the_moment_and_what_is_set_now_only_now() {
        let _owner = fixture::owner();
        let lab = fixture::lab();
        let (off, refuse) = (FaultStatus::lesson().after(FaultSetting::OFF), Some(WireFault::Refuse));
        let (timeline, playback) = fixture::timeline(&fixture::events([
            Step::FaultChanged { fault: off.clone() },
            Step::WireChanged { wire: refuse },
            Step::WireChanged { wire: None },
            Step::FaultChanged { fault: FaultStatus::lesson() },
        ]));
        let wire = WireStatus { fault: None, listens: String::new(), redis: String::new() };
        lab.panels.update(|panels| panels.wire = Some(wire));
        let shown = ShownLab::new(lab, timeline, playback);
        assert_eq!((shown.fault.get_untracked(), untrack(|| shown.earlier_panels())), (FaultStatus::lesson(), None));
        playback.seek(2);
        let wire = untrack(|| shown.earlier_panels()).and_then(|panels| panels.wire).and_then(|wire| wire.fault);
        assert_eq!((shown.fault.get_untracked(), wire), (off, refuse));
        assert_eq!(untrack(|| shown.earlier_history()), Some(Vec::new()));
    }
}
