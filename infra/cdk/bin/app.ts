import { App } from 'aws-cdk-lib';

import { ReceiverStack } from '../lib/receiver-stack';
import { WebhookStageStack } from '../lib/webhook-stage-stack';

const app = new App();
const programs = app.node.tryGetContext('programs') ?? '../../target/lambda';

new ReceiverStack(app, 'webhook-receiver', {
  programs,
  acceptedAuthorizationSha256: app.node.tryGetContext('acceptedAuthorizationSha256') ?? '',
});
new WebhookStageStack(app, 'webhook-stage', { programs, template: '../sam/template.yaml' });
