//! The fields of the faults: the first in a sentence, what else it can be behind *More*, and a second one.

use leptos::prelude::*;

use crate::{
    fault::form::FaultForm,
    live::{controls::SET_FAULT, store::Store},
    panels::controls::{Field, Place, choice, choice_field, number_field, take_over},
    timeline::Layer,
};

/// How many faults the page can set; more can be set over the API.
const SHOWN: usize = 2;

/// The fields beside which their errors stand.
pub(super) const BESIDE: [&str; 8] = [
    "plan[0].ms",
    "plan[0].percent",
    "plan[0].seed",
    "plan[0].layer",
    "plan[1].ms",
    "plan[1].percent",
    "plan[1].attempts",
    "plan[1].layer",
];

type Words = &'static [(&'static str, &'static str)];

const OPERATIONS: Words = &[("load", "load"), ("save", "save"), ("publish", "publish")];
const SECOND: Words = &[("", "nothing else"), ("load", "load"), ("save", "save"), ("publish", "publish")];
const KINDS: Words = &[
    ("error", "fails with an error"),
    ("delay", "is held up"),
    ("hang", "hangs until its time-out"),
    ("flaky", "fails by chance"),
];
const SPANS: Words =
    &[("first", "first after each activation"), ("next", "next, once"), ("until_off", "all, until it is off")];
const LAYERS: Words = &[("actor", "in the actor"), ("store", "in the store, behind the sidecar")];
const FIRST: Words = &[
    ("1", "first attempt"),
    ("2", "first 2 attempts"),
    ("3", "first 3 attempts"),
    ("4", "first 4 attempts"),
    ("5", "first 5 attempts"),
    ("6", "first 6 attempts"),
    ("7", "first 7 attempts"),
    ("8", "first 8 attempts"),
    ("9", "first 9 attempts"),
    ("10", "first 10 attempts"),
];

/// What stands in the fields: the plan that is in force, and what was typed since.
#[derive(Clone, Copy)]
pub(super) struct Drafts {
    forms: RwSignal<[FaultForm; SHOWN]>,
    /// How many faults of the plan in force have no fields.
    hidden: Memo<usize>,
}

/// Every field of a fault.
const PLACES: [Place<FaultForm>; 8] = [
    |form| &mut form.operation,
    |form| &mut form.kind,
    |form| &mut form.ms,
    |form| &mut form.percent,
    |form| &mut form.seed,
    |form| &mut form.span,
    |form| &mut form.attempts,
    |form| &mut form.layer,
];

impl Drafts {
    /// What is in force comes into the fields whenever it changes; what was refused stays as it was typed.
    pub(super) fn new(store: Store) -> Self {
        let plan = Memo::new(move |_| store.fault.with(|fault| fault.plan.clone()));
        let in_force = Memo::new(move |_| {
            plan.with(|plan| {
                let form = |n| plan.faults().get(n).map(FaultForm::from).unwrap_or_default();
                std::array::from_fn::<_, SHOWN, _>(|n| usual(form(n)))
            })
        });
        let drafts = RwSignal::new(in_force.get_untracked());
        Effect::new(move |before: Option<[FaultForm; SHOWN]>| {
            let now = in_force.get();
            if let Some(before) = before {
                drafts.update(|drafts| {
                    for (draft, (before, now)) in drafts.iter_mut().zip(before.iter().zip(&now)) {
                        take_over(draft, before, now, &PLACES);
                    }
                });
            }
            now
        });
        Self { forms: drafts, hidden: Memo::new(move |_| plan.with(|plan| plan.faults().len().saturating_sub(SHOWN))) }
    }

    /// The faults that the fields hold.
    pub(super) fn given(self) -> Vec<FaultForm> {
        self.forms.with_untracked(|forms| forms.iter().filter(|form| !form.operation.is_empty()).cloned().collect())
    }

    fn field(
        self,
        n: usize,
        label: &'static str,
        name: &'static str,
        field: &'static str,
        place: Place<FaultForm>,
    ) -> Field {
        let value = Signal::derive(move || self.forms.with(|forms| place(&mut forms[n].clone()).clone()));
        let typed = Callback::new(move |text| self.forms.update(|forms| *place(&mut forms[n]) = text));
        Field { label, name, of: SET_FAULT, field, value, typed }
    }
}

/// The form with what its other fields begin with.
fn usual(mut form: FaultForm) -> FaultForm {
    for (field, usual) in [
        (&mut form.kind, "error"),
        (&mut form.ms, "300"),
        (&mut form.percent, "50"),
        (&mut form.seed, "1"),
        (&mut form.span, "first"),
        (&mut form.attempts, "1"),
        (&mut form.layer, "actor"),
    ] {
        if field.is_empty() {
            usual.clone_into(field);
        }
    }
    form
}

