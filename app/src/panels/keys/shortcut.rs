//! What the keys of the sheet do.

use leptos::{html::ElementType, prelude::*};
use wasm_bindgen::JsCast;
use web_sys::HtmlElement;

use super::hotkeys::Hotkeys;
use crate::{
    components::FocusTargets,
    dom,
    functions::{
        faults::ArmFault,
        hold::{Release, SetHold},
        messages::SendMessage,
    },
    panels::{
        chat::last_to_send_again_untracked,
        switch::can_arm,
        timeline::{has_turns_untracked, newer_turn_untracked, older_turn_untracked},
    },
};

/// What a key does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shortcut {
    /// Goes to the message field.
    WriteMessage,
    /// Opens the scenarios, or closes them.
    Scenarios,
    /// Sends the last message again that failed.
    SendAgain,
    /// Turns the failure switch on or off.
    FailureSwitch,
    /// Arms the plan afresh, where that would change something.
    ArmAgain,
    /// Goes to what fails.
    FailingOperation,
    /// Opens the other kinds of failure, or closes them.
    MoreFailures,
    /// Goes to the wire to Redis.
    Wire,
    /// Opens this check, 1 to 5, or closes it.
    Check(u8),
    /// Does what the open check asks for.
    DoStep,
    /// Does all that the checks ask for.
    RunAll,
    /// Goes to the report.
    Report,
    /// Asks whether the lab is to be reset.
    Reset,
    /// Freezes what is shown, or goes on with what happens now.
    Pause,
    /// Replays the last turn.
    Replay,
    /// Shows the turn before.
    OlderTurn,
    /// Shows the turn after.
    NewerTurn,
    /// Goes to the first bar of the newest turn.
    NewestBar,
    /// Lets the attempt go that is held.
    Release,
    /// Goes to the slider to any moment.
    Moment,
    /// Shows this pane.
    Pane(Pane),
    /// Goes to the field that opens another lab.
    OtherActor,
    /// Changes the theme.
    ToggleTheme,
    /// Lays the page out for a room, and back.
    TogglePresent,
    /// Holds each attempt, or no longer.
    Hold,
    /// Ends the guided tour.
    SkipTour,
    /// Opens the sheet of keys, or closes it.
    Sheet,
}

/// A pane beside the chat.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pane {
    /// What is stored.
    Stored,
    /// The retry policy.
    Policy,
    /// The code.
    Code,
}

