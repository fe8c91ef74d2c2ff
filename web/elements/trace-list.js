/** What happened and is over, or is not yet: a list of a state, a sentence and its details. */
import { h, setText } from '../platform/dom.js';
import { KeyedList } from '../platform/keyed-list.js';
import { StateChip } from './parts.js';

export class TraceList {
  #list;

  /**
   * @param {string} testid
   * @param {(row: any) => {status: {kind: string, word: string}, words: string, detail: string}} describe
   */
  constructor(testid, describe) {
    this.node = h('ul', { class: 'gaps', data: { testid } });
    this.#list = new KeyedList(this.node, () => item(describe));
  }

  /** @param {{id: string}[]} rows in the order in which they are shown */
  show(rows) {
    this.#list.sync(rows, ({ id }) => id);
    this.#list.refresh();
  }
}

function item(describe) {
  const chip = new StateChip();
  const words = h('span', { class: 'gap-words' });
  const detail = h('span', { class: 'muted num' });
  return {
    node: h('li', { class: 'gap-item', 'data-testid': 'row' }, chip.node, h('div', null, words, detail)),
    update: (row) => {
      const told = describe(row);
      chip.set(told.status);
      setText(words, told.words);
      setText(detail, told.detail);
    },
  };
}
