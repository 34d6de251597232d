use std::fs;
use std::io::Write;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use authorizer::Tokens;
use delivery::machine::visit_id_of;
use delivery::ports::{FileStates, Operator};
use delivery::{Assignment, FileKey};
use receiver::{Config, Receiver, Script};
use secrecy::SecretString;
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use uuid::Uuid;
use workflow::{Actor, Imported, Role, Stage, StageSecrets, Workflow};

use super::visits::send;
use super::{ERROR, INTERRUPTED, SUCCESS};
use crate::backend::directory::{self, Directory};
use crate::cli::CallArgs;
use crate::error::Error;
use crate::gateway::{Gateway, serve};
use crate::intake::discover::discover;
use crate::intake::examples::{DOCUMENTS, WORKFLOW};
use crate::intake::register::{Registered, register};
use crate::runner::drain::{Drained, drain};
use crate::terminal::output::output;
use crate::terminal::progress::Progress;
use crate::terminal::report::{self, Row};

/// Short delays, to keep the demo short: the default schedule takes 22 minutes.
const DELAYS: [Duration; 5] = [
    Duration::from_millis(200),
    Duration::from_millis(300),
    Duration::from_millis(400),
    Duration::from_millis(600),
    Duration::from_millis(1000),
];

const INTRODUCTION: &str = "\
A Webhook stage POSTs each file that passes through it to a receiver, and routes the file by the answer.
Workflow: Dataset → Notify (webhook) → Annotate → Check (webhook) → Review → Complete
Receiver: on this machine, behind the authorizer; it refuses \"blurred\" files, and is \"busy\" at first for some

";

const NEXT: &str = "\
Every file is at rest: those that passed the check are in Review, the others are back in Annotate.

Try next, with your own workflow and documents in place of the examples:
  export TOKEN='Bearer try-out'
  cargo run --release -- receive --listen 127.0.0.1:8080 --token-env TOKEN --respond 404,404,200
and in a second terminal:
  export TOKEN='Bearer try-out'
  cargo run --release -- run --workflow infra/local/examples/workflow.json \\
    --documents infra/local/examples/documents --url http://127.0.0.1:8080/ \\
    --authorization-env TOKEN --allow-network 127.0.0.0/8 --retry-delays 1s,2s
  cargo run --release -- status
";

/// Runs `webhook-stage` without a command.
///
/// # Errors
/// [`Error`] when the temporary directory cannot be made, or no loopback port can be opened.
pub(crate) async fn demo() -> Result<u8, Error> {
    let scratch = Scratch::new()?;
    let token = format!("Bearer {}", Uuid::new_v4().simple());
    let listen = |source| Error::Listen {
        address: "127.0.0.1".to_owned(),
        source,
    };
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.map_err(listen)?;
    let address = listener.local_addr().map_err(listen)?;
    let (stop, stopped) = oneshot::channel::<()>();
    let server = tokio::spawn(serve(listener, gateway(&token)?, async {
        let _ = stopped.await;
    }));
    output(|out| out.write_all(INTRODUCTION.as_bytes()))?;
    let demo = Demo::prepare(&scratch, &token, &format!("http://{address}")).await?;
    let rows = demo.run().await?;
    let Some(rows) = rows else {
        return Ok(INTERRUPTED);
    };
    report::print_table(&rows)?;
    let visits = rows.len();
    output(|out| write!(out, "\n{visits} visits. {NEXT}"))?;
    let _ = stop.send(());
    let _ = server.await;
    let expected = DOCUMENTS.len() * 2;
    Ok(if rows.len() == expected {
        SUCCESS
    } else {
        ERROR
    })
}

fn gateway(token: &str) -> Result<Gateway, Error> {
    let script = |text: &str| {
        text.parse::<Script>()
            .map_err(|error| Error::Usage(error.to_string()))
    };
    let by_name = vec![
        ("blurred".to_owned(), script("422")?),
        ("busy".to_owned(), script("503,503,200")?),
    ];
    let config = Config {
        scripts_by_name: by_name,
        only_path: Some("/check".to_owned()),
        ..Config::default()
    };
    Ok(Gateway {
        tokens: Tokens::from_values([token]),
        receiver: Receiver::new(config),
        delay: Duration::from_millis(40),
        on_request: Box::new(|_| {}),
    })
}

struct Demo {
    engine: Directory,
    workflow: Workflow,
    files: Vec<Registered>,
    progress: Arc<Progress>,
}

