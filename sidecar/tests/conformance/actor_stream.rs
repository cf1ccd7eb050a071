//! Apps that host their actors over a stream which they open, and listen nowhere (`SubscribeActorEventsAlpha1`).

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use dapr::dapr::proto::runtime::v1::{
    InvokeActorRequest, RegisterActorReminderRequest, RegisterActorTimerRequest, UnregisterActorReminderRequest,
};
use prost::Message as _;
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;
use tokio_util::sync::{CancellationToken, DropGuard};
use tonic::codegen::http::uri::PathAndQuery;
use tonic::{Code, Streaming};
use tonic_prost::ProstCodec;

use crate::actor_events::{
    Asked, Deactivated, Failed, FromHost, Initial, Invoked, Reentrancy, Said, Ticked, ToHost, Welcome,
};
use crate::runtime::{Lab, Runtime, Setup};
use crate::support::{App, TYPE, until};

behaviours![
    a_call_goes_over_the_stream_and_its_answer_comes_back,
    an_error_of_the_app_comes_to_the_caller,
    a_call_has_the_id_of_its_chain,
    an_idle_actor_is_deactivated,
    a_timer_comes_with_its_callback_and_its_data_until_the_app_wants_no_more,
    calls_wait_while_no_stream_is_open,
    a_stream_begins_with_what_it_hosts,
    an_app_that_is_called_over_http_has_no_stream,
];

/// An app at the other end of a stream. It echoes what it is asked, unless its method says otherwise.
struct Host {
    seen: Arc<Mutex<Vec<Asked>>>,
    _stop: DropGuard,
}

impl Host {
    async fn open(lab: &Lab, initial: Initial) -> Self {
        let (answers, mut calls) = stream(lab, Said::Initial(initial)).await.unwrap();
        let first = calls.message().await.unwrap().unwrap();
        assert_eq!(first.asked, Some(Asked::Welcome(Welcome {})));
        let (seen, stop) = (Arc::<Mutex<Vec<Asked>>>::default(), CancellationToken::new());
        let (noted, stopped) = (Arc::clone(&seen), stop.clone());
        tokio::spawn(async move {
            loop {
                let call = tokio::select! {
                    call = calls.message() => call,
                    () = stopped.cancelled() => return,
                };
                let Ok(Some(ToHost { asked: Some(asked) })) = call else { return };
                let said = answer(&asked);
                noted.lock().unwrap().push(asked);
                if answers.send(FromHost { said: Some(said) }).await.is_err() {
                    return;
                }
            }
        });
        Self { seen, _stop: stop.drop_guard() }
    }

    fn seen(&self) -> Vec<Asked> {
        self.seen.lock().unwrap().clone()
    }

    fn ticks(&self) -> usize {
        self.seen().iter().filter(|asked| matches!(asked, Asked::TickTimer(_) | Asked::Remind(_))).count()
    }
}

fn answer(asked: &Asked) -> Said {
    match asked.clone() {
        Asked::Invoke(call) => match call.method.as_str() {
            "missing" => Said::Failed(Failed { id: call.id, code: 5, message: "no such method".into() }),
            "broken" => Said::Failed(Failed { id: call.id, code: 2, message: "it broke".into() }),
            method => Said::Invoked(Invoked {
                id: call.id,
                data: call.data,
                metadata: [("content-type".to_owned(), "text/x-echo".to_owned())].into(),
                error: method == "explode",
            }),
        },
        Asked::TickTimer(tick) => Said::TimerTicked(Ticked { id: tick.id, cancel: true }),
        Asked::Remind(tick) => Said::Reminded(Ticked { id: tick.id, cancel: false }),
        Asked::Deactivate(actor) => Said::Deactivated(Deactivated { id: actor.id }),
        Asked::Welcome(_) => panic!("it comes once"),
    }
}

/// Opens a stream that begins so.
async fn stream(lab: &Lab, first: Said) -> Result<(mpsc::Sender<FromHost>, Streaming<ToHost>), tonic::Status> {
    let (answers, said) = mpsc::channel(16);
    answers.send(FromHost { said: Some(first) }).await.unwrap();
    let mut grpc = tonic::client::Grpc::new(lab.channel().await);
    grpc.ready().await.unwrap();
    let path = PathAndQuery::from_static("/dapr.proto.runtime.v1.Dapr/SubscribeActorEventsAlpha1");
    let codec = ProstCodec::<FromHost, ToHost>::default();
    let opened = grpc.streaming(tonic::Request::new(ReceiverStream::new(said)), path, codec).await?;
    Ok((answers, opened.into_inner()))
}