impl Shortcut {
    /// Does it; says whether there was something to do.
    pub(super) fn run(self, hotkeys: Hotkeys) -> bool {
        let Hotkeys { lab, view, playback, timeline, lesson, actions, targets, .. } = hotkeys;
        let actor = || lab.actor();
        match self {
            Self::WriteMessage => focus(targets.message),
            Self::FailingOperation => focus(targets.operation),
            Self::Wire => focus(targets.wire),
            Self::Moment => focus(targets.moment),
            Self::OtherActor => focus(targets.actor),
            Self::NewestBar => targets.newest_bar.get_untracked().is_some_and(|bar| bar.focus().is_ok()),
            // Where these stand is the element's own: the browser opens and chooses, with and without script.
            Self::Scenarios => focus_and_press(targets.scenarios),
            Self::MoreFailures => focus_and_press(targets.more),
            Self::Reset => focus_and_press(targets.reset),
            Self::Pane(Pane::Stored) => focus_and_press(targets.stored),
            Self::Pane(Pane::Policy) => focus_and_press(targets.policy),
            Self::Pane(Pane::Code) => focus_and_press(targets.code),
            // Pressed twice, it goes back: the switch is ahead of what is in force.
            Self::FailureSwitch => element(targets.knob).inspect(HtmlElement::click).is_some(),
            Self::SendAgain => hotkeys.send_again(),
            Self::ArmAgain => when(untrack(|| can_arm(lab, timeline)), || {
                actions.arm_fault.dispatch(ArmFault { actor: actor() });
            }),
            Self::Check(number) => {
                let is_there = targets.checks.get(usize::from(number) - 1).is_some_and(|check| focus(*check));
                when(is_there, || lesson.toggle(number))
            }
            Self::DoStep => {
                let open = lesson.open_check.get_untracked();
                when(open > 0 && shows_lesson(targets), || actions.run_step(open))
            }
            Self::RunAll => when(shows_lesson(targets), || {
                if !actions.run_all.pending().get_untracked() {
                    actions.run_all.dispatch(());
                }
            }),
            Self::Report => when(shows_lesson(targets), || {
                let _ = window().location().set_href(&format!("/lab/{}/report", actor()));
            }),
            Self::Pause => when(has_turns_untracked(timeline), || playback.toggle_pause()),
            Self::Replay => timeline.last_begun_untracked().map(|turn| playback.replay(turn)).is_some(),
            Self::OlderTurn => older_turn_untracked(timeline, playback).map(|turn| playback.show_turn(turn)).is_some(),
            Self::NewerTurn => newer_turn_untracked(timeline, playback).map(|turn| playback.show_turn(turn)).is_some(),
            Self::Release => when(timeline.is_held_untracked(), || {
                actions.release.dispatch(Release { actor: actor() });
            }),
            Self::ToggleTheme => when(true, dom::toggle_theme),
            Self::TogglePresent => when(true, || view.toggle_present()),
            Self::Hold => {
                let on = lab.panels.with_untracked(|panels| panels.hold);
                when(on || view.present.get_untracked() || timeline.is_held_untracked(), || {
                    actions.set_hold.dispatch(SetHold { actor: actor(), on: (!on).then(|| "on".to_owned()) });
                })
            }
            Self::SkipTour => hotkeys.tour.skip(),
            Self::Sheet => hotkeys.sheet.get_untracked().is_some_and(|sheet| sheet.toggle_popover().is_ok()),
        }
    }
}

impl Hotkeys {
    /// As the button of the last message does that offers it: nothing while that waits.
    fn send_again(self) -> bool {
        let Self { lab, timeline, messages, playback, actions, .. } = self;
        let again = last_to_send_again_untracked(lab, timeline, messages, playback);
        let waits = actions.send_once.pending().get_untracked() || actions.run_all.pending().get_untracked();
        if let Some((content, id)) = again.clone().filter(|_| !waits) {
            let message = SendMessage { actor: lab.actor(), content, message_id: id, arm: false };
            actions.send_once.dispatch(message);
        }
        again.is_some()
    }
}

/// Does something under a condition, and says whether it holds.
fn when(holds: bool, action: impl FnOnce()) -> bool {
    if holds {
        action();
    }
    holds
}

/// The element, if it is on the page.
fn element<E>(target: NodeRef<E>) -> Option<HtmlElement>
where
    E: ElementType,
    E::Output: JsCast + Clone + 'static,
{
    target.get_untracked().map(JsCast::unchecked_into)
}

/// Whether an element has a place on the page.
fn is_shown(element: &HtmlElement) -> bool {
    element.offset_width() > 0
}

/// Whether the lesson's checks have one: on a narrow page another pane may be chosen, and a room does not see them.
fn shows_lesson(targets: FocusTargets) -> bool {
    element(targets.reset).is_some_and(|reset| is_shown(&reset))
}

/// Moves the focus to an element; says whether it is there.
fn focus<E>(target: NodeRef<E>) -> bool
where
    E: ElementType,
    E::Output: JsCast + Clone + 'static,
{
    element(target).is_some_and(|element| is_shown(&element) && element.focus().is_ok())
}

/// Moves the focus to an element and presses it, since a keyboard stays there; says whether it is there.
fn focus_and_press<E>(target: NodeRef<E>) -> bool
where
    E: ElementType,
    E::Output: JsCast + Clone + 'static,
{
    let shown = focus(target);
    if let Some(element) = element(target).filter(|_| shown) {
        element.click();
    }
    shown
}
