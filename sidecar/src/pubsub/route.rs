//! Which of the app's routes a message goes to.

use cel::{Context, Value};

use super::envelope::Event;
use crate::expression::Expression;
use crate::resources::subscription::Rule;

/// The rules of one subscription, compiled.
pub(super) struct Routes {
    rules: Vec<(Option<Expression>, String)>,
}

impl Routes {
    /// # Errors
    /// The first expression that does not compile, and why.
    pub(super) fn compile(rules: &[Rule]) -> Result<Self, String> {
        let compile = |rule: &Rule| {
            let program = match rule.r#match.as_str() {
                "" => None,
                expression => {
                    Some(Expression::compile(expression).map_err(|error| format!("{expression:?}: {error}"))?)
                }
            };
            Ok((program, rule.path.clone()))
        };
        let rules = rules.iter().map(compile).collect::<Result<_, String>>()?;
        Ok(Self { rules })
    }

    /// The path of the first rule that is true; `None` when none is.
    ///
    /// # Errors
    /// A rule that cannot be evaluated, such as one that asks for an attribute which is missing.
    pub(super) fn find(&self, event: &Event) -> Result<Option<&str>, String> {
        for (program, path) in &self.rules {
            let Some(program) = program else {
                return Ok(Some(path));
            };
            let mut context = Context::default();
            context.add_variable("event", event).map_err(|error| error.to_string())?;
            match program.evaluate(context) {
                Ok(Value::Bool(true)) => return Ok(Some(path)),
                Ok(Value::Bool(false)) => {}
                Ok(other) => {
                    return Err(format!("the rule is neither true nor false: {other:?}"));
                }
                Err(error) => return Err(error),
            }
        }
        Ok(None)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn find(expression: &str, event: serde_json::Value) -> Result<bool, String> {
        let rule = Rule { r#match: expression.into(), path: "/p".into() };
        let routes = Routes::compile(&[rule]).expect("compiles");
        let event = serde_json::from_value(event).expect("an object");
        routes.find(&event).map(|path| path.is_some())
    }

    #[test]
    fn rules_compare_attributes_and_data() {
        let event = json!({"type": "order.v2", "data": {"n": 5, "f": 1.5, "neg": -1}});
        for expression in [
            r#"event.type == "order.v2""#,
            "event.data.n > 4",
            "event.data.n == 5",
            "event.data.n < 10.5",
            "event.data.f > 1",
            "event.data.neg < 0",
            "has(event.data.n) && !has(event.data.other)",
            r#"event.type.matches("^order\\.v[0-9]$")"#,
            r#"event.type.startsWith("order") && event.data.n in [1, 5]"#,
        ] {
            assert_eq!(find(expression, event.clone()), Ok(true), "{expression}");
        }
    }

    #[test]
    fn a_missing_attribute_is_an_error_and_not_a_no() {
        assert!(find("event.data.n > 4", json!({"data": {}})).is_err());
    }

    #[test]
    fn what_cannot_be_evaluated_is_an_error_and_no_panic() {
        let event = json!({"type": "t", "data": {"n": 5}});
        for expression in [
            "event.data.n / 0 == 1",
            r#"event.type.matches("(")"#,
            "event.data.n",
            r#"event.type > 5"#,
            "nothing.here",
            "event.data.n.startsWith('a')",
            "unknown(event)",
        ] {
            assert!(find(expression, event.clone()).is_err(), "{expression}");
        }
    }

    #[test]
    fn what_is_no_expression_is_refused() {
        for expression in ["event.type ==", "(", "'", "event.", "a b", "\u{0}", "é ==="] {
            assert!(crate::expression::check(expression).is_err(), "{expression:?}");
        }
        assert_eq!(crate::expression::check(""), Ok(()));
    }
}
