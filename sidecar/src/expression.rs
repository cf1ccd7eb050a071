//! CEL expressions, which come from files and from the app: read and evaluated within bounds.
//!
//! Nobody waits for another thread: a deep one is read and evaluated on a stack of its own where the caller is, and what
//! a macro (`all`, `exists`, `map`, …) repeats looks at the time at every step.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::{Duration, Instant};

use cel::common::ast::{CallExpr, EntryExpr, Expr, IdedExpr, LiteralValue, operators};
use cel::{Context, ExecutionError, Program, Value};

/// The longest expression that is read. Each step of `a.b.c` and each sign of `a + b + c` takes a place on the stack.
const MAX_LENGTH: usize = 1_000;
/// How deep brackets may be nested. The CEL specification asks for 12.
const MAX_BRACKETS: usize = 32;
/// The stack to read an expression on: in a debug build a sign takes up to 60 KB. Without it the library ends the
/// process.
const READING: usize = 64 << 20;
/// The stack that one level of an expression takes to be evaluated, in a debug build.
const LEVEL: usize = 64 << 10;
/// How long an evaluation may take: ten thousand times what a rule takes. Nothing else runs meanwhile on its thread.
const TIME: Duration = Duration::from_millis(100);
/// What the steps of a macro call. No expression can name it.
const IN_TIME: &str = "@in_time";

/// An expression that can be evaluated.
#[derive(Debug)]
pub(crate) struct Expression {
    expression: IdedExpr,
    /// The names that it asks for, sorted.
    variables: Vec<String>,
    depth: usize,
}

/// Checks that a rule's expression compiles. An empty one is none.
///
/// # Errors
/// What is wrong with it.
pub(crate) fn check(text: &str) -> Result<(), String> {
    if text.is_empty() {
        return Ok(());
    }
    Expression::compile(text).map(drop)
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
        if brackets(text) > MAX_BRACKETS {
            return Err(format!("its brackets are nested more than {MAX_BRACKETS} deep"));
        }
        stacker::grow(READING, || {
            // The parser panics at some of what is no expression.
            let program = catch_unwind(|| Program::compile(text)).map_err(|_| "it cannot be read".to_owned())?;
            let program = program.map_err(|error| error.to_string().replace('\n', " "))?;
            let references = program.references();
            let mut variables: Vec<_> = references.variables().into_iter().map(str::to_owned).collect();
            variables.sort_unstable();
            let mut expression = program.expression().clone();
            let depth = bound(&mut expression);
            Ok(Self { expression, variables, depth })
        })
    }

    /// Its value.
    ///
    /// # Errors
    /// Why it has none.
    pub(crate) fn evaluate(&self, context: Context<'_, '_>) -> Result<Value, String> {
        self.evaluate_within(TIME, context)
    }

    fn evaluate_within(&self, time: Duration, mut context: Context<'_, '_>) -> Result<Value, String> {
        let end = Instant::now() + time;
        let in_time = move || {
            let over = || ExecutionError::function_error(IN_TIME, format!("it takes longer than {time:?}"));
            if Instant::now() < end { Ok(true) } else { Err(over()) }
        };
        context.add_function(IN_TIME, in_time).map_err(|error| error.to_string())?;
        let stack = (self.depth + 1) * LEVEL;
        let evaluate = || catch_unwind(AssertUnwindSafe(|| Value::resolve(&self.expression, &context)));
        match stacker::maybe_grow(stack, stack, evaluate) {
            Ok(value) => value.map_err(|error| error.to_string()),
            Err(_) => Err("it cannot be evaluated".into()),
        }
    }

    /// The names that it asks for, sorted.
    pub(crate) fn variables(&self) -> &[String] {
        &self.variables
    }
}

/// Has every macro look at the time before each of its steps. Returns how deep the expression is.
fn bound(expression: &mut IdedExpr) -> usize {
    let deepest = |children: Vec<&mut IdedExpr>| children.into_iter().map(bound).max().unwrap_or(0);
    1 + match &mut expression.expr {
        Expr::Unspecified | Expr::Ident(_) | Expr::Literal(_) => 0,
        Expr::Call(call) => deepest(call.target.iter_mut().map(|target| &mut **target).chain(&mut call.args).collect()),
        Expr::List(list) => deepest(list.elements.iter_mut().collect()),
        Expr::Select(select) => bound(&mut select.operand),
        Expr::Map(map) => map.entries.iter_mut().map(|entry| bound_entry(&mut entry.expr)).max().unwrap_or(0),
        Expr::Struct(fields) => fields.entries.iter_mut().map(|entry| bound_entry(&mut entry.expr)).max().unwrap_or(0),
        Expr::Comprehension(steps) => {
            let depth = deepest(vec![
                &mut steps.iter_range,
                &mut steps.accu_init,
                &mut steps.loop_cond,
                &mut steps.loop_step,
                &mut steps.result,
            ]);
            let condition = std::mem::take(&mut steps.loop_cond);
            steps.loop_cond = in_time(condition);
            depth + 2
        }
    }
}

