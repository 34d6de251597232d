import * as assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import * as fs from 'node:fs';
import * as os from 'node:os';
import * as path from 'node:path';
import { after, before, test } from 'node:test';

import { Match, Template } from 'aws-cdk-lib/assertions';

const FUNCTIONS = ['api', 'assigner', 'audit', 'authorizer', 'dead-letter', 'dispatcher', 'receiver', 'sender'];
const HASH = 'ab'.repeat(32);

let scratch: string;
let receiver: Template;
let stage: Template;

// As the CDK command line does it, in place of `cdk synth`: no cargo, no account, no network.
before(() => {
  scratch = fs.mkdtempSync(path.join(os.tmpdir(), 'webhook-stage-cdk-'));
  for (const name of FUNCTIONS) {
    fs.mkdirSync(path.join(scratch, 'programs', name), { recursive: true });
    fs.writeFileSync(path.join(scratch, 'programs', name, 'bootstrap'), name);
  }
  const out = path.join(scratch, 'out');
  const context = { programs: path.join(scratch, 'programs'), acceptedAuthorizationSha256: HASH };
  execFileSync(process.execPath, ['build/bin/app.js'], {
    env: { ...process.env, CDK_OUTDIR: out, CDK_CONTEXT_JSON: JSON.stringify(context) },
    stdio: ['ignore', 'inherit', 'inherit'],
  });
  const read = (stack: string) =>
    Template.fromJSON(JSON.parse(fs.readFileSync(path.join(out, `${stack}.template.json`), 'utf8')));
  receiver = read('webhook-receiver');
  stage = read('webhook-stage');
});
after(() => fs.rmSync(scratch, { recursive: true, force: true }));

test('every route is behind the authorizer', () => {
  receiver.hasResourceProperties('AWS::ApiGatewayV2::Authorizer', {
    AuthorizerType: 'REQUEST',
    AuthorizerPayloadFormatVersion: '2.0',
    EnableSimpleResponses: true,
    IdentitySource: ['$request.header.Authorization'],
    AuthorizerResultTtlInSeconds: 60,
  });
  const [authorizer] = Object.keys(receiver.findResources('AWS::ApiGatewayV2::Authorizer'));
  receiver.resourceCountIs('AWS::ApiGatewayV2::Authorizer', 1);
  receiver.allResourcesProperties('AWS::ApiGatewayV2::Route', {
    RouteKey: 'POST /',
    AuthorizationType: 'CUSTOM',
    AuthorizerId: { Ref: authorizer },
  });
  receiver.hasResourceProperties('AWS::Lambda::Function', {
    Environment: { Variables: { ACCEPTED_AUTHORIZATION_SHA256: HASH } },
  });
});

test('functions are arm64 programs that log to a group of their own for a month', () => {
  receiver.resourceCountIs('AWS::Lambda::Function', 2);
  receiver.allResourcesProperties('AWS::Lambda::Function', {
    Runtime: 'provided.al2023',
    Architectures: ['arm64'],
    LoggingConfig: { LogFormat: 'JSON', LogGroup: { Ref: Match.anyValue() } },
  });
  receiver.resourceCountIs('AWS::Logs::LogGroup', 2);
  receiver.allResourcesProperties('AWS::Logs::LogGroup', { RetentionInDays: 30 });
});

test('roles have exact verbs on exact resources, and no managed policy', () => {
  const roles = Object.values(receiver.findResources('AWS::IAM::Role'));
  assert.equal(roles.length, 2);
  assert.ok(roles.every((role) => role.Properties.ManagedPolicyArns === undefined));

  const policies = Object.values(receiver.findResources('AWS::IAM::Policy'));
  const statements = policies.flatMap((policy) => policy.Properties.PolicyDocument.Statement);
  assert.equal(statements.length, 2);
  for (const statement of statements) {
    assert.deepEqual(statement.Action, ['logs:CreateLogStream', 'logs:PutLogEvents']);
    assert.ok(!JSON.stringify(statement.Resource).includes('*'));
  }
});

test('the deployment is the SAM template, with programs in place of source directories', () => {
  const functions = stage.findResources('AWS::Serverless::Function');
  const programs = Object.values(functions).map((one) => one.Properties.CodeUri);
  assert.equal(programs.length, FUNCTIONS.length);
  assert.ok(programs.every((program) => program.Bucket !== undefined && program.Key !== undefined));
  assert.equal(new Set(programs.map((program) => program.Key)).size, FUNCTIONS.length);

  // What an include that knows less than the template would lose.
  stage.templateMatches({ Transform: 'AWS::Serverless-2016-10-31' });
  stage.hasResource('AWS::DynamoDB::Table', {
    DeletionPolicy: 'RetainExceptOnCreate',
    Properties: { PointInTimeRecoverySpecification: { PointInTimeRecoveryEnabled: true } },
  });
  assert.equal(functions['Sender']?.Properties.RecursiveLoop, 'Allow');
  assert.deepEqual(functions['Sender']?.Properties.Timeout, { Ref: 'SenderTimeout' });
  stage.hasOutput('AssignmentsQueueUrl', { Value: { Ref: 'AssignmentsQueue' } });

  const source = fs.readFileSync('../sam/template.yaml', 'utf8');
  const resources = /^Resources:\n([^]*?)^Outputs:/m.exec(source)?.[1] ?? '';
  const named = [...resources.matchAll(/^  (\w+):$/gm)].map((match) => match[1]);
  assert.ok(named.length > 50);
  assert.deepEqual(Object.keys(stage.toJSON().Resources).sort(), named.sort());
});
