//! `secretstores.local.env`: the variables of the sidecar's environment.

use std::collections::BTreeMap;
use std::sync::Arc;

use async_trait::async_trait;

use super::{Kind, Secret, SecretStore};

pub(super) const KIND: Kind = Kind {
    name: "secretstores.local.env",
    open: |component, _| Ok(Arc::new(LocalEnv { prefix: component.get("prefix").unwrap_or_default().to_owned() })),
};

struct LocalEnv {
    /// What stands in front of every name.
    prefix: String,
}

/// Dapr's own variables are secrets of the sidecar, and not for apps.
fn is_allowed(variable: &str) -> bool {
    let upper = variable.to_ascii_uppercase();
    upper != "APP_API_TOKEN" && !upper.starts_with("DAPR_")
}

#[async_trait]
impl SecretStore for LocalEnv {
    /// A variable that there is not is empty, as in daprd.
    async fn get(&self, name: &str) -> Result<Secret, String> {
        let variable = format!("{}{name}", self.prefix);
        // What no variable's name can have in it, is none.
        let possible = !variable.is_empty() && !variable.contains(['=', '\0']);
        let value = match is_allowed(&variable) {
            true => possible.then(|| std::env::var(&variable).ok()).flatten(),
            false => {
                tracing::warn!("Access to env var {name} is forbidden");
                None
            }
        };
        Ok(Secret::from([(name.to_owned(), value.unwrap_or_default())]))
    }

    async fn all(&self) -> Result<BTreeMap<String, Secret>, String> {
        // Those that are no text are nobody's secrets.
        let variables =
            std::env::vars_os().filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)));
        let named = variables.filter(|(variable, _)| is_allowed(variable)).filter_map(|(variable, value)| {
            let name = variable.strip_prefix(&self.prefix)?.to_owned();
            (!name.is_empty()).then(|| (name.clone(), Secret::from([(name, value)])))
        });
        Ok(named.collect())
    }
}
