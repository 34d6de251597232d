use std::collections::HashSet;

use crate::findings::Findings;
use crate::problem::{Problem, StageLabel};
use crate::stage::{Stage, StageKind};
use crate::webhook::WebhookConfig;
use crate::workflow::Workflow;
use crate::{FAILED, SKIPPED, SUCCEEDED};

/// Checks the graph that the stages and edges form.
pub(crate) fn graph(workflow: &Workflow, stages: &[(StageLabel, Stage)], findings: &mut Findings) {
    if workflow.entry().is_none() {
        findings.problems.push(Problem::NoEntry);
    }
    let reachable: HashSet<_> = workflow.reachable().iter().map(|stage| stage.id).collect();
    let mut ids = HashSet::new();
    for (label, stage) in stages {
        if !ids.insert(stage.id) {
            findings.problem(label, "duplicate_stage", "another stage has the same id");
        }
        if stage.initial && workflow.entry().is_some_and(|entry| entry.id != stage.id) {
            findings.warning(
                label,
                "second_entry",
                "it is marked \"initial\" too: files enter at the first stage that is",
            );
        }
        edges(workflow, label, stage, findings);
        if workflow.entry().is_some() && !reachable.contains(&stage.id) {
            findings.warning(
                label,
                "unreachable_stage",
                "no path leads here from the entry stage",
            );
        }
        if let StageKind::Other(kind) = &stage.kind {
            let what = format!(
                "its type \"{kind}\" is not known here: files that arrive wait in it, as in a human stage"
            );
            findings.warning(label, "unknown_stage_type", what);
        }
        if stage.kind == StageKind::Webhook {
            ways_out(workflow, label, stage, findings);
        }
    }
}

fn edges(workflow: &Workflow, label: &StageLabel, stage: &Stage, findings: &mut Findings) {
    let mut names = HashSet::new();
    for edge in &stage.edges {
        if let Some(target) = edge.target_stage_id
            && workflow.stage(target).is_none()
        {
            let what = format!(
                "its edge \"{}\" leads to {target}, which is not a stage of this workflow",
                edge.name
            );
            findings.problem(label, "edge_to_nowhere", what);
        }
        if edge
            .source_stage_id
            .is_some_and(|source| source != stage.id)
        {
            let what = format!(
                "its edge \"{}\" says that it leaves another stage; it leaves this one",
                edge.name
            );
            findings.warning(label, "source_elsewhere", what);
        }
        if !names.insert(edge.name.as_str()) && stage.kind == StageKind::Webhook {
            let what = format!("it has two edges named \"{}\"", edge.name);
            findings.problem(label, "duplicate_edge", what);
        }
    }
}

fn ways_out(workflow: &Workflow, label: &StageLabel, stage: &Stage, findings: &mut Findings) {
    if workflow.next(stage.id, SUCCEEDED).is_none() {
        findings.warning(
            label,
            "succeeded_unconnected",
            "its edge \"succeeded\" is not connected: files that pass stay in the stage",
        );
    }
    if workflow.next(stage.id, FAILED).is_none() {
        findings.warning(
            label,
            "failed_unconnected",
            "its edge \"failed\" is not connected: files that fail stay in the stage, marked failed, and can be redelivered",
        );
    }
    let may_skip = |webhook: &WebhookConfig| webhook.condition.is_some();
    let may_skip = stage.webhook.as_ref().is_some_and(may_skip);
    for edge in &stage.edges {
        let is_used = match edge.name.as_str() {
            SUCCEEDED | FAILED => true,
            name => may_skip && name == SKIPPED,
        };
        if !is_used {
            let what = format!(
                "no file leaves a Webhook stage by an edge named \"{}\"",
                edge.name
            );
            findings.warning(label, "unused_edge", what);
        }
    }
}
