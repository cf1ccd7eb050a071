//! A long random run: speakers, a hand at the switch, a killer and a reader of the store, all at once.
//!
//! # Layout
//! - [`run`]: everything begins, ends and is judged
//! - [`Report`]: what it has come to
//! - `shared`: what everybody writes into and looks at
//! - `speak`: messages, and what their callers were told; `read`: the store, past Dapr
//! - `burden`: streams that nobody reads, and no file handles
//! - `meddle`: the switch, the policy, actors that are left alone; `end`: the end of the process, again and again

mod burden;
mod end;
mod meddle;
mod read;
mod report;
mod shared;
mod speak;

use std::{
    fs,
    sync::{Arc, Mutex, atomic::AtomicU64},
    time::Duration,
};

use model::actor_id::ActorId;
use serde_json::json;
use tokio::{
    sync::{RwLock, watch},
    time::Instant,
};

pub use self::report::Report;
use self::{
    burden::{exhaust, stall},
    end::kill,
    meddle::{nap, policy, switch},
    read::{read, read_once},
    shared::{Count, Shared},
    speak::{deliver, speak},
};
use crate::{lab::Lab, model::check};

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
        process: watch::channel(lab.id()).0,
        up: watch::channel(true).0,
    });
    let mut tasks = vec![tokio::spawn(exhaust(shared.clone(), shared.rng(1)))];
    for (n, actor) in (1..).zip(&actors) {
        assert!(shared.door.set_policy(actor, policy(&mut shared.rng(n))).await.unwrap());
        tasks.push(tokio::spawn(read(shared.clone(), actor.clone())));
        tasks.push(tokio::spawn(switch(shared.clone(), actor.clone(), shared.rng(n * 100))));
        tasks.push(tokio::spawn(nap(shared.clone(), actor.clone(), shared.rng(n * 100 + 50))));
        tasks.push(tokio::spawn(stall(shared.clone(), actor.clone(), shared.rng(n * 100 + 60))));
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
        logs_left: shared.counted(Count::LogLeft),
        logs_stalled: shared.counted(Count::LogStalled),
        streams_stalled: shared.counted(Count::StreamStalled),
        out_of_handles: shared.counted(Count::OutOfHandles),
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
