//! The connection to a Redis that a component names, with daprd's settings (components-contrib, `common/component/redis`).

use std::time::Duration;

use redis::aio::{ConnectionManager, ConnectionManagerConfig};
use redis::{
    Client, ClientTlsConfig, ConnectionAddr, IntoConnectionInfo as _, RedisConnectionInfo, RedisError, RedisResult,
    TlsCertificates,
};

use crate::document::ResourceError;
use crate::duration;
use crate::resources::Component;

/// Redis' own port.
const PORT: u16 = 6379;
/// The longest pause between two tries of a command.
const MOST_PAUSE: Duration = Duration::from_millis(512);

/// A Redis, and how it is spoken to.
#[derive(Clone)]
pub(crate) struct Redis {
    host: String,
    connection: ConnectionManager,
    client: Client,
    settings: Settings,
}

/// Why a command that changes something is not known to be done.
#[derive(Debug, thiserror::Error)]
pub(crate) enum NotDone {
    /// Nothing was changed.
    #[error("{0}")]
    Failed(String),
    /// It left, and its answer did not come.
    #[error("no answer came from redis ({0}), so it is not known whether this was done")]
    Unknown(String),
}

#[derive(Debug, Clone)]
struct Settings {
    /// How often a command is tried again whose connection is gone.
    retries: u32,
    pause: Duration,
    dial: Duration,
    read: Duration,
}

impl Redis {
    /// Connects, and asks whether somebody answers.
    ///
    /// # Errors
    /// A setting that makes no sense or that there is not here, or nobody answers.
    pub(crate) async fn open(component: &Component) -> Result<Self, ResourceError> {
        for (name, what) in [("failover", "Sentinel"), ("useEntraID", "Entra ID")] {
            if component.is_true(name) {
                let problem = format!("{name}: this sidecar speaks to one Redis without {what}");
                return Err(component.error(problem, "take the setting out, or run the app on Dapr's own daprd"));
            }
        }
        if component.get("redisType").is_some_and(|kind| kind == "cluster") {
            return Err(component.error(
                "redisType: this sidecar speaks to one Redis and to no cluster",
                "name one node, or run the app on Dapr's own daprd",
            ));
        }
        let host = host(component)?;
        // The name that it once had counts where the new one is not given.
        let retries = match number(component, "redisMaxRetries", number(component, "maxRetries", 3)?)? {
            0 => 3,
            below if below < 0 => 0,
            retries => retries.try_into().unwrap_or(3),
        };
        // 0 is the usual time, too.
        let positive = |name, usual| time(component, name, usual).map(|time| if time.is_zero() { usual } else { time });
        let settings = Settings {
            retries,
            pause: time(component, "redisMinRetryInterval", Duration::from_secs(2))?
                .min(positive("redisMaxRetryInterval", MOST_PAUSE)?),
            dial: positive("dialTimeout", Duration::from_secs(5))?,
            read: positive("readTimeout", Duration::from_secs(3))?,
        };
        let failed = |why: String| {
            let what_to_do = match component.is_true("enableTLS") {
                true => {
                    "start a Redis there that speaks TLS, with a certificate for that name from an authority that this \
                     machine trusts (SSL_CERT_FILE names others), or correct redisHost, redisUsername and redisPassword"
                }
                false => "start a Redis there, or correct redisHost, redisUsername and redisPassword",
            };
            component.error(format_args!("error connecting to redis at {host}: {why}"), what_to_do)
        };
        let client = client(component, &host).map_err(|error| failed(error.to_string()))?;
        let config = ConnectionManagerConfig::new()
            .set_number_of_retries(1)
            .set_connection_timeout(Some(settings.dial))
            .set_response_timeout(Some(settings.read));
        let opened = ConnectionManager::new_with_config(client.clone(), config).await;
        let connection = opened.map_err(|error| failed(error.to_string()))?;
        let redis = Self { host: host.clone(), connection, client, settings };
        redis.ping().await.map_err(failed)?;
        Ok(redis)
    }

    /// How long Redis may take to answer.
    pub(crate) fn read_timeout(&self) -> Duration {
        self.settings.read
    }

    /// Runs a command that may be carried out twice, as one that reads: again while its connection is gone.
    pub(crate) async fn run<T, Fut>(&self, command: impl Fn(ConnectionManager) -> Fut) -> Result<T, String>
    where
        Fut: Future<Output = RedisResult<T>>,
    {
        let mut tries = 0;
        loop {
            match command(self.connection.clone()).await {
                Ok(answer) => return Ok(answer),
                Err(error) if is_gone(&error) && tries < self.settings.retries => {
                    tracing::debug!("redis at {}: {error}", self.host);
                    tries += 1;
                    tokio::time::sleep(self.settings.pause).await;
                }
                Err(error) => return Err(error.to_string()),
            }
        }
    }

