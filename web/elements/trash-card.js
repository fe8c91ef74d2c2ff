/** What purges and deletes have put aside from one queue: how much, by whom, for how long yet, and the way back. */
import { count, plural } from '../core/format/number.js';
import { line } from '../core/format/text.js';
import { ago, duration, exact, isTime } from '../core/format/time.js';
import { trashOf } from '../core/state/queue-purge.js';
import { h, setAttr, setHidden, setText } from '../platform/dom.js';
import { KeyedList } from '../platform/keyed-list.js';
import { button, card, setRefusal } from './parts.js';
import { openRestoreDialog } from './restore-dialog.js';

export class TrashCard {
  #app;
  #queue;
  #list = h('ul', { class: 'trash-list' });
  #rows;

  /** @param {import('../app.js').App} app @param {string} queue */
  constructor(app, queue) {
    this.#app = app;
    this.#queue = queue;
    this.#rows = new KeyedList(this.#list, () => this.#item());
    const box = card('Trash', { testid: 'trash' });
    box.body.append(h('p', { class: 'muted', text: 'What was purged or deleted here, and can be put back.' }), this.#list);
    this.node = box.node;
    this.update();
  }

  update() {
    const rows = trashOf(this.#app.client.topics.get('trash').rows, this.#queue);
    this.#rows.sync(rows, ({ id }) => id);
    setHidden(this.node, rows.length === 0);
  }

  /** Time goes on, and so may the role. */
  refresh() { this.#rows.refresh(); }

  #item() {
    const words = h('p', { class: 'strong num' });
    const detail = h('p', { class: 'muted num' });
    let current = {};
    const restore = button('Restore…', { icon: 'undo', kind: 'tonal', testid: 'trash-restore', onClick: () => openRestoreDialog(this.#app, current) });
    const node = h('li', { class: 'trash-item', 'data-testid': 'trash-item' }, h('div', null, words, detail), restore);
    return {
      node,
      update: (row) => {
        current = row;
        const now = this.#app.serverNow();
        node.dataset.id = row.id;
        setText(words, row.left < row.count ? `${count(row.left)} of ${plural(row.count, 'message')} left` : plural(row.left, 'message'));
        setText(detail, `Removed by ${line(row.by ?? 'somebody', 80)} ${ago(row.at, now)} · ${leftWords(row.expires, now)}`);
        setAttr(detail, 'title', isTime(row.expires) ? `Until ${exact(row.expires)}` : null);
        setRefusal(restore, this.#app.actions.refusal('queue.restore'));
      },
    };
  }
}

function leftWords(expires, now) {
  return !isTime(expires) ? 'kept for a time' : expires <= now ? 'about to be thrown away' : `kept ${duration(Math.max(1, Math.round(expires - now)))} more`;
}
