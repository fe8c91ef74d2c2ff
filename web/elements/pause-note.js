/** On the page of a paused queue: who, why, until when, who does not keep to it, and the way back. */
import { driftWords, isPaused, pauseWords } from '../core/state/queue-pause.js';
import { h, setHidden, setText } from '../platform/dom.js';
import { StateChip } from './parts.js';

export class PauseNote {
  #words = h('p', { class: 'pause-words' });
  #reason = h('p', { class: 'pause-reason' });
  #until = h('p', { class: 'muted num' });
  #drift;
  #driftWords = h('span');

  constructor() {
    this.#drift = h('p', { class: 'pause-drift', 'data-testid': 'pause-drift' }, new StateChip({ kind: 'warning', word: 'Drift' }).node, this.#driftWords);
    this.node = h('section', { class: 'card pause-note', 'aria-label': 'Pause', 'data-testid': 'pause-note', hidden: true },
      h('div', { class: 'pause-text' }, this.#words, this.#reason, this.#until, this.#drift));
  }

  /** @param {object | undefined} queue @param {number} up workers that are up @param {number} now */
  set(queue, up, now) {
    setHidden(this.node, !isPaused(queue));
    if (!isPaused(queue)) return;
    const { by, reason, until } = pauseWords(queue, now);
    const drift = driftWords(queue, up);
    setText(this.#words, by);
    setText(this.#reason, reason === '' ? '' : `“${reason}”`);
    setHidden(this.#reason, reason === '');
    setText(this.#until, until);
    setText(this.#driftWords, drift);
    setHidden(this.#drift, drift === '');
  }
}
