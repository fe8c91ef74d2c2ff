/**
 * The wall display: one look from across the room. No pointer, no scrolling, no dialogs; it reconnects for ever and
 * loads itself anew when the gateway was replaced.
 */
import { FeedClient } from '../core/link/feed-client.js';
import { Store } from '../core/state/store.js';
import { drift, fontPixels, isCompact, wallOptions } from '../core/wall/layout.js';
import { checkSession, openSession, takeWallToken } from '../platform/session.js';
import { openSocket } from '../platform/socket.js';
import { h, setVar } from '../platform/dom.js';
import { WallPicture } from './picture.js';

const TOPICS = ['stats', 'workers', 'queues', 'health', 'alerts'];
/** Frames a second that a wall asks for (R28). */
const WALL_MAX_HZ = 1;
const SECOND = 1_000;
const MINUTE = 60 * SECOND;
/** A new gateway is not stormed by all its walls at once. */
const RELOAD_WITHIN = 30 * SECOND;

class Wall {
  #root = document.getElementById('wall');
  #store = new Store((flush) => setTimeout(flush, document.hidden ? SECOND : 100));
  #client;
  #picture;
  #options = wallOptions(location.search);
  #epoch = null;
  #reloading = false;
  #problem = '';

  constructor() {
    this.#client = new FeedClient({
      openSocket,
      checkSession,
      now: () => Date.now(),
      setTimer: (fn, milliseconds) => setTimeout(fn, milliseconds),
      clearTimer: (timer) => clearTimeout(timer),
      random: Math.random,
      changed: (what) => this.#store.mark(what),
      version: 'wall',
    }, TOPICS, { maxHz: WALL_MAX_HZ });
    this.#picture = new WallPicture(this.#client);
  }

  async start(token) {
    this.#size();
    addEventListener('resize', () => this.#size());
    addEventListener('online', () => this.#client.hurry());
    document.addEventListener('visibilitychange', () => { if (!document.hidden) this.#client.hurry(); });
    this.#store.listen(() => this.#connectionChanged(), ['connection']);
    this.#store.listen(() => this.#learnAsOf(), ['health']);
    this.#store.listen(() => this.#picture.update());
    setInterval(() => this.#store.mark('clock'), SECOND);
    setInterval(() => this.#drift(), MINUTE);
    this.#root.replaceChildren(this.#picture.node);
    if (token !== null) {
      const answer = await openSession({ token });
      if (!answer.ok) this.#problem = answer.reason;
    }
    this.#client.begin();
  }

  #connectionChanged() {
    const { state } = this.#client.machine;
    if (state === 'signedOut') this.#showSignIn();
    else if (!this.#root.contains(this.#picture.node)) this.#root.replaceChildren(this.#picture.node);
    const epoch = this.#client.session?.epoch ?? null;
    if (epoch === null) return;
    this.#epoch ??= epoch;
    if (epoch !== this.#epoch) this.#reloadSoon();
  }

  /** Another epoch is another gateway process, perhaps with newer files. */
  #reloadSoon() {
    if (this.#reloading) return;
    this.#reloading = true;
    setTimeout(() => location.reload(), Math.random() * RELOAD_WITHIN);
  }

  #showSignIn() {
    this.#root.replaceChildren(h('main', { class: 'wall-sign-in', 'data-testid': 'wall-sign-in' },
      h('h1', { text: 'This display is not signed in' }),
      this.#problem === '' ? null : h('p', { text: this.#problem }),
      h('p', null, 'Make a token on the gateway: ', h('code', { text: 'celeriac token create --role wall --name this-display' })),
      h('p', null, 'Then open ', h('code', { text: `${location.origin}/wall/#token=…` }), ' here, once.')));
    // It never needs a human: a token that is made valid again is found.
    setTimeout(() => this.#client.begin(), MINUTE);
  }

  #learnAsOf() {
    const ingest = this.#client.topics.get('health').get('ingest');
    if (Number.isFinite(ingest?.asOf)) this.#client.freshness.asOfLearnt(ingest.asOf * 1000);
  }

  #size() {
    const font = fontPixels({ width: innerWidth, height: innerHeight }, this.#options);
    setVar(document.documentElement, 'font-size', `${font}px`);
    this.#picture.compact = isCompact(innerHeight, font);
    this.#store.mark('clock');
  }

  #drift() {
    const [x, y] = drift(Math.floor(Date.now() / MINUTE));
    setVar(this.#root, 'translate', `${x}px ${y}px`);
  }
}

new Wall().start(takeWallToken());
