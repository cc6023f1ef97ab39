// The runtime inside an execution environment: the documented Runtime API loop, as AWS's own runtime interface client
// makes it. Plain JavaScript without dependencies, so that an environment's start is the function's own.
import { Agent, request } from 'node:http';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

const [host, port] = process.env.AWS_LAMBDA_RUNTIME_API.split(':');
const agent = new Agent({ keepAlive: true, maxSockets: 1 });

function call(method, path, body, headers = {}) {
  return new Promise((resolve, reject) => {
    const length =
      body === undefined
        ? {}
        : { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) };
    const options = {
      host,
      port,
      method,
      path: `/2018-06-01/runtime${path}`,
      agent,
      headers: { ...length, ...headers },
    };
    const outgoing = request(options, (response) => {
      const chunks = [];
      response.on('data', (chunk) => chunks.push(chunk));
      response.on('end', () =>
        resolve({ headers: response.headers, body: Buffer.concat(chunks).toString() }),
      );
      response.on('error', reject);
    });
    // the service is gone, and with it the reason for this process
    outgoing.on('error', () => process.exit(1));
    outgoing.end(body);
  });
}

const describe = (error) =>
  JSON.stringify({
    errorType: error?.name ?? 'Error',
    errorMessage: error?.message ?? String(error),
    trace: (error?.stack ?? '').split('\n'),
  });

const [module, name] = process.env._HANDLER.split('.');
let handler;
try {
  const file = pathToFileURL(join(process.env.LAMBDA_TASK_ROOT, `${module}.mjs`));
  handler = (await import(file.href))[name];
  if (typeof handler !== 'function') throw new Error(`${process.env._HANDLER} is undefined or not exported`);
} catch (error) {
  console.error(error);
  await call('POST', '/init/error', describe(error));
  process.exit(1);
}

for (;;) {
  const { headers, body } = await call('GET', '/invocation/next');
  const id = headers['lambda-runtime-aws-request-id'];
  const deadline = Number(headers['lambda-runtime-deadline-ms']);
  const context = {
    awsRequestId: id,
    callbackWaitsForEmptyEventLoop: true,
    functionName: process.env.AWS_LAMBDA_FUNCTION_NAME,
    functionVersion: '$LATEST',
    invokedFunctionArn: headers['lambda-runtime-invoked-function-arn'],
    memoryLimitInMB: process.env.AWS_LAMBDA_FUNCTION_MEMORY_SIZE,
    logGroupName: process.env.AWS_LAMBDA_LOG_GROUP_NAME,
    logStreamName: process.env.AWS_LAMBDA_LOG_STREAM_NAME,
    getRemainingTimeInMillis: () => Math.max(0, deadline - Date.now()),
  };
  try {
    const result = JSON.stringify(await handler(JSON.parse(body), context)) ?? 'null';
    await call('POST', `/invocation/${id}/response`, result);
  } catch (error) {
    console.error(error);
    await call('POST', `/invocation/${id}/error`, describe(error));
  }
}
