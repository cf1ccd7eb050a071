//! Secret stores: the API, and components that refer to secrets.

use dapr::dapr::proto::runtime::v1::{GetBulkSecretRequest, GetSecretRequest};
use http::StatusCode;
use serde_json::{Value, json};
use tonic::Code;

use crate::runtime::{Lab, Runtime, Setup};
use crate::support::App;

behaviours![
    secrets_of_a_file_are_read_over_both_apis,
    secrets_of_the_environment_are_read_but_not_daprs_own,
    a_component_has_its_values_from_secrets,
    a_secret_that_is_not_there_says_so,
];

const ENVIRONMENT: &str = "
apiVersion: dapr.io/v1alpha1
kind: Component
metadata: {name: environment}
spec: {type: secretstores.local.env, version: v1}
";

struct Files {
    lab: Lab,
    folder: tempfile::TempDir,
}

/// A lab with two secret stores on one file: `file`, and `many`, in which a secret may have several values.
async fn with_files(runtime: Runtime, more: &[&str]) -> Files {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("secrets.json");
    let secrets =
        json!({"plain": "p", "redis": {"password": "r", "list": ["a", "b"]}, "db": folder.path().join("s.db")});
    std::fs::write(&file, secrets.to_string()).unwrap();
    let component = |name: &str, more: &str| {
        format!(
            "apiVersion: dapr.io/v1alpha1\nkind: Component\nmetadata: {{name: {name}}}\nspec:\n  type: \
             secretstores.local.file\n  version: v1\n  metadata:\n  - {{name: secretsFile, value: {file:?}}}\n{more}"
        )
    };
    let (single, many) = (component("file", ""), component("many", "  - {name: multiValued, value: 'true'}\n"));
    let documents: Vec<&str> = [single.as_str(), &many, ENVIRONMENT].into_iter().chain(more.iter().copied()).collect();
    Files { lab: runtime.with(App::echo(), Setup::documents(&documents)).await, folder }
}

async fn get(lab: &Lab, path: &str) -> (StatusCode, Value) {
    let answer = lab.http.get(lab.url(&format!("/v1.0/secrets/{path}"))).send().await.unwrap();
    (answer.status(), answer.json().await.unwrap())
}

pub async fn secrets_of_a_file_are_read_over_both_apis(runtime: Runtime) {
    let Files { lab, .. } = with_files(runtime, &[]).await;
    assert_eq!(get(&lab, "file/plain").await, (StatusCode::OK, json!({"plain": "p"})));
    assert_eq!(get(&lab, "file/redis:password").await.1, json!({"redis:password": "r"}));
    assert_eq!(get(&lab, "file/redis:list:1").await.1, json!({"redis:list:1": "b"}));
    assert_eq!(get(&lab, "many/redis").await.1, json!({"password": "r", "list:0": "a", "list:1": "b"}));
    let all = get(&lab, "many/bulk").await.1;
    assert_eq!((&all["plain"], &all["redis"]["password"]), (&json!({"plain": "p"}), &json!("r")));

    let mut client = lab.grpc.clone();
    let request = GetSecretRequest { store_name: "file".into(), key: "plain".into(), ..Default::default() };
    assert_eq!(client.get_secret(request).await.unwrap().into_inner().data["plain"], "p");
    let request = GetBulkSecretRequest { store_name: "many".into(), ..Default::default() };
    let all = client.get_bulk_secret(request).await.unwrap().into_inner().data;
    assert_eq!(all["redis"].secrets["password"], "r");

    let body: Value = reqwest::get(lab.url("/v1.0/metadata")).await.unwrap().json().await.unwrap();
    let many = body["components"].as_array().unwrap().iter().find(|component| component["name"] == "many").unwrap();
    assert_eq!(many["capabilities"], json!(["MULTIPLE_KEY_VALUES_PER_SECRET"]));
}

pub async fn secrets_of_the_environment_are_read_but_not_daprs_own(runtime: Runtime) {
    let lab = runtime.with(App::echo(), Setup::documents(&[ENVIRONMENT])).await;
    let home = std::env::var("HOME").unwrap();
    assert_eq!(get(&lab, "environment/HOME").await, (StatusCode::OK, json!({"HOME": home})));
    for hidden in ["DAPR_API_TOKEN", "app_api_token", "SURELY_NOT_THERE"] {
        assert_eq!(get(&lab, &format!("environment/{hidden}")).await, (StatusCode::OK, json!({hidden: ""})));
    }
    let all = get(&lab, "environment/bulk").await.1;
    assert_eq!(all["HOME"]["HOME"], json!(home));
    assert!(all.as_object().unwrap().keys().all(|name| !name.starts_with("DAPR_")));
}

pub async fn a_component_has_its_values_from_secrets(runtime: Runtime) {
    let store = "
apiVersion: dapr.io/v1alpha1
kind: Component
metadata: {name: secretive}
spec:
  type: state.sqlite
  version: v1
  metadata:
  - name: connectionString
    secretKeyRef: {name: db}
auth: {secretStore: file}
";
    let Files { lab, folder } = with_files(runtime, &[store]).await;
    let saved = lab.http.post(lab.url("/v1.0/state/secretive")).json(&json!([{"key": "k", "value": 1}]));
    assert_eq!(saved.send().await.unwrap().status(), StatusCode::NO_CONTENT);
    assert!(folder.path().join("s.db").exists(), "where the secret says");
}

pub async fn a_secret_that_is_not_there_says_so(runtime: Runtime) {
    let Files { lab, .. } = with_files(runtime, &[]).await;
    for (path, status, code) in [
        ("file/none", 500, "ERR_SECRET_GET"),
        ("absent/plain", 401, "ERR_SECRET_STORE_NOT_FOUND"),
        ("absent/bulk", 401, "ERR_SECRET_STORE_NOT_FOUND"),
    ] {
        let (answered, body) = get(&lab, path).await;
        assert_eq!((answered.as_u16(), &body["errorCode"]), (status, &json!(code)), "{path}");
    }
    let request = GetSecretRequest { store_name: "file".into(), key: "none".into(), ..Default::default() };
    let error = lab.grpc.clone().get_secret(request).await.unwrap_err();
    let text = "failed getting secret with key none from secret store file: secret none not found";
    assert_eq!((error.code(), error.message()), (Code::Internal, text));
}
