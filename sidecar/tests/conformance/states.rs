//! State management: any store by its name, over both APIs.

use std::collections::HashMap;

use dapr::dapr::proto::common::v1::{Etag, StateItem, StateOptions};
use dapr::dapr::proto::runtime::v1::{
    DeleteBulkStateRequest, DeleteStateRequest, ExecuteStateTransactionRequest, GetBulkStateRequest, GetStateRequest,
    GetStateResponse, SaveStateRequest, TransactionalStateOperation,
};
use http::{Method, StatusCode};
use serde_json::{Value, json};
use tonic::{Code, Status};
use tonic_types::StatusExt as _;

use crate::runtime::{Lab, Runtime, Setup};
use crate::support::{App, until};

behaviours![
    a_value_is_saved_read_and_deleted_over_both_apis,
    an_etag_guards_a_value,
    the_first_write_counts_if_it_is_asked_for,
    many_values_are_read_and_deleted_at_once,
    a_transaction_is_made_whole_or_not_at_all,
    a_value_with_a_time_to_live_goes,
    keys_have_the_prefix_that_the_component_says,
    wrong_requests_say_what_is_wrong,
];

/// What every behaviour is held against.
const STORES: [&str; 2] = ["file", "memory"];

fn component(name: &str, kind: &str, metadata: &str) -> String {
    format!(
        "apiVersion: dapr.io/v1alpha1\nkind: Component\nmetadata: {{name: {name}}}\nspec: {{type: {kind}, version: v1, \
         metadata: [{metadata}]}}\n"
    )
}

async fn lab(runtime: Runtime) -> Lab {
    let file = component("file", "state.sqlite", "{name: connectionString, value: other.db}");
    runtime.with(App::echo(), Setup::documents(&[&file, &component("memory", "state.in-memory", "")])).await
}

pub fn item(key: &str, value: &str) -> StateItem {
    StateItem { key: key.into(), value: value.as_bytes().to_vec(), ..StateItem::default() }
}

pub fn with_etag(item: StateItem, etag: &str) -> StateItem {
    StateItem { etag: Some(Etag { value: etag.into() }), ..item }
}

pub fn first_write(item: StateItem) -> StateItem {
    StateItem { options: Some(StateOptions { concurrency: 1, consistency: 2 }), ..item }
}

impl Lab {
    pub async fn save(&self, store: &str, states: Vec<StateItem>) -> Result<(), Status> {
        let request = SaveStateRequest { store_name: store.into(), states };
        self.grpc.clone().save_state(request).await.map(|_| ())
    }

    pub async fn read(&self, store: &str, key: &str) -> GetStateResponse {
        let request = GetStateRequest { store_name: store.into(), key: key.into(), ..Default::default() };
        self.grpc.clone().get_state(request).await.unwrap().into_inner()
    }

    pub async fn remove(&self, store: &str, key: &str, etag: Option<&str>) -> Result<(), Status> {
        let etag = etag.map(|etag| Etag { value: etag.into() });
        let request = DeleteStateRequest { store_name: store.into(), key: key.into(), etag, ..Default::default() };
        self.grpc.clone().delete_state(request).await.map(|_| ())
    }

    pub async fn http(&self, method: Method, path: &str, body: Value) -> (StatusCode, HashMap<String, String>, String) {
        self.http_if(method, path, body, None).await
    }

    async fn http_if(
        &self,
        method: Method,
        path: &str,
        body: Value,
        etag: Option<&str>,
    ) -> (StatusCode, HashMap<String, String>, String) {
        let mut request = self.http.request(method, self.url(path)).json(&body);
        if let Some(etag) = etag {
            request = request.header("If-Match", etag);
        }
        let answer = request.send().await.unwrap();
        let headers = answer.headers().iter();
        let headers = headers.map(|(name, value)| (name.to_string(), value.to_str().unwrap().to_owned())).collect();
        (answer.status(), headers, answer.text().await.unwrap())
    }
}

