//! Who may assign what: the table of V7's documentation, by example and for every role.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use proptest::prelude::*;
use uuid::Uuid;
use workflow::{Actor, Position, RejectReason, Role, Stage, Workflow, may_assign, may_leave};

fn two_webhooks() -> Workflow {
    Workflow::import(include_bytes!("data/two_webhooks.json"))
        .unwrap()
        .workflow
}

/// The same, without the Webhook stage after Dataset.
fn human_first() -> Workflow {
    let mut document: serde_json::Value =
        serde_json::from_slice(include_bytes!("data/two_webhooks.json")).unwrap();
    let annotate = document["stages"][3]["id"].clone();
    document["stages"][0]["edges"][0]["target_stage_id"] = annotate;
    Workflow::import(document.to_string().as_bytes())
        .unwrap()
        .workflow
}

fn user(role: Role) -> Actor {
    Actor::User { id: Some(42), role }
}

fn at(stage: &Stage, assignee: Option<u64>) -> Position {
    Position::At {
        stage_id: stage.id,
        assignee,
    }
}

#[test]
fn everybody_but_workers_may_fire_a_webhook_stage() {
    let workflow = two_webhooks();
    let stage = workflow.find_stage("Notify").unwrap();
    for role in [
        Role::Owner,
        Role::Admin,
        Role::Member,
        Role::WorkforceManager,
    ] {
        assert_eq!(
            may_assign(&workflow, stage, &user(role), &Position::InDataset),
            Ok(())
        );
    }
    assert_eq!(
        may_assign(
            &workflow,
            stage,
            &user(Role::Annotator),
            &Position::InDataset
        ),
        Err(RejectReason::WorkerCannotFireAutomatedStage)
    );
}

#[test]
fn a_worker_may_not_take_a_file_before_it_has_passed_the_webhook_stage() {
    let workflow = two_webhooks();
    let annotate = workflow.find_stage("Annotate").unwrap();
    let worker = user(Role::Annotator);
    let take = |position| may_assign(&workflow, annotate, &worker, &position);
    assert_eq!(
        take(Position::InDataset),
        Err(RejectReason::AutomatedStageFirst)
    );
    assert_eq!(take(at(annotate, None)), Ok(()));
    assert_eq!(take(at(annotate, Some(42))), Ok(()));
    assert_eq!(
        take(at(annotate, Some(43))),
        Err(RejectReason::AlreadyAssigned)
    );
    let review = workflow.find_stage("Review").unwrap();
    assert_eq!(
        take(at(review, None)),
        Err(RejectReason::WorkerCannotMoveFiles)
    );
}

#[test]
fn without_an_automated_stage_first_a_worker_takes_from_the_dataset() {
    let workflow = human_first();
    let annotate = workflow.find_stage("Annotate").unwrap();
    let worker = user(Role::Annotator);
    assert_eq!(
        may_assign(&workflow, annotate, &worker, &Position::InDataset),
        Ok(())
    );
    let review = workflow.find_stage("Review").unwrap();
    assert_eq!(
        may_assign(&workflow, review, &worker, &Position::InDataset),
        Err(RejectReason::WorkerCannotMoveFiles)
    );
}

#[test]
fn a_worker_takes_only_in_stages_that_are_theirs() {
    let workflow = two_webhooks();
    // "Not notified" is assignable to named users only, and names 42.
    let stage = workflow.find_stage("Not notified").unwrap();
    let stranger = Actor::User {
        id: Some(7),
        role: Role::Annotator,
    };
    let nobody = Actor::User {
        id: None,
        role: Role::Annotator,
    };
    let position = at(stage, None);
    assert_eq!(
        may_assign(&workflow, stage, &user(Role::Annotator), &position),
        Ok(())
    );
    for actor in [stranger, nobody] {
        let refused = may_assign(&workflow, stage, &actor, &position);
        assert_eq!(refused, Err(RejectReason::NotAssignedToStage));
    }
}

