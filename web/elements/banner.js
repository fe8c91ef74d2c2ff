/** Above the page when something is wrong with the picture itself: disconnected, stale, broker down, stopped. */
import { connectionWords } from '../core/state/connection-words.js';
import { age } from '../core/format/time.js';
import { line } from '../core/format/text.js';
import { h, setAttr, setHidden, setText } from '../platform/dom.js';
import { button, StateChip } from './parts.js';

/** A reconnect that takes less than this is not worth a banner. */
const PATIENCE_MILLISECONDS = 1_500;

export class Banner {
  #app;
  #chip = new StateChip(null);
  #text = h('span', { class: 'banner-text' });
  #retry;
  #reload;

  constructor(app) {
    this.#app = app;
    this.#retry = button('Try now', { kind: 'tonal', testid: 'banner-retry', onClick: () => app.client.hurry() });
    this.#reload = button('Reload page', { kind: 'tonal', onClick: () => location.reload() });
    this.node = h('section', { class: 'banner', 'aria-label': 'Warning', 'data-testid': 'banner', hidden: true }, this.#chip.node, this.#text, this.#retry, this.#reload);
    app.store.listen(() => this.update(), ['connection', 'health', 'clock']);
  }

  update() {
    const state = this.#read();
    setHidden(this.node, state === null);
    const stale = state !== null && state.picture;
    if (document.body.classList.contains('stale') !== stale) document.body.classList.toggle('stale', stale);
    if (state === null) return;
    this.#chip.set(state);
    setText(this.#text, state.detail);
    setAttr(this.node, 'data-kind', state.kind);
    setHidden(this.#retry, this.#app.client.machine.state !== 'waiting');
    setHidden(this.#reload, this.#app.client.machine.state !== 'stopped');
  }

  /** @returns {{kind: string, word: string, detail: string, picture: boolean} | null} */
  #read() {
    const { client } = this.#app;
    const { machine, freshness } = client;
    const now = Date.now();
    if (machine.state !== 'live') {
      if (!machine.everLive && machine.state !== 'waiting' && machine.state !== 'stopped') return null;
      if (machine.state !== 'stopped' && machine.lostAt !== null && now - machine.lostAt < PATIENCE_MILLISECONDS) return null;
      return { ...connectionWords(machine, now, false), picture: true };
    }
    const broker = client.topics.get('health').get('broker');
    if (broker?.state === 'down') {
      return { kind: 'failed', word: 'Broker down', detail: line(broker.detail ?? 'The gateway cannot reach the broker and keeps trying. What you see is what was known before.'), picture: true };
    }
    if (freshness.isStale(now)) {
      return { kind: 'warning', word: 'Stale', detail: `Nothing new for ${age(freshness.age(now) / 1000).replace(' ago', '')}. ${freshness.isSilent(now) ? 'The gateway is silent; if that goes on, the page connects anew.' : 'The connection to the gateway stands; the gateway hears nothing from the broker.'}`, picture: true };
    }
    if (freshness.shed > 0) {
      return { kind: 'warning', word: 'Busy', detail: freshness.shed > 1 ? 'The gateway cannot keep up: figures come once a second, and lists that follow stand still.' : 'The gateway cannot keep up: figures come once a second.', picture: false };
    }
    if (broker?.state === 'reconciling') {
      return { kind: 'running', word: 'Reconciling', detail: 'The broker is back. Rows are checked one by one until the picture is whole again.', picture: false };
    }
    return null;
  }
}
