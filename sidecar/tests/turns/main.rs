//! Whatever callers, timers, reminders, deactivations and deaths of the app come together: an actor has one turn at a time,
//! first come first served; nothing that was acknowledged is lost; and all of it comes to an end.
//!
//! - [`load`]: what is done at once, chosen at random
//! - [`app`]: an app whose actors keep a list each, which can be killed and started again
//! - [`told`]: what the sidecar told of it, against the rules
#![allow(clippy::unwrap_used, missing_docs, unreachable_pub)]

mod app;
mod load;
#[path = "../support/mod.rs"]
mod support;
mod told;

use std::time::Duration;

use futures::future::join_all;
use proptest::prelude::*;
use proptest::test_runner::TestRunner;
use sidecar::Sidecar;
use sidecar::observation::channel;

use app::App;
use load::{Act, Load, load};

/// How many loads are tried; `PROPTEST_CASES` asks for more.
const CASES: u32 = 24;
/// How long all of one may take. What waits for a reminder's next attempt waits a second.
const LIMIT: Duration = Duration::from_secs(60);

/// Carries a load out and checks what came of it.
async fn carried_out(load: Load) -> Result<(), TestCaseError> {
    let (sender, events) = channel(1 << 17);
    let app = App::listen().await;
    let sidecar = Sidecar::builder().app(app.addr()).in_temporary_file().observer(sender).start().await.unwrap();
    app.serve(&sidecar);
    sidecar.ready().await;

    let everything = async {
        let acts = load.acts.iter().enumerate().map(|(n, (pause, act))| {
            let app = &app;
            async move {
                tokio::time::sleep(Duration::from_millis(*pause)).await;
                match act {
                    Act::Kill { back_after } => {
                        app.kill().await;
                        tokio::time::sleep(Duration::from_millis(*back_after)).await;
                        app.restart().await;
                        None
                    }
                    act => app.do_it(n, act).await,
                }
            }
        });
        let acknowledged: Vec<_> = join_all(acts).await.into_iter().flatten().collect();
        let lists = app.settled(&acknowledged).await;
        (acknowledged, lists)
    };
    let (acknowledged, lists) = tokio::time::timeout(LIMIT, everything)
        .await
        .map_err(|_| TestCaseError::fail(format!("it does not come to its end: {load:?}")))?;
    for entry in &acknowledged {
        let count = lists[entry.actor].iter().filter(|kept| **kept == entry.number).count();
        prop_assert_eq!(count, 1, "{:?} was acknowledged; kept: {:?}", entry, &lists[entry.actor]);
    }
    prop_assert_eq!(app.met(), Vec::<String>::new(), "two turns met in an actor");
    tokio::time::timeout(LIMIT, sidecar.shutdown())
        .await
        .map_err(|_| TestCaseError::fail(format!("the sidecar does not end: {load:?}")))?;
    told::check(events).await.map_err(TestCaseError::fail)
}

#[test]
fn one_turn_at_a_time_first_come_first_served_and_nothing_lost_whatever_comes_together() {
    let cases = std::env::var("PROPTEST_CASES").ok().and_then(|text| text.parse().ok()).unwrap_or(CASES);
    let config = ProptestConfig { cases, max_shrink_iters: 30, failure_persistence: None, ..ProptestConfig::default() };
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    let result = TestRunner::new(config).run(&load(), |load| runtime.block_on(carried_out(load)));
    if let Err(error) = result {
        panic!("{error}");
    }
}