fn initial() -> Initial {
    Initial { entities: vec![TYPE.to_owned()], ..Initial::default() }
}

/// A runtime whose app listens nowhere.
async fn lab(runtime: Runtime) -> Lab {
    let nowhere = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
    let lab = runtime.launch(App::echo(), nowhere, Setup { app_stream: true, ..Setup::default() }).await;
    lab.ready().await;
    lab
}

pub async fn a_call_goes_over_the_stream_and_its_answer_comes_back(runtime: Runtime) {
    let lab = lab(runtime).await;
    let host = Host::open(&lab, initial()).await;
    let request = InvokeActorRequest {
        actor_type: TYPE.into(),
        actor_id: "a".into(),
        method: "Do".into(),
        data: b"{\"n\":1}".to_vec(),
        metadata: [("content-type".to_owned(), "application/json".to_owned()), ("k".to_owned(), "v".to_owned())].into(),
    };
    let answer = lab.grpc.clone().invoke_actor(request).await.unwrap().into_inner();
    assert_eq!(answer.data, b"{\"n\":1}");
    let Some(Asked::Invoke(call)) = host.seen().into_iter().next() else { panic!("{:?}", host.seen()) };
    assert_eq!((call.actor_type.as_str(), call.actor_id.as_str(), call.method.as_str()), (TYPE, "a", "Do"));
    assert_eq!(call.metadata.get("content-type").map(String::as_str), Some("application/json"));
    assert_eq!(call.metadata.get("k").map(String::as_str), Some("v"));
    assert_eq!(lab.active().await, 1);

    let answer = lab.http.put(lab.url("/v1.0/actors/Counter/a/method/Do")).body("over HTTP").send().await.unwrap();
    assert_eq!(answer.text().await.unwrap(), "over HTTP");
}

pub async fn an_error_of_the_app_comes_to_the_caller(runtime: Runtime) {
    let lab = lab(runtime).await;
    let host = Host::open(&lab, initial()).await;
    assert_eq!(lab.invoke("a", "explode", "{\"code\":1}").await.unwrap(), b"{\"code\":1}");
    for (method, part) in [("missing", "actor method not found"), ("broken", "error from actor service: it broke")] {
        let error = lab.invoke("a", method, "").await.unwrap_err();
        assert_eq!(error.code(), Code::Internal);
        assert!(error.message().contains(part), "{error}");
    }
    assert_eq!(host.seen().len(), 3, "nothing is called again");
}

pub async fn a_call_has_the_id_of_its_chain(runtime: Runtime) {
    let lab = lab(runtime).await;
    let reentrancy = Some(Reentrancy { enabled: true, max_stack_depth: None });
    let host = Host::open(&lab, Initial { reentrancy, ..initial() }).await;
    for _ in 0..2 {
        lab.invoke("a", "Do", "").await.unwrap();
    }
    let ids: Vec<_> = host
        .seen()
        .into_iter()
        .map(|asked| match asked {
            Asked::Invoke(call) => call.metadata.get("Dapr-Reentrancy-Id").unwrap().clone(),
            other => panic!("{other:?}"),
        })
        .collect();
    assert!(ids.len() == 2 && ids[0] != ids[1], "{ids:?}");
}

pub async fn an_idle_actor_is_deactivated(runtime: Runtime) {
    let lab = lab(runtime).await;
    let actor_idle_timeout = Some(prost_types::Duration { seconds: 1, nanos: 0 });
    let host = Host::open(&lab, Initial { actor_idle_timeout, ..initial() }).await;
    lab.invoke("a", "Do", "").await.unwrap();
    until("it is deactivated", || async {
        host.seen().iter().any(|asked| matches!(asked, Asked::Deactivate(actor) if actor.actor_id == "a"))
    })
    .await;
    until("it is not active", || async { lab.active().await == 0 }).await;
}

