//! What a recording costs that is refused, in the whole of Faultlab.

#![allow(clippy::unwrap_used, dead_code, missing_docs, unreachable_pub)]

#[path = "http/support.rs"]
mod support;

use model::recording::Recording;
use peak_alloc::PeakAlloc;
use reqwest::{StatusCode, header};
use tempfile::TempDir;

use self::support::Lab;

#[global_allocator]
static HEAP: PeakAlloc = PeakAlloc;

/// The most that anything here may take, whoever asks for it: a dozen and some times what is sent, with what sends it.
const MOST: usize = 16 * Recording::MAX_BYTES;

/// As large as a document may be.
fn filled(before: &str, part: &str, after: &str) -> String {
    let room = Recording::MAX_BYTES - before.len() - after.len();
    format!("{before}{}{after}", part.repeat(room / part.len()))
}

#[tokio::test]
async fn a_recording_that_is_refused_costs_little_however_it_is_handed_in() {
    let data = TempDir::new().unwrap();
    let lab = Lab::start(data.path()).await;
    // What is made once is made before.
    assert_eq!(lab.get("/recording").await.status(), StatusCode::OK);
    for document in [
        filled(r#"{"format":"faultlab-turn","events":["#, r#"{"":0},"#, "0]}"),
        filled(r#"{"more":["#, "[],", "0]}"),
        filled(r#"{"format":""#, "<", r#""}"#),
        filled(r#"{"format":""#, "\\u0000", r#""}"#),
    ] {
        for form in [false, true] {
            let begins: String = document.chars().take(40).collect();
            HEAP.reset_peak_usage();
            let before = HEAP.current_usage();
            let request = if form {
                let part = "--b\r\ncontent-disposition: form-data; name=\"document\"\r\n\r\n";
                let request = lab.client.post(format!("{}/recording", lab.origin)).header(header::ORIGIN, &lab.origin);
                let request = request.header(header::CONTENT_TYPE, "multipart/form-data; boundary=b");
                request.body(format!("{part}{document}\r\n--b--\r\n"))
            } else {
                let request = lab.client.post(format!("{}/api/recordings", lab.origin));
                request.header(header::CONTENT_TYPE, "application/json").body(document.clone())
            };
            let answer = request.send().await.unwrap();
            assert!(answer.status().is_client_error(), "{}", answer.status());
            drop(answer.bytes().await.unwrap());
            let cost = HEAP.peak_usage().saturating_sub(before);
            assert!(cost <= MOST, "{begins} costs {} KiB, by a form: {form}", cost / 1024);
        }
    }
    lab.stop().await;
}
