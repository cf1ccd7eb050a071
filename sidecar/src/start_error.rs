//! Every way a start can fail.

use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;

use crate::document::ResourceError;

/// Why a sidecar did not start. Each says in one line what to do.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// An API port belongs to somebody else.
    #[error("the {api} port {addr} is taken: stop what listens there or choose another port")]
    PortTaken {
        /// `HTTP`, `gRPC` or `metrics`.
        api: &'static str,
        /// The address that was asked for.
        addr: SocketAddr,
    },
    /// An API address cannot be listened on for another reason.
    #[error("cannot listen on {addr} for the {api} API: {source}")]
    Listen {
        /// `HTTP`, `gRPC` or `metrics`.
        api: &'static str,
        /// The address that was asked for.
        addr: SocketAddr,
        /// What the system said.
        source: io::Error,
    },
    /// The metrics cannot be registered.
    #[error("the metrics cannot be kept: {0} (choose another app id)")]
    Metrics(#[from] prometheus::Error),
    /// There is no room for a folder of its own, which a [`SidecarBuilder`](crate::SidecarBuilder) makes.
    #[error("no folder can be made in {}: {problem} (point TMPDIR elsewhere)", std::env::temp_dir().display())]
    Folder {
        /// What the system said.
        problem: io::Error,
    },
    /// A resource file is not what it has to be.
    #[error(transparent)]
    Resource(#[from] ResourceError),
    /// A component of a type that this sidecar does not have.
    #[error(
        "{file}: component {name:?} is of the type {kind}, which this sidecar does not have: it has \
         {supported} (change the type, move the file away, or set spec.ignoreErrors)"
    )]
    UnknownComponent {
        /// The component's file.
        file: String,
        /// The component's name.
        name: String,
        /// Its type and version.
        kind: String,
        /// What there is instead.
        supported: String,
    },
    /// Two components say `actorStateStore`.
    #[error("detected duplicate actor state store: {first} and {second}")]
    DuplicateActorStateStore {
        /// The first component's name.
        first: String,
        /// The second component's name.
        second: String,
    },
    /// The store's file is damaged or no SQLite file.
    #[error(
        "the state store {} cannot be used: {problem}; nothing was overwritten (move the file away, \
         or point connectionString elsewhere)", path.display()
    )]
    StoreCorrupt {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        problem: String,
    },
    /// The store's file is a database of something else.
    #[error(
        "the state store {} is not a Dapr state store: {problem}; nothing was overwritten (move the \
         file away, or point connectionString elsewhere)", path.display()
    )]
    StoreForeign {
        /// The file.
        path: PathBuf,
        /// What it is instead.
        problem: String,
    },
    /// Another process has the store.
    #[error(
        "the state store {} is in use: {problem} (stop the other one, or point connectionString \
         elsewhere)", path.display()
    )]
    StoreBusy {
        /// The file.
        path: PathBuf,
        /// What SQLite or the lock said.
        problem: String,
    },
    /// The store's file or folder cannot be written.
    #[error(
        "the state store {} cannot be written: {problem} (check the folder and its permissions, or \
         point connectionString elsewhere)", path.display()
    )]
    StoreUnwritable {
        /// The file.
        path: PathBuf,
        /// What the system said.
        problem: String,
    },
    /// The app id or the app's token cannot stand in an HTTP header.
    #[error("the app id {0:?} or APP_API_TOKEN has characters that no HTTP header can carry")]
    AppIdentity(String),
}
