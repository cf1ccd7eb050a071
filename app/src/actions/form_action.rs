//! What a form's server function is, and what dispatches it.

use leptos::{prelude::*, server_fn::ServerFn};
use serde::de::DeserializeOwned;

use crate::error::ServerError;

/// A server function that a form can post to.
pub trait FormFunction:
    ServerFn<Output: Send + Sync, Error = ServerError> + DeserializeOwned + Clone + Send + Sync + 'static
{
}

impl<F> FormFunction for F where
    F: ServerFn<Output: Send + Sync, Error = ServerError> + DeserializeOwned + Clone + Send + Sync + 'static
{
}

/// What dispatches a server function: a [`ServerAction`], or an action that does more around the call.
pub type FormAction<F> = Action<F, Result<<F as ServerFn>::Output, ServerError>>;
