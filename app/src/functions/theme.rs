//! Choosing the theme.

use leptos::prelude::*;
use serde::{Deserialize, Serialize};

use crate::error::ServerError;
#[cfg(feature = "ssr")]
use crate::{cookie, response};

/// How the page is coloured. Where none is chosen it follows the reader's system.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Theme {
    /// Dark on light.
    Light,
    /// Light on dark.
    Dark,
}

impl Theme {
    /// The name of the cookie that keeps it.
    pub const COOKIE: &str = "theme";

    /// The theme as the style sheet and the reader's cookie have it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Light => "light",
            Self::Dark => "dark",
        }
    }

    /// The theme of this name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        [Self::Light, Self::Dark].into_iter().find(|theme| theme.as_str() == name)
    }
}

/// Remembers the theme in a cookie, so that the first paint is right, and goes back to the page.
#[server(prefix = "", endpoint = "theme")]
pub async fn set_theme(theme: Theme) -> Result<(), ServerError> {
    cookie::set(Theme::COOKIE, theme.as_str());
    response::go_back();
    Ok(())
}
