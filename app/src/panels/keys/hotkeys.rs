//! What the keys act on.

use leptos::{html, prelude::*};

use crate::{
    actions::LabActions,
    components::{FocusTargets, Menus},
    panels::tour::TourState,
    state::{
        lab::LabState, lesson::LessonState, messages::MessagesState, playback::PlaybackState, timeline::TimelineState,
        view::ViewState,
    },
};

/// What the keys act on.
#[derive(Clone, Copy)]
pub struct Hotkeys {
    pub(super) lab: LabState,
    pub(super) view: ViewState,
    pub(super) playback: PlaybackState,
    pub(super) timeline: TimelineState,
    pub(super) messages: MessagesState,
    pub(super) lesson: LessonState,
    pub(super) actions: LabActions,
    pub(super) targets: FocusTargets,
    /// The tour.
    pub tour: TourState,
    /// Whether single keys work.
    pub enabled: RwSignal<bool>,
    /// The sheet of keys.
    pub sheet: NodeRef<html::Dialog>,
    /// What opens over the page.
    pub menus: Menus,
}

impl Hotkeys {
    /// The states and actions that are provided here, and the tour, whether single keys work, and what opens over the page.
    pub fn new(tour: TourState, enabled: bool, menus: Menus) -> Self {
        Self {
            lab: expect_context(),
            view: expect_context(),
            playback: expect_context(),
            timeline: expect_context(),
            messages: expect_context(),
            lesson: expect_context(),
            actions: expect_context(),
            targets: expect_context(),
            tour,
            enabled: RwSignal::new(enabled),
            sheet: NodeRef::new(),
            menus,
        }
    }
}
