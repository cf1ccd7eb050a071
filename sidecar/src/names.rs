//! What actors and their methods may be called.

use std::borrow::Cow;

/// Names one actor.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct ActorRef {
    /// The actor's type.
    pub(crate) kind: String,
    pub(crate) id: String,
}

impl ActorRef {
    pub(crate) fn new(kind: impl Into<String>, id: impl Into<String>) -> Self {
        Self { kind: kind.into(), id: id.into() }
    }

    /// The path of one of its methods without a leading slash, as Dapr's error texts write it.
    pub(crate) fn method_path(&self, method: &str) -> String {
        format!("actors/{}/{}/method/{method}", self.kind, self.id)
    }
}

/// Checks an actor type or id as daprd does.
///
/// # Errors
/// daprd's sentence, without the parameter's name.
pub(crate) fn validate_name(name: &str) -> Result<(), String> {
    if name.is_empty() {
        return Err("name is empty".into());
    }
    if name.contains(['#', '?', '\0', '/', '\\']) {
        return Err(format!("name contains forbidden character: {name:?}"));
    }
    if let Some(position) = name.find(is_control) {
        return Err(format!("name contains control character at position {position}: {name:?}"));
    }
    if name == "." || name == ".." {
        return Err(format!("name is a path traversal sequence: {name:?}"));
    }
    Ok(())
}

/// An actor type or id as it stands in a key of the store, `app||type||id||key`: as it is, but for one that could not be
/// told from what stands behind it. In that one `/` stands for `|`: no name has it. (daprd writes it as it is: there an
/// actor `a||b` reads under `c` what `a` keeps under `b||c`.)
pub(crate) fn in_key(name: &str) -> Cow<'_, str> {
    if name.contains("||") || name.ends_with('|') { name.replace('|', "/").into() } else { name.into() }
}

fn is_control(c: char) -> bool {
    c.is_ascii_control()
}

/// Checks a method name and resolves its dot segments.
///
/// # Errors
/// daprd's sentence.
pub(crate) fn normalise_method(method: &str) -> Result<String, String> {
    if method.contains(['#', '?', '\0']) {
        return Err(format!("method contains forbidden character: {method:?}"));
    }
    if let Some(position) = method.find(is_control) {
        return Err(format!("method contains control character at position {position}: {method:?}"));
    }
    let mut normalised = String::with_capacity(method.len());
    for segment in method.split('/') {
        match segment {
            "" | "." => {}
            ".." => normalised.truncate(normalised.rfind('/').unwrap_or_default()),
            segment => {
                if !normalised.is_empty() {
                    normalised.push('/');
                }
                normalised.push_str(segment);
            }
        }
    }
    Ok(normalised)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_method_that_climbs_is_resolved_before_it_is_called() {
        assert_eq!(normalise_method("a/../b"), Ok("b".into()));
        assert_eq!(normalise_method("/../../x"), Ok("x".into()));
        assert_eq!(normalise_method("a//b/./c/../../d/"), Ok("a/d".into()));
        assert!(normalise_method("x?y").is_err());
    }

    #[test]
    fn a_name_that_would_change_the_path_is_refused() {
        for name in ["", "a/b", "a\\b", "a?b", "a#b", "a\nb", ".", ".."] {
            assert!(validate_name(name).is_err(), "{name:?}");
        }
        assert_eq!(validate_name("user 1.~_-é%20|x||y|"), Ok(()));
    }

    #[test]
    fn no_two_names_with_a_key_are_one_key_of_the_store() {
        let parts = ["a", "|", "||", "a|", "|a", "a||b", "b||c", "c", "a|||b"];
        let mut keys = std::collections::HashSet::new();
        for kind in parts {
            for id in parts {
                for key in parts {
                    let stored = format!("app||{}||{}||{key}", in_key(kind), in_key(id));
                    assert!(keys.insert(stored), "{kind} {id} {key}");
                }
            }
        }
        assert_eq!(in_key("user|1"), "user|1", "as daprd writes it");
    }
}
