//! `secretstores.local.file`: a JSON file.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use async_trait::async_trait;
use serde_json::{Map, Value};

use super::{Kind, Opened, Secret, SecretStore};
use crate::resources::Component;

pub(super) const KIND: Kind = Kind { name: "secretstores.local.file", open };

#[derive(Debug)]
struct LocalFile {
    secrets: BTreeMap<String, Secret>,
    /// Whether a secret may have several values.
    multi_valued: bool,
}

fn open(component: &Component, base_dir: &Path) -> Opened {
    let file = component.get("secretsFile").filter(|file| !file.is_empty()).ok_or_else(|| {
        component.error("missing local secrets file in metadata", "give the path of a JSON file in secretsFile")
    })?;
    let path = base_dir.join(file);
    let unreadable = |why: String| {
        let problem = format!("the secrets file {} cannot be read: {why}", path.display());
        component.error(problem, "correct secretsFile, or the file: it is a JSON object")
    };
    let text = std::fs::read(&path).map_err(|error| unreadable(error.to_string()))?;
    let values: Map<String, Value> = serde_json::from_slice(&text).map_err(|error| unreadable(error.to_string()))?;
    let separator = component.get("nestedSeparator").filter(|text| !text.is_empty()).unwrap_or(":");
    Ok(Arc::new(LocalFile::new(values, separator, component.is_true("multiValued"))))
}

impl LocalFile {
    fn new(values: Map<String, Value>, separator: &str, multi_valued: bool) -> Self {
        let mut secrets = BTreeMap::new();
        for (name, value) in values {
            match value {
                Value::Object(fields) if multi_valued => {
                    let mut secret = Secret::new();
                    for (field, value) in fields {
                        flatten(&field, value, separator, &mut |name, value| drop(secret.insert(name, value)));
                    }
                    secrets.insert(name, secret);
                }
                // With several values to a secret, what is neither an object nor a text is none.
                Value::String(_) => flatten(&name, value, separator, &mut single(&mut secrets)),
                value if !multi_valued => flatten(&name, value, separator, &mut single(&mut secrets)),
                _ => {}
            }
        }
        Self { secrets, multi_valued }
    }
}

/// Notes a secret down that has one value.
fn single(secrets: &mut BTreeMap<String, Secret>) -> impl FnMut(String, String) + '_ {
    |name, value| drop(secrets.insert(name.clone(), Secret::from([(name, value)])))
}

/// What is nested, under its path: `a:b:0`. Numbers and booleans are their text. (daprd makes `%!s(float64=5)` of a 5.)
fn flatten(path: &str, value: Value, separator: &str, note: &mut impl FnMut(String, String)) {
    match value {
        Value::Object(fields) => {
            for (name, value) in fields {
                flatten(&format!("{path}{separator}{name}"), value, separator, note);
            }
        }
        Value::Array(items) => {
            for (index, value) in items.into_iter().enumerate() {
                flatten(&format!("{path}{separator}{index}"), value, separator, note);
            }
        }
        Value::String(text) => note(path.to_owned(), text),
        Value::Null => note(path.to_owned(), String::new()),
        other => note(path.to_owned(), other.to_string()),
    }
}

#[async_trait]
impl SecretStore for LocalFile {
    async fn get(&self, name: &str) -> Result<Secret, String> {
        self.secrets.get(name).cloned().ok_or_else(|| format!("secret {name} not found"))
    }

    async fn all(&self) -> Result<BTreeMap<String, Secret>, String> {
        Ok(self.secrets.clone())
    }

    fn capabilities(&self) -> &'static [&'static str] {
        if self.multi_valued { &["MULTIPLE_KEY_VALUES_PER_SECRET"] } else { &[] }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn store(multi_valued: bool) -> LocalFile {
        let Value::Object(values) =
            json!({"plain": "p", "redis": {"password": "r", "port": 6379, "hosts": ["a", "b"]}})
        else {
            unreachable!()
        };
        LocalFile::new(values, ":", multi_valued)
    }

    #[test]
    fn what_is_nested_has_its_path_for_a_name() {
        let names: Vec<_> = store(false).secrets.into_keys().collect();
        assert_eq!(names, ["plain", "redis:hosts:0", "redis:hosts:1", "redis:password", "redis:port"]);
        assert_eq!(store(false).secrets["redis:port"]["redis:port"], "6379");
    }

    #[test]
    fn a_secret_may_have_several_values() {
        let secrets = store(true).secrets;
        assert_eq!(secrets.keys().collect::<Vec<_>>(), ["plain", "redis"]);
        assert_eq!((secrets["plain"]["plain"].as_str(), secrets["redis"]["password"].as_str()), ("p", "r"));
        assert_eq!(secrets["redis"]["hosts:1"], "b");
    }
}
