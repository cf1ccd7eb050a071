//! The program with daprd's flags, running in a folder.

use std::io::Read as _;
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Child, ChildStderr, Command, Stdio};
use std::sync::{Arc, Mutex};

use dapr::dapr::proto::runtime::v1::dapr_client::DaprClient;
use rustix::process::{Pid, Signal, kill_process};
use tonic::transport::Channel;

use crate::support::{self, STORE};

/// A running program; it ends with the test.
pub struct Program {
    child: Child,
    log: Arc<Mutex<String>>,
    reader: Option<std::thread::JoinHandle<()>>,
}

/// What a program is started with besides its folder.
pub struct Setup<'a> {
    pub app: SocketAddr,
    pub grpc: SocketAddr,
    pub http: SocketAddr,
    /// The component file.
    pub store: &'a str,
    /// The most file handles it may have; 0 is as many as there are.
    pub handles: usize,
}

impl Setup<'_> {
    pub async fn new(app: SocketAddr) -> Self {
        Self { app, grpc: free_addr().await, http: free_addr().await, store: STORE, handles: 0 }
    }
}

impl Program {
    pub fn start(folder: &Path, setup: &Setup<'_>) -> Self {
        Self::with(folder, setup, |_| {})
    }

    pub fn with(folder: &Path, setup: &Setup<'_>, adjust: impl FnOnce(&mut Command)) -> Self {
        let (mut program, mut stderr) = Self::unread(folder, setup, adjust);
        let written = Arc::clone(&program.log);
        program.reader = Some(std::thread::spawn(move || {
            let mut piece = [0; 4096];
            while let Ok(read @ 1..) = stderr.read(&mut piece) {
                written.lock().unwrap().push_str(&String::from_utf8_lossy(&piece[..read]));
            }
        }));
        program
    }

    /// One whose log is for the test to read.
    pub fn unread(folder: &Path, setup: &Setup<'_>, adjust: impl FnOnce(&mut Command)) -> (Self, ChildStderr) {
        let resources = folder.join("resources");
        std::fs::create_dir_all(&resources).unwrap();
        std::fs::write(resources.join("store.yaml"), setup.store).unwrap();
        let program = env!("CARGO_BIN_EXE_sidecar");
        let mut command = match setup.handles {
            0 => Command::new(program),
            handles => {
                let mut shell = Command::new("sh");
                shell.args(["-c", &format!("ulimit -n {handles} && exec \"$0\" \"$@\""), program]);
                shell
            }
        };
        command
            .current_dir(folder)
            // Programs of other tests are nobody's neighbours.
            .env("XDG_RUNTIME_DIR", folder)
            .args(["--app-id", "app", "-app-port", &setup.app.port().to_string()])
            .args(["--dapr-grpc-port", &setup.grpc.port().to_string()])
            .args([&format!("--dapr-http-port={}", setup.http.port())])
            .args(["--resources-path", "resources", "--mode", "standalone"])
            .args(["--placement-host-address", "127.0.0.1:50005", "--enable-metrics=false"])
            .stderr(Stdio::piped());
        adjust(&mut command);
        let mut child = command.spawn().unwrap();
        let stderr = child.stderr.take().unwrap();
        (Self { child, log: Arc::default(), reader: None }, stderr)
    }

    pub fn id(&self) -> u32 {
        self.child.id()
    }

    pub fn log(&self) -> String {
        self.log.lock().unwrap().clone()
    }

    pub async fn wait_for_log(&self, count: usize, text: &str) {
        support::until(text, || async { self.log().matches(text).count() >= count }).await;
    }

    pub fn ask_to_end(&self) {
        kill_process(Pid::from_child(&self.child), Signal::TERM).unwrap();
    }

    /// `kill -9`.
    pub fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// Waits for its end: whether that was a success, and what it logged.
    pub fn ended(mut self) -> (bool, String) {
        let success = self.child.wait().unwrap().success();
        if let Some(reader) = self.reader.take() {
            reader.join().unwrap();
        }
        (success, self.log())
    }

    /// How much time of a processor it has taken so far.
    pub fn processor_seconds(&self) -> f64 {
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", self.id())).unwrap();
        let fields: Vec<&str> = stat.rsplit_once(") ").unwrap().1.split(' ').collect();
        // utime and stime (proc(5)), in hundredths of a second.
        fields[11..13].iter().map(|ticks| ticks.parse::<f64>().unwrap()).sum::<f64>() / 100.0
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

pub async fn free_addr() -> SocketAddr {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    listener.local_addr().unwrap()
}

pub async fn client(grpc: SocketAddr) -> DaprClient<Channel> {
    support::until("the program listens", || async { tokio::net::TcpStream::connect(grpc).await.is_ok() }).await;
    DaprClient::connect(format!("http://{grpc}")).await.unwrap()
}
