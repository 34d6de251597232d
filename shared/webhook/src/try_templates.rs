//! Checks the conditions and bodies of a workflow's stages before it is stored.

use delivery::Timestamp;
use template::{About, Body, BodyFormat, Condition, Context, Document, Named, TemplateError};
use workflow::{Imported, Problem, Stage, StageLabel, Warning, WebhookConfig, Workflow};

/// Reads every condition and body, and tries them with an example document. One that cannot be read is a problem, and so
/// is a JSON body that is not JSON. Anything else that fails may be the example's fault, and is a warning.
pub fn check_templates(imported: &mut Imported, example: &[u8]) -> Vec<Problem> {
    let mut problems = Vec::new();
    let Imported {
        workflow, warnings, ..
    } = imported;
    for (stage, config) in workflow.webhook_stages() {
        let context = context(workflow, stage, example);
        let tried = [
            ("condition", condition(config, &context)),
            ("body", body(config, &context)),
        ];
        for (field, tried) in tried {
            let label = StageLabel::of(workflow, stage);
            match tried {
                Tried::Works => {}
                Tried::Fails(error) => {
                    let what = format!(
                        "its {field} cannot be used with the example document ({error}): try it with one of yours, by `webhook-stage try`"
                    );
                    warnings.push(Warning::new(label, "template_fails", what));
                }
                Tried::Wrong(error) => {
                    let code = match field {
                        "condition" => "invalid_condition",
                        _ => "invalid_body",
                    };
                    let what = format!("its {field} cannot be used: {error}");
                    problems.push(Problem::Stage {
                        stage: label,
                        what,
                        code,
                    });
                }
            }
        }
    }
    problems
}

enum Tried {
    Works,
    Fails(TemplateError),
    Wrong(TemplateError),
}

fn condition(config: &WebhookConfig, context: &Context) -> Tried {
    let Some(source) = &config.condition else {
        return Tried::Works;
    };
    match Condition::parse(source).map(|condition| condition.holds(context)) {
        Ok(Ok(_)) => Tried::Works,
        Ok(Err(error)) => Tried::Fails(error),
        Err(error) => Tried::Wrong(error),
    }
}

fn body(config: &WebhookConfig, context: &Context) -> Tried {
    let Some(body) = &config.body else {
        return Tried::Works;
    };
    let format = BodyFormat::of(&body.content_type);
    match Body::parse(&body.template, format).map(|body| body.render(context)) {
        Ok(Ok(_)) => Tried::Works,
        Ok(Err(error @ TemplateError::NotJson { .. })) | Err(error) => Tried::Wrong(error),
        Ok(Err(error)) => Tried::Fails(error),
    }
}

fn context(workflow: &Workflow, stage: &Stage, example: &[u8]) -> Context {
    let document: serde_json::Value = serde_json::from_slice(example).unwrap_or_default();
    let about = About {
        team: "example".to_owned(),
        workflow: Named {
            id: workflow.id.to_string(),
            name: workflow.name.clone(),
        },
        stage: Named {
            id: stage.id.to_string(),
            name: stage.name.clone(),
        },
        attempt: 1,
        delivery_id: stage.id.to_string(),
        now: Timestamp::from(std::time::SystemTime::now()).as_secs(),
    };
    Context::new(Document::whole(document), about)
}
