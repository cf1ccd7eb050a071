//! A Redis in the layout of Dapr's `state.redis`, read past the sidecar and past the wire layer.

use std::time::Duration;

use model::{
    error::{ErrorCode, LabError, clause},
    lab::StoredValue,
};
use redis::{AsyncConnectionConfig, Client, ConnectionAddr, IntoConnectionInfo, RedisError};

use super::StoreUrlError;
use crate::timeline::clock::now_ms;

/// How long Redis may take to accept a connection, and to answer.
const LIMIT: Duration = Duration::from_secs(2);

/// The server.
#[derive(Clone, Debug)]
pub(super) struct RedisServer {
    client: Client,
    host: String,
    port: u16,
}

impl RedisServer {
    pub(super) fn from_url(url: &str) -> Result<Self, StoreUrlError> {
        // A password in it is nobody's business: it is not said again.
        let place = url.rsplit_once('@').map_or(url, |(_, place)| place);
        let refused = |why: String| StoreUrlError::Redis(place.to_owned(), why);
        if url.starts_with("rediss:") {
            return Err(refused("it asks for TLS, which is not spoken here".to_owned()));
        }
        let info = url.into_connection_info().map_err(|error| refused(error.to_string()))?;
        let ConnectionAddr::Tcp(host, port) = info.addr().clone() else {
            return Err(refused("it is not reached over TCP".to_owned()));
        };
        let client = Client::open(info).map_err(|error| refused(error.to_string()))?;
        Ok(Self { client, host, port })
    }

    pub(super) fn address(&self) -> String {
        // An IPv6 address needs its brackets.
        if self.host.contains(':') {
            format!("[{}]:{}", self.host, self.port)
        } else {
            format!("{}:{}", self.host, self.port)
        }
    }

    /// Reads a key: the hash that Dapr keeps a value in, with the fields `data` and `version`.
    ///
    /// Source: Dapr's `state.redis` component.
    pub(super) async fn read(&self, key: String) -> Result<StoredValue, LabError> {
        let (value, etag) = self.fields(&key).await.map_err(|error| {
            let (at, error) = (self.address(), error.to_string());
            let message = format!("Cannot read the Redis at {at}: {}. Start it, then try again.", clause(&error));
            LabError::new(ErrorCode::StoreUnreachable, message)
        })?;
        let value = value.map(String::from_utf8).transpose().map_err(|error| {
            LabError::new(ErrorCode::Internal, format!("The stored value of {key} is not text: {error}"))
        })?;
        let command = self.command(&key);
        Ok(StoredValue { key, value, etag, read_at: now_ms(), command })
    }

    /// Connects for each read: looks are rare, and a Redis that was away is found again at once.
    async fn fields(&self, key: &str) -> Result<(Option<Vec<u8>>, Option<String>), RedisError> {
        let limits = AsyncConnectionConfig::new().set_connection_timeout(Some(LIMIT)).set_response_timeout(Some(LIMIT));
        let mut connection = self.client.get_multiplexed_async_connection_with_config(&limits).await?;
        redis::cmd("HMGET").arg(key).arg("data").arg("version").query_async(&mut connection).await
    }

    /// The shell command that shows the same. A password is asked for, not shown.
    fn command(&self, key: &str) -> String {
        let settings = self.client.get_connection_info().redis_settings();
        let host = if self.is_local() { String::new() } else { format!(" -h {}", self.host) };
        let user = settings.username().map(|user| format!(" --user {user}")).unwrap_or_default();
        let password = if settings.password().is_some() { " --askpass" } else { "" };
        let number = if settings.db() == 0 { String::new() } else { format!(" -n {}", settings.db()) };
        format!("redis-cli{host} -p {}{user}{password}{number} --raw HGET '{key}' data", self.port)
    }

    /// Whether `redis-cli` finds it without being told the host.
    fn is_local(&self) -> bool {
        ["127.0.0.1", "localhost"].contains(&self.host.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn server(url: &str) -> RedisServer {
        RedisServer::from_url(url).unwrap()
    }

    #[test]
    fn the_command_names_what_the_url_names_and_no_password() {
        let command = |url: &str| server(url).command("k");
        assert_eq!(command("redis://localhost"), "redis-cli -p 6379 --raw HGET 'k' data");
        assert_eq!(
            command("redis://me:secret@store:6380/2"),
            "redis-cli -h store -p 6380 --user me --askpass -n 2 --raw HGET 'k' data"
        );
        assert_eq!(server("redis://[::1]:6380").address(), "[::1]:6380");
    }

    #[tokio::test]
    async fn a_redis_that_is_not_there_is_an_error_that_names_it() {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap().to_string();
        drop(listener);
        let error = server(&format!("redis://{address}")).read("k".into()).await.unwrap_err();
        assert_eq!(error.code, ErrorCode::StoreUnreachable);
        assert!(error.message.contains(&address), "{error}");
    }
}