    /// Runs a command that changes something, once: where its connection breaks under way, it may have been carried out.
    /// (daprd's client sends such a one again: a message is there twice then, and a write is told that its own ETag is
    /// another's.)
    pub(crate) async fn run_once<T, Fut>(&self, command: impl Fn(ConnectionManager) -> Fut) -> Result<T, NotDone>
    where
        Fut: Future<Output = RedisResult<T>>,
    {
        // The client tells alike of a connection that went long ago and of one that went now: so the first is found, and
        // replaced, by a command that may be sent again.
        self.ping().await.map_err(NotDone::Failed)?;
        command(self.connection.clone()).await.map_err(|error| match is_gone(&error) || error.is_timeout() {
            true if !error.is_connection_refusal() => NotDone::Unknown(error.to_string()),
            _ => NotDone::Failed(error.to_string()),
        })
    }

    async fn ping(&self) -> Result<(), String> {
        self.run(async |mut connection| redis::cmd("PING").query_async(&mut connection).await).await
    }

    /// A connection of its own, for commands that wait; none of them takes longer than `longest`.
    pub(crate) async fn waiting(&self, longest: Duration) -> RedisResult<ConnectionManager> {
        let config = ConnectionManagerConfig::new()
            .set_number_of_retries(1)
            .set_connection_timeout(Some(self.settings.dial))
            .set_response_timeout(Some(longest + self.settings.read));
        ConnectionManager::new_with_config(self.client.clone(), config).await
    }
}

/// Whether the command failed for want of a connection. One that was sent and not answered in time may have happened.
fn is_gone(error: &RedisError) -> bool {
    !error.is_timeout() && (error.is_io_error() || error.is_connection_dropped() || error.is_connection_refusal())
}

fn client(component: &Component, host: &str) -> RedisResult<Client> {
    let mut redis = RedisConnectionInfo::default();
    let text = |name: &str| component.get(name).filter(|text| !text.is_empty());
    if let Some(user) = text("redisUsername") {
        redis = redis.set_username(user);
    }
    if let Some(password) = text("redisPassword") {
        redis = redis.set_password(password);
    }
    if let Some(db) = text("redisDB") {
        let db = db.parse().map_err(|_| std::io::Error::other(format!("redisDB is no number: {db:?}")))?;
        redis = redis.set_db(db);
    }
    let (name, port) = host.rsplit_once(':').unwrap_or((host, ""));
    let (host, port) = (name.trim_matches(['[', ']']).to_owned(), port.parse().unwrap_or(PORT));
    if !component.is_true("enableTLS") {
        return Client::open(ConnectionAddr::Tcp(host, port).into_connection_info()?.set_redis_settings(redis));
    }
    let insecure = component.is_true("insecureSkipTLSVerify");
    let addr = ConnectionAddr::TcpTls { host, port, insecure, tls_params: None };
    let info = addr.into_connection_info()?.set_redis_settings(redis);
    match (text("clientCert"), text("clientKey")) {
        (Some(cert), Some(key)) => {
            let client_tls = ClientTlsConfig { client_cert: cert.into(), client_key: key.into() };
            Client::build_with_tls(info, TlsCertificates { client_tls: Some(client_tls), root_cert: None })
        }
        // One alone is none, as in daprd.
        _ => Client::open(info),
    }
}

/// `host:port` from `redisHost` and `redisPort`.
fn host(component: &Component) -> Result<String, ResourceError> {
    let host = component.get("redisHost").unwrap_or_default().trim();
    let port = component.get("redisPort").filter(|port| !port.is_empty());
    if host.is_empty() || host.contains(',') {
        return Err(component.error(
            format_args!("redisHost names no one Redis: {host:?}"),
            "give it as host:port, such as localhost:6379",
        ));
    }
    let has_port = host
        .rsplit_once(':')
        .is_some_and(|(name, port)| !name.contains(':') || name.ends_with(']') && !port.is_empty());
    let whole = match (has_port, port) {
        (false, port) => format!("{host}:{}", port.map_or_else(|| PORT.to_string(), str::to_owned)),
        (true, Some(port)) if !host.ends_with(&format!(":{port}")) => {
            return Err(component.error(
                format_args!("redis host {host:?} already contains a port, but redisPort is set to {port}"),
                "either remove the port from redisHost or remove the redisPort setting",
            ));
        }
        (true, _) => host.to_owned(),
    };
    let valid = whole.rsplit_once(':').is_some_and(|(_, port)| port.parse::<u16>().is_ok());
    match valid {
        true => Ok(whole),
        false => Err(component.error(format_args!("{whole:?} has no port that is a number"), "correct redisHost")),
    }
}

/// A whole number.
pub(crate) fn number(component: &Component, name: &str, default: i64) -> Result<i64, ResourceError> {
    match component.get(name).filter(|text| !text.is_empty()) {
        None => Ok(default),
        Some(text) => text
            .parse()
            .map_err(|_| component.error(format_args!("{name} is no whole number: {text:?}"), "write it like 10")),
    }
}

/// A length of time: a number is one of milliseconds, everything else Go's notation. Below nothing is nothing.
pub(crate) fn time(component: &Component, name: &str, default: Duration) -> Result<Duration, ResourceError> {
    match component.get(name).filter(|text| !text.is_empty()) {
        None => Ok(default),
        Some(text) => match text.parse::<i64>() {
            Ok(ms) => Ok(Duration::from_millis(u64::try_from(ms).unwrap_or_default())),
            Err(_) => duration::parse(text)
                .map_err(|error| component.error(format_args!("{name}: {error}"), "write it like 2s")),
        },
    }
}
