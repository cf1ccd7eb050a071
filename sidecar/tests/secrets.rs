//! What keeps secrets from an app, and what a wrong reference to one says.
#![allow(clippy::unwrap_used, missing_docs)]

mod support;

use http::StatusCode;
use serde_json::{Value, json};
use sidecar::{Configuration, Sidecar};
use support::{App, Lab, config};

const SECRETS: &str = "
apiVersion: dapr.io/v1alpha1
kind: Component
metadata: {name: vault}
spec:
  type: secretstores.local.file
  version: v1
  metadata:
  - {name: secretsFile, value: secrets.json}
";

/// A folder with the file that the component names.
fn folder() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("secrets.json"), r#"{"open": "1", "closed": "2", "path": "s.db"}"#).unwrap();
    folder
}

#[tokio::test]
async fn a_configuration_says_which_secrets_the_app_may_have() {
    for (scope, open, closed) in [
        ("{storeName: vault, deniedSecrets: [closed]}", 200, 403),
        ("{storeName: vault, defaultAccess: deny, allowedSecrets: [open]}", 200, 403),
        ("{storeName: vault, defaultAccess: Deny}", 403, 403),
        ("{storeName: vault, defaultAccess: allow}", 200, 200),
        ("{storeName: other, defaultAccess: deny}", 200, 200),
    ] {
        let folder = std::sync::Arc::new(folder());
        let file = folder.path().join("config.yaml");
        std::fs::write(&file, format!("kind: Configuration\nspec: {{secrets: {{scopes: [{scope}]}}}}\n")).unwrap();
        let scopes = Configuration::from_files(&[file]).unwrap().secret_scopes;
        let lab =
            Lab::in_folder(App::echo(), &[SECRETS], folder, |config| config.secret_scopes = scopes).await.unwrap();
        for (name, status) in [("open", open), ("closed", closed)] {
            let answer = lab.http.get(lab.url(&format!("/v1.0/secrets/vault/{name}"))).send().await.unwrap();
            assert_eq!(answer.status().as_u16(), status, "{scope}: {name}");
            if status == 403 {
                let body: Value = answer.json().await.unwrap();
                let text = format!("access denied by policy to get {name:?} from \"vault\"");
                assert_eq!(body, json!({"errorCode": "ERR_PERMISSION_DENIED", "message": text}));
            }
        }
        let all = lab.http.get(lab.url("/v1.0/secrets/vault/bulk")).send().await.unwrap();
        assert_eq!(all.status(), StatusCode::OK);
        let all: Value = all.json().await.unwrap();
        assert_eq!((all.get("open").is_some(), all.get("closed").is_some()), (open == 200, closed == 200), "{scope}");
    }
}

#[tokio::test]
async fn a_wrong_reference_to_a_secret_ends_the_start_with_what_is_wrong() {
    let component = |auth: &str, secret: &str| {
        format!(
            "apiVersion: dapr.io/v1alpha1\nkind: Component\nmetadata: {{name: kv}}\nspec: {{type: state.sqlite, version: \
             v1, metadata: [{{name: connectionString, secretKeyRef: {secret}}}]}}\n{auth}\n"
        )
    };
    let folder = folder();
    let vault = "auth: {secretStore: vault}";
    for (component, text) in [
        (component("", "{name: path, key: path}"), "names no secret store"),
        (component("auth: {secretStore: nowhere}", "{name: path}"), "a secret store that isn't loaded: nowhere"),
        (component(vault, "{name: none}"), "secret none not found"),
        (component(vault, "{name: path, key: other}"), "it has no other"),
    ] {
        // In front of the store that it refers to: their order is nobody's business.
        let documents = [component.as_str(), SECRETS];
        let error = Sidecar::start(config(([127, 0, 0, 1], 0).into(), &documents, folder.path())).await.unwrap_err();
        assert!(error.to_string().contains(text) && error.to_string().contains("\"kv\""), "{error}");
    }
    let right = component(vault, "{name: path}");
    Sidecar::start(config(([127, 0, 0, 1], 0).into(), &[&right, SECRETS], folder.path())).await.unwrap();
    assert!(folder.path().join("s.db").exists());
}
