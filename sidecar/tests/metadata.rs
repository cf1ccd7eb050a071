//! What the sidecar tells about itself (facts §7, checklist 51–52).
#![allow(clippy::unwrap_used, missing_docs)]

mod support;

use dapr::dapr::proto::runtime::v1::ShutdownRequest;
use support::{App, Lab};

#[tokio::test]
async fn a_shutdown_can_be_asked_for() {
    let lab = Lab::start(App::echo()).await;
    lab.invoke("a", "Do", "").await.unwrap();
    lab.grpc.clone().shutdown(ShutdownRequest {}).await.unwrap();
    lab.sidecar.shutdown_requested().await;
    lab.sidecar.shutdown().await;
    lab.app.wait_deactivated("a", 1).await;
}
