//! A lab with everything real below it: sidecar, SQLite file, app channel; no public listener.

use std::{
    net::{Ipv4Addr, SocketAddr},
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use app::backend::SharedBackend;
use model::{
    actor_id::{APP_ID, ActorId},
    error::LabError,
    fault::{AttemptFault, FaultPlan, FaultSetting},
    message::{Message, MessageId},
    operation::Operation,
    policy::RetryPolicy,
    timeline::{Event, Step},
};
use reqwest::{Client, StatusCode};
use server::{
    application::{Application, Settings},
    dapr::Dapr,
    labs::{Labs, Timelines},
    sidecar_retries::SidecarRetrySwitch,
    store::StoreReader,
    store_hit::StoreHits,
};
use sidecar::{Ports, Resources, Sidecar, faults::Fault, observation::StateCall};
use tokio::{net::TcpListener, task::JoinHandle, time::timeout};

/// How long anything may take before a test gives up on it.
pub const PATIENCE: Duration = Duration::from_secs(20);

/// What the sidecar shows to the app channel.
pub const APP_TOKEN: &str = "app-token";

/// The wait between two attempts: enough to act in between, short enough for many tests.
pub const DELAY_MS: u64 = 40;

pub struct Bench {
    pub lab: Application,
    pub app: SocketAddr,
    pub store: PathBuf,
    /// The sidecar, called past the lab.
    pub dapr: Dapr,
    sidecar: Sidecar,
    serving: JoinHandle<()>,
}

impl Bench {
    pub async fn start(data: &Path) -> Self {
        Self::start_with(data, |_| {}, Ports::default()).await
    }

    pub async fn start_with(data: &Path, change: impl FnOnce(&mut Settings), mut ports: Ports) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let app = listener.local_addr().unwrap();
        let components = Path::new(env!("CARGO_MANIFEST_DIR")).join("../components/local");
        let mut config = sidecar::Config::new(APP_ID, app, Resources::from_dir(&components).unwrap());
        config.http_addr.set_port(0);
        config.grpc_addr.set_port(0);
        config.dapr_api_token = Some("dapr-token".into());
        config.app_api_token = Some(APP_TOKEN.into());
        config.base_dir = data.to_owned();
        ports.faults.get_or_insert_with(|| Arc::new(StoreHits));
        let labs = Labs::new();
        let sidecar_retries = SidecarRetrySwitch::new(Timelines::of(&labs));
        ports.observers.push(sidecar_retries.observer());
        config.ports = ports;
        let sidecar = Sidecar::start(config).await.unwrap();
        sidecar_retries.attach(sidecar.resiliency());
        let store = sidecar.store_path().unwrap();
        let dapr = Dapr::new(&format!("http://{}", sidecar.grpc_addr()), Some("dapr-token")).unwrap();
        let mut settings = Settings {
            dapr_endpoint: format!("http://{}", sidecar.grpc_addr()),
            dapr_api_token: Some("dapr-token".into()),
            app_api_token: Some(APP_TOKEN.into()),
            store: Some(StoreReader::sqlite(&store)),
            store_hits: true,
            sidecar_retries: Some(sidecar_retries),
            labs,
            policy: RetryPolicy { delay_ms: DELAY_MS, ..RetryPolicy::LESSON },
            ..Settings::default()
        };
        change(&mut settings);
        let lab = Application::new(settings).unwrap();
        let router = lab.app_channel();
        let serving = tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        timeout(PATIENCE, sidecar.ready()).await.expect("the sidecar finds the app");
        Self { lab, app, store, dapr, sidecar, serving }
    }

    /// Ends as the process does.
    pub async fn stop(self) {
        timeout(PATIENCE, self.lab.turns_finished()).await.expect("the turns end");
        timeout(PATIENCE, self.sidecar.shutdown()).await.expect("the sidecar ends");
        self.serving.abort();
    }

    pub fn backend(&self) -> SharedBackend {
        self.lab.backend()
    }

    pub async fn send(&self, content: &str) -> Result<Message, LabError> {
        self.send_as(content, &uuid::Uuid::new_v4().to_string()).await
    }

    pub async fn send_as(&self, content: &str, id: &str) -> Result<Message, LabError> {
        let id = MessageId::try_from(id.to_owned()).unwrap();
        self.backend().send_message(&user1(), content.to_owned(), id).await
    }

    pub async fn history(&self) -> Vec<Message> {
        self.backend().conversation_history(&user1()).await.unwrap()
    }

    pub fn switch(&self, operation: Operation, attempts: u8) {
        self.arm(vec![AttemptFault::error(operation, attempts)]);
    }

    pub fn arm(&self, faults: Vec<AttemptFault>) {
        let plan = FaultPlan::new(faults).unwrap();
        self.backend().set_fault(&user1(), FaultSetting::on(plan)).unwrap();
    }

    pub fn switch_off(&self) {
        self.backend().set_fault(&user1(), FaultSetting::OFF).unwrap();
    }

    pub fn events(&self) -> Vec<Event> {
        self.lab.timelines().snapshot(&user1()).events
    }

    pub fn log(&self) -> Vec<String> {
        self.events().iter().filter_map(|event| Some(event.log_line(&user1())?.text)).collect()
    }

    /// Waits until a step is in the timeline that `wanted` picks; returns its event.
    pub async fn until(&self, wanted: impl Fn(&Step) -> bool) -> Event {
        self.until_after(0, wanted).await
    }

    /// The same for a step after the event of this number.
    pub async fn until_after(&self, seq: u64, wanted: impl Fn(&Step) -> bool) -> Event {
        let epoch = self.lab.timelines().snapshot(&user1()).last.epoch;
        let start = model::timeline::EventId { epoch, seq };
        let timelines = self.lab.timelines();
        let mut follow = timelines.follow(&user1(), Some(start));
        let known = timelines.read_all_missed(&user1(), &mut follow).unwrap();
        if let Some(event) = known.iter().find(|event| wanted(&event.step)) {
            return Event::clone(event);
        }
        let mut live = follow.live;
        let found = async {
            loop {
                let event = live.next().await.unwrap();
                if wanted(&event.step) {
                    return Event::clone(&event);
                }
            }
        };
        let found = timeout(PATIENCE, found).await;
        found.unwrap_or_else(|_| panic!("waited in vain; the timeline: {:#?}", self.log()))
    }

    /// Calls the app channel as the sidecar does; `token` as it shows it.
    pub async fn call_app(
        &self,
        method: reqwest::Method,
        path: &str,
        token: Option<&str>,
        body: &str,
    ) -> (StatusCode, String) {
        let mut request = Client::new().request(method, format!("http://{}{path}", self.app)).body(body.to_owned());
        if let Some(token) = token {
            request = request.header("dapr-api-token", token);
        }
        let response = request.send().await.unwrap();
        (response.status(), response.text().await.unwrap())
    }

    /// The file's rows, decoded, past sidecar and lab.
    pub fn rows(&self) -> Vec<(String, String)> {
        let connection = rusqlite::Connection::open(&self.store).unwrap();
        let mut rows = connection.prepare("SELECT key, value FROM state ORDER BY key").unwrap();
        let rows = rows.query_map([], |row| Ok((row.get(0)?, row.get(1)?))).unwrap();
        rows.map(|row: rusqlite::Result<(String, String)>| {
            let (key, value) = row.unwrap();
            let bytes = base64::Engine::decode(&base64::engine::general_purpose::STANDARD, value).unwrap();
            (key, String::from_utf8(bytes).unwrap())
        })
        .collect()
    }
}

pub fn user1() -> ActorId {
    ActorId::lesson()
}

pub fn both(content: &str) -> [Message; 2] {
    [Message::user(content), Message::reply_to(content)]
}

/// A fault in front of the store, which each call is shown to.
pub fn store_fault(fault: impl Fn(&StateCall) -> Option<Fault> + Send + Sync + 'static) -> Ports {
    Ports { faults: Some(Arc::new(fault)), ..Ports::default() }
}
