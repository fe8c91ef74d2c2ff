/**
 * The page's end of the protocol without a browser in it: drives the connection machine, keeps the whole topics and
 * the windows, answers heartbeats, paces acknowledgements, pairs requests with answers. Sockets, clock, timers,
 * randomness and the session check come in from outside.
 */
import { Limits } from '../limits.js';
import { FORBIDDEN } from '../protocol/errors.js';
import { PROTOCOL, decodeFrame, encodeNotification, encodeRequest } from '../protocol/frames.js';
import { TopicState } from '../feed/topic-state.js';
import { WindowState } from '../feed/window-state.js';
import { AckPacer } from './ack-pacer.js';
import { ConnectionMachine } from './connection-machine.js';
import { Freshness } from './freshness.js';

/** Frames a second a browser asks for (R47). */
export const BROWSER_MAX_HZ = 4;

/**
 * @typedef {{code: number, message: string, retry: boolean, retryAfterMs: number, detail: unknown}} WireError
 * @typedef {{topic: string, where?: unknown[], order?: string[], limit?: number, mode: 'pinned' | 'follow',
 *   after?: string | null, maxHz?: number}} WindowQuery
 */
export class FeedClient {
  machine;
  freshness = new Freshness();
  /** @type {Map<string, TopicState>} */ topics = new Map();
  /** Errors of topics that could not be opened. @type {Map<string, WireError>} */ topicErrors = new Map();
  /** Answer to session.start. @type {Record<string, any> | null} */ session = null;
  /** @type {{csrf: string, who: Record<string, any>} | null} */ credential = null;
  /** Frames that were refused here, by reason: shown in the help dialog, zero when all is well. */
  invalidFrames = 0;
  #ports;
  #socket = null;
  #acks = new AckPacer();
  #subs = new Map();
  #topicSubs = new Map();
  #windows = new Set();
  #pending = new Map();
  #nextRequest = 1;
  #nextSub = 1;
  #timer = null;
  /** What the last session said to come back with, once. @type {string | null} */ #resume = null;
  /** Where the gateway of the last session alone is reached: tried first, once. @type {string | null} */ #resumeUrl = null;
  #fastest;
  #isLearning = false;

  /**
   * @param {{
   *   openSocket: (handlers: {opened(): void, message(text: unknown): void, closed(code: number): void}, told: string | null) =>
   *     {send(text: string): void, close(code: number, reason: string): void},
   *   checkSession: () => Promise<{found: true, csrf: string, who: object} | {found: false} | {unreachable: true}>,
   *   now: () => number, setTimer: (fn: () => void, milliseconds: number) => unknown, clearTimer: (timer: unknown) => void,
   *   random: () => number, changed: (what: string) => void, version: string,
   * }} ports
   * @param {string[]} topics whole topics to keep
   * @param {{maxHz?: number}} [options] frames a second to ask for
   */
  constructor(ports, topics, { maxHz = BROWSER_MAX_HZ } = {}) {
    this.#ports = ports;
    this.#fastest = maxHz;
    this.machine = new ConnectionMachine({ random: ports.random });
    for (const topic of topics) this.topics.set(topic, new TopicState());
  }

  get isLive() { return this.machine.state === 'live'; }

