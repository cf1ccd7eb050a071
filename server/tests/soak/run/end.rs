//! The end of the process, mostly by force, and its next start.

use std::time::Duration;

use tokio::time::{Instant, sleep, sleep_until};

use super::{
    meddle::policy,
    read::read_between,
    shared::{Count, Shared},
};
use crate::lab::{Lab, Reader};

/// Ends the process now and then, mostly by force, and starts it again.
pub(super) async fn kill(shared: &Shared, lab: &mut Lab) {
    let mut rng = shared.rng(0);
    let readers =
        [(Reader::Left, Some(Count::LogLeft)), (Reader::Stalls, Some(Count::LogStalled)), (Reader::Keeps, None)];
    let mut readers = readers.into_iter().cycle();
    let mut restart = |lab: &mut Lab| {
        let Some((reader, count)) = readers.next() else { return };
        lab.restart(reader);
        count.into_iter().for_each(|count| shared.count(count));
        shared.process.send_replace(lab.id());
    };
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
        restart(lab);
        if rng.u8(0..4) == 0 {
            // It dies once more while it starts.
            sleep(Duration::from_millis(rng.u64(0..400))).await;
            lab.kill().await;
            shared.count(Count::Kill);
            restart(lab);
        }
        lab.ready().await;
        // Policies do not outlive the process, and the lesson's is slow.
        for actor in shared.logs.keys() {
            assert!(shared.door.set_policy(actor, policy(&mut rng)).await.unwrap());
        }
        shared.up.send_replace(true);
    }
}
