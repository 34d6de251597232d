import * as path from 'node:path';

import { Stack, StackProps, Validations } from 'aws-cdk-lib';
import { Asset } from 'aws-cdk-lib/aws-s3-assets';
import { CfnFunction } from 'aws-cdk-lib/aws-sam';
import { CfnInclude } from 'aws-cdk-lib/cloudformation-include';
import { Construct } from 'constructs';

export interface WebhookStageStackProps extends StackProps {
  /** The path of `infra/sam/template.yaml`. */
  readonly template: string;
  /** The directory with `<function>/bootstrap`: `target/lambda` after `cargo lambda build`. */
  readonly programs: string;
}

/**
 * The whole deployment: the SAM template itself, so that there is only one to maintain. Set its parameters with
 * `cdk deploy --parameters`.
 *
 * It is a stack of its own because its resources are named after the stack (or `NamePrefix`), and the command line finds them by the
 * queues' names and tags.
 */
export class WebhookStageStack extends Stack {
  constructor(scope: Construct, id: string, props: WebhookStageStackProps) {
    super(scope, id, props);

    Validations.of(this).acknowledge({
      id: 'CloudFormation-Validate::W2509',
      reason: 'SecretsPrefix is a prefix of names, not a secret.',
    });
    Validations.of(this).acknowledge({
      id: 'CloudFormation-Validate::W1030',
      reason: 'Empty defaults of optional ARNs are replaced by AWS::NoValue before a resource sees them.',
    });
    const sam = new CfnInclude(this, 'Sam', { templateFile: props.template });
    for (const child of sam.node.children) {
      if (child instanceof CfnFunction) {
        // `sam build` puts a built program in place of the source directory; here CDK does.
        const name = path.basename(String(child.codeUri));
        const program = new Asset(child, 'Program', { path: path.join(props.programs, name) });
        child.codeUri = { bucket: program.s3BucketName, key: program.s3ObjectKey };
      }
    }
  }
}
