//! A long random run: speakers, a hand at the switch, a killer and a reader of the store, all at once.

use std::{
    collections::BTreeMap,
    fmt, fs,
    sync::{
        Arc, Mutex,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use app::{actor_id::ActorId, message::Message};
use fastrand::Rng;
use reqwest::StatusCode;
use serde_json::{Value, json};
use server::store::StoreReader;
use tokio::{
    sync::{RwLock, watch},
    time::{Instant, sleep, sleep_until},
};

use crate::{
    lab::{Door, IDLE, Lab},
    model::{Delivery, Moment, Outcome, Stored, check},
};

const ACTORS: usize = 4;
/// How many people talk to one actor at the same time.
const SPEAKERS: usize = 3;

/// How long a run lasts, and what it is made of.
#[derive(Clone)]
pub struct Plan {
    pub seconds: u64,
    /// The same seed makes the same choices; when they meet is up to the machine.
    pub seed: u64,
    /// How long the process may live from one end to the next, in milliseconds.
    pub alive_ms: std::ops::Range<u64>,
}

/// What a run has come to.
#[derive(Debug, Default)]
pub struct Report {
    pub acknowledged: usize,
    pub failed: usize,
    pub unknown: usize,
    /// Deliveries of messages that had been sent before.
    pub repeats: usize,
    pub readings: usize,
    pub faults: u64,
    /// Deactivations that came from outside, as a daprd's may, at any moment.
    pub deactivations: u64,
    /// Deactivations by the sidecar, after the actor had idled.
    pub idled: u64,
    pub kills: u64,
    pub stops: u64,
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { acknowledged, failed, unknown, repeats, readings, faults, deactivations, idled, kills, stops } =
            self;
        write!(
            f,
            "{acknowledged} deliveries acknowledged, {failed} failed, {unknown} unknown, {repeats} of them repeats; \
             {faults} changes of the switch, {deactivations} deactivations from outside, {idled} after idling, \
             {kills} times kill -9, {stops} stops; \
             {readings} readings of the store"
        )
    }
}

/// What everybody writes into and looks at.
struct Shared {
    plan: Plan,
    door: Door,
    store: StoreReader,
    clock: AtomicU64,
    logs: BTreeMap<ActorId, Mutex<Log>>,
    counts: [AtomicU64; 5],
    /// Held by everybody who does something to an actor, and alone by who lets it idle.
    quiet: BTreeMap<ActorId, RwLock<()>>,
    /// Whether the process serves.
    up: watch::Sender<bool>,
    end: Instant,
}

/// What happens to one actor.
#[derive(Default)]
struct Log {
    deliveries: Vec<Delivery>,
    stored: Vec<Stored>,
}

/// What is counted, by its place.
#[derive(Clone, Copy)]
enum Count {
    Fault,
    Deactivation,
    Idled,
    Kill,
    Stop,
}

impl Shared {
    fn now(&self) -> Moment {
        self.clock.fetch_add(1, Ordering::SeqCst)
    }

    fn count(&self, what: Count) {
        self.counts[what as usize].fetch_add(1, Ordering::Relaxed);
    }

    fn counted(&self, what: Count) -> u64 {
        self.counts[what as usize].load(Ordering::Relaxed)
    }

    fn over(&self) -> bool {
        Instant::now() >= self.end
    }

    /// Waits until the process serves, if it does not.
    async fn serves(&self) {
        self.up.subscribe().wait_for(|up| *up).await.unwrap();
    }

    fn log(&self, actor: &ActorId, write: impl FnOnce(&mut Log)) {
        write(&mut self.logs[actor].lock().unwrap());
    }

    /// A source of chance of its own for each part of the run.
    fn rng(&self, part: u64) -> Rng {
        Rng::with_seed(self.plan.seed.wrapping_mul(1_000_003).wrapping_add(part))
    }
}

/// Runs for as long as the plan says, then checks everything.
///
/// # Panics
/// When something does not hold: with the seed, and with the log in a file.
pub async fn run(plan: Plan) -> Report {
    let mut lab = Lab::start().await;
    let actors: Vec<ActorId> = (0..ACTORS).map(|n| format!("soak{n}").parse().unwrap()).collect();
    let shared = Arc::new(Shared {
        end: Instant::now() + Duration::from_secs(plan.seconds),
        plan,
        door: lab.door(),
        store: lab.store(),
        clock: AtomicU64::new(1),
        logs: actors.iter().map(|actor| (actor.clone(), Mutex::default())).collect(),
        counts: Default::default(),
        quiet: actors.iter().map(|actor| (actor.clone(), RwLock::default())).collect(),
        up: watch::channel(true).0,
    });
    let mut tasks = Vec::new();
    for (n, actor) in (1..).zip(&actors) {
        assert!(shared.door.set_policy(actor, policy(&mut shared.rng(n))).await.unwrap());
        tasks.push(tokio::spawn(read(shared.clone(), actor.clone())));
        tasks.push(tokio::spawn(switch(shared.clone(), actor.clone(), shared.rng(n * 100))));
        tasks.push(tokio::spawn(nap(shared.clone(), actor.clone(), shared.rng(n * 100 + 50))));
        for speaker in 1..=SPEAKERS {
            let rng = shared.rng(n * 100 + speaker as u64);
            tasks.push(tokio::spawn(speak(shared.clone(), actor.clone(), speaker, rng)));
        }
    }
    kill(&shared, &mut lab).await;
    for task in tasks {
        task.await.unwrap();
    }
    for actor in &actors {
        settle(&shared, actor).await;
    }
    lab.stop().await;
    judge(&shared, &lab)
}

/// Reads the stored history again and again, past Dapr, whether or not the process runs.
async fn read(shared: Arc<Shared>, actor: ActorId) {
    while !shared.over() {
        read_once(&shared, &actor).await;
        sleep(Duration::from_millis(20)).await;
    }
}

async fn read_once(shared: &Shared, actor: &ActorId) -> Option<Vec<Message>> {
    let asked = shared.now();
    // Between a death and the next start the file may be locked for its repair.
    let value = shared.store.history(actor).await.ok()?.value;
    let told = shared.now();
    let history: Vec<Message> = value.map_or_else(Vec::new, |json| serde_json::from_str(&json).unwrap());
    shared.log(actor, |log| log.stored.push(Stored { asked, told, history: history.clone() }));
    Some(history)
}

/// Sends one message after the other, some twice, and again what did not arrive.
async fn speak(shared: Arc<Shared>, actor: ActorId, speaker: usize, mut rng: Rng) {
    for n in 0.. {
        if shared.over() {
            return;
        }
        let busy = shared.quiet[&actor].read().await;
        let message = format!("{actor}-{speaker}-{n}");
        let mut arrived = if rng.u8(0..8) == 0 {
            let (one, other) = tokio::join!(deliver(&shared, &actor, &message), deliver(&shared, &actor, &message));
            one || other
        } else {
            deliver(&shared, &actor, &message).await
        };
        // What did not arrive is mostly sent again, and what did now and then.
        for _ in 0..3 {
            if rng.u8(0..10) < if arrived { 1 } else { 7 } {
                shared.serves().await;
                arrived |= deliver(&shared, &actor, &message).await;
            }
        }
        drop(busy);
        sleep(Duration::from_millis(rng.u64(0..40))).await;
    }
}

/// Leaves the actor alone now and then, for longer than it stays in memory.
async fn nap(shared: Arc<Shared>, actor: ActorId, mut rng: Rng) {
    while !shared.over() {
        sleep(Duration::from_millis(rng.u64(1_000..6_000))).await;
        let alone = shared.quiet[&actor].write().await;
        shared.serves().await;
        let Ok((_, last)) = shared.door.since(&actor, u64::MAX).await else { continue };
        sleep(IDLE + Duration::from_millis(300)).await;
        // If the process died meanwhile, its next one knows of nothing.
        if let Ok((kinds, _)) = shared.door.since(&actor, last).await
            && kinds.iter().any(|kind| kind == "deactivated")
        {
            shared.count(Count::Idled);
        }
        drop(alone);
    }
}

/// One call, and what came of it. Whether it was acknowledged.
async fn deliver(shared: &Shared, actor: &ActorId, message: &str) -> bool {
    shared.serves().await;
    let sent = shared.now();
    let answer = shared.door.say(actor, message).await;
    let outcome = match answer {
        Ok((StatusCode::OK, mut body)) => {
            Outcome::Acknowledged(serde_json::from_value(body["response"].take()).unwrap())
        }
        Ok((status, body)) => refused(status, &body),
        Err(error) if error.is_connect() => Outcome::Failed("nobody was there".into()),
        Err(error) => {
            assert!(!error.is_timeout(), "no answer to {message:?} within a minute");
            Outcome::Unknown(error.to_string())
        }
    };
    let arrived = matches!(outcome, Outcome::Acknowledged(_));
    let ended = shared.now();
    shared.log(actor, |log| log.deliveries.push(Delivery { message: message.to_owned(), sent, ended, outcome }));
    arrived
}

/// What an error says about the message: only some say that nothing was stored.
fn refused(status: StatusCode, body: &Value) -> Outcome {
    let words = body["error"].to_string();
    match body["error"]["code"].as_str() {
        Some("retries_exhausted" | "turn_failed") => Outcome::Failed(words),
        Some("outcome_unknown" | "sidecar_unreachable" | "store_unreachable") => Outcome::Unknown(words),
        _ => panic!("a message is answered with {status}: {body}"),
    }
}

/// Turns the failure switch, changes the policy, and takes the actor out of memory.
async fn switch(shared: Arc<Shared>, actor: ActorId, mut rng: Rng) {
    while !shared.over() {
        let busy = shared.quiet[&actor].read().await;
        shared.serves().await;
        let door = &shared.door;
        // Whatever is lost because the process dies meanwhile is only a change less.
        let changed = match rng.u8(0..10) {
            0 | 1 => door.set_fault(&actor, None).await,
            2..=5 => door.set_fault(&actor, Some(faults(&mut rng))).await,
            6 => door.arm(&actor).await.map(|()| true),
            7 | 8 => door.set_policy(&actor, policy(&mut rng)).await,
            _ => {
                let done = door.deactivate(&actor).await;
                shared.count(Count::Deactivation);
                done.map(|()| false)
            }
        };
        if changed.unwrap_or_default() {
            shared.count(Count::Fault);
        }
        drop(busy);
        sleep(Duration::from_millis(rng.u64(20..300))).await;
    }
}

/// A plan: one to three faults, none of which keeps everything away for ever.
fn faults(rng: &mut Rng) -> Value {
    let faults = (0..rng.u8(1..4)).map(|_| {
        let kind = ["error", "error", "delay", "hang", "flaky"][rng.usize(0..5)];
        let operation = ["load", "save", "save", "publish"][rng.usize(0..4)];
        let layer = if operation == "publish" || rng.bool() { "actor" } else { "store" };
        let mut fault = json!({"operation": operation, "kind": kind, "layer": layer});
        match kind {
            "delay" => fault["ms"] = rng.u16(1..300).into(),
            "flaky" => {
                fault["percent"] = rng.u8(10..60).into();
                fault["seed"] = rng.u16(..).into();
            }
            _ => {}
        }
        if matches!(kind, "delay" | "flaky") && rng.bool() {
            fault["span"] = "until_off".into();
        } else {
            fault["span"] = ["first", "next"][rng.usize(0..2)].into();
            fault["attempts"] = rng.u8(1..5).into();
        }
        fault
    });
    faults.collect()
}

/// A policy that is quicker than the lesson's, so that more happens.
fn policy(rng: &mut Rng) -> Value {
    let backoff = ["constant", "exponential"][rng.usize(0..2)];
    json!({
        "attempts": rng.u8(1..5), "delay_ms": rng.u16(0..150), "backoff": backoff,
        "max_delay_ms": 1_000, "jitter_percent": rng.u8(0..=100), "attempt_timeout_ms": rng.u16(100..400),
    })
}

/// Ends the process now and then, mostly by force, and starts it again.
async fn kill(shared: &Shared, lab: &mut Lab) {
    let mut rng = shared.rng(0);
    loop {
        let next = Instant::now() + Duration::from_millis(rng.u64(shared.plan.alive_ms.clone()));
        sleep_until(next.min(shared.end)).await;
        if shared.over() {
            return;
        }
        // Calls that are under way meet the end; new ones wait for the next start.
        shared.up.send_replace(false);
        if rng.u8(0..4) == 0 {
            lab.stop().await;
            shared.count(Count::Stop);
        } else {
            lab.kill().await;
            shared.count(Count::Kill);
        }
        for actor in shared.logs.keys() {
            read_between(shared, actor).await;
        }
        lab.restart();
        if rng.u8(0..4) == 0 {
            // It dies once more while it starts.
            sleep(Duration::from_millis(rng.u64(0..400))).await;
            lab.kill().await;
            shared.count(Count::Kill);
            lab.restart();
        }
        lab.ready().await;
        // Policies do not outlive the process, and the lesson's is slow.
        for actor in shared.logs.keys() {
            assert!(shared.door.set_policy(actor, policy(&mut rng)).await.unwrap());
        }
        shared.up.send_replace(true);
    }
}

/// Nothing is written while no process runs: two readings show the same.
async fn read_between(shared: &Shared, actor: &ActorId) {
    let read = || async { Some(shared.store.history(actor).await.ok()?.value) };
    if let (Some(first), Some(second)) = (read().await, read().await) {
        assert_eq!(first, second, "{actor}: written by nobody");
    }
}

/// When all is over: the lab is well, the actor and the store agree.
async fn settle(shared: &Shared, actor: &ActorId) {
    assert!(shared.door.set_fault(actor, None).await.unwrap());
    // On a busy machine nothing is quick.
    let patient = json!({"attempts": 5, "delay_ms": 200, "attempt_timeout_ms": 5_000});
    assert!(shared.door.set_policy(actor, patient).await.unwrap());
    assert!(deliver(shared, actor, &format!("{actor}-last")).await, "the lab does not come back");
    let stored = read_once(shared, actor).await.expect("the store can be read");
    assert_eq!(shared.door.history(actor).await, stored, "{actor}");
}

fn judge(shared: &Shared, lab: &Lab) -> Report {
    let mut report = Report {
        faults: shared.counted(Count::Fault),
        deactivations: shared.counted(Count::Deactivation),
        idled: shared.counted(Count::Idled),
        kills: shared.counted(Count::Kill),
        stops: shared.counted(Count::Stop),
        ..Report::default()
    };
    for (actor, log) in &shared.logs {
        let log = log.lock().unwrap();
        if let Err(wrong) = check(&log.deliveries, &log.stored) {
            let file = std::env::temp_dir().join(format!("faultlab-soak-{}-{actor}.log", shared.plan.seed));
            fs::write(&file, format!("{:#?}\n{:#?}\n{}", log.deliveries, log.stored, lab.output())).unwrap();
            panic!("seed {}, {actor}: {wrong}; the log is in {}", shared.plan.seed, file.display());
        }
        report.add(&log);
    }
    report
}

impl Report {
    fn add(&mut self, log: &Log) {
        let mut seen = std::collections::HashSet::new();
        for delivery in &log.deliveries {
            match delivery.outcome {
                Outcome::Acknowledged(_) => self.acknowledged += 1,
                Outcome::Failed(_) => self.failed += 1,
                Outcome::Unknown(_) => self.unknown += 1,
            }
            self.repeats += usize::from(!seen.insert(&delivery.message));
        }
        self.readings += log.stored.len();
    }
}
