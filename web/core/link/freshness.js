/**
 * How old the picture is. `asOf` is the gateway's time of the newest thing it knows (R51); the page's own clock may
 * be wrong by hours, so ages are counted from the gateway's clock as learnt from `now` and `t`.
 */
import { Limits } from '../limits.js';

export class Freshness {
  #offset = 0;
  #asOf = null;
  #lastFrame = null;
  #ingest = 'ok';
  #shed = 0;

  /** `ok`, `lagging`, `down` or `reconciling`, as the last heartbeat said. */
  get ingest() { return this.#ingest; }
  /** Non-zero: the server sheds load and sends less often (R48). */
  get shed() { return this.#shed; }
  /** Local time of the last frame, or null. */
  get lastFrameAt() { return this.#lastFrame; }

  /** @param {number} serverNow milliseconds @param {number} localNow milliseconds */
  clockLearnt(serverNow, localNow) {
    if (Number.isFinite(serverNow)) this.#offset = serverNow - localNow;
  }

  /** Any frame at all is a sign of life. */
  frameArrived(localNow) { this.#lastFrame = localNow; }

  /** @param {{t?: number, asOf?: number, ingest?: string, shed?: number}} beat */
  heartbeatArrived(beat, localNow) {
    if (Number.isFinite(beat.t)) this.clockLearnt(beat.t, localNow);
    this.asOfLearnt(beat.asOf);
    if (typeof beat.ingest === 'string') this.#ingest = beat.ingest;
    this.#shed = Number.isFinite(beat.shed) ? beat.shed : 0;
  }

  /** @param {number | undefined} asOf milliseconds on the gateway's clock; never goes back */
  asOfLearnt(asOf) {
    if (Number.isFinite(asOf) && (this.#asOf === null || asOf > this.#asOf)) this.#asOf = asOf;
  }

  /** A new epoch has a new past. */
  epochChanged() { this.#asOf = null; }

  /** @returns {number} the gateway's time in milliseconds */
  serverNow(localNow) { return localNow + this.#offset; }

  /** @returns {number | null} milliseconds since the newest knowledge, null if nothing is known */
  age(localNow) {
    if (this.#asOf !== null) return Math.max(0, this.serverNow(localNow) - this.#asOf);
    return this.#lastFrame === null ? null : Math.max(0, localNow - this.#lastFrame);
  }

  isStale(localNow) {
    const age = this.age(localNow);
    return age !== null && age > Limits.staleMilliseconds;
  }

  /** Not even a heartbeat came for as long as makes a picture stale. */
  isSilent(localNow) {
    return this.#lastFrame !== null && localNow - this.#lastFrame > Limits.staleMilliseconds;
  }

  /** R49: nothing for 25 s means the other side is gone, whatever TCP says. */
  isDead(localNow) {
    return this.#lastFrame !== null && localNow - this.#lastFrame > Limits.silenceMilliseconds;
  }
}
