/** Which messages of a purge: a list with a box each, read when it is asked for. */
import { plural } from '../core/format/number.js';
import { line } from '../core/format/text.js';
import { getJSON } from '../platform/session.js';
import { h, setHidden, setText } from '../platform/dom.js';
import { messageRow } from './message-row.js';
import { button } from './parts.js';

/** Messages that the gateway gives at once. */
const PAGE = 100;

export class TrashChoice {
  #id;
  #isReading = false;
  /** Messages read so far, and how many there are; null before the first answer. */
  #read = 0;
  #left = null;
  #rows = h('tbody');
  #more = button('', { testid: 'trash-more', onClick: () => this.read(true) });
  #note = h('p', { class: 'form-note', role: 'status' });

  /** @param {string} id of the trash */
  constructor(id) {
    this.#id = id;
    this.node = h('div', { class: 'bulk-list', tabindex: '0', role: 'region', 'aria-label': 'Messages in the trash' },
      h('table', { class: 'mini-table' }, h('caption', { class: 'visually-hidden', text: 'Messages in the trash' }),
        h('thead', null, h('tr', null, h('th', { scope: 'col', class: 'place' }, h('span', { class: 'visually-hidden', text: 'Chosen' })), h('th', { scope: 'col', text: 'Task' }), h('th', { scope: 'col', class: 'number', text: 'Step' }), h('th', { scope: 'col', class: 'number wide-only', text: 'Size' }))),
        this.#rows), this.#note, this.#more);
    setHidden(this.#more, true);
  }

  /** Ids of the tasks that are chosen. @returns {string[]} */
  get ids() { return [...this.#rows.querySelectorAll('input:checked')].map((box) => box.value); }

  /** Reads the first messages, or those after the ones that are shown. */
  async read(further = false) {
    if (this.#isReading || (this.#left !== null && !further)) return;
    this.#isReading = true;
    setText(this.#note, 'The list is being read.');
    const answer = await getJSON(`/api/celery/trash/${encodeURIComponent(this.#id)}?offset=${this.#read}&limit=${PAGE}`);
    this.#isReading = false;
    if (!answer.ok) {
      setText(this.#note, answer.status === 404 ? 'It is not in the trash any more.' : answer.status === 0 ? 'The gateway does not answer.' : `The gateway answered ${answer.status}.`);
      return;
    }
    const { messages, left } = answer.value;
    this.#rows.append(...messages.map((message) => messageRow(message, { before: boxFor(message) })));
    this.#read += messages.length;
    this.#left = left;
    const rest = messages.length === 0 ? 0 : Math.max(0, left - this.#read);
    setText(this.#note, rest > 0 ? `The first ${plural(this.#read, 'message')} of ${left.toLocaleString('en-US')}.` : '');
    setText(this.#more.lastChild, `Show ${plural(Math.min(rest, PAGE), 'more message')}`);
    setHidden(this.#more, rest === 0);
  }
}

/** Only a message that names its task can be chosen. */
function boxFor(message) {
  const id = typeof message.id === 'string' ? message.id : null;
  return h('input', { type: 'checkbox', class: 'row-check', value: id ?? '', disabled: id === null, 'aria-label': id === null ? 'A message without an id' : `${line(message.name ?? 'message', 60)} ${line(id, 60)}` });
}
