//! Finding the app and asking it what it hosts and what it subscribes to.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use http::StatusCode;
use tokio::net::TcpStream;
use tokio::sync::watch;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::actors::AppConfig;
use crate::app_channel::{AppChannel, AppError, AppReply};
use crate::app_health;
use crate::config::AppProtocol;
use crate::pubsub;
use crate::resiliency::{Failure, INITIALIZATION_RETRIES, Run};
use crate::runtime::Runtime;

const DIAL_PAUSE: Duration = Duration::from_millis(100);
const DIAL_LIMIT: Duration = Duration::from_millis(500);
/// How often it is said that the app does not answer.
const TELL_AGAIN: Duration = Duration::from_secs(10);
/// How often it is looked whether the sidecars that host this one's types have gone.
const LOOK_AGAIN: Duration = Duration::from_secs(1);

/// What the app is asked for once.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Asks {
    /// `/dapr/config`.
    pub(crate) config: bool,
    /// `/dapr/subscribe`.
    pub(crate) subscriptions: bool,
}

/// The second half of the start-up, in daprd's order: the app listens, `/dapr/config`,
/// `/dapr/subscribe`, actors are hosted. An app whose health is asked for is asked for the rest when it is well.
pub(crate) async fn run(runtime: Arc<Runtime>, app: Option<AppChannel>, asks: Asks) {
    let Some(app) = app else {
        let (addr, protocol) = (runtime.app_addr, runtime.app_protocol);
        match protocol {
            AppProtocol::Grpc if addr.port() != 0 => {
                tracing::warn!(
                    "the app is not called over gRPC: it may host actors (SubscribeActorEventsAlpha1), but no messages are \
                     delivered to it and none of its methods is invoked (--app-protocol http, or Dapr's own daprd, would)"
                );
                wait_for(addr).await;
            }
            AppProtocol::Grpc | AppProtocol::Http => {
                tracing::warn!("App channel is not initialized. Did you configure an app-port?")
            }
        }
        runtime.actors.host(AppConfig::default()).await;
        return announce(&runtime);
    };
    wait_for(app.addr()).await;
    if app.health().is_none() {
        app.found();
    }
    match (&runtime.app_health, app.health()) {
        (Some(check), Some(health)) => {
            tokio::join!(app_health::look_after(&app, check, health), follow(&runtime, &app, asks, health.subscribe()));
        }
        _ => {
            let mut elsewhere = begin(&runtime, &app, asks).await;
            announce(&runtime);
            take_over(&runtime, &mut elsewhere).await;
        }
    }
}

fn announce(runtime: &Runtime) {
    runtime.ready.send_replace(true);
    tracing::info!("dapr initialized. Status: Running.");
}

/// Asks the app what it hosts and subscribes to, and begins with it. Returns what others host.
async fn begin(runtime: &Runtime, app: &AppChannel, asks: Asks) -> AppConfig {
    let config = if asks.config { ask_config(app).await } else { AppConfig::default() };
    if runtime.pubsub.has_components() {
        match asks.subscriptions {
            true => subscribe(runtime, app).await,
            false => runtime.pubsub.start(Vec::new()).await,
        }
    }
    // What is not hosted is not claimed: its calls go to whoever hosts it.
    let (here, elsewhere) = claimed(runtime, runtime.actors.hostable(config)).await;
    runtime.actors.host(here).await;
    elsewhere
}

/// Hosts and delivers while the app is well. It is asked once what: daprd does not ask again either.
async fn follow(runtime: &Runtime, app: &AppChannel, asks: Asks, mut health: watch::Receiver<bool>) {
    // The sender lives in the app channel.
    let _ = health.wait_for(|well| *well).await;
    app.found();
    let mut elsewhere = begin(runtime, app, asks).await;
    announce(runtime);
    loop {
        tokio::select! {
            _ = health.wait_for(|well| !well) => {}
            () = async {
                take_over(runtime, &mut elsewhere).await;
                std::future::pending().await
            } => {}
        }
        app.lost("it is not well: its health checks fail");
        runtime.actors.suspend();
        runtime.pubsub.pause().await;
        let _ = health.wait_for(|well| *well).await;
        app.found();
        runtime.pubsub.resume().await;
        runtime.actors.resume();
    }
}

/// What of it no other sidecar on this machine hosts, and the rest. Returns when that is known.
async fn claimed(runtime: &Runtime, config: AppConfig) -> (AppConfig, AppConfig) {
    let types: Vec<String> = config.types.iter().map(|(kind, _)| kind.clone()).collect();
    let mut said = None;
    let taken = loop {
        match runtime.neighbours.claim(&types).await {
            Ok(taken) => break taken,
            Err(error) => say(&mut said, &types, &error),
        }
        tokio::time::sleep(LOOK_AGAIN).await;
    };
    for (kind, app_id) in &taken {
        tracing::error!(
            "the actor type {kind} is not hosted here: the app {app_id} hosts it, whose sidecar runs on this machine too, and \
             calls go there. Several hosts of one type share its actors with the help of Dapr's placement service: run the \
             apps on Dapr's own daprd for that (https://docs.dapr.io/getting-started/)"
        );
    }
    config.without(&taken)
}

