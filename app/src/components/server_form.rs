//! Forms that server functions take.

use leptos::{ev::SubmitEvent, form::FromFormData, html, prelude::*, server_fn::error::ServerFnErrorErr};
use web_sys::FormData;

use crate::{
    actions::{FormAction, FormFunction, LabActions},
    error::ServerError,
};

/// A form: the browser posts it where no script runs, and where one does, its action is dispatched.
///
/// Leptos's own `ActionForm` does the same, at twice the download.
#[component]
pub fn ServerForm<F: FormFunction, C: IntoView + 'static>(
    /// What takes the form.
    action: FormAction<F>,
    /// Whether each change takes effect at once where the script runs: then nothing is left to submit.
    #[prop(optional)]
    at_once: bool,
    /// What is dispatched in place of what the form says; `None` for nothing at all.
    #[prop(optional)]
    prepare: Option<Callback<F, Option<F>>>,
    /// The form.
    #[prop(optional)]
    node_ref: NodeRef<html::Form>,
    /// Its classes.
    #[prop(optional)]
    class: &'static str,
    /// What is in it.
    children: TypedChildren<C>,
) -> impl IntoView {
    let dispatch = move || {
        let Some(fields) = node_ref.get_untracked().and_then(|form| FormData::new_with_form(&form).ok()) else {
            return;
        };
        match F::from_form_data(&fields) {
            Ok(input) => {
                let input = match prepare {
                    Some(prepare) => prepare.run(input),
                    None => Some(input),
                };
                if let Some(input) = input {
                    action.dispatch(input);
                }
            }
            Err(error) => {
                let error = ServerFnErrorErr::Args(error.to_string());
                action.refuse(ServerError::from_server_fn_error(error));
            }
        }
    };
    let submit = move |submit: SubmitEvent| {
        submit.prevent_default();
        if !at_once {
            dispatch();
        }
    };
    let change = move |_| {
        if at_once {
            dispatch();
        }
    };
    view! {
        <form class=class action=F::url() method="post" node_ref=node_ref on:submit=submit on:change=change>
            {children.into_inner()()}
        </form>
    }
}

/// The button that submits a form. It waits while the form's action is under way, and while the page does all steps of
/// the lesson by itself.
#[component]
pub fn SubmitButton<C: IntoView + 'static>(
    /// Whether the form's action is under way.
    pending: Memo<bool>,
    /// Its classes.
    class: &'static str,
    /// What it says.
    children: TypedChildren<C>,
) -> impl IntoView {
    let runs_all = expect_context::<LabActions>().run_all.pending();
    view! {
        <button class=class type="submit" disabled=move || pending.get() || runs_all.get()>
            {children.into_inner()()}
        </button>
    }
}