pub async fn a_timer_comes_with_its_callback_and_its_data_until_the_app_wants_no_more(runtime: Runtime) {
    let lab = lab(runtime).await;
    let host = Host::open(&lab, initial()).await;
    lab.invoke("a", "Do", "").await.unwrap();
    let timer = RegisterActorTimerRequest {
        actor_type: TYPE.into(),
        actor_id: "a".into(),
        name: "tick".into(),
        due_time: "0s".into(),
        period: "1h".into(),
        callback: "onTick".into(),
        data: b"payload".to_vec(),
        ttl: String::new(),
    };
    lab.grpc.clone().register_actor_timer(timer).await.unwrap();
    until("it comes", || async { host.ticks() > 0 }).await;
    let Some(Asked::TickTimer(tick)) = host.seen().into_iter().nth(1) else { panic!("{:?}", host.seen()) };
    assert_eq!((tick.actor_id.as_str(), tick.name.as_str(), tick.callback.as_str()), ("a", "tick", "onTick"));
    assert!(!tick.period.is_empty());
    let data = tick.data.unwrap();
    assert_eq!(data.type_url, "type.googleapis.com/google.protobuf.BytesValue");
    // The JSON that an app is sent over HTTP: bytes are in base64 there.
    assert_eq!(Vec::<u8>::decode(&data.value[..]).unwrap(), b"\"cGF5bG9hZA==\"");
}

pub async fn calls_wait_while_no_stream_is_open(runtime: Runtime) {
    let lab = lab(runtime).await;
    let host = Host::open(&lab, initial()).await;
    lab.invoke("a", "Do", "1").await.unwrap();
    drop(host);
    until("nothing is hosted", || async {
        let answer = lab.http.get(lab.url("/v1.0/metadata")).send().await.unwrap();
        answer.json::<serde_json::Value>().await.unwrap()["actorRuntime"]["runtimeStatus"] == "INITIALIZING"
    })
    .await;
    let mut waiting = lab.spawn("a", "2");
    let held = tokio::time::timeout(Duration::from_millis(300), &mut waiting).await;
    assert!(held.is_err(), "the call must wait for a host");
    let host = Host::open(&lab, initial()).await;
    assert_eq!(waiting.await.unwrap().unwrap(), b"2");
    assert_eq!(host.seen().len(), 1);
}

pub async fn a_stream_begins_with_what_it_hosts(runtime: Runtime) {
    let lab = lab(runtime).await;
    let first = Said::Deactivated(Deactivated { id: "1".into() });
    let status = match stream(&lab, first).await {
        Err(status) => status,
        Ok((_answers, mut calls)) => calls.message().await.unwrap_err(),
    };
    assert_eq!(status.code(), Code::InvalidArgument);
    assert_eq!(status.message(), "first message must be SubscribeActorEventsRequestInitialAlpha1");
}

pub async fn an_app_that_is_called_over_http_has_no_stream(runtime: Runtime) {
    let lab = runtime.start(App::echo()).await;
    let status = match stream(&lab, Said::Initial(initial())).await {
        Err(status) => status,
        Ok((_answers, mut calls)) => calls.message().await.unwrap_err(),
    };
    assert_eq!(status.code(), Code::FailedPrecondition);
    assert!(status.message().starts_with("actor callback streaming requires a gRPC app channel"), "{status}");
    assert_eq!(lab.invoke("a", "Do", "1").await.unwrap(), b"1");
}

/// daprd keeps reminders in its Scheduler, which is not here.
#[tokio::test]
async fn embedded_keeps_a_reminder_while_no_stream_is_open() {
    let lab = lab(Runtime::Embedded).await;
    let host = Host::open(&lab, initial()).await;
    let reminder = RegisterActorReminderRequest {
        actor_type: TYPE.into(),
        actor_id: "a".into(),
        name: "r".into(),
        due_time: "0s".into(),
        period: "1s".into(),
        data: b"1".to_vec(),
        ..RegisterActorReminderRequest::default()
    };
    lab.grpc.clone().register_actor_reminder(reminder).await.unwrap();
    until("it comes", || async { host.ticks() > 0 }).await;
    drop(host);
    let other = Initial { entities: vec!["Other".into()], ..Initial::default() };
    let other = Host::open(&lab, other).await;
    let host = Host::open(&lab, initial()).await;
    until("it comes again", || async { host.ticks() > 0 }).await;
    assert!(other.seen().is_empty());
    let gone = UnregisterActorReminderRequest { actor_type: TYPE.into(), actor_id: "a".into(), name: "r".into() };
    lab.grpc.clone().unregister_actor_reminder(gone).await.unwrap();
}
