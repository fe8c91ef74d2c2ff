/** One worker: state with its reason, figures, queues, processes, registered tasks. */
import { arrayOf } from '../core/state/selectors.js';
import { bytes, count, DASH, percent, plural } from '../core/format/number.js';
import { ago, duration, exact } from '../core/format/time.js';
import { workerStatus } from '../core/format/states.js';
import { line } from '../core/format/text.js';
import { formatRoute } from '../core/query/route.js';
import { h, setHidden, setText } from '../platform/dom.js';
import { button, card, emptyState, Facts, iconButton, Meter, pageHead, setRefusal, skeleton, StateChip } from '../elements/parts.js';
import { DataTable } from '../elements/data-table.js';
import { openRunDialog } from '../elements/run-dialog.js';
import { openWorkerCommands } from '../elements/worker-commands.js';
import { ageColumn, nameColumn, runningColumn, stateColumn } from './task-columns.js';
import { uptimeWords } from './workers.js';

const FACTS = ['Active', 'Concurrency', 'Reserved', 'Scheduled', 'Processed', 'Prefetch', 'Pool', 'Autoscale', 'Memory', 'CPU user', 'CPU system', 'Load average', 'Uptime', 'Heard', 'Clock drift', 'Completeness', 'Pool restarts', 'Task events', 'Process', 'Software', 'Platform'];

export class WorkerDetailPage {
  #app;
  #id;
  #chip = new StateChip();
  #reason = h('p', { class: 'lead' });
  #facts = new Facts(FACTS);
  #meter = new Meter();
  #queues = h('p', { class: 'tags' });
  #tasks = h('ul', { class: 'registered' });
  #rates = h('ul', { class: 'plain-list' });
  #tasksHead;
  #loading = skeleton(6);
  #missing = h('div', null, emptyState('workers', 'This worker is not known', 'Nothing has been heard of a worker with this name. It appears with its first heartbeat.'));
  #content;
  #commands;
  #restart;
  #shutdown;
  #window;
  #table;