  begin() { this.#perform(this.machine.begin(this.#ports.now())); }
  hurry() { this.#perform(this.machine.hurry(this.#ports.now())); }
  signOut() { this.#perform(this.machine.signedOut(this.#ports.now())); }

  /**
   * @param {string} method
   * @param {object} params
   * @returns {Promise<Record<string, any>>} rejects with a WireError
   */
  request(method, params) {
    if (!this.isLive && method !== 'session.start') {
      return Promise.reject(localError('not connected to the gateway: nothing was sent', true));
    }
    if (this.#pending.size >= Limits.requestsInFlight) {
      return Promise.reject(localError('too many requests at once', true));
    }
    const id = this.#nextRequest;
    this.#nextRequest += 1;
    return new Promise((resolve, reject) => {
      const timer = this.#ports.setTimer(() => {
        this.#pending.delete(id);
        reject(localError('no answer within 15 s: whether it was done is unknown', false));
      }, Limits.requestTimeoutMilliseconds);
      this.#pending.set(id, { resolve, reject, timer });
      this.#send(encodeRequest(id, method, params));
    });
  }

  /** One more whole topic, for as long as a page needs it. @param {string} topic */
  keepTopic(topic) {
    if (this.topics.has(topic)) return;
    const state = new TopicState();
    this.topics.set(topic, state);
    if (this.isLive) this.#openTopic(topic, state);
  }

  /** @param {string} topic */
  dropTopic(topic) {
    if (!this.topics.delete(topic)) return;
    this.topicErrors.delete(topic);
    this.#closeSub(this.#topicSubs.get(topic) ?? null, 'sub.close');
    this.#topicSubs.delete(topic);
  }

  /**
   * @param {WindowQuery} query
   * @returns {FeedWindow}
   */
  openWindow(query) {
    const feedWindow = new FeedWindow(this, query);
    this.#windows.add(feedWindow);
    if (this.isLive) this.#openWindowNow(feedWindow);
    return feedWindow;
  }

  /** @param {FeedWindow} feedWindow */
  closeWindow(feedWindow) {
    this.#windows.delete(feedWindow);
    this.#closeSub(feedWindow.sub, 'view.close');
    feedWindow.sub = null;
  }

  /** @param {FeedWindow} feedWindow asks for its query anew, the old rows stay until the new ones are here */
  reopenWindow(feedWindow) {
    if (!this.#windows.has(feedWindow)) return;
    this.#closeSub(feedWindow.sub, 'view.close');
    feedWindow.sub = null;
    if (this.isLive) this.#openWindowNow(feedWindow);
  }

  #perform(actions) {
    for (const action of actions) {
      if (action.type === 'checkSession') this.#checkSession();
      else if (action.type === 'open') this.#openSocket();
      else if (action.type === 'start') this.#startSession();
      else if (action.type === 'resubscribe') this.#subscribeAll();
      else if (action.type === 'drop') this.#dropSocket(action.code, action.reason);
    }
    if (!['greeting', 'starting', 'live', 'connecting'].includes(this.machine.state)) this.#forgetConnection();
    this.#ports.changed('connection');
    this.#arm();
  }

  async #checkSession() {
    let answer;
    try {
      answer = await this.#ports.checkSession();
    } catch {
      answer = { unreachable: true };
    }
    const now = this.#ports.now();
    if (this.machine.state !== 'checking') return;
    if (answer.unreachable) this.#perform(this.machine.sessionUnreachable(now));
    else if (!answer.found) this.#perform(this.machine.sessionMissing(now));
    else {
      this.credential = { csrf: answer.csrf, who: answer.who };
      this.#perform(this.machine.sessionFound(now));
    }
  }

