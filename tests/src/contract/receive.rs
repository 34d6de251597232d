use std::time::Duration;

use delivery::control::StageKey;
use delivery::ports::{Group, MAX_RECEIVES, Outgoing, Queue, Receive, Received, SendMessages};
use delivery::{Delivery, Task};
use tokio::time::timeout;
use uuid::Uuid;

const VISIBILITY: Duration = Duration::from_secs(60);
const SOON: Duration = Duration::from_millis(50);

/// What pollers rely on beyond the contract of every queue: groups share it, receipts end, messages received too
/// often are dead letters, and whoever waits for a message is woken. The queues must be empty.
pub async fn receive(engine: &(impl Receive + SendMessages<Delivery>)) {
    a_group_that_holds_its_share_leaves_the_rest_to_others(engine).await;
    a_receipt_ends_when_the_message_is_received_again(engine).await;
    a_message_received_too_often_is_a_dead_letter(engine).await;
    a_receive_that_does_not_count_can_be_repeated(engine).await;
    a_message_wakes_its_own_queue_only(engine).await;
    a_group_without_room_has_nothing_due_and_wakes_when_it_has_room(engine).await;
    a_settled_message_wakes_nobody_where_no_group_wants_room(engine).await;
    a_group_may_be_left_alone(engine).await;
    what_waits_for_a_person_does_not_count(engine).await;
}

async fn send(engine: &impl SendMessages<Delivery>, stage: u128, count: usize) {
    send_of(engine, "t", stage, count).await;
}

async fn send_of(engine: &impl SendMessages<Delivery>, team: &str, stage: u128, count: usize) {
    let message = Delivery {
        delivery_id: Uuid::nil(),
        team: team.to_owned(),
        item_id: Uuid::nil(),
        workflow_id: Uuid::nil(),
        stage_id: Uuid::from_u128(stage),
        task: Task::Attempt(1),
        document: None,
        lane: delivery::control::Lane::Fast,
        snapshot: None,
    };
    let delay = Duration::ZERO;
    for sent in engine.send(vec![Outgoing { message, delay }; count]).await {
        sent.unwrap();
    }
}

async fn take(engine: &impl Receive, cap: usize) -> Vec<Received> {
    let room = move |group: Group<'_>| cap.saturating_sub(group.in_flight);
    let received = engine.receive(Queue::Deliveries, 10, VISIBILITY, room);
    received.await.unwrap()
}

async fn delete(engine: &impl Receive, messages: &[Received]) -> usize {
    engine.delete(Queue::Deliveries, messages).await.unwrap()
}

async fn emptied(engine: &impl Receive) {
    loop {
        let messages = take(engine, usize::MAX).await;
        if messages.is_empty() {
            return;
        }
        delete(engine, &messages).await;
    }
}

async fn a_group_that_holds_its_share_leaves_the_rest_to_others(
    engine: &(impl Receive + SendMessages<Delivery>),
) {
    send(engine, 1, 100).await;
    send(engine, 2, 3).await;
    let mut held = [0, 0];
    let mut in_flight = Vec::new();
    for _ in 0..5 {
        for message in take(engine, 12).await {
            held[usize::from(message.group == Uuid::from_u128(2).to_string())] += 1;
            in_flight.push(message);
        }
    }
    assert_eq!(held, [12, 3]);
    assert!(!engine.is_idle(&[]).await.unwrap());
    delete(engine, &in_flight).await;
    emptied(engine).await;
    assert!(engine.is_idle(&[]).await.unwrap());
}

async fn a_receipt_ends_when_the_message_is_received_again(
    engine: &(impl Receive + SendMessages<Delivery>),
) {
    send(engine, 1, 1).await;
    let first = engine.receive(Queue::Deliveries, 10, Duration::ZERO, |_| 10);
    let first = first.await.unwrap();
    tokio::time::sleep(Duration::from_millis(5)).await;
    let second = take(engine, 10).await;
    let counted = (first.len(), second.len(), second[0].receive_count);
    assert_eq!(counted, (1, 1, 2));
    assert_eq!(delete(engine, &first).await, 0);
    assert_eq!(delete(engine, &second).await, 1);
    assert!(engine.is_idle(&[]).await.unwrap());
}

async fn a_message_received_too_often_is_a_dead_letter(
    engine: &(impl Receive + SendMessages<Delivery>),
) {
    send(engine, 1, 1).await;
    for count in 1..=MAX_RECEIVES {
        let got = take(engine, 10).await;
        assert_eq!(got[0].receive_count, count);
        let released = engine.release(Queue::Deliveries, &got, Duration::ZERO);
        assert_eq!(released.await.unwrap(), 1);
    }
    assert!(take(engine, 10).await.is_empty());
    let dead = Queue::DeliveriesDeadLetters;
    let letters = engine.receive(dead, 10, VISIBILITY, |_| 10).await.unwrap();
    assert_eq!((letters.len(), letters[0].receive_count), (1, 1));
    engine.delete(dead, &letters).await.unwrap();
}

