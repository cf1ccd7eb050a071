//! Which Rust test is running, as far as `cargo test` tells it.
use std::fmt;

/// What the lines of `cargo test` have told so far.
#[derive(Default)]
pub(super) struct Running {
    /// The test program, as cargo names it.
    program: String,
    /// Tests that have been running for long and have not ended.
    slow: Vec<String>,
}

impl Running {
    /// Takes note of a line.
    pub(super) fn see(&mut self, line: &str) {
        let line = line.trim();
        if let Some(program) = line.strip_prefix("Running ") {
            *self = Self { program: program.to_owned(), slow: Vec::new() };
        } else if let Some(package) = line.strip_prefix("Doc-tests ") {
            *self = Self { program: format!("the documentation's examples of {package}"), slow: Vec::new() };
        } else if let Some(test) = line.strip_prefix("test ") {
            if let Some((name, _)) = test.split_once(" has been running for over ") {
                self.slow.push(name.to_owned());
            } else if let Some((name, _)) = test.split_once(" ... ") {
                self.slow.retain(|slow| slow != name);
            }
        }
    }
}

impl fmt::Display for Running {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let program = if self.program.is_empty() { "nothing yet" } else { &self.program };
        match self.slow.as_slice() {
            [] => write!(f, "{program}"),
            slow => write!(f, "{program}, for over a minute: {}", slow.join(", ")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_test_that_hangs_is_named_with_its_program() {
        let mut running = Running::default();
        assert_eq!(running.to_string(), "nothing yet");
        for line in [
            "     Running unittests src/lib.rs (target/debug/deps/sidecar-1)",
            "test old has been running for over 60 seconds",
            "     Running tests/state.rs (target/debug/deps/state-2)",
            "",
            "running 3 tests",
            "test a::quick ... ok",
            "test a::hangs has been running for over 60 seconds",
            "test a::slow has been running for over 60 seconds",
            "test a::slow ... FAILED",
        ] {
            running.see(line);
        }
        assert_eq!(running.to_string(), "tests/state.rs (target/debug/deps/state-2), for over a minute: a::hangs");
        running.see("   Doc-tests app");
        assert_eq!(running.to_string(), "the documentation's examples of app");
    }
}
