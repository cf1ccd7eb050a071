//! Faultlab's process.