  #openSocket() {
    const handlers = {
      opened: () => { if (this.#socket === socket) this.#perform(this.machine.socketOpened(this.#ports.now())); },
      message: (text) => { if (this.#socket === socket) this.#receive(text); },
      closed: (code) => {
        if (this.#socket !== socket) return;
        this.#socket = null;
        this.#perform(this.machine.socketClosed(code, this.#ports.now()));
      },
    };
    let socket = null;
    // If it does not answer there, the next attempt goes to the address that the page knows.
    const told = this.#resumeUrl;
    this.#resumeUrl = null;
    socket = this.#ports.openSocket(handlers, told);
    this.#socket = socket;
  }

  #dropSocket(code, reason) {
    const socket = this.#socket;
    this.#socket = null;
    socket?.close(code, reason);
  }

  #forgetConnection() {
    this.#acks.clear();
    this.#subs.clear();
    this.#topicSubs.clear();
    for (const feedWindow of this.#windows) feedWindow.sub = null;
    const pending = [...this.#pending.values()];
    this.#pending.clear();
    for (const entry of pending) {
      this.#ports.clearTimer(entry.timer);
      entry.reject(localError('the connection was lost before the answer: whether it was done is unknown', false));
    }
  }

  async #startSession() {
    const params = {
      proto: PROTOCOL,
      auth: { kind: 'cookie', csrf: this.credential?.csrf ?? '' },
      client: { name: 'celeriac-web', version: this.#ports.version },
    };
    if (this.#resume !== null) params.resume = this.#resume;
    this.#resume = null;
    try {
      const result = await this.request('session.start', params);
      const now = this.#ports.now();
      if (this.session !== null && this.session.epoch !== result.epoch) this.freshness.epochChanged();
      this.session = result;
      this.#resumeUrl = typeof result.resumeUrl === 'string' ? result.resumeUrl : null;
      this.freshness.clockLearnt(result.now, now);
      this.#perform(this.machine.sessionStarted(now));
    } catch (error) {
      if (this.machine.state !== 'starting') return;
      this.#dropSocket(1000, 'refused');
      this.#perform(this.machine.socketClosed(error.code === 1001 ? 4401 : error.code === 1003 ? 4403 : 4500, this.#ports.now()));
    }
  }

  #subscribeAll() {
    for (const [topic, state] of this.topics) this.#openTopic(topic, state);
    for (const feedWindow of this.#windows) this.#openWindowNow(feedWindow);
  }

  get #maxHz() { return Math.max(1, this.#fastest / this.machine.rateDivisor); }

  async #openTopic(topic, state) {
    const sub = this.#newSub({ kind: 'topic', topic, state, resyncing: false });
    this.#topicSubs.set(topic, sub);
    const params = { sub, topic, maxHz: this.#maxHz };
    if (state.position !== null) params.since = state.position;
    try {
      await this.request('sub.open', params);
      this.topicErrors.delete(topic);
    } catch (error) {
      this.#subs.delete(sub);
      if (this.isLive && this.topics.get(topic) === state) this.topicErrors.set(topic, error);
    }
    this.#ports.changed(topic);
  }

  async #openWindowNow(feedWindow) {
    const next = new WindowState(feedWindow.query.mode);
    const sub = this.#newSub({ kind: 'window', feedWindow, state: next });
    feedWindow.sub = sub;
    const { topic, where, order, limit, mode, after, maxHz } = feedWindow.query;
    const params = { sub, topic, order: order ?? ['seen', 'desc'], limit: limit ?? 50, after: after ?? null, mode, maxHz: Math.min(maxHz ?? 4, this.#maxHz) };
    if (where) params.where = where;
    try {
      await this.request('view.open', params);
      feedWindow.error = null;
    } catch (error) {
      this.#subs.delete(sub);
      if (feedWindow.sub === sub && this.isLive) feedWindow.error = error;
    }
    this.#ports.changed('window');
  }

  #newSub(entry) {
    const sub = this.#nextSub;
    this.#nextSub += 1;
    this.#subs.set(sub, entry);
    return sub;
  }

  #closeSub(sub, method) {
    if (sub === null || !this.#subs.delete(sub)) return;
    this.#acks.forget(sub);
    if (this.isLive) this.request(method, { sub }).catch(() => { /* the connection went first: it is closed anyway */ });
  }

  #receive(text) {
    const now = this.#ports.now();
    this.freshness.frameArrived(now);
    const frame = decodeFrame(text);
    if (frame.kind === 'invalid') this.invalidFrames += 1;
    else if (frame.kind === 'notification') this.#notified(frame.method, frame.params, now);
    else this.#answered(frame);
    this.#sendAcks(now);
    this.#arm();
  }

  #answered(frame) {
    const entry = this.#pending.get(frame.id);
    if (entry === undefined) return;
    this.#pending.delete(frame.id);
    this.#ports.clearTimer(entry.timer);
    if (frame.kind === 'result') entry.resolve(frame.result);
    else entry.reject(frame.error);
  }

  #notified(method, params, now) {
    if (method === 'session.hello') {
      this.#perform(this.machine.helloArrived(now));
    } else if (method === 'session.hb') {
      this.freshness.heartbeatArrived(params, now);
      for (const [sub, entry] of this.#subs) {
        if (entry.state.revision >= 0) this.#acks.note(sub, entry.state.revision);
      }
      this.#send(encodeNotification('sub.ack', { acks: this.#acks.take(Infinity) ?? [] }));
      this.#acks.clear();
      this.#ports.changed('connection');
    } else if (method === 'session.bye') {
      if (typeof params.resume === 'string') this.#resume = params.resume;
      this.machine.byeArrived(params);
    } else {
      this.#fed(method, params);
    }
  }

  #fed(method, params) {
    const entry = this.#subs.get(params.sub);
    if (entry === undefined) return;
    let outcome = 'applied';
    try {
      if (method === 'sub.snap' || method === 'view.snap') outcome = entry.state.applySnapshot(params);
      else if (method === 'sub.delta' || method === 'view.delta') outcome = entry.state.applyDelta(params);
      else if (method === 'sub.reset' || method === 'view.reset') entry.state.applyReset(params);
      else return;
    } catch {
      // A frame whose shape is not the promised one counts as lost: ask for everything again.
      this.invalidFrames += 1;
      outcome = 'resync';
    }
    // Rights were changed while the page was open: the session says which they are now.
    if (method.endsWith('.reset') && ['forbidden', 'role_changed'].includes(params.reason)) this.#learnWho();
    if (entry.kind === 'topic' && method === 'sub.reset' && params.reason === 'forbidden') this.topicErrors.set(entry.topic, forbidden());
    if (outcome === 'resync') this.#resync(params.sub, entry);
    else if (method.endsWith('.snap')) entry.resyncing = false;
    if (!method.endsWith('.reset')) this.#acks.note(params.sub, params.at ?? params.to ?? entry.state.revision, params.part);
    if (entry.kind === 'window') {
      if (entry.state.complete && entry.feedWindow.sub === params.sub) entry.feedWindow.state = entry.state;
      this.#ports.changed('window');
    } else {
      this.#ports.changed(entry.topic);
    }
  }

  async #learnWho() {
    if (this.#isLearning) return;
    this.#isLearning = true;
    try {
      const answer = await this.#ports.checkSession();
      if (answer.found) {
        this.credential = { csrf: answer.csrf, who: answer.who };
        if (this.session !== null) this.session = { ...this.session, who: answer.who };
        this.#ports.changed('connection');
      }
    } catch { /* What was known stays; the next connection says it anyway. */ } finally {
      this.#isLearning = false;
    }
  }

  #resync(sub, entry) {
    if (entry.resyncing) return;
    if (entry.kind === 'window') {
      this.reopenWindow(entry.feedWindow);
      return;
    }
    entry.resyncing = true;
    this.request('sub.resync', { sub }).catch(() => { entry.resyncing = false; });
  }

