//! The lab as it was at the moment that the page shows, read from the events up to then.

use leptos::prelude::*;

use super::{lab::LabState, playback::PlaybackState, timeline::TimelineState};
use model::{
    fault::FaultStatus,
    lab::Panels,
    message::{Message, keep_last},
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
}

impl ShownLab {
    /// Of these.
    pub fn new(lab: LabState, timeline: TimelineState, playback: PlaybackState) -> Self {
        let fault = Memo::new(move |_| {
            let then = playback.is_past().then(|| playback.with_events(|events| fault(events).cloned())).flatten();
            then.unwrap_or_else(|| lab.fault.get())
        });
        Self { lab, timeline, playback, fault }
    }

    /// The history, if an earlier moment is shown.
    pub fn earlier_history(self) -> Option<Vec<Message>> {
        let before = self.lab.panels.with(|panels| panels.before.clone());
        self.playback.is_past().then(|| self.timeline.turns.with(|turns| history(&before, turns)))
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

/// The failure switch as these events left it.
fn fault(events: &[Event]) -> Option<&FaultStatus> {
    events.iter().rev().find_map(|event| match &event.step {
        Step::FaultChanged { fault } | Step::FaultFired { fault, .. } => Some(fault),
        _ => None,
    })
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
    use model::{fault::FaultSetting, timeline::turns, wire::WireStatus};

    #[test]
    fn the_history_of_a_moment_is_what_the_turns_before_it_stored() {
        let events = fixture::two_turns();
        let one = history(&[], &turns(&events[..4]));
        assert_eq!(one, [Message::user("one"), Message::reply_to("one")]);
        let before: Vec<Message> = (0..4).map(|n| Message::user(n.to_string())).collect();
        assert_eq!(history(&before, &turns(&events[..7])).len(), 5, "the last five are kept");
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
