//! What the next message is going to meet, and how far the last one keeps to what was predicted for it.

mod forecast;

use leptos::prelude::*;

use self::forecast::{Conditions, forecast};
pub use self::forecast::{Forecast, TurnForecast, Verdict};
use super::{lab::LabState, playback::PlaybackState, shown_lab::ShownLab, timeline::TimelineState};

/// The prediction at the moment that is shown.
#[derive(Clone, Copy)]
pub struct PredictionState {
    /// For the next message and the last one.
    pub forecast: Memo<Forecast>,
}

impl PredictionState {
    /// Of this lab.
    pub fn new(lab: LabState, shown: ShownLab, timeline: TimelineState, playback: PlaybackState) -> Self {
        let forecast = Memo::new(move |_| {
            let ((policy, held), messages) = (shown.policy_and_hold(), shown.messages());
            let wire = match shown.earlier_panels() {
                Some(then) => then.wire.and_then(|wire| wire.fault),
                None => lab.panels.with(|panels| panels.wire.as_ref().and_then(|wire| wire.fault)),
            };
            let fault = shown.fault.read();
            let now = Conditions { fault: &fault, wire, policy, active: timeline.active.get(), messages, held };
            playback.with_events(|events| timeline.turns.with(|turns| forecast(events, turns, now)))
        });
        Self { forecast }
    }
}

#[cfg(test)]
mod tests {
    use super::{super::fixture, *};
    use model::policy::RetryPolicy;

    #[test]
    fn what_is_set_is_predicted_at_once() {
        let _owner = fixture::owner();
        let lab = fixture::lab();
        let (timeline, playback) = fixture::timeline(&[]);
        let shown = ShownLab::new(lab, timeline, playback);
        let prediction = PredictionState::new(lab, shown, timeline, playback);
        let next = || prediction.forecast.with_untracked(|forecast| forecast.next.clone());
        assert!(next().succeeds(), "the lesson's failure is met by the second attempt");
        lab.set_policy(RetryPolicy { attempts: 1, ..RetryPolicy::LESSON });
        assert!(!next().succeeds());
        assert_eq!(prediction.forecast.with_untracked(|forecast| forecast.last.clone()), None);
    }
}
