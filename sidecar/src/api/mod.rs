//! The two APIs that the app and others call.

mod auth;
pub(crate) mod error;
mod grpc;
mod http;
mod metadata;

pub(crate) use grpc::DaprService;
pub(crate) use http::router;
