//! One step of the lesson.

use leptos::{either::Either, html, prelude::*};

use super::{action::StepAction, evidence::Evidence, help::Help};
use crate::{
    components::{FocusTargets, Icon},
    state::{lesson::LessonState, shown_lab::ShownLab},
};
use model::lesson::{
    checks::{Check, CheckState, Progress},
    steps::LessonStep,
};

/// The step. One is open at a time: what a person or the lab has opened.
#[component]
pub(super) fn CheckRow(
    /// Its number, from 1.
    number: u8,
    /// What it is about.
    step: &'static LessonStep,
) -> impl IntoView {
    let lesson = expect_context::<LessonState>();
    let shown = expect_context::<ShownLab>();
    let check = Memo::new(move |_| shown.check(number));
    let look = Memo::new(move |_| {
        let next = (1..=5).find(|number| !shown.check(*number).is_passed());
        check.with(|check| look(check, next == Some(number)))
    });
    let details = NodeRef::<html::Details>::new();
    let opened = Memo::new(move |_| lesson.open_check.get() == number);
    let toggled = move || {
        if let Some(details) = details.get_untracked() {
            lesson.opened(number, details.open());
        }
    };
    Effect::new(move |before: Option<()>| {
        let opened = opened.get();
        match details.get_untracked() {
            Some(details) if before.is_some() => details.set_open(opened),
            // It may have been opened before the script ran.
            _ => toggled(),
        }
    });
    let summary = expect_context::<FocusTargets>().checks[usize::from(number) - 1];
    view! {
        <li id=format!("check-{number}") class=move || look.read().class>
            <details name="check" open=opened.get_untracked() node_ref=details on:toggle=move |_| toggled()>
                <summary node_ref=summary>
                    <span class="check-mark">
                        {move || look.read().icon.map(|href| view! { <Icon href /> })}
                    </span>
                    <span class="check-t">
                        <span class="num">{number}</span>
                        " "
                        {step.title}
                    </span>
                    <span class="check-w">{move || look.read().word.clone()}</span>
                    <span class="turn-chev">
                        <Icon href="#i-chevron" />
                    </span>
                </summary>
                <div class="check-body">
                    <Body check step />
                    <Help number step />
                </div>
            </details>
        </li>
    }
}

/// What proves it, or what is to be done.
#[component]
fn Body(
    /// The check, as it was last judged.
    check: Memo<Check>,
    /// What it is about.
    step: &'static LessonStep,
) -> impl IntoView {
    let passed = Memo::new(move |_| check.with(Check::is_passed));
    let missing = move || check.with(|check| check.missing.clone());
    move || {
        if passed.get() {
            Either::Left(move || view! { <Evidence proofs=check.with(|check| check.evidence.clone()) /> })
        } else {
            Either::Right(view! {
                <p>{step.todo}</p>
                {move || missing().map(|missing| view! { <p class="missing">{missing}</p> })}
                <StepAction check />
            })
        }
    }
}

/// How a check looks.
#[derive(Clone, PartialEq)]
struct Look {
    class: &'static str,
    icon: Option<&'static str>,
    word: String,
}

fn look(check: &Check, is_next: bool) -> Look {
    let (class, icon) = match check.state {
        CheckState::Passed => ("check pass", Some("#i-check")),
        CheckState::Failed => ("check no", Some("#i-cross")),
        CheckState::NotYet if check.progress != Progress::NotYet => ("check run", Some("#i-dot")),
        CheckState::NotYet if is_next => {
            return Look { class: "check next", icon: Some("#i-right"), word: "next".to_owned() };
        }
        CheckState::NotYet => ("check idle", None),
    };
    Look { class, icon, word: check.progress.to_string() }
}