/// *The load fails with an error for the first attempt*: what is chosen most.
pub(super) fn first_sentence(drafts: Drafts) -> impl IntoView {
    let operation =
        drafts.field(0, "Which operation fails", "plan[0][operation]", "plan[0].operation", |form| &mut form.operation);
    let attempts = drafts.field(0, "How long", "plan[0][attempts]", "plan[0].attempts", |form| &mut form.attempts);
    let happens = move || {
        drafts.forms.with(|forms| match forms[0].kind.as_str() {
            "delay" => format!("is {} ms late", forms[0].ms),
            "hang" => "hangs until its time-out".to_owned(),
            "flaky" => format!("fails with {} %", forms[0].percent),
            _ => "fails with an error".to_owned(),
        })
    };
    view! {
        <span>"The"</span>
        {choice(operation, OPERATIONS)}
        <span>{happens}</span>
        <span class="plan-n">"for the " {choice(attempts, FIRST)}</span>
        <span class="plan-all">"every time, until it is off"</span>
    }
}

/// What the faults can be besides.
#[component]
pub(super) fn MoreFaults(drafts: Drafts) -> impl IntoView {
    let store = expect_context::<Store>();
    let layered = store.panels.with_untracked(|panels| panels.layers.contains(&Layer::Store));
    let first = [
        choice_field(drafts.field(0, "It", "plan[0][kind]", "plan[0].kind", |f| &mut f.kind), KINDS),
        ms(drafts.field(0, "By", "plan[0][ms]", "plan[0].ms", |f| &mut f.ms)),
        percent(drafts.field(0, "In", "plan[0][percent]", "plan[0].percent", |f| &mut f.percent)),
        number_field(drafts.field(0, "Seed", "plan[0][seed]", "plan[0].seed", |f| &mut f.seed), 0, u32::MAX.into(), ""),
        choice_field(drafts.field(0, "Which", "plan[0][span]", "plan[0].span", |f| &mut f.span), SPANS),
        place(layered, drafts.field(0, "Where", "plan[0][layer]", "plan[0].layer", |f| &mut f.layer)),
    ];
    let second = [
        choice_field(
            drafts.field(1, "And the", "plan[1][operation]", "plan[1].operation", |f| &mut f.operation),
            SECOND,
        ),
        choice_field(drafts.field(1, "It", "plan[1][kind]", "plan[1].kind", |f| &mut f.kind), KINDS),
        ms(drafts.field(1, "By", "plan[1][ms]", "plan[1].ms", |f| &mut f.ms)),
        percent(drafts.field(1, "In", "plan[1][percent]", "plan[1].percent", |f| &mut f.percent)),
        choice_field(drafts.field(1, "Which", "plan[1][span]", "plan[1].span", |f| &mut f.span), SPANS),
        number_field(
            drafts.field(1, "How many", "plan[1][attempts]", "plan[1].attempts", |f| &mut f.attempts),
            1,
            10,
            "attempts",
        ),
        place(layered, drafts.field(1, "Where", "plan[1][layer]", "plan[1].layer", |f| &mut f.layer)),
    ];
    let hidden = move || match drafts.hidden.get() {
        0 => None,
        n => Some(format!("{n} more were set over the API; what is set here takes their place.")),
    };
    // Without script the page comes back with what was refused in sight.
    let refused = store.error.with_untracked(|error| {
        let field =
            error.as_ref().filter(|error| error.path == SET_FAULT).and_then(|error| error.error.field.as_deref());
        field.is_some_and(|field| BESIDE.contains(&field))
    });
    view! {
        <details class="more" open=refused>
            <summary class="btn small">"More"</summary>
            <div class="more-box">
                <fieldset class="fault">
                    <legend>"This failure"</legend>
                    {first}
                </fieldset>
                <fieldset class="fault second">
                    <legend>"A second one"</legend>
                    {second}
                </fieldset>
                <p class="note">{hidden}</p>
            </div>
        </details>
    }
}

fn ms(field: Field) -> AnyView {
    number_field(field, 1, 10_000, "ms")
}

fn percent(field: Field) -> AnyView {
    number_field(field, 1, 100, "% of attempts")
}

/// Where the fault is, where there is a choice.
fn place(layered: bool, field: Field) -> AnyView {
    if layered { choice_field(field, LAYERS) } else { ().into_any() }
}
