//! The timeline of one actor: what it did, kept within bounds, numbered and handed on to whoever follows.
//!
//! # Layout
//! - `ring`: the bounded events
//! - `live`: events on their way to those who follow
//! - `missed`: what they missed, in pieces
//! - `open`: the numbers of its turns, from *queued* to their end
//! - [`clock`]: the times that events carry

pub mod clock;
mod live;
mod missed;
mod open;
mod ring;

use model::operation::Operation;

pub use self::{
    live::{Behind, Coming, Live},
    missed::Missed,
    open::Ticket,
    ring::Limits,
};
pub(crate) use self::{open::waiting_weight, ring::Ring};

/// An attempt that waits for the state store.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    /// The turn.
    pub turn: u64,
    /// The operation that is tried: a load or a save.
    pub operation: Operation,
    /// Which attempt it is, from 1.
    pub attempt: u8,
}

/// A timeline from some point on: what was missed, then what comes.
pub struct Follow {
    /// The epoch of the events, for their ids.
    pub epoch: u64,
    /// What came after the point that was asked for, or everything that is known.
    pub missed: Missed,
    /// What comes after `missed`.
    pub live: Coming,
}
