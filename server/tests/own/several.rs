//! `faultlab run -f dapr.yaml`: several apps, each with a sidecar of its own.

use std::fs;

use crate::{
    programs::{SERVE, folder, free_port},
    shell::Shell,
};

const CALLS: &str = r#"
import os, time, urllib.request
url = "http://127.0.0.1:" + os.environ["DAPR_HTTP_PORT"] + "/v1.0/actors/ChatAgent/user1/method/Greet"
while True:
    try:
        print("answered", urllib.request.urlopen(urllib.request.Request(url, method="PUT"), timeout=10).status)
        break
    except OSError as error:
        print("not yet:", error)
        time.sleep(0.1)
time.sleep(99)
"#;

#[tokio::test]
async fn apps_of_a_file_call_each_other_and_one_that_ends_ends_all() {
    let (folder, port) = (folder(SERVE), free_port());
    fs::write(folder.path().join("caller.py"), CALLS).unwrap();
    let text = format!(
        "version: 1\napps:\n- appID: chat-app\n  appDirPath: .\n  appPort: {port}\n  command: [python3, main.py, '{port}']\n\
         - appID: caller\n  appDirPath: .\n  command: [python3, caller.py]\n"
    );
    fs::write(folder.path().join("dapr.yaml"), text).unwrap();
    let mut shell = Shell::start(&["run", "-f", "dapr.yaml"], folder.path());
    shell.until("of chat-app").await;
    shell.until("of caller").await;
    shell.until("[caller] answered 200").await;
    let (status, shown) = shell.interrupted().await;
    assert_eq!(status.code(), Some(0), "{shown}");
    assert!(shown.contains("[chat-app] called /actors/ChatAgent/user1/method/Greet"), "{shown}");
}