#[test]
fn the_workflow_moves_files_along_its_edges_only() {
    let workflow = two_webhooks();
    let stage = |name| workflow.find_stage(name).unwrap();
    let arrive = |from, to| {
        let actor = Actor::Workflow {
            from_visit: Uuid::nil(),
        };
        may_assign(&workflow, stage(to), &actor, &at(stage(from), None))
    };
    assert_eq!(arrive("Annotate", "Check"), Ok(()));
    assert_eq!(arrive("Check", "Annotate"), Ok(()));
    assert_eq!(
        arrive("Dataset", "Check"),
        Err(RejectReason::NoEdgeIntoStage)
    );
    assert_eq!(
        arrive("Complete", "Notify"),
        Err(RejectReason::NoEdgeIntoStage)
    );
}

#[test]
fn nobody_puts_a_file_back_into_the_entry() {
    let workflow = two_webhooks();
    let entry = workflow.entry().unwrap();
    let admin = user(Role::Admin);
    let refused = may_assign(&workflow, entry, &admin, &Position::InDataset);
    assert_eq!(refused, Err(RejectReason::NotAssignable));
}

fn any_position(workflow: &Workflow) -> impl Strategy<Value = Position> + use<> {
    let ids: Vec<Uuid> = workflow.stages.iter().map(|stage| stage.id).collect();
    prop_oneof![
        Just(Position::InDataset),
        (prop::sample::select(ids), prop::option::of(40_u64..45))
            .prop_map(|(stage_id, assignee)| Position::At { stage_id, assignee }),
        any::<u128>().prop_map(|id| Position::At {
            stage_id: Uuid::from_u128(id),
            assignee: None
        }),
    ]
}

proptest! {
    /// Invariant 7, for every stage, position and Worker.
    #[test]
    fn no_worker_ever_fires_an_automated_stage(
        human_first_stage: bool,
        index in 0_usize..7,
        id in prop::option::of(40_u64..45),
        position in any_position(&two_webhooks()),
    ) {
        let workflow = if human_first_stage { human_first() } else { two_webhooks() };
        let stage = &workflow.stages[index];
        let worker = Actor::User { id, role: Role::Annotator };
        let allowed = may_assign(&workflow, stage, &worker, &position).is_ok();
        prop_assert!(!allowed || stage.kind.is_human());
        if allowed && position == Position::InDataset {
            prop_assert!(human_first_stage, "before it has passed the Webhook stage");
        }
    }

    /// All other roles may assign to any stage but the entry, wherever the file is.
    #[test]
    fn other_roles_always_may(
        role in prop::sample::select(vec![Role::Owner, Role::Admin, Role::Member, Role::WorkforceManager]),
        index in 1_usize..7,
        position in any_position(&two_webhooks()),
    ) {
        let workflow = two_webhooks();
        let stage = &workflow.stages[index];
        prop_assert_eq!(may_assign(&workflow, stage, &user(role), &position), Ok(()));
    }
}

#[test]
fn a_worker_sends_on_what_is_theirs_and_nobody_elses() {
    let workflow = human_first();
    let annotate = workflow.find_stage("Annotate").unwrap();
    let notify = workflow.find_stage("Notify").unwrap();
    let worker = |stage, assignee| may_leave(stage, Role::Annotator, 42, assignee);
    assert_eq!(worker(annotate, Some(42)), Ok(()));
    assert_eq!(
        worker(annotate, Some(43)),
        Err(RejectReason::AlreadyAssigned)
    );
    // As if they had taken it first.
    let take = may_assign(
        &workflow,
        annotate,
        &user(Role::Annotator),
        &at(annotate, None),
    );
    assert_eq!(worker(annotate, None), take);
    for assignee in [None, Some(42)] {
        assert_eq!(
            worker(notify, assignee),
            Err(RejectReason::WorkerCannotMoveFiles)
        );
    }
    for role in Role::ALL
        .into_iter()
        .filter(|role| *role != Role::Annotator)
    {
        assert_eq!(may_leave(annotate, role, 42, Some(43)), Ok(()));
    }
}