impl Demo {
    async fn prepare(scratch: &Scratch, token: &str, receiver: &str) -> Result<Self, Error> {
        let Imported {
            mut workflow,
            secrets,
            ..
        } = Workflow::import(WORKFLOW.as_bytes()).map_err(|error| Error::Workflow {
            path: "the example workflow".into(),
            error,
        })?;
        let refused = |error: workflow::NotAWebhookStage| Error::Usage(error.to_string());
        let stages: Vec<(Uuid, String)> = workflow
            .webhook_stages()
            .map(|(stage, config)| (stage.id, config.url.clone()))
            .collect();
        for (id, url) in stages {
            let path = url.rsplit('/').next().unwrap_or_default();
            workflow
                .set_webhook_url(id, &format!("{receiver}/{path}"))
                .map_err(refused)?;
            workflow.set_retry_delays(id, &DELAYS).map_err(refused)?;
        }
        let engine = directory::create(&scratch.0.join("state"))?;
        let own = StageSecrets {
            authorization: Some(SecretString::from(token)),
            signing_secrets: Vec::new(),
            ..StageSecrets::default()
        };
        let secrets: Vec<_> = secrets
            .into_iter()
            .map(|(reference, _)| (reference, own.clone()))
            .collect();
        let paths = discover(&[scratch.write_documents()?])?;
        let files = register(&engine, &paths, None).await?.files;
        for file in &files {
            let team = &file.key.team;
            engine.put_workflow(team, &workflow, &secrets).await?;
        }
        let visits = u64::try_from(files.len() * 2).unwrap_or(0);
        Ok(Self {
            engine,
            workflow,
            files,
            progress: Arc::new(Progress::new(visits)),
        })
    }

    /// Sends the files through the stage after Dataset, where an admin assigns them; then through the stage
    /// after Annotate, where the workflow assigns them as the annotator finishes each file.
    async fn run(&self) -> Result<Option<Vec<Row>>, Error> {
        let stage = |name| self.workflow.find_stage(name);
        let admin = Actor::User {
            id: Some(42),
            role: Role::Admin,
        };
        let mut rows = Vec::new();
        let first: Vec<_> = self
            .files
            .iter()
            .map(|file| (file, admin.clone()))
            .collect();
        let Some(notified) = self.pass(stage("Notify")?, first).await? else {
            return Ok(None);
        };
        rows.extend(notified);
        let annotate = stage("Annotate")?.id;
        let mut second = Vec::new();
        for file in &self.files {
            let state = self.engine.get(&file.key).await?;
            if let Some(state) = state.filter(|state| state.visit.stage_id == annotate) {
                second.push((
                    file,
                    Actor::Workflow {
                        from_visit: state.visit.id,
                    },
                ));
            }
        }
        let Some(checked) = self.pass(stage("Check")?, second).await? else {
            return Ok(None);
        };
        rows.extend(checked);
        self.progress.finish();
        Ok(Some(rows))
    }

    async fn pass(
        &self,
        stage: &Stage,
        files: Vec<(&Registered, Actor)>,
    ) -> Result<Option<Vec<Row>>, Error> {
        let assignments: Vec<(&Registered, Assignment)> = files
            .into_iter()
            .map(|(file, actor)| (file, self.assignment(stage, &file.key, actor)))
            .collect();
        let sent = assignments.iter().map(|(_, assignment)| assignment.clone());
        send(&self.engine, &sent.collect::<Vec<_>>()).await?;
        let loopback = "127.0.0.0/8"
            .parse()
            .map_err(|_| Error::Usage("127.0.0.0/8".to_owned()))?;
        let calls = CallArgs {
            allow_network: vec![loopback],
            concurrency: 8,
        };
        let drained = drain(&self.engine, &calls, Arc::clone(&self.progress)).await?;
        if drained == Drained::Stopped {
            return Ok(None);
        }
        let mut rows = Vec::new();
        for (file, assignment) in assignments {
            let Some(state) = self.engine.get(&file.key).await? else {
                continue;
            };
            let deliveries = report::deliveries(&self.engine, &state).await?;
            let id = visit_id_of(&assignment);
            rows.extend(report::row_of(
                &self.workflow,
                &file.key,
                &file.name,
                &deliveries,
                id,
            ));
        }
        Ok(Some(rows))
    }

    fn assignment(&self, stage: &Stage, key: &FileKey, assigned_by: Actor) -> Assignment {
        Assignment {
            assignment_id: Uuid::new_v4(),
            team: key.team.clone(),
            workflow_id: self.workflow.id,
            stage_id: stage.id,
            item_id: key.item_id,
            assigned_by,
            assignee: None,
            document: None,
            trace: None,
            waits: 0,
        }
    }
}

/// A directory that is removed at the end of the demo.
struct Scratch(PathBuf);

impl Scratch {
    fn new() -> Result<Self, Error> {
        let path = std::env::temp_dir().join(format!("webhook-stage-demo-{}", Uuid::new_v4()));
        fs::create_dir_all(&path).map_err(|source| Error::Read {
            path: path.clone(),
            source,
        })?;
        Ok(Self(path))
    }

    fn write_documents(&self) -> Result<PathBuf, Error> {
        let directory = self.0.join("documents");
        let failed = |source| Error::Read {
            path: directory.clone(),
            source,
        };
        fs::create_dir_all(&directory).map_err(failed)?;
        for (name, content) in DOCUMENTS {
            fs::write(directory.join(name), content).map_err(failed)?;
        }
        Ok(directory)
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        // If it cannot be removed, the system clears its temporary directory in time.
        let _ = fs::remove_dir_all(&self.0);
    }
}