pub async fn a_value_is_saved_read_and_deleted_over_both_apis(runtime: Runtime) {
    let lab = lab(runtime).await;
    for store in STORES {
        assert_eq!(lab.read(store, "none").await, GetStateResponse::default());
        lab.save(store, vec![item("a", "bytes"), item("b", "[1]")]).await.unwrap();
        assert_eq!(lab.read(store, "a").await.data, b"bytes");
        let path = format!("/v1.0/state/{store}");
        let body = json!([{"key": "c", "value": {"n": 1, "s": "x"}}, {"key": "t", "value": "text"}]);
        assert_eq!(lab.http(Method::POST, &path, body).await.0, StatusCode::NO_CONTENT);
        assert_eq!(lab.read(store, "c").await.data, br#"{"n":1,"s":"x"}"#);
        let (status, headers, text) = lab.http(Method::GET, &format!("{path}/t"), Value::Null).await;
        assert_eq!((status, text.as_str()), (StatusCode::OK, "\"text\""));
        assert_eq!(headers["content-type"], "application/json");
        assert_eq!(headers["etag"], lab.read(store, "t").await.etag);
        let (status, _, text) = lab.http(Method::GET, &format!("{path}/b"), Value::Null).await;
        assert_eq!((status, text.as_str()), (StatusCode::OK, "[1]"), "what gRPC has saved");

        assert_eq!(lab.http(Method::DELETE, &format!("{path}/c"), Value::Null).await.0, StatusCode::NO_CONTENT);
        lab.remove(store, "a", None).await.unwrap();
        lab.remove(store, "a", None).await.unwrap();
        let gone = lab.http(Method::GET, &format!("{path}/c"), Value::Null).await;
        assert_eq!((gone.0, gone.2.as_str()), (StatusCode::NO_CONTENT, ""));
        assert!(lab.read(store, "a").await.data.is_empty());
    }
}

pub async fn an_etag_guards_a_value(runtime: Runtime) {
    let lab = lab(runtime).await;
    for store in STORES {
        lab.save(store, vec![item("k", "1")]).await.unwrap();
        let first = lab.read(store, "k").await.etag;
        lab.save(store, vec![with_etag(item("k", "2"), &first)]).await.unwrap();
        let error = lab.save(store, vec![with_etag(item("k", "3"), &first)]).await.unwrap_err();
        assert_eq!(error.code(), Code::Aborted, "{error}");
        let start =
            format!("failed saving state in state store {store}: possible etag mismatch. error from state store");
        assert!(error.message().starts_with(&start), "{error}");
        let error = lab.remove(store, "k", Some(&first)).await.unwrap_err();
        assert_eq!(error.code(), Code::Aborted);
        assert!(error.message().starts_with("failed deleting state with key k: possible etag mismatch"), "{error}");

        let path = format!("/v1.0/state/{store}");
        let body = json!([{"key": "k", "value": 4, "etag": first}]);
        let (status, _, text) = lab.http(Method::POST, &path, body).await;
        assert_eq!(status, StatusCode::CONFLICT);
        assert!(text.contains("ERR_STATE_SAVE"), "{text}");
        let path = format!("{path}/k");
        let (status, _, text) = lab.http_if(Method::DELETE, &path, Value::Null, Some(&first)).await;
        assert_eq!(status, StatusCode::CONFLICT);
        assert!(text.contains("ERR_STATE_DELETE"), "{text}");
        let now = lab.read(store, "k").await;
        assert_eq!(now.data, b"2");
        assert_eq!(lab.http_if(Method::DELETE, &path, Value::Null, Some(&now.etag)).await.0, StatusCode::NO_CONTENT);
    }
}

pub async fn the_first_write_counts_if_it_is_asked_for(runtime: Runtime) {
    let lab = lab(runtime).await;
    for store in STORES {
        lab.save(store, vec![first_write(item("k", "1"))]).await.unwrap();
        let error = lab.save(store, vec![first_write(item("k", "2"))]).await.unwrap_err();
        assert_eq!(error.code(), Code::Aborted, "{error}");
        lab.save(store, vec![item("k", "3")]).await.unwrap();
        assert_eq!(lab.read(store, "k").await.data, b"3");
        let body =
            json!([{"key": "k", "value": 4, "options": {"concurrency": "first-write", "consistency": "strong"}}]);
        let (status, ..) = lab.http(Method::POST, &format!("/v1.0/state/{store}"), body).await;
        assert_eq!(status, StatusCode::CONFLICT);
    }
}

pub async fn many_values_are_read_and_deleted_at_once(runtime: Runtime) {
    let lab = lab(runtime).await;
    for store in STORES {
        lab.save(store, vec![item("a", "1"), item("b", "2")]).await.unwrap();
        let keys = ["a", "b", "none"].map(str::to_owned).to_vec();
        let request = GetBulkStateRequest { store_name: store.into(), keys: keys.clone(), ..Default::default() };
        let mut items = lab.grpc.clone().get_bulk_state(request).await.unwrap().into_inner().items;
        items.sort_by(|a, b| a.key.cmp(&b.key));
        let shown: Vec<_> = items.iter().map(|item| (item.key.as_str(), item.data.as_slice())).collect();
        assert_eq!(shown, [("a", &b"1"[..]), ("b", b"2"), ("none", b"")]);
        assert!(!items[0].etag.is_empty() && items[2].etag.is_empty());

        let (status, _, text) =
            lab.http(Method::POST, &format!("/v1.0/state/{store}/bulk"), json!({"keys": keys, "parallelism": 2})).await;
        assert_eq!(status, StatusCode::OK);
        let mut shown: Vec<Value> = serde_json::from_str(&text).unwrap();
        shown.sort_by_key(|item| item["key"].as_str().unwrap().to_owned());
        let etag = items[0].etag.as_str();
        assert_eq!((&shown[0], &shown[2]), (&json!({"key": "a", "data": 1, "etag": etag}), &json!({"key": "none"})));

        let states = vec![item("a", ""), item("b", "")];
        lab.grpc.clone().delete_bulk_state(DeleteBulkStateRequest { store_name: store.into(), states }).await.unwrap();
        assert!(lab.read(store, "a").await.data.is_empty() && lab.read(store, "b").await.data.is_empty());
    }
}

fn operation(kind: &str, item: StateItem) -> TransactionalStateOperation {
    TransactionalStateOperation { operation_type: kind.into(), request: Some(item) }
}

pub async fn a_transaction_is_made_whole_or_not_at_all(runtime: Runtime) {
    let lab = lab(runtime).await;
    for store in STORES {
        lab.save(store, vec![item("old", "1")]).await.unwrap();
        let request = |operations| ExecuteStateTransactionRequest {
            store_name: store.into(),
            operations,
            metadata: HashMap::new(),
        };
        let mut client = lab.grpc.clone();
        let both = vec![operation("upsert", item("new", "2")), operation("delete", item("old", ""))];
        client.execute_state_transaction(request(both)).await.unwrap();
        assert_eq!(lab.read(store, "new").await.data, b"2");
        assert!(lab.read(store, "old").await.data.is_empty());

        let wrong = with_etag(item("new", "4"), "not-its-etag");
        let refused = vec![operation("upsert", item("other", "3")), operation("upsert", wrong)];
        let error = client.execute_state_transaction(request(refused)).await.unwrap_err();
        assert_eq!(error.code(), Code::Internal);
        assert!(error.message().starts_with("error while executing state transaction: possible etag"), "{error}");
        assert!(lab.read(store, "other").await.data.is_empty(), "none of it");

        let unknown = client.execute_state_transaction(request(vec![operation("append", item("k", ""))])).await;
        assert_eq!(unknown.unwrap_err().code(), Code::Unimplemented);

        let path = format!("/v1.0/state/{store}/transaction");
        let body = json!({"operations": [
            {"operation": "upsert", "request": {"key": "h", "value": {"a": [1]}}},
            {"operation": "delete", "request": {"key": "new"}},
        ]});
        assert_eq!(lab.http(Method::POST, &path, body).await.0, StatusCode::NO_CONTENT);
        assert_eq!(lab.read(store, "h").await.data, br#"{"a":[1]}"#);
        assert!(lab.read(store, "new").await.data.is_empty());
        let body = json!({"operations": [{"operation": "append", "request": {"key": "h"}}]});
        let (status, _, text) = lab.http(Method::POST, &path, body).await;
        assert_eq!(status, StatusCode::BAD_REQUEST);
        assert!(text.contains("ERR_NOT_SUPPORTED_STATE_OPERATION"), "{text}");
    }
}

pub async fn a_value_with_a_time_to_live_goes(runtime: Runtime) {
    let lab = lab(runtime).await;
    for store in STORES {
        let metadata = HashMap::from([("ttlInSeconds".to_owned(), "2".to_owned())]);
        lab.save(store, vec![StateItem { metadata, ..item("short", "1") }]).await.unwrap();
        let read = lab.read(store, "short").await;
        assert!(read.metadata["ttlExpireTime"].ends_with('Z'), "{read:?}");
        let (_, headers, _) = lab.http(Method::GET, &format!("/v1.0/state/{store}/short"), Value::Null).await;
        assert_eq!(headers["metadata.ttlexpiretime"], read.metadata["ttlExpireTime"]);
        let path = format!("/v1.0/state/{store}?metadata.ttlInSeconds=2");
        lab.http(Method::POST, &path, json!([{"key": "query", "value": 1}])).await;
        let body = json!([{"key": "wrong", "value": 1, "metadata": {"ttlInSeconds": "soon"}}]);
        let (status, ..) = lab.http(Method::POST, &format!("/v1.0/state/{store}"), body).await;
        assert_eq!(status, StatusCode::INTERNAL_SERVER_ERROR);
        for key in ["short", "query"] {
            until("it is gone", || async { lab.read(store, key).await.data.is_empty() }).await;
        }
    }
}

pub async fn keys_have_the_prefix_that_the_component_says(runtime: Runtime) {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("keys.db");
    let documents: Vec<String> = [("app", ""), ("none", "none"), ("named", "name"), ("own", "Mine")]
        .into_iter()
        .map(|(name, prefix)| {
            let table = format!("{{name: tableName, value: t_{name}}}, {{name: metadataTableName, value: m_{name}}}");
            let prefix = format!("{{name: keyPrefix, value: '{prefix}'}}").replace("{name: keyPrefix, value: ''}", "");
            let file = format!("{{name: connectionString, value: {:?}}}", file.with_extension(name));
            component(name, "state.sqlite", &format!("{file}, {table}, {prefix}").replace(", ]", "]"))
        })
        .collect();
    let documents: Vec<&str> = documents.iter().map(String::as_str).collect();
    let lab = runtime.with(App::echo(), Setup::documents(&documents)).await;
    for (name, key) in [("app", "app||k"), ("none", "k"), ("named", "named||k"), ("own", "mine||k")] {
        lab.save(name, vec![item("k", "1")]).await.unwrap();
        let stored = rusqlite::Connection::open(file.with_extension(name)).unwrap();
        let found: String = stored.query_row(&format!("SELECT key FROM t_{name}"), [], |row| row.get(0)).unwrap();
        assert_eq!(found, key);
    }
}

pub async fn wrong_requests_say_what_is_wrong(runtime: Runtime) {
    let lab = lab(runtime).await;
    let error = lab.save("absent", vec![item("k", "1")]).await.unwrap_err();
    assert_eq!((error.code(), error.message()), (Code::InvalidArgument, "state store absent is not found"));
    assert_eq!(error.get_details_error_info().unwrap().reason, "DAPR_STATE_NOT_FOUND");
    let error = lab.save("file", vec![item("", "1")]).await.unwrap_err();
    assert_eq!((error.code(), error.message()), (Code::InvalidArgument, "state key cannot be empty"));
    assert_eq!(error.get_details_error_info().unwrap().reason, "ERR_STATE_SAVE");
    let error = lab.save("file", vec![item("a||b", "1")]).await.unwrap_err();
    assert_eq!(error.message(), "input key/keyPrefix 'a||b' can't contain '||'");
    assert_eq!(error.code(), Code::InvalidArgument);
    for (path, body, status, code) in [
        ("absent", json!([]), 400, "ERR_STATE_STORE_NOT_FOUND"),
        ("file", json!({}), 400, "ERR_MALFORMED_REQUEST"),
        ("file", json!([{"value": 1}]), 400, "ERR_MALFORMED_REQUEST"),
        ("file", json!([{"key": "a||b", "value": 1}]), 400, "ERR_MALFORMED_REQUEST"),
        ("file", json!([{"key": "k", "value": 1, "options": {"concurrency": "often"}}]), 500, "ERR_STATE_SAVE"),
    ] {
        let (answered, _, text) = lab.http(Method::POST, &format!("/v1.0/state/{path}"), body.clone()).await;
        assert_eq!(answered.as_u16(), status, "{body}: {text}");
        assert!(text.contains(code), "{body}: {text}");
    }
}
