//! What a form's server function is, and what dispatches it.

use std::future::Future;

use leptos::{
    prelude::*,
    server::ServerActionError,
    server_fn::{ServerFn, error::ServerFnUrlError},
};
use serde::de::DeserializeOwned;

use crate::error::ServerError;
use model::error::LabError;

/// A server function that a form can post to.
pub trait FormFunction:
    ServerFn<Output: Send + Sync, Error = ServerError> + DeserializeOwned + Clone + Send + Sync + 'static
{
}

impl<F> FormFunction for F where
    F: ServerFn<Output: Send + Sync, Error = ServerError> + DeserializeOwned + Clone + Send + Sync + 'static
{
}

/// What a server function answers.
pub type Answer<F> = Result<<F as ServerFn>::Output, ServerError>;

/// How often something was asked for on the page: what went wrong is shown until something else is.
#[derive(Clone, Copy, Default)]
pub(super) struct Requests(RwSignal<u64>);

impl Requests {
    /// Counts one more.
    pub(super) fn count(self) {
        self.0.update(|count| *count += 1);
    }
}

/// What dispatches a server function: as a [`ServerAction`] does, or with more around the call. What went wrong is its
/// [`error`](Self::error).
pub struct FormAction<F: FormFunction> {
    action: Action<F, Answer<F>>,
    requests: Requests,
    /// How many requests there had been when it was answered last.
    answered: RwSignal<u64>,
}

impl<F: FormFunction> Clone for FormAction<F> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<F: FormFunction> Copy for FormAction<F> {}

impl<F: FormFunction> FormAction<F> {
    /// An action that does nothing but to call the server function.
    pub(super) fn new(requests: Requests) -> Self {
        Self::with(requests, |input: &F| F::run_on_client(input.clone()))
    }

    /// An action that does this. It begins with the error of its form, if that was posted without script and
    /// [`ServerActionError`] tells of it.
    pub(super) fn with<T: Future<Output = Answer<F>> + Send + 'static>(
        requests: Requests,
        call: impl Fn(&F) -> T + Send + Sync + 'static,
    ) -> Self {
        let answered = RwSignal::new(0);
        let action = Action::new_with_value(posted::<F>(), move |input: &F| {
            requests.count();
            let call = call(input);
            async move {
                let answer = call.await;
                answered.set(requests.0.get_untracked());
                answer
            }
        });
        Self { action, requests, answered }
    }

    /// The same without the error of the form: another action of this function begins with it.
    pub(super) fn without_posted_error(self) -> Self {
        self.action.clear();
        self
    }

    /// Calls the server function.
    pub fn dispatch(self, input: F) {
        self.action.dispatch(input);
    }

    /// Refuses what a form says before the server function is called.
    pub fn refuse(self, error: ServerError) {
        self.requests.count();
        self.answered.set(self.requests.0.get_untracked());
        self.action.value().set(Some(Err(error)));
    }

    /// Whether it is under way.
    pub fn pending(self) -> Memo<bool> {
        self.action.pending()
    }

    /// The last answer.
    pub fn value(self) -> MappedSignal<Option<Answer<F>>> {
        self.action.value()
    }

    /// Why it was refused or failed the last time; nothing while it is tried again, and nothing once something else was
    /// asked for after that.
    pub fn error(self) -> Memo<Option<LabError>> {
        let Self { action, requests, answered } = self;
        let (pending, value) = (action.pending(), action.value());
        Memo::new(move |_| {
            let is_latest = requests.0.get() == answered.get();
            let refused = || value.with(|answer| Some(answer.as_ref()?.as_ref().err()?.0.clone()));
            if pending.get() || !is_latest { None } else { refused() }
        })
    }

    /// Does something with each answer from now on.
    pub(super) fn on_answer(self, take: impl Fn(&Answer<F>) + 'static) {
        let (version, value) = (self.action.version(), self.action.value());
        let answered = move |_: &usize, _: Option<&usize>, _: Option<()>| {
            value.with_untracked(|answer| {
                if let Some(answer) = answer {
                    take(answer);
                }
            });
        };
        Effect::watch(move || version.get(), answered, false);
    }
}

/// The error of this function's form, if it was posted without script: what a [`ServerAction`] begins with.
fn posted<F: FormFunction>() -> Option<Answer<F>> {
    let error = use_context::<ServerActionError>().filter(|error| error.path() == F::PATH)?;
    Some(Err(ServerFnUrlError::decode_err(error.err())))
}

#[cfg(all(test, feature = "ssr"))]
mod tests {
    use super::*;
    use crate::{
        functions::{faults::SetFault, policy::SetPolicy},
        state::form::FormError,
    };

    fn refused() -> LabError {
        LabError::of_field("attempts", "attempts is 99: it may be 1 to 10.")
    }

    #[test]
    fn an_action_begins_with_the_error_of_its_own_form() {
        let owner = Owner::new();
        owner.set();
        let FormError { path, encoded } = FormError::new(SetPolicy::PATH.to_owned(), refused());
        provide_context(ServerActionError::new(&path, &encoded));
        let requests = Requests::default();
        let policy = FormAction::<SetPolicy>::new(requests);
        assert_eq!(policy.error().get_untracked(), Some(refused()));
        assert_eq!(policy.without_posted_error().error().get_untracked(), None);
        assert_eq!(FormAction::<SetFault>::new(requests).error().get_untracked(), None);
    }

    #[test]
    fn what_went_wrong_is_shown_until_something_else_is_asked_for() {
        let owner = Owner::new();
        owner.set();
        let requests = Requests::default();
        let (policy, fault) = (FormAction::<SetPolicy>::new(requests), FormAction::<SetFault>::new(requests));
        let errors = || (policy.error().get_untracked(), fault.error().get_untracked());
        policy.refuse(ServerError(refused()));
        assert_eq!(errors(), (Some(refused()), None));
        fault.refuse(ServerError(refused()));
        assert_eq!(errors(), (None, Some(refused())));
        requests.count();
        assert_eq!(errors(), (None, None));
    }
}
