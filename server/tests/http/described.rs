//! The API against its own description, `/openapi.json`: whatever is answered is described there, status and fields.

use jsonschema::Validator;
use reqwest::{Method, StatusCode, header::CONTENT_TYPE};
use serde_json::{Map, Value, json};
use tempfile::TempDir;

use crate::support::{Lab, PATIENCE};

/// The description, and what it was held against.
struct Description {
    document: Value,
    /// The operations that were answered as they should be at least once.
    done: Vec<String>,
}

impl Description {
    /// Holds an answer against what the operation at `path` says of it.
    fn hold(&mut self, method: &Method, path: &str, status: StatusCode, body: &str) {
        let operation = format!("{method} {path}");
        let described = &self.document["paths"][path][method.as_str().to_lowercase()]["responses"][status.as_str()];
        assert!(described.is_object(), "{operation}: {status} is not described: {body}");
        let schema = &described["content"]["application/json"]["schema"];
        if schema.is_null() {
            assert_eq!(body, "", "{operation}: {status} has a body that is not described");
        } else {
            let body: Value = serde_json::from_str(body).unwrap_or_else(|error| panic!("{operation}: {error}: {body}"));
            let mut schema = closed(schema);
            schema["components"] = closed_components(&self.document["components"]);
            let validator: Validator = jsonschema::validator_for(&schema).unwrap();
            let wrong: Vec<String> =
                validator.iter_errors(&body).map(|e| format!("{}: {e}", e.instance_path())).collect();
            assert!(wrong.is_empty(), "{operation} {status}: {wrong:#?}");
        }
        if status.is_success() {
            self.done.push(operation);
        }
    }
}

/// The schema without room for fields that it does not name.
fn closed(schema: &Value) -> Value {
    let mut closed = within(schema);
    // An object of which nothing is said may have anything in it.
    let is_open = schema["type"] == "object" && schema["properties"].is_null();
    if let (false, Value::Object(fields)) = (is_open, &mut closed) {
        fields.insert("unevaluatedProperties".to_owned(), Value::Bool(false));
    }
    closed
}

/// The same of what stands in the schema. Parts of one object are closed together, where it is used.
fn within(schema: &Value) -> Value {
    let Value::Object(fields) = schema else { return schema.clone() };
    let each = |name: &String, value: &Value| match (name.as_str(), value) {
        ("properties", Value::Object(all)) => {
            Value::Object(all.iter().map(|(name, schema)| (name.clone(), closed(schema))).collect())
        }
        ("items", schema) => closed(schema),
        ("allOf" | "oneOf" | "anyOf", Value::Array(parts)) => Value::Array(parts.iter().map(within).collect()),
        _ => value.clone(),
    };
    Value::Object(fields.iter().map(|(name, value)| (name.clone(), each(name, value))).collect())
}

fn closed_components(components: &Value) -> Value {
    let schemas = components["schemas"].as_object().unwrap();
    let schemas: Map<String, Value> = schemas.iter().map(|(name, schema)| (name.clone(), within(schema))).collect();
    json!({ "schemas": schemas })
}

/// A body with which the operation does what it is for.
fn body(path: &str, turn: &Value) -> Value {
    match path {
        "/chat/{actor_id}" => json!({"role": "user", "content": "Hi there"}),
        "/api/lab/{actor_id}/fault" => json!({"on": true, "plan": [{"operation": "save", "attempts": 2}]}),
        "/api/lab/{actor_id}/policy" => json!({"attempts": 4, "delay_ms": 200, "backoff": "exponential"}),
        "/api/lab/{actor_id}/scenario" => json!({"name": "delivered-twice"}),
        "/api/recordings" => turn.clone(),
        "/api/wire" => json!({"fault": null}),
        _ => json!({"on": true}),
    }
}

#[tokio::test]
async fn whatever_the_api_answers_is_in_its_description() {
    let data = TempDir::new().unwrap();
    let lab = Lab::start(data.path()).await;
    assert_eq!(lab.say("user1", "Hi there").await.0, StatusCode::OK);
    let (_, turn) = lab.get_json("/api/lab/user1/turn/1").await;
    let (_, kept) = lab.post_json("/api/recordings", turn.clone()).await;
    let kept = kept["id"].as_str().unwrap().to_owned();
    let (_, document) = lab.get_json("/openapi.json").await;
    let paths = document["paths"].as_object().unwrap().clone();
    let mut description = Description { document, done: Vec::new() };

    let mut asked = Vec::new();
    for (path, item) in &paths {
        for method in [Method::GET, Method::PUT, Method::POST, Method::DELETE] {
            let operation = &item[method.as_str().to_lowercase()];
            if operation.is_object() && path != "/events/{actor_id}" {
                asked.push((path.as_str(), method, operation["requestBody"].is_object()));
            }
        }
    }
    // What is told of a scenario is told after it has run; a lab that was reset has no turn any more.
    asked.sort_by_key(|(path, method, _)| (path.ends_with("/reset"), *method == Method::GET));
    for (path, method, has_body) in &asked {
        for actor in ["user1", "never-seen", "not%20an%20id"] {
            let url = path.replace("{actor_id}", actor).replace("{number}", "1").replace("{id}", &kept);
            let url = format!("{}{url}", lab.origin);
            let ask = || lab.client.request(method.clone(), &url).timeout(PATIENCE);
            let text = "application/json";
            let requests = if *has_body {
                let huge = format!("{{\"x\": \"{}\"}}", "x".repeat(4 * 1024 * 1024));
                let bodies = [(text, body(path, &turn).to_string()), (text, "{}".to_owned()), (text, "{".to_owned())];
                let bodies = bodies.into_iter().chain([("text/plain", "{}".to_owned()), (text, huge)]);
                bodies.map(|(kind, body)| ask().header(CONTENT_TYPE, kind).body(body)).collect()
            } else {
                vec![ask()]
            };
            for request in requests {
                let answer = request.send().await.unwrap();
                let (status, body) = (answer.status(), answer.text().await.unwrap());
                description.hold(method, path, status, &body);
            }
            if !path.contains("{actor_id}") {
                break;
            }
        }
    }
    for (path, method, _) in &asked {
        let operation = format!("{method} {path}");
        // Without a wire there is nothing to tell of it.
        assert!(
            description.done.contains(&operation) || path.ends_with("/wire"),
            "{operation} was never answered well"
        );
    }
    lab.stop().await;
}