async fn a_receive_that_does_not_count_can_be_repeated(
    engine: &(impl Receive + SendMessages<Delivery>),
) {
    send(engine, 1, 1).await;
    for _ in 0..=MAX_RECEIVES {
        let got = take(engine, 10).await;
        assert_eq!(got[0].receive_count, 1);
        let released = engine.release_uncounted(Queue::Deliveries, &got, Duration::ZERO);
        assert_eq!(released.await.unwrap(), 1);
    }
    emptied(engine).await;
}

async fn a_message_wakes_its_own_queue_only(engine: &(impl Receive + SendMessages<Delivery>)) {
    let deliveries = engine.sent(Queue::Deliveries);
    let assignments = engine.sent(Queue::Assignments);
    send(engine, 1, 1).await;
    timeout(SOON, deliveries).await.unwrap();
    assert!(timeout(SOON, assignments).await.is_err());
    emptied(engine).await;
}

async fn a_group_without_room_has_nothing_due_and_wakes_when_it_has_room(
    engine: &(impl Receive + SendMessages<Delivery>),
) {
    let room = |group: Group<'_>| 3_usize.saturating_sub(group.in_flight);
    send(engine, 1, 5).await;
    let mut in_flight = take(engine, 3).await;
    assert_eq!(in_flight.len(), 3);
    let mut sent = std::pin::pin!(engine.sent(Queue::Deliveries));
    assert!(take(engine, 3).await.is_empty());
    // Its messages are past due: who waited for them would look again and again, and get none.
    let due = engine.next_due(Queue::Deliveries, room).await.unwrap();
    assert_eq!(due, None);
    assert!(timeout(SOON, sent.as_mut()).await.is_err());

    let one = in_flight.split_off(2);
    delete(engine, &one).await;
    timeout(SOON, sent).await.unwrap();
    let due = engine.next_due(Queue::Deliveries, room).await.unwrap();
    assert!(due.is_some());
    in_flight.extend(take(engine, 3).await);
    assert_eq!(in_flight.len(), 3);
    delete(engine, &in_flight).await;
    emptied(engine).await;
}

async fn a_settled_message_wakes_nobody_where_no_group_wants_room(
    engine: &(impl Receive + SendMessages<Delivery>),
) {
    send(engine, 1, 1).await;
    let in_flight = take(engine, 3).await;
    let sent = engine.sent(Queue::Deliveries);
    delete(engine, &in_flight).await;
    assert!(timeout(SOON, sent).await.is_err());
}

async fn a_group_may_be_left_alone(engine: &(impl Receive + SendMessages<Delivery>)) {
    send(engine, 1, 2).await;
    send(engine, 2, 2).await;
    let alone = Uuid::from_u128(1).to_string();
    let room = move |group: Group<'_>| if group.name == alone { 0 } else { 10 };
    let taken = engine.receive(Queue::Deliveries, 10, VISIBILITY, room.clone());
    let taken = taken.await.unwrap();
    assert_eq!(taken.len(), 2);
    assert!(
        taken
            .iter()
            .all(|taken| taken.group == Uuid::from_u128(2).to_string())
    );
    delete(engine, &taken).await;
    let due = engine.next_due(Queue::Deliveries, room).await.unwrap();
    assert_eq!(due, None);
    emptied(engine).await;
}

/// A group is a stage's id, which another team's stage may have too.
async fn what_waits_for_a_person_does_not_count(engine: &(impl Receive + SendMessages<Delivery>)) {
    let stage = |team: &str, stage: u128| StageKey {
        team: team.to_owned(),
        workflow_id: Uuid::nil(),
        stage_id: Uuid::from_u128(stage),
    };
    let paused = [stage("t", 1), stage("t", 3)];
    assert!(engine.is_idle(&paused).await.unwrap());
    send(engine, 1, 3).await;
    assert!(!engine.is_idle(&[]).await.unwrap());
    assert!(engine.is_idle(&paused).await.unwrap());
    assert!(!engine.is_idle(&paused[1..]).await.unwrap());
    let mut all = paused.to_vec();
    for (team, other) in [("u", 1), ("t", 2)] {
        send_of(engine, team, other, 1).await;
        assert!(!engine.is_idle(&all).await.unwrap(), "{team} {other}");
        all.push(stage(team, other));
        assert!(engine.is_idle(&all).await.unwrap(), "{team} {other}");
    }
    emptied(engine).await;

    send(engine, 1, 2).await;
    let in_flight = take(engine, 1).await;
    assert!(
        !engine.is_idle(&paused).await.unwrap(),
        "what is in flight may still bring the next message"
    );
    delete(engine, &in_flight).await;
    assert!(engine.is_idle(&paused).await.unwrap());
    emptied(engine).await;
}
