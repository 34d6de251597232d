import * as path from 'node:path';

import { CfnOutput, Duration, Stack, StackProps } from 'aws-cdk-lib';
import { HttpLambdaIntegration } from 'aws-cdk-lib/aws-apigatewayv2-integrations';
import { Construct } from 'constructs';

import { RustFunction } from './rust-function';
import { WebhookApi } from './webhook-api';

export interface ReceiverStackProps extends StackProps {
  /** The directory with `<function>/bootstrap`: `target/lambda` after `cargo lambda build`. */
  readonly programs: string;
  readonly acceptedAuthorizationSha256: string;
}

/** The example receiver behind the authorizer. Replace it by a function of yours. */
export class ReceiverStack extends Stack {
  constructor(scope: Construct, id: string, props: ReceiverStackProps) {
    super(scope, id, props);

    const receiver = new RustFunction(this, 'Receiver', {
      program: path.join(props.programs, 'receiver'),
      description: 'An example receiver of webhook calls.',
      timeout: Duration.seconds(10),
    });
    const api = new WebhookApi(this, 'WebhookApi', {
      authorizer: path.join(props.programs, 'authorizer'),
      acceptedAuthorizationSha256: props.acceptedAuthorizationSha256,
      receiver: new HttpLambdaIntegration('Receiver', receiver),
    });
    new CfnOutput(this, 'ReceiverUrl', { value: api.url });
  }
}
