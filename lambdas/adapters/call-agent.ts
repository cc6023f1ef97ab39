import { Agent } from 'node:https';

/** 3,000 requests a second of 60 ms each. */
const MAX_SOCKETS = 180;

/**
 * Connections that can be ended for good. firebase-admin repeats a request whose connection broke for a minute and more; a
 * join that is sent again after the leave that followed it would put a device back into a topic it has left. Once closed,
 * a new connection is refused with a code that firebase-admin does not repeat.
 */
export class CallAgent extends Agent {
  #closed = false;

  constructor() {
    super({ keepAlive: true, maxSockets: MAX_SOCKETS });
  }

  close(): void {
    this.#closed = true;
    this.destroy();
  }

  override createConnection(
    ...args: Parameters<Agent['createConnection']>
  ): ReturnType<Agent['createConnection']> {
    if (this.#closed) throw Object.assign(new Error('the call was ended'), { code: 'ECANCELED' });
    return super.createConnection(...args);
  }
}
