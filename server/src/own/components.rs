//! The learner's component files, as they are: what holds state or carries events is mapped to what the lab has built in,
//! and everything else stays.

use std::path::{Path, PathBuf};

use anyhow::Context;
use serde_json::{Value, json};
use sidecar::{Resources, is_truthy, split};

use crate::run::BUILT_IN;

/// The folder that is read where none is named.
const USUAL: &str = "components";

/// The resources of one app.
pub(super) struct Components {
    pub(super) resources: Resources,
    /// The folders that they come from; none where they are the built-in ones.
    pub(super) folders: Vec<PathBuf>,
    /// What was mapped: `components/statestore.yaml: statestore (state.redis)`.
    pub(super) mapped: Vec<String>,
    /// The actors keep their state in the built-in store though the files name none for them.
    pub(super) store_added: bool,
}

/// Reads the folders, else `components` in the app's folder; the built-in ones where there is none of these either. What
/// is mapped keeps its state in `data`. With `real`, nothing is mapped.
///
/// # Errors
/// A folder or file that cannot be read, or a document that is not what it says.
pub(super) fn read(given: &[PathBuf], folder: &Path, data: &Path, real: bool) -> anyhow::Result<Components> {
    let usual = folder.join(USUAL);
    let mut folders: Vec<_> = match given {
        [] if usual.is_dir() => vec![usual],
        given => given.iter().map(|given| folder.join(given)).collect(),
    };
    let mut documents = Vec::new();
    for dir in &folders {
        let cannot = || format!("{} cannot be read: name a folder of component files with -d", dir.display());
        documents.append(&mut Resources::texts(dir).with_context(cannot)?);
    }
    if given.is_empty() && documents.is_empty() {
        folders.clear();
    }
    let mut mapped = Mapped { data, words: Vec::new(), holds_actors: false, others: 0 };
    if documents.is_empty() {
        documents = BUILT_IN.map(|(name, text)| (name.to_owned(), text.to_owned())).to_vec();
        mapped.holds_actors = true;
    } else if !real {
        for (name, text) in &mut documents {
            *text = mapped.file(shown(name, folder), text);
        }
        if !mapped.holds_actors {
            let store = mapped.store(&json!({"name": "faultlab-actors"}), true, &Value::Null);
            documents.push(("built in".to_owned(), store.to_string()));
        }
    }
    let store_added = !real && !mapped.holds_actors;
    Ok(Components { resources: Resources::from_documents(documents)?, folders, mapped: mapped.words, store_added })
}

/// What the mapping meets.
struct Mapped<'a> {
    data: &'a Path,
    words: Vec<String>,
    /// One of the stores says that it is for actors.
    holds_actors: bool,
    /// How many state stores there are beside that of the actors.
    others: usize,
}

impl Mapped<'_> {
    /// A file with its documents mapped. Where the lines count, in one that is not understood, they stay.
    fn file(&mut self, name: &str, text: &str) -> String {
        let mut documents = Vec::new();
        let mut any = false;
        for (_, document) in split(text) {
            let read: Option<Value> = serde_saphyr::from_str(&document).ok();
            match read.and_then(|read| self.document(name, &read)) {
                Some(mapped) => {
                    any = true;
                    documents.push(mapped.to_string());
                }
                None => documents.push(document),
            }
        }
        if any { documents.join("\n---\n") } else { text.to_owned() }
    }

    /// What a document is mapped to; none for one that stays as it is.
    fn document(&mut self, file: &str, document: &Value) -> Option<Value> {
        if document["kind"] != "Component" {
            return None;
        }
        let (kind, metadata) = (document["spec"]["type"].as_str()?, &document["metadata"]);
        let scopes = &document["scopes"];
        let mapped = if kind.starts_with("state.") {
            let holds_actors = holds_actors(&document["spec"]["metadata"]);
            self.holds_actors |= holds_actors;
            if matches!(kind, "state.sqlite" | "state.in-memory") {
                return None;
            }
            let mut mapped = self.store(metadata, holds_actors, scopes);
            if !holds_actors {
                let prefix =
                    |entry: &&Value| entry["name"].as_str().is_some_and(|name| name.eq_ignore_ascii_case("keyPrefix"));
                let kept = document["spec"]["metadata"].as_array().and_then(|entries| entries.iter().find(prefix));
                if let (Some(kept), Some(entries)) = (kept, mapped["spec"]["metadata"].as_array_mut()) {
                    entries.push(kept.clone());
                }
            }
            mapped
        } else if kind.starts_with("pubsub.") && kind != "pubsub.in-memory" {
            component(metadata, "pubsub.in-memory", json!([]), scopes)
        } else {
            return None;
        };
        let name = metadata["name"].as_str().unwrap_or_default();
        self.words.push(format!("{file}: {name} ({kind})"));
        Some(mapped)
    }

    /// A built-in store. That of the actors has the file that it has without component files too.
    fn store(&mut self, metadata: &Value, holds_actors: bool, scopes: &Value) -> Value {
        let mut entries = Vec::new();
        let file = if holds_actors {
            entries.push(json!({"name": "actorStateStore", "value": "true"}));
            "faultlab.db".to_owned()
        } else {
            self.others += 1;
            format!("store-{}.db", self.others)
        };
        entries.push(json!({"name": "connectionString", "value": self.data.join(file)}));
        component(metadata, "state.sqlite", json!(entries), scopes)
    }
}

