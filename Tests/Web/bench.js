import { FeedClient } from '../../web/core/link/feed-client.js';

/** A browser without a browser: sockets, timers and the clock are driven by the test. */
export class Bench {
  now = 1_000;
  timers = new Map();
  sockets = [];
  session = { found: true, csrf: 'nonce', who: { sub: 'ada', role: 'operator' } };
  changes = [];
  #nextTimer = 1;

  constructor(topics = ['workers']) {
    this.client = new FeedClient({
      openSocket: (handlers, told) => {
        const socket = { handlers, told, sent: [], closedWith: null, send: (text) => socket.sent.push(JSON.parse(text)), close: (code) => { socket.closedWith = code; } };
        this.sockets.push(socket);
        return socket;
      },
      checkSession: async () => this.session,
      now: () => this.now,
      setTimer: (fn, milliseconds) => {
        this.timers.set(this.#nextTimer, { fn, at: this.now + milliseconds });
        this.#nextTimer += 1;
        return this.#nextTimer - 1;
      },
      clearTimer: (timer) => this.timers.delete(timer),
      random: () => 0.5,
      changed: (what) => this.changes.push(what),
      version: '1',
    }, topics);
  }

  get socket() { return this.sockets.at(-1); }
  get sent() { return this.socket.sent; }

  async settle() { for (let turn = 0; turn < 8; turn += 1) await Promise.resolve(); }

  async advance(milliseconds) {
    const end = this.now + milliseconds;
    for (;;) {
      const next = [...this.timers].filter(([, { at }]) => at <= end).sort((a, b) => a[1].at - b[1].at)[0];
      if (next === undefined) break;
      this.timers.delete(next[0]);
      this.now = Math.max(this.now, next[1].at);
      next[1].fn();
      await this.settle();
    }
    this.now = end;
  }

  async serve(frame) {
    this.socket.handlers.message(JSON.stringify({ jsonrpc: '2.0', ...frame }));
    await this.settle();
  }

  notify(method, params) { return this.serve({ method, params }); }
  last(method) { return this.sent.filter((frame) => frame.method === method).at(-1); }

  async answer(method, result) {
    await this.serve({ id: this.last(method).id, result });
  }

  /** @param {object} [more] members of the answer to session.start */
  async connect(epoch = 'e1', more = {}) {
    await this.settle();
    this.socket.handlers.opened();
    await this.notify('session.hello', { server: 's', proto: { major: 1, minor: 0 }, nonce: 'n' });
    await this.answer('session.start', { session: 's1', who: { role: 'operator' }, epoch, now: this.now, rev: 1, ...more });
  }
}
