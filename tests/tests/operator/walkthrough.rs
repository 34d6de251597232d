use std::process::{Command, Output};

use crate::alone;
use crate::emulator::{Emulator, emulator};

/// Each command that ends otherwise than with 0 leaves a line; the shell goes on as a person would.
///
/// Version 1 of the AWS CLI, which is the one on PyPI, overlooks `AWS_ENDPOINT_URL` for SQS. And an
/// API's address on the emulator is not the one its stack tells.
///
/// Two users have the stack's policies and nothing else: the producer sends assignments and stores documents, the operator
/// does all the rest. Only what nobody should do, a message to the dead-letter queue, is done by the account's root.
const PRELUDE: &str = "set -Eu -o pipefail
ROOT_ID=$AWS_ACCESS_KEY_ID ROOT_SECRET=$AWS_SECRET_ACCESS_KEY
with() { AWS_ACCESS_KEY_ID=$1 AWS_SECRET_ACCESS_KEY=$2 command aws --endpoint-url \"$AWS_ENDPOINT_URL\" \"${@:3}\"; }
user() {
  with \"$ROOT_ID\" \"$ROOT_SECRET\" iam create-user --user-name \"$1\" >/dev/null
  with \"$ROOT_ID\" \"$ROOT_SECRET\" iam attach-user-policy --user-name \"$1\" --policy-arn \"$2\" >/dev/null
  with \"$ROOT_ID\" \"$ROOT_SECRET\" iam create-access-key --user-name \"$1\" \\
    --query 'AccessKey.[AccessKeyId,SecretAccessKey]' --output text
}
read -r PRODUCER_ID PRODUCER_SECRET <<<\"$(user producer \"$PRODUCER_POLICY\")\"
read -r OPERATOR_ID OPERATOR_SECRET <<<\"$(user operator \"$OPERATOR_POLICY\")\"
export AWS_ACCESS_KEY_ID=$OPERATOR_ID AWS_SECRET_ACCESS_KEY=$OPERATOR_SECRET
aws() {
  case \"$*\" in
    *ReceiverUrl*) echo \"$RECEIVER_URL\" ;;
    *-dlq*) with \"$ROOT_ID\" \"$ROOT_SECRET\" \"$@\" ;;
    's3 cp'*|'sqs send-message'*) with \"$PRODUCER_ID\" \"$PRODUCER_SECRET\" \"$@\" ;;
    *) command aws --endpoint-url \"$AWS_ENDPOINT_URL\" \"$@\" ;;
  esac
}
trap 'echo \"ended with $?: $BASH_COMMAND\" >&2' ERR
";

/// What a person does between two blocks: looks until the deployment has done what it was given.
const MOMENT: &str = "
sleep 2
for _ in $(seq 60); do
  webhook-stage audit --aws 2>&1 | grep -q '^0 files not at rest' && break
  sleep 0.5
done
";

/// What else the runbook lets an operator do.
const RUNBOOK: &str = "
webhook-stage pause --aws --team acme --workflow \"$WORKFLOW\" --stage Notify
webhook-stage resume --aws --team acme --workflow \"$WORKFLOW\" --stage Notify
webhook-stage close --aws --team acme --workflow \"$WORKFLOW\" --stage Notify
webhook-stage audit --aws --repair
aws lambda invoke --function-name \"$STACK-audit\" --payload '{\"segments\":1}' /dev/stdout
aws lambda list-event-source-mappings --function-name \"$STACK-dead-letter\" --query 'EventSourceMappings[].State'
";

/// The blocks of the README's walk-through, each with what a person does before the next.
fn script() -> String {
    let readme = include_str!("../../../infra/sam/README.md");
    let begin = readme.find("<!-- walk-through: begin -->").unwrap();
    let end = readme.find("<!-- walk-through: end -->").unwrap();
    let mut script = PRELUDE.to_owned();
    let mut blocks = 0;
    for block in readme[begin..end].split("```sh\n").skip(1) {
        let (commands, _) = block.split_once("```").unwrap();
        script.push_str(commands);
        // The first only defines; there is nothing to look at yet.
        if blocks > 1 {
            script.push_str(MOMENT);
        }
        blocks += 1;
    }
    assert!(blocks > 8, "{blocks} blocks");
    script.push_str(RUNBOOK);
    script
}

fn run(emulator: &Emulator, script: &str) -> Output {
    let mut shell = Command::new("bash");
    shell
        .args(["-c", script])
        .current_dir(crate::emulator::root());
    for (name, value) in emulator.environment() {
        shell.env(name, value);
    }
    shell.env("RECEIVER_URL", emulator.output("ReceiverUrl"));
    shell.env("PRODUCER_POLICY", emulator.output("ProducerPolicyArn"));
    shell.env("OPERATOR_POLICY", emulator.output("OperatorPolicyArn"));
    shell.output().expect("the walk-through needs bash")
}

#[tokio::test(flavor = "multi_thread")]
async fn the_readmes_walk_through_does_what_it_says() {
    let _alone = alone().await;
    let done = tokio::task::spawn_blocking(|| run(emulator(), &script()))
        .await
        .unwrap();
    let said = String::from_utf8_lossy(&done.stdout).into_owned();
    let complained = String::from_utf8_lossy(&done.stderr).into_owned();
    let whole = format!("{said}\n--- standard error\n{complained}");
    let ended: Vec<&str> = complained
        .lines()
        .filter(|line| line.starts_with("ended with"))
        .collect();
    assert!(
        matches!(ended[..], [one] if one.starts_with("ended with 2: webhook-stage redeliver")),
        "{whole}"
    );
    for expected in [
        "\"secret_ref\":\"7194e3c3",
        "\"item_id\":\"d39cf381",
        "d39cf381-64f7-542d-8f32-7a00ca0f245a waits in Annotate",
        "d39cf381-64f7-542d-8f32-7a00ca0f245a  Notify  failed   3      Not notified  HTTP 404",
        "d39cf381-64f7-542d-8f32-7a00ca0f245a waits in Not notified",
        "front_11_blurred.jpg  Notify  succeeded  1      Annotate",
        "\"queue\":\"assignments\"",
        "1 dead letter was assigned again",
    ] {
        assert!(said.contains(expected), "{expected} is missing in\n{whole}");
    }
    assert!(complained.contains("0 stuck"), "{whole}");
    assert!(!whole.contains("Bearer"), "a secret was printed:\n{whole}");
}

#[test]
fn every_example_of_an_assignment_has_a_message_group() {
    let documents = [
        include_str!("../../../infra/sam/README.md"),
        include_str!("../../../infra/sam/RUNBOOK.md"),
        include_str!("../../../functions/authorizer/README.md"),
        include_str!("../../emulator/README.md"),
    ];
    let mut examples = 0;
    for document in documents {
        for example in document.split("aws sqs send-message").skip(1) {
            let (command, _) = example.split_once("--message-body").unwrap();
            assert!(command.contains("--message-group-id"), "{command}");
            examples += 1;
        }
    }
    assert_eq!(examples, 2);
}
