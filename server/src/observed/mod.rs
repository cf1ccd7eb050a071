//! What a program does, actor by actor, out of what its sidecar and its log tell.
//!
//! # Layout
//! - `moment`: an event of the sidecar as a moment of an actor
//! - [`Recorder`]: the moments of all actors, within bounds

mod moment;
mod recorder;

pub use recorder::Recorder;