fn bound_entry(entry: &mut EntryExpr) -> usize {
    match entry {
        EntryExpr::StructField(field) => bound(&mut field.value),
        EntryExpr::MapEntry(entry) => bound(&mut entry.key).max(bound(&mut entry.value)),
    }
}

/// The condition, and that there is time left.
fn in_time(condition: IdedExpr) -> IdedExpr {
    let id = condition.id;
    let ided = |expr| IdedExpr { id, expr };
    let call = |name: &str, args| Expr::Call(CallExpr { func_name: name.to_owned(), target: None, args });
    let asked = ided(call(IN_TIME, Vec::new()));
    match condition.expr {
        Expr::Literal(LiteralValue::Boolean(always)) if *always.inner() => asked,
        // It is true or fails: the last argument is never asked for.
        _ => ided(call(operators::CONDITIONAL, vec![asked.clone(), condition, asked])),
    }
}

/// How deep brackets are nested; those in texts count too, which does not matter.
fn brackets(text: &str) -> usize {
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
        assert!(Expression::compile(&nested(MAX_BRACKETS)).is_ok());
        assert!(Expression::compile(&nested(MAX_BRACKETS + 1)).is_err_and(|error| error.contains("32 deep")));
        assert!(Expression::compile(&"1+".repeat(600)).is_err_and(|error| error.contains("1000 bytes")));
        assert!(Expression::compile("1 +").is_err_and(|error| !error.contains('\n')));
    }

    #[test]
    fn the_longest_expressions_of_each_kind_that_are_read_are_evaluated_too() {
        let deep = [
            (format!("{}1", "1+".repeat(499)), Value::Int(500)),
            (format!("{}1{} == 1", "[".repeat(20), "][0]".repeat(20)), Value::Bool(true)),
            (format!("{}true", "!".repeat(90)), Value::Bool(true)),
            (format!("{}true", "false || ".repeat(110)), Value::Bool(true)),
            (format!("{}2", "1 == 2 ? 1 : ".repeat(70)), Value::Int(2)),
            (format!("{}1{} == 1", "[1].map(a, ".repeat(12), ")[0]".repeat(12)), Value::Bool(true)),
        ];
        for (text, value) in &deep {
            let expression = Expression::compile(text).expect(text);
            assert_eq!(&expression.evaluate(Context::default()).expect(text), value, "{text}");
        }
    }

    #[test]
    fn macros_do_what_they_do_and_those_that_multiply_are_ended_in_time() {
        let evaluate = |text: &str| Expression::compile(text).expect(text).evaluate(Context::default());
        for text in [
            "[1, 2, 3].all(x, x > 0)",
            "[1, 2, 3].exists(x, x == 2)",
            "[1, 2, 3].exists_one(x, x == 2)",
            "[1, 2, 3].map(x, x * 2) == [2, 4, 6]",
            "[1, 2, 3].map(x, x > 1, x * 2) == [4, 6]",
            "[1, 2, 3].filter(x, x != 2) == [1, 3]",
            "![0, 2].all(x, 1 / x == 1)",
            "[[1, 2], [3]].all(l, l.exists(x, x > 1))",
        ] {
            assert_eq!(evaluate(text), Ok(Value::Bool(true)), "{text}");
        }
        let list = format!("[{}1]", "1,".repeat(60));
        for text in [
            format!("{list}.all(a, {list}.all(b, {list}.all(c, {list}.all(d, {list}.all(e, true)))))"),
            format!("{list}.map(a, {list}.map(b, {list}.map(c, {list}.map(d, {list}.map(e, 1))))).size() > 0"),
        ] {
            let expression = Expression::compile(&text).expect("an expression");
            let began = Instant::now();
            let error =
                expression.evaluate_within(Duration::from_millis(20), Context::default()).expect_err("too long");
            assert!(error.contains("longer than 20ms"), "{error}");
            assert!(began.elapsed() < Duration::from_secs(5), "{:?}", began.elapsed());
        }
    }
}