fn component(metadata: &Value, kind: &str, entries: Value, scopes: &Value) -> Value {
    let mut document = json!({
        "apiVersion": "dapr.io/v1alpha1",
        "kind": "Component",
        "metadata": metadata,
        "spec": {"type": kind, "version": "v1", "metadata": entries},
    });
    if scopes.is_array() {
        document["scopes"] = scopes.clone();
    }
    document
}

/// Whether a store says that it is for actors, in the words that Dapr takes for it.
fn holds_actors(entries: &Value) -> bool {
    let is_yes = |value: &Value| {
        let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        is_truthy(&text)
    };
    let says = |entry: &Value| {
        entry["name"].as_str().is_some_and(|name| name.eq_ignore_ascii_case("actorStateStore"))
            && is_yes(&entry["value"])
    };
    entries.as_array().is_some_and(|entries| entries.iter().any(says))
}

/// A file's name as it is said from the app's folder.
fn shown<'a>(file: &'a str, folder: &Path) -> &'a str {
    Path::new(file).strip_prefix(folder).ok().and_then(Path::to_str).unwrap_or(file)
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    /// The course's, which is for Kubernetes.
    const COURSE: &str = "apiVersion: dapr.io/v1alpha1
kind: Component
metadata:
  name: statestore
  namespace: default
spec:
  type: state.redis
  version: v1
  metadata:
  - name: redisHost
    value: redis-master.default.svc.cluster.local:6379
  - name: redisPassword
    secretKeyRef: {name: redis, key: redis-password}
  - name: actorStateStore
    value: \"true\"
---
apiVersion: dapr.io/v1alpha1
kind: Component
metadata:
  name: daca-pubsub
spec: {type: pubsub.redis, version: v1, metadata: [{name: redisHost, value: \"redis-master:6379\"}]}
scopes: [daca-ai-app]
";

    fn folder(files: &[(&str, &str)]) -> tempfile::TempDir {
        let dir = tempfile::TempDir::new().unwrap();
        fs::create_dir(dir.path().join("components")).unwrap();
        for (name, text) in files {
            fs::write(dir.path().join("components").join(name), text).unwrap();
        }
        dir
    }

    #[test]
    fn stores_and_brokers_are_mapped_under_their_own_names_and_said() {
        let mut mapped = Mapped { data: Path::new("/data"), words: Vec::new(), holds_actors: false, others: 0 };
        let text = mapped.file("components/all.yaml", COURSE);
        let documents: Vec<Value> =
            split(&text).into_iter().map(|(_, text)| serde_saphyr::from_str(&text).unwrap()).collect();
        assert_eq!(documents[0]["spec"]["type"], "state.sqlite");
        assert_eq!(documents[0]["metadata"], json!({"name": "statestore", "namespace": "default"}));
        assert!(!text.contains("redis-master") && !text.contains("secretKeyRef"), "{text}");
        assert_eq!(documents[1]["spec"]["type"], "pubsub.in-memory");
        assert_eq!(documents[1]["scopes"], json!(["daca-ai-app"]));
        assert!(mapped.holds_actors);
        assert_eq!(
            mapped.words,
            ["components/all.yaml: statestore (state.redis)", "components/all.yaml: daca-pubsub (pubsub.redis)"]
        );
    }

    #[test]
    fn with_real_stores_and_for_what_is_built_in_anyway_nothing_is_mapped() {
        let dir = folder(&[("all.yaml", COURSE)]);
        assert!(read(&[], dir.path(), dir.path(), true).unwrap().mapped.is_empty());
        let own = BUILT_IN.map(|(name, text)| (name, text));
        let dir = folder(&own);
        let found = read(&[], dir.path(), dir.path(), false).unwrap();
        assert!(found.mapped.is_empty() && !found.store_added);
        assert_eq!(found.folders, [dir.path().join("components")]);
    }

    #[test]
    fn actors_have_a_store_though_the_files_name_none() {
        let (_, broker) = COURSE.split_once("---\n").unwrap();
        let dir = folder(&[("pubsub.yaml", broker)]);
        assert!(read(&[], dir.path(), dir.path(), false).unwrap().store_added);
        assert!(!read(&[], dir.path(), dir.path(), true).unwrap().store_added);
        let empty = tempfile::TempDir::new().unwrap();
        let found = read(&[], empty.path(), empty.path(), false).unwrap();
        assert!(found.folders.is_empty() && !found.store_added);
    }

    #[test]
    fn a_wrong_file_is_named_with_its_line() {
        let dir = folder(&[("broken.yaml", "kind: Component\nmetadata: [1, 2\n")]);
        let error = read(&[], dir.path(), dir.path(), false).err().unwrap().to_string();
        assert!(error.contains("broken.yaml:"), "{error}");
        fs::write(dir.path().join("components/broken.yaml"), b"kind: \xff\n").unwrap();
        let error = format!("{:#}", read(&[], dir.path(), dir.path(), false).err().unwrap());
        assert!(error.contains("broken.yaml"), "one that cannot be read is none that is not there: {error}");
        assert!(read(&["nowhere".into()], dir.path(), dir.path(), false).err().unwrap().to_string().contains("-d"));
    }
}