  constructor(app, id) {
    this.#app = app;
    this.#id = id;
    this.title = line(id, 80);
    this.#commands = button('Commands…', { icon: 'more', kind: 'tonal', testid: 'action-commands', onClick: () => openWorkerCommands(app, [this.#row]) });
    this.#restart = button('Restart pool', { icon: 'restart', kind: 'tonal', testid: 'action-restart', onClick: () => app.actions.restart([this.#row]) });
    this.#shutdown = button('Shut down', { icon: 'shutdown', kind: 'tonal danger', testid: 'action-shutdown', onClick: () => app.actions.shutdown([this.#row]) });
    this.#window = app.client.openWindow({ topic: 'tasks', where: ['eq', 'worker', id], order: ['seen', 'desc'], limit: 20, mode: 'follow', maxHz: 2 });
    this.#table = new DataTable({ caption: 'Last tasks of this worker', testid: 'worker-tasks', keyOf: (task) => task.id, hrefOf: (task) => formatRoute('tasks', task.id), columns: [stateColumn(), nameColumn(), ageColumn(app, 'seen', 'Seen'), runningColumn(app)], empty: emptyState('tasks', 'No task', 'No task kept here ran on this worker.') });
    const facts = card('Facts');
    facts.body.append(this.#meter.node, this.#facts.node);
    const queues = card('Consumes');
    queues.body.append(this.#queues);
    const registered = card('Registered tasks');
    this.#tasksHead = registered.side;
    registered.body.append(this.#tasks);
    const limits = card('Rate limits');
    limits.body.append(this.#rates);
    this.#rates.card = limits.node;
    const last = card('Last tasks', { href: formatRoute('tasks', null, [['worker', id]]) });
    last.body.append(this.#table.node);
    this.#content = h('div', { class: 'stack' }, this.#reason, facts.node, h('div', { class: 'columns wide-left' }, last.node, h('div', { class: 'stack' }, queues.node, limits.node, registered.node)));
    this.node = h('div', { class: 'page', 'data-testid': 'page-worker' },
      pageHead(line(id, 200), { back: { href: '#/workers', label: 'Back to workers' }, children: [this.#chip.node, h('span', { class: 'grow' }), h('div', { class: 'actions' }, this.#commands, this.#restart, this.#shutdown)] }).node,
      this.#loading, this.#missing, this.#content);
  }

  get #row() { return this.#app.client.topics.get('workers').get(this.#id); }

  move(step) { this.#table.moveFocus(step); }

  destroy() {
    this.#window.close();
    this.#table.destroy();
  }

  update(changed) {
    if (changed.has('window')) this.#table.sync(this.#window.state.list(), this.#window.state.complete);
    if (!changed.has('workers') && !changed.has('connection') && !changed.has('clock')) return;
    const worker = this.#row;
    setHidden(this.#missing, worker !== undefined || !this.#app.client.topics.get('workers').complete);
    setHidden(this.#loading, worker !== undefined || this.#app.client.topics.get('workers').complete);
    setHidden(this.#content, worker === undefined);
    setHidden(this.#chip.node, worker === undefined);
    setRefusal(this.#commands, worker === undefined ? 'This worker is not known.' : '');
    setRefusal(this.#restart, worker === undefined ? 'This worker is not known.' : this.#app.actions.restartRefusal(worker));
    setRefusal(this.#shutdown, worker === undefined ? 'This worker is not known.' : this.#app.actions.shutdownRefusal(worker));
    if (worker !== undefined) this.#draw(worker);
  }

  #draw(worker) {
    const now = this.#app.serverNow();
    this.#chip.set(workerStatus(worker.state));
    setText(this.#reason, line(worker.reason ?? ''));
    setHidden(this.#reason, !worker.reason);
    this.#meter.set(worker.load, worker.load >= 1 ? 'full' : '');
    const values = [
      count(worker.active), count(worker.concurrency), count(worker.reserved), count(worker.scheduled), count(worker.processed), count(worker.prefetch), line(worker.pool ?? DASH, 60),
      Array.isArray(worker.autoscale) ? worker.autoscale.join(' – ') : 'off', bytes(worker.memoryBytes), duration(worker.cpuUser), duration(worker.cpuSystem),
      Array.isArray(worker.loadavg) ? worker.loadavg.map((value) => (Number.isFinite(value) ? value.toFixed(2) : DASH)).join('  ') : DASH,
      uptimeWords(worker, now), worker.heartbeat ? `${ago(worker.heartbeat, now)}` : DASH, Number.isFinite(worker.drift) ? duration(worker.drift) : DASH,
      Number.isFinite(worker.completeness) ? `${percent(worker.completeness)} %` : DASH, yesNo(worker.poolRestarts), yesNo(worker.events), worker.pid === undefined ? DASH : String(worker.pid), line(worker.software ?? DASH, 120), line(worker.platform ?? DASH, 120),
    ];
    FACTS.forEach((label, index) => this.#facts.set(label, values[index], label === 'Heard' ? exact(worker.heartbeat) : null));
    this.#lists(worker);
  }

  #lists(worker) {
    const key = JSON.stringify([worker.queues, worker.registered, worker.rateLimits, this.#app.role]);
    if (key === this.#tasks.key) return;
    this.#tasks.key = key;
    const queues = arrayOf(worker.queues);
    this.#queues.replaceChildren(...queues.map((queue) => h('a', { class: 'tag', href: formatRoute('queues', String(queue)), text: line(String(queue), 120) })));
    if (queues.length === 0) this.#queues.append(h('span', { class: 'muted', text: 'Not known yet, or none.' }));
    const names = arrayOf(worker.registered).map(String).sort();
    setText(this.#tasksHead, plural(names.length, 'task'));
    this.#tasks.replaceChildren(...names.map((name) => {
      const run = iconButton(`Run ${line(name, 120)}`, 'run', { onClick: () => openRunDialog(this.#app, { task: name }) });
      setRefusal(run, this.#app.actions.refusal('task.run'));
      return h('li', null, h('a', { class: 'task-name', href: formatRoute('tasks', null, [['name', name]]), text: line(name, 200) }), run);
    }));
    const rates = arrayOf(worker.rateLimits);
    setHidden(this.#rates.card, rates.length === 0);
    this.#rates.replaceChildren(...rates.map((limit) => h('li', { class: 'mono', text: line(String(limit), 200) })));
  }
}

function yesNo(value) {
  return value === true ? 'on' : value === false ? 'off' : 'not known';
}
