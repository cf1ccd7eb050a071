//! The elements that keys lead to.

use leptos::{html, prelude::*, svg};

/// The elements that keys lead to, each held by the component that has it.
#[derive(Clone, Copy, Default)]
pub struct FocusTargets {
    /// The message field.
    pub message: NodeRef<html::Textarea>,
    /// What opens the scenarios.
    pub scenarios: NodeRef<html::Summary>,
    /// The failure switch itself.
    pub knob: NodeRef<html::Input>,
    /// Which operation fails.
    pub operation: NodeRef<html::Select>,
    /// What opens the other kinds of failure.
    pub more: NodeRef<html::Summary>,
    /// The wire to Redis.
    pub wire: NodeRef<html::Select>,
    /// What opens each check.
    pub checks: [NodeRef<html::Summary>; 5],
    /// What opens the question before a reset.
    pub reset: NodeRef<html::Summary>,
    /// The first bar of the newest turn that has one.
    pub newest_bar: NodeRef<svg::A>,
    /// The slider to any moment.
    pub moment: NodeRef<html::Input>,
    /// What shows the pane of what is stored.
    pub stored: NodeRef<html::Input>,
    /// What shows the pane of the retry policy.
    pub policy: NodeRef<html::Input>,
    /// What shows the pane of the code.
    pub code: NodeRef<html::Input>,
    /// The field that opens another lab.
    pub actor: NodeRef<html::Input>,
}
