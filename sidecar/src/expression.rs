//! CEL expressions, which come from files and from the app: read and evaluated within bounds.

use std::thread::{self, Scope, ScopedJoinHandle};

use cel::{Context, Program, Value};

/// The longest expression that is read. Each step of `a.b.c` and each sign of `a + b + c` takes a
/// place on the stack.
const MAX_LENGTH: usize = 1_000;
/// How deep brackets may be nested. The CEL specification asks for 12.
const MAX_DEPTH: usize = 32;
/// What is read and evaluated on the stack that is there; in a debug build a sign takes up to 60 KB.
const SHORT: usize = 60;
/// The stack for everything else: without it the library ends the process.
const STACK: usize = 64 << 20;

/// An expression that can be evaluated.
#[derive(Debug)]
pub(crate) struct Expression {
    program: Program,
    short: bool,
}

impl Expression {
    /// Reads one.
    ///
    /// # Errors
    /// What is wrong with it, in one line.
    pub(crate) fn compile(text: &str) -> Result<Self, String> {
        if text.len() > MAX_LENGTH {
            return Err(format!("it is longer than {MAX_LENGTH} bytes"));
        }
        if depth(text) > MAX_DEPTH {
            return Err(format!("its brackets are nested more than {MAX_DEPTH} deep"));
        }
        let compiled = apart(|| Program::compile(text).map_err(|error| error.to_string().replace('\n', " ")))?;
        Ok(Self { program: compiled, short: text.len() <= SHORT })
    }

    /// Its value.
    ///
    /// # Errors
    /// Why it has none.
    pub(crate) fn evaluate(&self, context: &Context<'_, '_>) -> Result<Value, String> {
        let evaluate = || self.program.execute(context).map_err(|error| error.to_string());
        if self.short { evaluate() } else { apart(evaluate) }
    }

    /// The names that it asks for, sorted.
    pub(crate) fn variables(&self) -> Vec<String> {
        let references = self.program.references();
        let mut names: Vec<_> = references.variables().into_iter().map(str::to_owned).collect();
        names.sort_unstable();
        names
    }
}

/// Does the work where there is room for it. The parser panics at some of what is no expression.
fn apart<T: Send>(work: impl FnOnce() -> Result<T, String> + Send) -> Result<T, String> {
    thread::scope(|scope: &Scope<'_, '_>| {
        let room = thread::Builder::new().name("cel".into()).stack_size(STACK);
        let worker = room.spawn_scoped(scope, work).map_err(|error| error.to_string())?;
        ScopedJoinHandle::join(worker).unwrap_or_else(|_| Err("it cannot be read".into()))
    })
}

/// How deep brackets are nested; those in texts count too, which does not matter.
fn depth(text: &str) -> usize {
    let (mut depth, mut most) = (0_usize, 0);
    for c in text.chars() {
        match c {
            '(' | '[' | '{' => depth += 1,
            ')' | ']' | '}' => depth = depth.saturating_sub(1),
            _ => {}
        }
        most = most.max(depth);
    }
    most
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_too_deep_or_too_long_is_refused_before_it_is_read() {
        let nested = |deep: usize| format!("{}1 > 0{}", "(".repeat(deep), ")".repeat(deep));
        assert!(Expression::compile(&nested(MAX_DEPTH)).is_ok());
        assert!(Expression::compile(&nested(MAX_DEPTH + 1)).is_err_and(|error| error.contains("32 deep")));
        assert!(Expression::compile(&"1+".repeat(600)).is_err_and(|error| error.contains("1000 bytes")));
        assert!(Expression::compile("1 +").is_err_and(|error| !error.contains('\n')));
    }

    #[test]
    fn the_longest_sum_that_is_read_is_evaluated_too() {
        let sum = Expression::compile(&format!("{}1", "1+".repeat(499))).expect("an expression");
        assert_eq!(sum.evaluate(&Context::default()), Ok(Value::Int(500)));
    }
}
