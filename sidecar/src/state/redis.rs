//! `state.redis`: a hash for each key, in the layout of Dapr's own store: `data`, `version`, and `first-write` for a key
//! that was written so.

use std::collections::HashMap;
use std::path::Path;
use std::sync::{Arc, LazyLock};

use async_trait::async_trait;
use redis::Script;

use super::{Concurrency, Kind, Opened, Operation, StateStore, Stored, Value, WriteError};
use crate::redis_client::{NotDone, Redis, number};
use crate::resources::Component;

pub(super) const KIND: Kind = Kind {
    name: "state.redis",
    capabilities: &["ETAG", "TRANSACTIONAL", "TTL", "KEYS_LIKE", "ACTOR"],
    open: |component, _| Box::pin(open(component)),
};

/// Writes all keys or none. (daprd sends a script for each key: where one refuses, the others have written.)
///
/// For each key there are five arguments: what to do, the version that it is to have (0 where that does not matter),
/// whether it is marked as written first, the value, and the seconds that it lasts (0 for good).
const WRITE: &str = r#"
for i = 1, #KEYS do
  local at = (i - 1) * 5
  local version = redis.pcall("HGET", KEYS[i], "version")
  local free = not version or type(version) == "table" or version == "" or version == ARGV[at + 2]
  if not free and ARGV[at + 2] == "0" then
    free = ARGV[at + 1] == "del" or not redis.pcall("HGET", KEYS[i], "first-write")
  end
  if not free then
    return KEYS[i]
  end
end
for i = 1, #KEYS do
  local at = (i - 1) * 5
  if ARGV[at + 1] == "del" then
    redis.call("DEL", KEYS[i])
  else
    if type(redis.pcall("HGET", KEYS[i], "version")) == "table" then
      redis.call("DEL", KEYS[i])
    end
    redis.call("HSET", KEYS[i], "data", ARGV[at + 4])
    if ARGV[at + 3] == "1" then
      redis.call("HSET", KEYS[i], "first-write", 0)
    end
    redis.call("HINCRBY", KEYS[i], "version", 1)
    if ARGV[at + 5] == "0" then
      redis.call("PERSIST", KEYS[i])
    else
      redis.call("EXPIRE", KEYS[i], ARGV[at + 5])
    end
  end
end
return false
"#;

static SCRIPT: LazyLock<Script> = LazyLock::new(|| Script::new(WRITE));

/// How many keys Redis looks at in one step of a search.
const SEARCH_STEP: usize = 1000;

struct RedisStore {
    redis: Redis,
    /// How long values last that are written without a time.
    seconds: u32,
}

async fn open(component: &Component) -> Opened {
    let redis = Redis::open(component).await?;
    let seconds = number(component, "ttlInSeconds", 0)?;
    Ok(Arc::new(RedisStore { redis, seconds: u32::try_from(seconds).unwrap_or_default() }))
}

impl RedisStore {
    /// A value that Dapr did not write may be a plain one.
    async fn plain(&self, key: &str) -> Result<Option<Stored>, String> {
        let found: Option<Vec<u8>> = self
            .redis
            .run(async |mut connection| redis::cmd("GET").arg(key).query_async(&mut connection).await)
            .await?;
        Ok(found.map(|data| Stored { data, etag: None, expires: None }))
    }
}

#[async_trait]
impl StateStore for RedisStore {
    async fn get(&self, key: &str) -> Result<Option<Stored>, String> {
        let found: Result<HashMap<String, Vec<u8>>, String> = self
            .redis
            .run(async |mut connection| redis::cmd("HGETALL").arg(key).query_async(&mut connection).await)
            .await;
        match found {
            Ok(mut fields) if !fields.is_empty() => match (fields.remove("data"), fields.remove("version")) {
                (Some(data), Some(version)) => {
                    let etag = Some(String::from_utf8_lossy(&version).into_owned());
                    Ok(Some(Stored { data, etag, expires: None }))
                }
                _ => Err("required hash field 'data' or 'version' was not found".into()),
            },
            Ok(_) => Ok(None),
            Err(why) if why.contains("WRONGTYPE") => self.plain(key).await,
            Err(why) => Err(why),
        }
    }

    async fn with_prefix(&self, prefix: &str) -> Result<Vec<(String, Stored)>, String> {
        let pattern: String = prefix
            .chars()
            .flat_map(|c| {
                let special = matches!(c, '*' | '?' | '[' | ']' | '\\' | '^' | '-');
                special.then_some('\\').into_iter().chain([c])
            })
            .chain(['*'])
            .collect();
        let mut keys = Vec::new();
        let mut cursor = "0".to_owned();
        loop {
            let (next, mut some): (String, Vec<String>) = self
                .redis
                .run(async |mut connection| {
                    let mut scan = redis::cmd("SCAN");
                    scan.arg(&cursor).arg("MATCH").arg(&pattern).arg("COUNT").arg(SEARCH_STEP);
                    scan.query_async(&mut connection).await
                })
                .await?;
            keys.append(&mut some);
            if next == "0" {
                break;
            }
            cursor = next;
        }
        keys.sort();
        keys.dedup();
        let mut found = Vec::with_capacity(keys.len());
        for key in keys {
            // One that went meanwhile is none.
            if let Some(stored) = self.get(&key).await? {
                found.push((key, stored));
            }
        }
        Ok(found)
    }

    async fn write(&self, operations: Vec<Operation>) -> Result<(), WriteError> {
        if operations.is_empty() {
            return Ok(());
        }
        let mut script = SCRIPT.prepare_invoke();
        for Operation { key, put, when } in operations {
            let version = match (&when.etag, when.concurrency) {
                (None, _) | (Some(_), Concurrency::LastWrite) => 0,
                (Some(etag), _) => etag
                    .parse::<u64>()
                    .map_err(|_| WriteError::EtagInvalid(format!("strconv.Atoi: parsing {etag:?}: invalid syntax")))?,
            };
            let first_write = u8::from(when.concurrency == Concurrency::FirstWrite);
            script.key(key).arg(if put.is_some() { "set" } else { "del" }).arg(version).arg(first_write);
            match put {
                None => drop(script.arg("").arg(0)),
                Some(put) => {
                    let seconds = put.seconds.unwrap_or(self.seconds);
                    match put.value {
                        Value::Binary(data) => drop(script.arg(data).arg(seconds)),
                        Value::Json(text) => drop(script.arg(text).arg(seconds)),
                    }
                }
            }
        }
        let script = &script;
        let written = self.redis.run_once(async |mut connection| script.invoke_async(&mut connection).await).await;
        let refused: Option<String> = written.map_err(|error| match error {
            NotDone::Failed(why) => WriteError::Failed(why),
            NotDone::Unknown(_) => WriteError::Unknown(error.to_string()),
        })?;
        match refused {
            None => Ok(()),
            Some(key) => Err(WriteError::EtagMismatch(format!("failed to set key {key}"))),
        }
    }

    fn path(&self) -> Option<&Path> {
        None
    }

    fn close(&self) {}
}
