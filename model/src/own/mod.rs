//! The learner's own program: what is seen of it, and what it proves.
//!
//! # Layout
//! - [`moment`]: what the sidecar and the program's log tell, in the order of time
//! - [`attempts`]: turns out of them: attempts, waits, the time without a call
//! - [`trial`]: what was done to the program for one check, and what came back
//! - [`said`]: a history out of the program's own JSON
//! - [`catalog`]: the five checks of the lesson and the nine beyond it
//! - [`judge`]: the verdict of each over its trial
//! - [`report`]: all of them as the JSON document `faultlab/check/v1`

pub mod attempts;
pub mod catalog;
pub mod judge;
pub mod moment;
pub mod report;
pub mod said;
pub mod trial;
