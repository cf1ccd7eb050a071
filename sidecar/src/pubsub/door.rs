//! Where a message goes: the app's HTTP routes, or a stream that a program holds open.

use super::deliver::Parcel;
use super::judge::{self, Outcome};
use super::stream::Outlet;
use crate::app_channel::{AppChannel, AppError};
use crate::resiliency::Failure;
use crate::resources::Subscription;

/// The way to whoever is subscribed.
pub(super) enum Door {
    App(Box<AppChannel>),
    Stream(Outlet),
}

/// Why a message did not come through it.
pub(super) enum Undelivered {
    /// Whoever is behind it did not take it.
    Failed(Failure<String>),
    /// No file handle was left for a connection: nobody was asked.
    NoHandle(String),
    /// The app is not well: it was not asked.
    Unwell,
}

impl Door {
    /// Whether nobody is behind it any more, or the app is not well.
    pub(super) fn is_gone(&self) -> bool {
        match self {
            Self::App(app) => !app.is_well(),
            Self::Stream(outlet) => outlet.is_gone(),
        }
    }

    /// Returns when the app may be asked; at once for a stream.
    pub(super) async fn well(&self) {
        if let Self::App(app) = self {
            app.well().await;
        }
    }

    /// Delivers a message once.
    pub(super) async fn deliver(
        &self,
        parcel: &Parcel<'_>,
        subscription: &Subscription,
    ) -> Result<Outcome, Undelivered> {
        let (cause, outcome) = match self {
            Self::App(app) => match app.deliver(parcel.path, parcel.headers.clone(), parcel.data.clone()).await {
                Ok(reply) => judge::reply(&reply, parcel),
                Err(AppError::NoRoom(why)) => return Err(Undelivered::NoHandle(why)),
                Err(AppError::Unwell) => return Err(Undelivered::Unwell),
                Err(error) => {
                    let text = "error returned from app channel while sending pub/sub event to app";
                    let text = format!("{text}: retriable error occurred: {error}");
                    (error.to_string(), Err(Failure::transient(text)))
                }
            },
            Self::Stream(outlet) => outlet.deliver(parcel, subscription).await,
        };
        if outcome.is_err() {
            tracing::warn!(
                "encountered a retriable error while publishing a subscribed message to topic {}, err: {cause}",
                subscription.topic
            );
        }
        outcome.map_err(Undelivered::Failed)
    }
}
