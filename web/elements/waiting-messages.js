/** What waits in a queue, next one first: read on request, never taken. */
import { line } from '../core/format/text.js';
import { count } from '../core/format/number.js';
import { getJSON } from '../platform/session.js';
import { h, setHidden, setText } from '../platform/dom.js';
import { menuButton } from './menu.js';
import { messageRow } from './message-row.js';
import { deleteMessage, moveMessage, prioritizeMessage } from './message-dialogs.js';
import { button, card, setRefusal } from './parts.js';

/** Messages of one page. */
const PAGE = 20;

/** What can be done with one message. @type {[string, string, string, string, (app: any, target: any) => void][]} */
const ACTIONS = [
  ['message.prioritize', 'Urgency…', 'urgency', 'message-urgency', prioritizeMessage],
  ['message.move', 'Move…', 'move', 'message-move', moveMessage],
  ['message.delete', 'Delete…', 'purge', 'message-delete', deleteMessage],
];

export class WaitingMessages {
  #app;
  #queue;
  #offset = 0;
  #total = 0;
  #abort = new AbortController();
  #note = h('p', { class: 'muted', role: 'status', text: 'Shows what workers take next, without taking it.' });
  #rows = h('tbody');
  #table;
  #look;
  #newer;
  #older;

  constructor(app, queue) {
    this.#app = app;
    this.#queue = queue;
    this.#look = button('Look', { kind: 'tonal', testid: 'peek', onClick: () => this.#read(0) });
    this.#newer = button('Before', { testid: 'peek-before', onClick: () => this.#read(this.#offset - PAGE) });
    this.#older = button('After', { testid: 'peek-after', onClick: () => this.#read(this.#offset + PAGE) });
    const headings = [['#', 'place'], ['Task', ''], ['Step', 'number'], ['Size', 'number wide-only'], ['Actions', 'narrow']];
    this.#table = h('table', { class: 'mini-table' }, h('caption', { class: 'visually-hidden', text: 'Waiting messages' }),
      h('thead', null, h('tr', null, ...headings.map(([label, kind]) => h('th', { scope: 'col', class: kind }, h('span', { class: kind === 'narrow' ? 'visually-hidden' : null, text: label }))))), this.#rows);
    const box = card('Waiting messages', { actions: [this.#newer, this.#older, this.#look], testid: 'waiting-messages' });
    box.body.append(this.#note, this.#table);
    this.node = box.node;
    this.#turn();
    setHidden(this.#table, true);
  }

  destroy() { this.#abort.abort(); }

  async #read(offset) {
    this.#abort.abort();
    this.#abort = new AbortController();
    const { signal } = this.#abort;
    const answer = await getJSON(`/api/celery/queues/${encodeURIComponent(this.#queue)}/messages?offset=${Math.max(0, offset)}&limit=${PAGE}`, signal);
    if (signal.aborted) return;
    if (!answer.ok) {
      setText(this.#note, answer.status === 0 ? 'The gateway does not answer.' : answer.status === 503 ? 'The broker cannot be asked now.' : `The gateway answered ${answer.status}.`);
      return;
    }
    this.#offset = Math.max(0, offset);
    this.#total = answer.value.total;
    const messages = answer.value.messages;
    setText(this.#look.lastChild, 'Look again');
    const last = this.#offset + messages.length;
    setText(this.#note, messages.length === 0 ? 'Nothing waits now.' : `${count(this.#offset + 1)} to ${count(last)} of ${count(this.#total)} as it was just now. Held by workers already, and therefore not here: what is unacknowledged.`);
    this.#rows.replaceChildren(...messages.map((message) => messageRow(message, { after: this.#menu(message) })));
    setHidden(this.#table, messages.length === 0);
    this.#turn();
  }

  #menu(message) {
    return menuButton(`Actions for ${line(message.name ?? 'message', 60)} at place ${message.position + 1}`, () => ACTIONS.map(([command, label, icon, testid, act]) => ({
      label, icon, testid, act: () => act(this.#app, { queue: this.#queue, message, done: () => this.#read(this.#offset) }),
      refusal: () => this.#app.actions.refusal(command) || addressRefusal(command, message),
    })), { iconOnly: true, testid: 'message-actions' });
  }

  #turn() {
    setHidden(this.#newer, this.#total <= PAGE);
    setHidden(this.#older, this.#total <= PAGE);
    setRefusal(this.#newer, this.#offset > 0 ? '' : 'This is the first page.');
    setRefusal(this.#older, this.#offset + PAGE < this.#total ? '' : 'This is the last page.');
  }
}

/** Without a delivery tag only a delete can name it, by its digest. */
function addressRefusal(command, message) {
  if (typeof message.deliveryTag === 'string' || (command === 'message.delete' && typeof message.digest === 'string')) return '';
  return 'Its delivery tag cannot be read, so nothing can name it.';
}
