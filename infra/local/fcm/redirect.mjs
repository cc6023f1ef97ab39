// Preloaded (node --import) into the reconcile function on one machine only: Google's hosts are reached on the FCM
// stand-in. Host names and certificates are still checked, against the stand-in's authority.
import http2 from 'node:http2';
import https from 'node:https';
import tls from 'node:tls';

const port = Number(process.env.FAKE_FCM_PORT);
const GOOGLE = /^(fcm|iid|oauth2|www)\.googleapis\.com$/;

const connect = http2.connect;
http2.connect = (authority, options, listener) => {
  const { hostname } = new URL(authority);
  if (!GOOGLE.test(hostname)) return connect(authority, options, listener);
  const createConnection = () =>
    tls.connect({ host: '127.0.0.1', port, servername: hostname, ALPNProtocols: ['h2'] });
  const session = connect(authority, { ...options, createConnection }, listener);
  // firebase-admin sends `:scheme: https:`; Google's front ends take it, Node's server rightly does not
  const request = session.request.bind(session);
  session.request = (headers, requestOptions) => request({ ...headers, ':scheme': 'https' }, requestOptions);
  return session;
};

const createConnection = https.Agent.prototype.createConnection;
https.Agent.prototype.createConnection = function (options, callback) {
  const target = GOOGLE.test(options.host)
    ? { ...options, host: '127.0.0.1', port, servername: options.host }
    : options;
  return createConnection.call(this, target, callback);
};
