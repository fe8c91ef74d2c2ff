/** One queue. The table of steps is the twin of the bar. */
import { isPaused } from '../core/state/queue-pause.js';
import { arrayOf, prioritySteps, queueLoad, queueParts, workersUp } from '../core/state/selectors.js';
import { count, rate } from '../core/format/number.js';
import { duration } from '../core/format/time.js';
import { queueStatus, workerStatus } from '../core/format/states.js';
import { line } from '../core/format/text.js';
import { formatRoute } from '../core/query/route.js';
import { h, setHidden, setText } from '../platform/dom.js';
import { KeyedList } from '../platform/keyed-list.js';
import { button, card, emptyState, Facts, pageHead, setRefusal, skeleton, StateChip } from '../elements/parts.js';
import { PauseNote } from '../elements/pause-note.js';
import { Sparkline } from '../elements/sparkline.js';
import { StackedBar, StackedLegend } from '../elements/stacked-bar.js';
import { TrashCard } from '../elements/trash-card.js';
import { WaitingMessages } from '../elements/waiting-messages.js';

const FACTS = ['Waiting', 'Unacknowledged', 'Active', 'Reserved', 'Scheduled (ETA)', 'Unreachable', 'In per min', 'Out per min', 'Mean wait', 'Wait p95', 'Mean run time', 'Run time p95', 'Oldest'];

export class QueueDetailPage {
  #app;
  #id;
  #chip = new StateChip();
  #facts = new Facts(FACTS);
  #bar = new StackedBar();
  #spark = new Sparkline();
  #steps = h('tbody');
  #consumers = h('ul', { class: 'plain-list' });
  #noConsumers = h('p', { class: 'muted', text: 'No worker consumes this queue: what is sent to it waits.' });
  #consumerList;
  #loading = skeleton(6);
  #missing = h('div', null, emptyState('queues', 'This queue is not known', 'Nothing waits in it and no worker consumes it. It appears by itself when that changes.'));
  #waiting;
  #trash;
  #content;
  #purge;
  #pause;
  #resume;
  #note = new PauseNote();
  #legend = new StackedLegend();

  constructor(app, id) {
    this.#app = app;
    this.#id = id;
    this.title = line(id, 80);
    this.#pause = button('Pause…', { icon: 'pause', kind: 'tonal', testid: 'action-pause', onClick: () => app.actions.pause(this.#row) });
    this.#resume = button('Resume', { icon: 'run', kind: 'tonal', testid: 'action-resume', onClick: () => app.actions.resume(this.#row) });
    this.#purge = button('Purge…', { icon: 'purge', kind: 'tonal danger', testid: 'action-purge', onClick: () => app.actions.purge(this.#row) });
    this.#consumerList = new KeyedList(this.#consumers, () => consumerItem());
    const depth = card('Depth');
    depth.body.append(this.#bar.node, this.#legend.node, this.#spark.node, h('table', { class: 'mini-table' }, h('caption', { class: 'visually-hidden', text: 'Depth by priority step' }), h('thead', null, h('tr', null, h('th', { scope: 'col', text: 'Part' }), h('th', { scope: 'col', class: 'number', text: 'Messages' }))), this.#steps));
    const facts = card('Facts');
    facts.body.append(this.#facts.node);
    const consumers = card('Consumers');
    consumers.body.append(this.#consumers, this.#noConsumers);
    this.#waiting = new WaitingMessages(app, id);
    this.#trash = new TrashCard(app, id);
    this.#content = h('div', { class: 'stack' }, h('div', { class: 'columns' }, depth.node, h('div', { class: 'stack' }, facts.node, consumers.node)), this.#waiting.node);
    this.node = h('div', { class: 'page', 'data-testid': 'page-queue' },
      pageHead(line(id, 200), { back: { href: '#/queues', label: 'Back to queues' }, children: [this.#chip.node, h('span', { class: 'grow' }), h('div', { class: 'actions' }, h('a', { class: 'button tonal', href: formatRoute('tasks', null, [['queue', id]]), text: 'Tasks of this queue' }), this.#pause, this.#resume, this.#purge)] }).node,
      this.#note.node, this.#loading, this.#missing, this.#content, this.#trash.node);
  }

  destroy() { this.#waiting.destroy(); }

  get #row() { return this.#app.client.topics.get('queues').get(this.#id); }

  update(changed) {
    if (changed.has('trash') || changed.has('page')) this.#trash.update();
    else if (changed.has('clock') || changed.has('connection')) this.#trash.refresh();
    if (changed.has('clock')) this.#drawPause(this.#row);
    if (changed.has('history')) this.#spark.set(this.#app.history.get(`queue.${this.#id}`));
    if (!changed.has('queues') && !changed.has('workers') && !changed.has('connection')) return;
    const row = this.#row;
    setHidden(this.#missing, row !== undefined || !this.#app.client.topics.get('queues').complete);
    setHidden(this.#loading, row !== undefined || this.#app.client.topics.get('queues').complete);
    setHidden(this.#content, row === undefined);
    setHidden(this.#chip.node, row === undefined);
    setRefusal(this.#purge, row === undefined ? 'This queue is not known.' : this.#app.actions.refusal('queue.purge'));
    this.#drawPause(row);
    if (row === undefined) return;
    this.#chip.set(queueStatus(isPaused(row) ? 'paused' : row.state));
    const parts = queueParts(row);
    this.#legend.show(prioritySteps([row]));
    this.#bar.set(parts, Math.max(1, queueLoad(row)));
    if (this.#steps.childElementCount !== parts.length) this.#steps.replaceChildren(...parts.map((part) => h('tr', null, h('td', { text: part.label }), h('td', { class: 'number num' }))));
    parts.forEach((part, index) => setText(this.#steps.children[index].lastChild, count(part.value)));
    const values = [count(row.depth), count(row.unacked), count(row.active), count(row.reserved), count(row.scheduled), count(row.unreachable), rate(row.rateIn), rate(row.rateOut), duration(row.waitMean), duration(row.waitP95), duration(row.runtimeMean), duration(row.runtimeP95), duration(row.oldestAge)];
    FACTS.forEach((label, index) => this.#facts.set(label, values[index]));
    const workers = this.#app.client.topics.get('workers');
    const names = arrayOf(row.workers).filter((name) => typeof name === 'string');
    this.#consumerList.sync(names.map((name) => ({ name, state: workers.get(name)?.state })), ({ name }) => name);
    setHidden(this.#noConsumers, names.length > 0);
    setHidden(this.#consumers, names.length === 0);
  }

  #drawPause(row) {
    const { actions, client } = this.#app;
    const paused = isPaused(row);
    const missing = row === undefined ? 'This queue is not known.' : '';
    this.#note.set(row, workersUp(client.topics.get('workers').rows), this.#app.serverNow());
    setHidden(this.#pause, paused);
    setHidden(this.#resume, !paused);
    setRefusal(this.#pause, missing || actions.refusal('queue.pause'));
    setRefusal(this.#resume, missing || actions.refusal('queue.resume'));
  }
}

function consumerItem() {
  const chip = new StateChip();
  const link = h('a');
  return {
    node: h('li', { class: 'line-item' }, chip.node, link),
    update({ name, state }) {
      chip.set(workerStatus(state));
      setText(link, line(name, 160));
      link.setAttribute('href', formatRoute('workers', name));
    },
  };
}
