//! What the event stream brings, given to each state that it is about.

use std::time::Duration;

use leptos::prelude::*;

use super::{
    announcements::{Announcer, sentence},
    clock::ClockState,
    lab::LabState,
    messages::MessagesState,
    playback::PlaybackState,
    timeline::TimelineState,
    view::ViewState,
};
use model::timeline::{Event, EventId, Step, TimelineSnapshot};

/// The states that events change.
#[derive(Clone, Copy)]
pub struct Incoming {
    /// What is set.
    pub lab: LabState,
    /// What is selected.
    pub view: ViewState,
    /// The server's clock.
    pub clock: ClockState,
    /// What is shown.
    pub playback: PlaybackState,
    /// The events.
    pub timeline: TimelineState,
    /// What is on its way.
    pub messages: MessagesState,
    /// What is announced.
    pub announcer: Announcer,
}

impl Incoming {
    /// Takes in what has arrived, in its order. What is known already changes nothing.
    pub fn apply(self, batch: Vec<(EventId, Event)>) {
        let new = self.timeline.apply(batch);
        let Some(newest) = new.last() else { return };
        self.clock.advance_to(newest.at);
        for Event { step, .. } in &new {
            self.lab.apply(step);
            self.view.apply(step);
            self.playback.apply(step);
            self.messages.apply(step);
        }
        // Of the turns as they are with all of it.
        let sentences = self
            .timeline
            .turns
            .with_untracked(|turns| new.iter().filter_map(|event| sentence(&event.step, turns)).collect::<Vec<_>>());
        sentences.into_iter().for_each(|sentence| self.announcer.announce(sentence));
        if new.iter().any(|event| changes_panels(&event.step)) {
            // The frame in which the timeline shows it comes first.
            set_timeout(move || self.lab.refresh(), Duration::ZERO);
        }
    }

    /// Takes a whole timeline in place of what is known: the stream could not go on where it broke.
    pub fn replace(self, timeline: TimelineSnapshot) {
        self.take(timeline);
        self.lab.refresh();
    }

    fn take(self, timeline: TimelineSnapshot) {
        // First: of an earlier moment the turns are as they were then, and what was stored since would count as lost.
        self.playback.go_live();
        if timeline.last.epoch != self.timeline.last().epoch {
            self.messages.take_unstored();
        }
        self.timeline.replace(timeline);
        self.messages.forget_known();
    }
}

/// Whether the panels beside the timeline have to be read anew after this step.
const fn changes_panels(step: &Step) -> bool {
    matches!(
        step,
        Step::TurnCompleted { .. }
            | Step::TurnFailed { .. }
            | Step::HistoryReturned { .. }
            | Step::WireChanged { .. }
            | Step::SidecarRetriesChanged { .. }
            | Step::StoreRead { .. }
            | Step::CheckPassed { .. }
            | Step::EventDelivered { .. }
            | Step::LabReset
    )
}

#[cfg(test)]
mod tests {
    use super::{super::fixture, *};
    use crate::state::{address::Address, messages::UnsentState};
    use model::fault::{FaultSetting, FaultStatus};

    fn incoming(events: &[Event]) -> Incoming {
        let (lab, announcer) = (fixture::lab(), Announcer::new());
        let (timeline, playback) = fixture::timeline(events);
        let messages = MessagesState::new(lab, timeline, playback, fixture::message_id("id-next"), None);
        let view = ViewState::new(&Address::default(), lab, announcer);
        Incoming { lab, view, clock: ClockState::new(0), playback, timeline, messages, announcer }
    }

    #[test]
    fn an_event_reaches_each_state_that_it_is_about() {
        let _owner = fixture::owner();
        let incoming = incoming(&[]);
        let off = FaultStatus::lesson().after(FaultSetting::OFF);
        let events = fixture::events([Step::FaultChanged { fault: off.clone() }]);
        incoming.apply(fixture::batch(&events));
        assert_eq!((incoming.lab.fault.get_untracked(), incoming.clock.now_untracked()), (off, 1_001));
        incoming.lab.set_fault(FaultStatus::lesson());
        incoming.apply(fixture::batch(&events));
        assert_eq!(incoming.lab.fault.get_untracked(), FaultStatus::lesson(), "it was known already");
    }

    #[test]
    fn what_a_lab_that_was_started_anew_has_lost_can_be_sent_again() {
        let _owner = fixture::owner();
        let incoming = incoming(&fixture::two_turns()[..6]);
        incoming.playback.show_turn(1);
        let last = EventId { epoch: incoming.timeline.last().epoch + 1, seq: 0 };
        incoming.take(TimelineSnapshot { last, events: Vec::new() });
        let unsent = incoming.messages.unsent.get_untracked();
        assert_eq!(unsent.iter().map(|message| message.content.as_str()).collect::<Vec<_>>(), ["two"]);
        assert!(matches!(unsent[0].state, UnsentState::Failed(_)));
        assert!(untrack(|| !incoming.playback.is_past()));
    }

    #[test]
    fn what_the_new_timeline_knows_of_is_not_shown_beside_it() {
        let _owner = fixture::owner();
        let incoming = incoming(&fixture::two_turns()[..6]);
        let epoch = incoming.timeline.last().epoch + 1;
        incoming.take(TimelineSnapshot { last: EventId { epoch, seq: 8 }, events: fixture::two_turns() });
        assert_eq!(incoming.messages.unsent.get_untracked(), []);
    }
}