/// Says now and then why types are not hosted.
fn say(said: &mut Option<Instant>, types: &[String], error: &io::Error) {
    if said.is_none_or(|said| said.elapsed() >= TELL_AGAIN) {
        *said = Some(Instant::now());
        tracing::error!(
            "the actor types {} are not hosted until it is known that no other sidecar on this machine hosts them: {error}",
            types.join(", ")
        );
    }
}

/// Hosts the types of others when they have gone. It returns when there are none left.
async fn take_over(runtime: &Runtime, elsewhere: &mut AppConfig) {
    let mut said = None;
    while !elsewhere.types.is_empty() {
        tokio::time::sleep(LOOK_AGAIN).await;
        let here = match gone(runtime, elsewhere).await {
            Ok(here) if here.types.is_empty() => continue,
            Ok(here) => here,
            // Who cannot be looked at may be there.
            Err(error) => {
                let types: Vec<String> = elsewhere.types.iter().map(|(kind, _)| kind.clone()).collect();
                say(&mut said, &types, &error);
                continue;
            }
        };
        for (kind, _) in &here.types {
            tracing::info!("the actor type {kind} is hosted here from now on: the sidecar that hosted it has gone");
        }
        runtime.actors.host(here.clone()).await;
        // Not before: an app that is unwell by then interrupts this, and what is not hosted is to be claimed again.
        elsewhere.types.retain(|(kind, _)| here.types.iter().all(|(hosted, _)| hosted != kind));
    }
}

/// Claims what others have hosted and host no more.
///
/// # Errors
/// It cannot be known.
async fn gone(runtime: &Runtime, elsewhere: &AppConfig) -> io::Result<AppConfig> {
    let mut some_gone = false;
    for (kind, _) in &elsewhere.types {
        some_gone |= runtime.neighbours.host_of(kind)?.is_none();
    }
    if !some_gone {
        return Ok(AppConfig::default());
    }
    let taken = runtime.claim_too(elsewhere).await?;
    Ok(elsewhere.clone().without(&taken).0)
}

/// Dials until somebody listens.
async fn wait_for(addr: SocketAddr) {
    let mut tries: u64 = 0;
    loop {
        let dialled = tokio::time::timeout(DIAL_LIMIT, TcpStream::connect(addr)).await;
        if matches!(dialled, Ok(Ok(_))) {
            tracing::info!("application discovered on port {}", addr.port());
            return;
        }
        if tries.is_multiple_of(100) {
            tracing::info!("waiting for application to listen on port {}", addr.port());
        }
        tries += 1;
        tokio::time::sleep(DIAL_PAUSE).await;
    }
}

/// Asks the app, and says so for as long as it does not answer: until then every call of an actor waits.
async fn ask(app: &AppChannel, path: &str) -> Result<AppReply, AppError> {
    let mut asked = std::pin::pin!(app.ask(path));
    loop {
        tokio::select! {
            reply = &mut asked => return reply,
            () = tokio::time::sleep(TELL_AGAIN) => tracing::warn!("the app has not answered GET {path} yet"),
        }
    }
}

/// Asked once. An app that does not answer hosts nothing, as with daprd; unlike daprd this one
/// says so.
async fn ask_config(app: &AppChannel) -> AppConfig {
    let reply = match ask(app, "/dapr/config").await {
        Ok(reply) if reply.status == StatusCode::OK => reply,
        Ok(reply) => {
            tracing::warn!("the app answered {} to GET /dapr/config: no actors are hosted", reply.status.as_u16());
            return AppConfig::default();
        }
        Err(error) => {
            tracing::warn!("failed to read the app's configuration, no actors are hosted: {error}");
            return AppConfig::default();
        }
    };
    match AppConfig::parse(&reply.body) {
        Ok(config) => {
            tracing::info!("Application configuration loaded");
            config
        }
        Err(error) => {
            tracing::warn!("Failed to register hosted actors: {error}");
            AppConfig::default()
        }
    }
}

async fn subscribe(runtime: &Runtime, app: &AppChannel) {
    let guard = runtime.resiliency.built_in(INITIALIZATION_RETRIES);
    // The end of the sidecar ends this task as a whole.
    let never = CancellationToken::new();
    let ask = async |_| ask(app, "/dapr/subscribe").await.map_err(|error| Failure::transient(error.to_string()));
    let reply = match guard.run(Run { target: None, end: &never }, ask).await {
        Ok(reply) => reply,
        Err(error) => {
            tracing::error!("nothing is subscribed: GET /dapr/subscribe failed: {error}");
            return;
        }
    };
    match pubsub::parse_subscriptions(&reply) {
        Ok(programmatic) => runtime.pubsub.start(programmatic).await,
        Err(error) => tracing::error!("nothing is subscribed: the app's answer is none: {error}"),
    }
}
