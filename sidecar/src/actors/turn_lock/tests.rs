use super::*;

fn table() -> (Arc<Table>, ActorRef) {
    (Arc::default(), ActorRef::new("T", "a"))
}

async fn turn(table: &Arc<Table>, actor: &ActorRef, chain: Option<&Chain>) -> Turn {
    table.line_up(actor).turn(chain).await.expect("not too deep")
}

fn chain(id: &'static str, most: usize) -> Chain {
    Chain { id: HeaderValue::from_static(id), most }
}

async fn leaving(table: &Arc<Table>, actor: &ActorRef) -> Leave {
    drop(turn(table, actor, None).await);
    match table.leave_if_idle(actor, Duration::ZERO) {
        Idleness::Over(leave) => leave,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_call_that_waited_for_a_deactivation_activates_anew_and_one_that_left_leaves_nothing_behind() {
    let (table, actor) = table();
    let leave = leaving(&table, &actor).await;
    assert!(!table.is_active(&actor));
    let waiting = tokio::spawn({
        let (table, actor) = (Arc::clone(&table), actor.clone());
        async move { turn(&table, &actor, None).await }
    });
    tokio::task::yield_now().await;
    drop(leave);
    let turn = waiting.await.expect("its turn");
    assert!(turn.activated.is_some() && table.is_active(&actor));
    drop(turn);

    let leave = leaving(&table, &actor).await;
    let mut gone = Box::pin(table.line_up(&actor).turn(None));
    assert!(futures::poll!(&mut gone).is_pending());
    drop(gone);
    assert!(table.slots().contains_key(&actor), "the deactivation is still under way");
    drop(leave);
    assert!(table.slots().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_leaves_the_line_just_as_a_deactivation_ends_leaves_nothing_behind() {
    for _ in 0..2_000 {
        let (table, actor) = table();
        let leave = leaving(&table, &actor).await;
        let mut waiting = Box::pin(table.line_up(&actor).turn(None));
        assert!(futures::poll!(&mut waiting).is_pending());
        let left = tokio::spawn(async move { drop(waiting) });
        drop(leave);
        left.await.expect("left");
        match table.leave_if_idle(&actor, Duration::ZERO) {
            Idleness::Gone => {}
            other => panic!("{other:?}"),
        }
        table.all_left().await;
        assert!(table.slots().is_empty());
    }
}

#[tokio::test]
async fn calls_of_a_chain_share_its_turn_up_to_their_number_and_others_wait_for_all_of_them() {
    let (table, actor) = table();
    let mine = chain("mine", 2);
    let first = turn(&table, &actor, Some(&mine)).await;
    let other = chain("other", 2);
    let mut waiting = Box::pin(table.line_up(&actor).turn(Some(&other)));
    assert!(futures::poll!(&mut waiting).is_pending());
    let second = turn(&table, &actor, Some(&mine)).await;
    assert_eq!(table.line_up(&actor).turn(Some(&mine)).await.err(), Some(TooDeep));
    drop(first);
    let third = turn(&table, &actor, Some(&mine)).await;
    drop(second);
    assert!(futures::poll!(&mut waiting).is_pending(), "the chain is still in the actor");
    drop(third);
    drop(waiting.await.expect("its turn"));
    assert_eq!(table.slots().get(&actor).map(|slot| slot.calls), Some(0));
}

#[tokio::test]
async fn of_a_chain_that_waits_all_go_in_when_its_first_does() {
    let (table, actor) = table();
    let running = turn(&table, &actor, None).await;
    let mine = chain("mine", 5);
    let mut first = Box::pin(table.line_up(&actor).turn(Some(&mine)));
    let mut between = Box::pin(table.line_up(&actor).turn(None));
    let mut last = Box::pin(table.line_up(&actor).turn(Some(&mine)));
    assert!(futures::poll!(&mut first).is_pending());
    assert!(futures::poll!(&mut between).is_pending());
    assert!(futures::poll!(&mut last).is_pending());
    drop(running);
    let (first, last) = (first.await, last.await);
    assert!(futures::poll!(&mut between).is_pending());
    drop((first, last));
    drop(between.await);
}
