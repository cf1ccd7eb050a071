//! What is done for each check. The verdict is over what came of it.

use model::own::{
    catalog::CheckId,
    judge::{Judged, blocked, judge, simulates},
};

use super::tester::Tester;

/// What a check came to, and what it was judged by.
pub(super) struct Carried {
    pub(super) judged: Judged,
    /// Whether it could not begin, because no message could be stored.
    pub(super) nothing_stored: bool,
    pub(super) trial: model::own::trial::Trial,
}

/// Carries a check out.
pub(super) async fn carry_out(id: CheckId, tester: &Tester<'_>, simulating: bool) -> Carried {
    let could = steps(id, tester, simulating).await;
    tester.mend();
    let trial = tester.trial();
    let nothing_stored = could.is_err();
    let judged = if nothing_stored { without_message() } else { judge(id, &trial) };
    Carried { judged, nothing_stored, trial }
}

/// Of a check that could not begin.
pub(super) fn without_message() -> Judged {
    blocked(CheckId::MessageProcessing, "no message could be stored before.")
}

/// Whether a check begins with a message that is stored.
pub(super) fn needs_message(id: CheckId) -> bool {
    !matches!(id, CheckId::MessageProcessing | CheckId::RetryLogic | CheckId::Recovery | CheckId::TurnOrder)
}

/// A check could not begin.
struct NothingStored;

/// A message that is stored, or none of the rest can be done.
async fn store(tester: &Tester<'_>, messages: usize) -> Result<(), NothingStored> {
    for _ in 0..messages {
        if !tester.store_one().await {
            return Err(NothingStored);
        }
    }
    Ok(())
}

/// The same with an event that was delivered, if the program publishes any. A message that is answered, but not processed,
/// has none, and says nothing of the others.
async fn store_with_event(tester: &Tester<'_>) -> Result<(), NothingStored> {
    const MOST: usize = 3;
    for _ in 0..MOST {
        store(tester, 1).await?;
        if tester.until_delivered().await {
            break;
        }
    }
    Ok(())
}

async fn steps(id: CheckId, tester: &Tester<'_>, simulating: bool) -> Result<(), NothingStored> {
    // A failure that the program does not make itself is made at the store.
    let fail_once = || {
        if !simulating {
            tester.fail_reads(1);
        }
    };
    match id {
        CheckId::MessageProcessing => {
            let is_ok = tester.send().await;
            if is_ok && !simulates(&tester.trial()) {
                tester.deactivate().await;
                tester.fail_reads(1);
                tester.send().await;
            }
            tester.look().await;
        }
        CheckId::HistoryRetrieval => {
            store(tester, 2).await?;
            tester.read().await;
        }
        CheckId::RetryLogic => {
            for place in 0..3 {
                if place > 0 {
                    tester.deactivate().await;
                }
                fail_once();
                if !tester.send_and_probe().await {
                    break;
                }
            }
        }
        CheckId::StateConsistency => {
            store(tester, 2).await?;
            tester.read().await;
            tester.look().await;
        }
        CheckId::Recovery => {
            fail_once();
            tester.send().await;
            tester.deactivate().await;
            fail_once();
            tester.send().await;
            tester.send().await;
            tester.read().await;
        }
        CheckId::LoadFailure => {
            store(tester, 2).await?;
            tester.deactivate().await;
            tester.fail_reads(1);
            tester.send().await;
            tester.mend();
            tester.look().await;
        }
        CheckId::SaveFailure => {
            store(tester, 1).await?;
            tester.fail_writes(2);
            tester.send().await;
            tester.until_quiet().await;
            tester.mend();
            tester.read().await;
            tester.look().await;
        }
        CheckId::Hang => {
            store(tester, 1).await?;
            tester.hang_write();
            tester.send().await;
            tester.until_quiet().await;
            tester.mend();
            tester.read().await;
            tester.look().await;
        }
        CheckId::OutageIsAnError => {
            store(tester, 1).await?;
            tester.outage();
            tester.send().await;
            tester.until_quiet().await;
            tester.read().await;
            tester.deactivate().await;
            tester.read().await;
        }
        CheckId::MissingKey => {
            store(tester, 1).await?;
            tester.take_key().await;
            if tester.send().await {
                tester.take_key().await;
                tester.deactivate().await;
                tester.send_past_simulation().await;
            }
            tester.look().await;
        }
        CheckId::EventFollowsSave => {
            store_with_event(tester).await?;
            tester.fail_all_writes();
            tester.send().await;
            tester.look().await;
        }
        CheckId::DeliveryAccepted => {
            store_with_event(tester).await?;
        }
        CheckId::TurnOrder => {
            fail_once();
            tester.send_together(4).await;
            tester.look().await;
        }
        CheckId::NoMemory => {
            store(tester, 1).await?;
            tester.read().await;
            tester.deactivate().await;
            tester.read().await;
            tester.look().await;
        }
    }
    Ok(())
}
