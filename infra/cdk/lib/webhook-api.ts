import { Duration } from 'aws-cdk-lib';
import * as apigwv2 from 'aws-cdk-lib/aws-apigatewayv2';
import { HttpLambdaAuthorizer, HttpLambdaResponseType } from 'aws-cdk-lib/aws-apigatewayv2-authorizers';
import { Construct } from 'constructs';

import { RustFunction } from './rust-function';

export interface WebhookApiProps {
  /** The directory with the authorizer's `bootstrap`. */
  readonly authorizer: string;
  /** SHA-256, in hex, of the accepted Authorization values, separated by commas; empty denies everybody. */
  readonly acceptedAuthorizationSha256: string;
  /** Receives the calls that the authorizer allows. */
  readonly receiver: apigwv2.HttpRouteIntegration;
}

/** An HTTP API that receives webhook calls at `POST /`, behind the authorizer. */
export class WebhookApi extends Construct {
  readonly url: string;

  constructor(scope: Construct, id: string, props: WebhookApiProps) {
    super(scope, id);

    const handler = new RustFunction(this, 'Authorizer', {
      program: props.authorizer,
      description: 'Checks the Authorization header of webhook calls.',
      timeout: Duration.seconds(5),
      environment: { ACCEPTED_AUTHORIZATION_SHA256: props.acceptedAuthorizationSha256 },
    });
    const authorizer = new HttpLambdaAuthorizer('Authorization', handler, {
      // Simple responses need payload format 2.0, which CDK chooses for them.
      responseTypes: [HttpLambdaResponseType.SIMPLE],
      // Without this header API Gateway answers 401 itself. The header is also the key by which answers are cached.
      identitySource: ['$request.header.Authorization'],
      // A revoked token is accepted until this time has passed.
      resultsCacheTtl: Duration.seconds(60),
    });

    const api = new apigwv2.HttpApi(this, 'Api');
    api.addRoutes({
      path: '/',
      methods: [apigwv2.HttpMethod.POST],
      integration: props.receiver,
      authorizer,
    });
    this.url = `${api.apiEndpoint}/`;
  }
}
