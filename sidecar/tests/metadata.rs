//! What the sidecar tells about itself (facts §7, checklist 51–52).
#![allow(clippy::unwrap_used, missing_docs)]

mod support;

use dapr::dapr::proto::runtime::v1::{GetMetadataRequest, ShutdownRequest};
use serde_json::{Value, json};
use support::{App, Lab, STORE};

#[tokio::test]
async fn a_shutdown_can_be_asked_for() {
    let lab = Lab::start(App::echo()).await;
    lab.invoke("a", "Do", "").await.unwrap();
    lab.grpc.clone().shutdown(ShutdownRequest {}).await.unwrap();
    lab.sidecar.shutdown_requested().await;
    lab.sidecar.shutdown().await;
    lab.app.wait_deactivated("a", 1).await;
}

#[tokio::test]
async fn the_limit_of_calls_is_told_where_there_is_one() {
    for (limit, over_grpc, over_http) in [(None, 0, Value::Null), (Some(7), 7, json!(7))] {
        let lab = Lab::with(App::echo(), &[STORE], |config| config.app_max_concurrency = limit).await;
        let told = lab.grpc.clone().get_metadata(GetMetadataRequest {}).await.unwrap().into_inner();
        assert_eq!(told.app_connection_properties.unwrap().max_concurrency, over_grpc);
        let answer = lab.http.get(lab.url("/v1.0/metadata")).send().await.unwrap();
        let told: Value = answer.json().await.unwrap();
        assert_eq!(told["appConnectionProperties"]["maxConcurrency"], over_http);
    }
}
