import { createHash, createHmac } from 'node:crypto';
import { KinesisClient, PutRecordsCommand } from '@aws-sdk/client-kinesis';
import { InvokeCommand, LambdaClient } from '@aws-sdk/client-lambda';
import { NodeHttpHandler } from '@smithy/node-http-handler';
import t from 'tap';
import { createInvoke } from '../../../plugins/lambda-invoke/invoke.ts';
import { createPutRecords } from '../../../stream/put-records.ts';
import { type AwsRequest, fakeAws } from '../../support/fake-aws.ts';

interface Signed {
  method: string;
  path: string;
  headers: Record<string, unknown>;
  body: string;
}

const sha256 = (text: string) => createHash('sha256').update(text).digest('hex');
const hmac = (key: string | Buffer, text: string) => createHmac('sha256', key).update(text).digest();
const uriEncode = (text: string) =>
  encodeURIComponent(text).replace(/[!'()*]/g, (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`);

/** AWS' "Create a signed AWS API request", step by step, by nothing that the plugins use. */
function sign(secret: string, scope: string, names: string[], { method, path, headers, body }: Signed) {
  const [uri, query = ''] = path.split('?') as [string, string?];
  const canonical = [
    method,
    // a path is encoded once more than it was sent
    uri.split('/').map(uriEncode).join('/'),
    query.split('&').sort().join('&'),
    ...names.map((name) => `${name}:${String(headers[name]).trim().replace(/ +/g, ' ')}`),
    '',
    names.join(';'),
    sha256(body),
  ].join('\n');
  const toSign = ['AWS4-HMAC-SHA256', headers['x-amz-date'], scope, sha256(canonical)].join('\n');
  const key = scope.split('/').reduce<string | Buffer>((last, part) => hmac(last, part), `AWS4${secret}`);
  return hmac(key, toSign).toString('hex');
}

/** Whether AWS would take it, and what it was signed for. */
function verify(secret: string, signed: Signed) {
  const [, key, scope, names, signature] =
    /^AWS4-HMAC-SHA256 Credential=([^/]+)\/([^,]+), SignedHeaders=([^,]+), Signature=([0-9a-f]{64})$/.exec(
      String(signed.headers.authorization),
    ) as unknown as [string, string, string, string, string];
  const headers = names.split(';');
  return { key, scope, headers, valid: sign(secret, scope, headers, signed) === signature };
}

const published: [what: string, scope: string, signed: Signed, signature: string][] = [
  [
    'a GET of the test suite',
    '20150830/us-east-1/service/aws4_request',
    { method: 'GET', path: '/', headers: { host: 'example.amazonaws.com' }, body: '' },
    '5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31',
  ],
  [
    'a POST of the test suite',
    '20150830/us-east-1/service/aws4_request',
    { method: 'POST', path: '/', headers: { host: 'example.amazonaws.com' }, body: '' },
    '5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b',
  ],
  [
    'the ListUsers of the manual',
    '20150830/us-east-1/iam/aws4_request',
    {
      method: 'GET',
      path: '/?Action=ListUsers&Version=2010-05-08',
      headers: {
        'content-type': 'application/x-www-form-urlencoded; charset=utf-8',
        host: 'iam.amazonaws.com',
      },
      body: '',
    },
    '5d672d79c15b13162d9279b0855cfba6789a8edb4c82c400e06b5924a6f2b5d7',
  ],
];
for (const [what, scope, signed, signature] of published)
  t.test(`the steps written here sign ${what} as AWS published it`, async (t) => {
    const headers: Signed['headers'] = { ...signed.headers, 'x-amz-date': '20150830T123600Z' };
    const names = Object.keys(headers).sort();
    t.equal(
      sign('wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY', scope, names, { ...signed, headers }),
      signature,
    );
  });

const FUNCTION = 'arn:aws:lambda:eu-central-1:123456789012:function:work:$LATEST';
const PAYLOAD = '{"name":"Zoë"}';
const record = { partitionKey: 'first:ü', data: Buffer.from('[{"id":"1"}]'), events: 1 };
const requestHandler = new NodeHttpHandler();
const calls: [what: string, service: string, call: () => Promise<unknown>][] = [
  ['an invocation', 'lambda', () => createInvoke()(FUNCTION, PAYLOAD, 10_000)],
  ['a PutRecords', 'kinesis', () => createPutRecords()('events', [record, record], 10_000)],
  [
    "the AWS SDK's invocation",
    'lambda',
    () => {
      const Payload = Buffer.from(PAYLOAD);
      return new LambdaClient({ requestHandler }).send(
        new InvokeCommand({ FunctionName: FUNCTION, Payload }),
      );
    },
  ],
  [
    "the AWS SDK's PutRecords",
    'kinesis',
    () => {
      const Records = [{ PartitionKey: record.partitionKey, Data: record.data }];
      return new KinesisClient({ requestHandler }).send(
        new PutRecordsCommand({ StreamName: 'events', Records }),
      );
    },
  ],
];
// what was sent is JSON without spaces
const asSigned = ({ path, headers, body }: AwsRequest): Signed => ({
  method: 'POST',
  path,
  headers,
  body: JSON.stringify(body),
});

for (const [what, service, call] of calls)
  for (const token of [undefined, 'session/token+of==a/role'])
    t.test(`${what} is signed as AWS asks for, ${token ? 'by a role' : 'by a key'}`, async (t) => {
      const { requests } = await fakeAws(t, () => ({}));
      process.env.AWS_SECRET_ACCESS_KEY = 'secret+/of the key';
      if (token) process.env.AWS_SESSION_TOKEN = token;
      t.teardown(() => delete process.env.AWS_SESSION_TOKEN);
      await call();
      const signed = asSigned(requests[0] as AwsRequest);
      const { key, scope, headers, valid } = verify('secret+/of the key', signed);
      t.ok(valid, 'the signature is that of the request');
      t.equal(key, 'local');
      t.equal(
        scope,
        `${String(signed.headers['x-amz-date']).slice(0, 8)}/eu-central-1/${service}/aws4_request`,
      );
      t.equal(signed.headers['x-amz-security-token'], token);
      const needed = ['content-type', 'host', 'x-amz-date'];
      if (token) needed.push('x-amz-security-token');
      if (service === 'kinesis') needed.push('x-amz-target');
      t.same(
        needed.filter((name) => !headers.includes(name)),
        [],
        'nothing can be changed on the way',
      );
      t.notOk(verify('another secret', signed).valid);
      t.notOk(verify('secret+/of the key', { ...signed, body: `${signed.body} ` }).valid);
    });
