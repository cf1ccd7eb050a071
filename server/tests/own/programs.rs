//! Small programs in Python, which has all that they need, and what is left of them.

use std::{
    fs,
    net::TcpListener,
    path::{Path, PathBuf},
    time::Duration,
};

use tokio::time::{sleep, timeout};

/// How long anything may take before a test gives up on it.
pub const PATIENCE: Duration = Duration::from_secs(60);

/// In every program that a test starts; its value is the test's own.
pub const MARK: &str = "FAULTLAB_TEST_MARK";

/// An app with one actor type, which tells what is asked of it. `KIND` is its type, `none` for no actor at all.
pub const APP: &str = r#"
import json, os, sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

KIND = os.environ.get("KIND", "ChatAgent")

class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def answer(self, status, body):
        data = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("content-length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def do_GET(self):
        if self.path == "/dapr/config" and KIND != "none":
            self.answer(200, {"entities": [KIND], "actorIdleTimeout": "0h1m30s0ms0μs"})
        elif self.path == "/openapi.json":
            schema = {"properties": {"content": {}}}
            post = {"requestBody": {"content": {"application/json": {"schema": schema}}}}
            self.answer(200, {"paths": {"/greet/{id}": {"post": post}}})
        else:
            self.answer(404, {})

    def do_PUT(self):
        self.rfile.read(int(self.headers.get("content-length", 0)))
        print("called", self.path, os.getpid())
        self.answer(200, {"role": "assistant", "content": "heard"})

    def do_DELETE(self):
        print("deactivated", self.path)
        self.answer(200, {})

    def log_message(self, *_):
        pass

def serve(port):
    ThreadingHTTPServer.daemon_threads = True
    server = ThreadingHTTPServer(("127.0.0.1", port), Handler)
    print("listening on", port)
    server.serve_forever()
"#;

/// A folder with the app in `app.py`, and `main.py` beside it.
pub fn folder(main: &str) -> tempfile::TempDir {
    let dir = tempfile::TempDir::new().unwrap();
    fs::write(dir.path().join("app.py"), APP).unwrap();
    fs::write(dir.path().join("main.py"), main).unwrap();
    dir
}

/// The app alone, at the port that it is told.
pub const SERVE: &str = "import sys\nfrom app import serve\nserve(int(sys.argv[1]))\n";

/// A port that is free now.
pub fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

/// The processes that have this mark, and their command lines.
pub fn marked(mark: &str) -> Vec<(i32, String)> {
    let wanted = format!("{MARK}={mark}");
    let mut found = Vec::new();
    for entry in fs::read_dir("/proc").unwrap().flatten() {
        let Some(pid) = entry.file_name().to_str().and_then(|name| name.parse().ok()) else { continue };
        let environment = fs::read(entry.path().join("environ")).unwrap_or_default();
        if environment.split(|byte| *byte == 0).any(|variable| variable == wanted.as_bytes()) {
            let words = fs::read(entry.path().join("cmdline")).unwrap_or_default();
            found.push((pid, String::from_utf8_lossy(&words).replace('\0', " ")));
        }
    }
    found
}

/// Waits until none has the mark any more.
pub async fn nothing_left(mark: &str) {
    let none = async {
        while !marked(mark).is_empty() {
            sleep(Duration::from_millis(20)).await;
        }
    };
    if timeout(PATIENCE, none).await.is_err() {
        panic!("left: {:?}", marked(mark));
    }
}

/// The lab's program.
pub fn faultlab() -> PathBuf {
    Path::new(env!("CARGO_BIN_EXE_faultlab")).to_path_buf()
}
