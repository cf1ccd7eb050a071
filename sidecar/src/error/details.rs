//! What a failure says besides its message, for SDKs to read: `google.rpc.ErrorInfo` and `ResourceInfo`.

use std::collections::HashMap;

use serde_json::{Value, json};
use tonic_types::ErrorDetails;

use super::ApiError;

/// Whose reasons they are.
const DOMAIN: &str = "dapr.io";

/// The details of a failure, as far as Dapr gives any.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Details {
    reason: &'static str,
    metadata: HashMap<String, String>,
    /// The kind of component that it is about, and its name.
    resource: Option<(&'static str, String)>,
    message: String,
    /// Whether the HTTP API does not give them.
    grpc_alone: bool,
}

impl Details {
    pub(super) fn for_grpc(self) -> ErrorDetails {
        let mut details = ErrorDetails::with_error_info(self.reason, DOMAIN, self.metadata);
        if let Some((kind, name)) = self.resource {
            details.set_resource_info(kind, name, "", self.message);
        }
        details
    }

    pub(super) fn for_http(self) -> Option<Value> {
        if self.grpc_alone {
            return None;
        }
        let resource = self.resource.map(|(kind, name)| {
            json!({
                "@type": "type.googleapis.com/google.rpc.ResourceInfo",
                "resource_type": kind, "resource_name": name, "owner": "", "description": self.message,
            })
        });
        let reason = json!({
            "@type": "type.googleapis.com/google.rpc.ErrorInfo",
            "reason": self.reason, "domain": DOMAIN, "metadata": self.metadata,
        });
        Some(resource.into_iter().chain([reason]).collect())
    }
}

impl ApiError {
    /// Adds why it failed, by Dapr's name for that, and what belongs to it.
    pub(super) fn because<const N: usize>(mut self, reason: &'static str, metadata: [(&str, &str); N]) -> Self {
        let metadata = metadata.into_iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
        self.details = Some(Box::new(Details { reason, metadata, ..Details::default() }));
        self
    }

    /// Adds which component it is about.
    pub(super) fn about(mut self, kind: &'static str, name: &str) -> Self {
        if let Some(details) = &mut self.details {
            details.resource = Some((kind, name.to_owned()));
            details.message.clone_from(&self.message);
        }
        self
    }

    /// Adds the error code as the reason, over gRPC alone.
    pub(super) fn by_its_code(self) -> Self {
        let name = self.name;
        let mut error = self.because(name, []);
        if let Some(details) = &mut error.details {
            details.grpc_alone = true;
        }
        error
    }
}
