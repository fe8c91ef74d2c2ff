/**
 * The life of the connection as a pure machine: events go in with the time, actions come out, the owner performs
 * them. States:
 *
 *   idle → checking (is there a session?) → connecting → greeting (socket open, waiting for session.hello)
 *        → starting (session.start sent) → live → waiting (until `retryAt`) → connecting …
 *   signedOut and stopped end it until a person acts.
 */
import { Limits } from '../limits.js';
import { closeRule } from '../protocol/close-codes.js';
import { Backoff, HEALTHY_MILLISECONDS } from './backoff.js';

/**
 * @typedef {{type: 'checkSession'} | {type: 'open'} | {type: 'start'} | {type: 'drop', code: number, reason: string}
 *   | {type: 'resubscribe'}} Action
 */
export class ConnectionMachine {
  #state = 'idle';
  #since = 0;
  #deadline = Infinity;
  #retryAt = Infinity;
  #liveSince = null;
  #lostAt = null;
  #everLive = false;
  #why = '';
  #code = null;
  #bye = null;
  #rateDivisor = 1;
  #backoff;

  /** @param {{random: () => number}} sources */
  constructor({ random }) { this.#backoff = new Backoff(random); }

  /** @returns {'idle'|'checking'|'connecting'|'greeting'|'starting'|'live'|'waiting'|'signedOut'|'stopped'} */
  get state() { return this.#state; }
  /** Local time the state was entered. */
  get since() { return this.#since; }
  /** When the next attempt begins; Infinity unless waiting. */
  get retryAt() { return this.#retryAt; }
  /** Local time at which the last established session was lost, or null. */
  get lostAt() { return this.#lostAt; }
  get everLive() { return this.#everLive; }
  /** Why the last connection ended, in words. */
  get why() { return this.#why; }
  get closeCode() { return this.#code; }
  /** `maxHz` is divided by this after the server called us slow (4408). */
  get rateDivisor() { return this.#rateDivisor; }
  /** When `tick` wants to be called next. */
  get wakeAt() { return Math.min(this.#deadline, this.#retryAt); }

  /** First load of the page: at once, without jitter. @returns {Action[]} */
  begin(now) {
    if (!['idle', 'signedOut', 'stopped', 'waiting'].includes(this.#state)) return [];
    return this.#check(now);
  }

  /** GET /api/session gave an answer. @returns {Action[]} */
  sessionFound(now) {
    if (this.#state !== 'checking') return [];
    this.#enter('connecting', now, Limits.handshakeMilliseconds);
    return [{ type: 'open' }];
  }

  /** 401. @returns {Action[]} */
  sessionMissing(now) {
    this.#why = 'not signed in';
    this.#enter('signedOut', now);
    return [];
  }

  /** The gateway did not answer the question at all. @returns {Action[]} */
  sessionUnreachable(now) {
    if (this.#state !== 'checking') return [];
    this.#why = 'the gateway cannot be reached';
    return this.#wait(now, 0, false);
  }

  /** @returns {Action[]} */
  socketOpened(now) {
    if (this.#state !== 'connecting') return [];
    this.#enter('greeting', now, Limits.handshakeMilliseconds);
    return [];
  }

  /** session.hello. @returns {Action[]} */
  helloArrived(now) {
    if (this.#state !== 'greeting' && this.#state !== 'connecting') return [];
    this.#enter('starting', now, Limits.handshakeMilliseconds);
    return [{ type: 'start' }];
  }

  /** The result of session.start. @returns {Action[]} */
  sessionStarted(now) {
    if (this.#state !== 'starting') return [];
    this.#enter('live', now);
    this.#liveSince = now;
    this.#everLive = true;
    this.#bye = null;
    this.#why = '';
    this.#code = null;
    return [{ type: 'resubscribe' }];
  }

  /** session.bye says beforehand why, and when to come back. */
  byeArrived(bye) {
    this.#bye = {
      code: Number.isSafeInteger(bye.code) ? bye.code : 1001,
      retryAfterMs: Number.isFinite(bye.retryAfterMs) ? Math.max(0, bye.retryAfterMs) : null,
    };
  }

  /** @param {number} code close code, 1006 if TCP just went away @returns {Action[]} */
  socketClosed(code, now) {
    if (!['connecting', 'greeting', 'starting', 'live'].includes(this.#state)) return [];
    const bye = this.#bye;
    this.#bye = null;
    const effective = code === 1006 && bye ? bye.code : code;
    const established = this.#state === 'live';
    if (established) this.#lostAt = now;
    if (established && this.#liveSince !== null && now - this.#liveSince >= HEALTHY_MILLISECONDS) this.#backoff.reset();
    this.#liveSince = null;
    this.#code = effective;
    const rule = closeRule(effective);
    this.#why = rule.words;
    if (rule.halveRate) this.#rateDivisor = Math.min(this.#rateDivisor * 2, 8);
    if (rule.action === 'stop') {
      this.#enter('stopped', now);
      return [];
    }
    if (rule.action === 'authenticate') return this.#check(now);
    if (effective === 1001 && bye && bye.retryAfterMs !== null) {
      this.#enter('waiting', now);
      this.#retryAt = now + Math.min(bye.retryAfterMs, 60_000);
      return [];
    }
    // A plain TCP loss counts as 4500, but its first attempt is R56's 0-2 s.
    const plain = effective === 1006 || effective === 1005;
    const floor = plain && established && this.#backoff.attempt === 0 ? 0 : rule.floorMilliseconds;
    return this.#wait(now, floor, established);
  }

  /** The person pressed "Retry now", the tab woke up, or the network is back. @returns {Action[]} */
  hurry(now) {
    return this.#state === 'waiting' ? this.#check(now) : [];
  }

  /** The person signed out. @returns {Action[]} */
  signedOut(now) {
    const open = ['connecting', 'greeting', 'starting', 'live'].includes(this.#state);
    this.#enter('signedOut', now);
    return open ? [{ type: 'drop', code: 1000, reason: 'signed out' }] : [];
  }

  /** Time passes. @returns {Action[]} */
  tick(now, isDead) {
    if (this.#state === 'waiting' && now >= this.#retryAt) return this.#check(now);
    if (this.#state === 'live' && isDead) return this.#giveUp(now, 'no sign of life for 25 s');
    if (now >= this.#deadline && this.#state !== 'live') return this.#giveUp(now, 'the gateway did not answer in time');
    return [];
  }

  #giveUp(now, words) {
    const actions = this.socketClosed(1006, now);
    this.#why = words;
    return [{ type: 'drop', code: 1000, reason: 'silence' }, ...actions];
  }

  #check(now) {
    this.#enter('checking', now);
    return [{ type: 'checkSession' }];
  }

  #wait(now, floorMilliseconds, established) {
    this.#enter('waiting', now);
    this.#retryAt = now + this.#backoff.next({ floorMilliseconds, established });
    return [];
  }

  #enter(state, now, timeout = Infinity) {
    this.#state = state;
    this.#since = now;
    this.#deadline = now + timeout;
    this.#retryAt = Infinity;
  }
}