  #sendAcks(now) {
    const acks = this.isLive ? this.#acks.take(now) : null;
    if (acks !== null) this.#send(encodeNotification('sub.ack', { acks }));
  }

  #send(text) { this.#socket?.send(text); }

  /** One timer for everything that is due later. */
  #arm() {
    if (this.#timer !== null) this.#ports.clearTimer(this.#timer);
    const now = this.#ports.now();
    const due = Math.min(this.machine.wakeAt, this.isLive ? this.#acks.dueAt : Infinity, now + 1_000);
    this.#timer = this.#ports.setTimer(() => {
      this.#timer = null;
      const later = this.#ports.now();
      this.#sendAcks(later);
      const actions = this.machine.tick(later, this.freshness.isDead(later));
      if (actions.length > 0 || this.machine.state === 'checking') this.#perform(actions);
      else this.#arm();
    }, Math.max(0, due - now));
  }
}

/** A window that outlives connections: it is opened anew after each (R25). */
export class FeedWindow {
  /** @type {WindowState} */ state;
  /** @type {number | null} */ sub = null;
  /** @type {WireError | null} */ error = null;
  #client;

  /** @param {FeedClient} client @param {WindowQuery} query */
  constructor(client, query) {
    this.#client = client;
    this.query = query;
    this.state = new WindowState(query.mode);
  }

  /** @param {Partial<WindowQuery>} change */
  change(change) {
    this.query = { ...this.query, ...change };
    this.#client.reopenWindow(this);
  }

  reopen() { this.#client.reopenWindow(this); }
  close() { this.#client.closeWindow(this); }
}

/** What a right that was taken away from a live subscription is like: as if it had been refused. */
function forbidden() {
  return { ...localError('this credential may not read it any more', false), code: FORBIDDEN };
}

function localError(message, retry) {
  return { code: 0, message, retry, retryAfterMs: 0, detail: undefined };
}
