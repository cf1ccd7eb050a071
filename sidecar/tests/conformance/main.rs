//! One suite of behaviours, held against two runtimes: the embedded sidecar with its SQLite file and its
//! pub/sub in memory, and real daprd with placement and Redis.
//!
//! A behaviour is a function that is given a runtime; `behaviours!` makes two tests of each, `embedded::…` and
//! `daprd::…`. Where the two differ on purpose, `differences` says so, side by side.
#![allow(clippy::unwrap_used, missing_docs, unreachable_pub)]

/// Makes a test on the embedded sidecar out of every behaviour that is named.
macro_rules! embedded_behaviours {
    ($($name:ident),+ $(,)?) => {
        mod embedded {
            $(
                #[tokio::test]
                async fn $name() {
                    super::$name($crate::runtime::Runtime::Embedded).await;
                }
            )+
        }
    };
}

/// Makes a test on each runtime out of every behaviour that is named.
macro_rules! behaviours {
    ($($name:ident),+ $(,)?) => {
        embedded_behaviours![$($name),+];
        mod daprd {
            $(
                #[tokio::test]
                async fn $name() {
                    if let Some((runtime, _place)) = $crate::runtime::Runtime::daprd().await {
                        super::$name(runtime).await;
                    }
                }
            )+
        }
    };
}

#[path = "../../src/actor_events.rs"]
mod actor_events;
#[path = "../support/mod.rs"]
mod support;

mod actor_stream;
mod app_health;
mod bulk;
mod deactivation;
mod differences;
mod errors;
mod invocation;
mod invoke;
mod metadata;
mod pubsub;
mod redis;
mod redis_tls;
mod reentrancy;
mod reminders;
mod resiliency;
mod runtime;
mod sdks;
mod secrets;
mod sqlite_file;
mod startup;
mod state;
mod states;
mod streaming;
mod timers;
mod tokens;
mod topics;
mod turn_order;
