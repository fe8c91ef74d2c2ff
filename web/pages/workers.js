/** Workers: who needs somebody first; load, pool, memory, queues; every command that can be given. */
import { arrayOf, departuresNewestFirst, troubleRank, workerStates } from '../core/state/selectors.js';
import { bytes, compact, count } from '../core/format/number.js';
import { duration, moment } from '../core/format/time.js';
import { workerStatus } from '../core/format/states.js';
import { line } from '../core/format/text.js';
import { formatRoute } from '../core/query/route.js';
import { h, setAttr, setHidden, setText } from '../platform/dom.js';
import { DataTable, textCell } from '../elements/data-table.js';
import { TraceList } from '../elements/trace-list.js';
import { button, card, emptyState, iconButton, Meter, pageHead, setRefusal, setTime, StateChip, timeNode, unverifiedMark } from '../elements/parts.js';
import { openWorkerCommands } from '../elements/worker-commands.js';

const QUEUES_SHOWN = 2;
const DEPARTURES_SHOWN = 20;

export class WorkersPage {
  title = 'Workers';
  #app;
  #count = h('span', { class: 'page-count num' });
  #summary = h('div', { class: 'filter-chips', role: 'group', 'aria-label': 'Filter by state' });
  #state;
  #table;
  #filter;
  #all;
  #shown = [];
  #left = card('Left');
  #departures = new TraceList('departures', (row) => this.#departure(row));

  constructor(app, route) {
    this.#app = app;
    this.#state = route.query.get('state') ?? '';
    this.#filter = h('input', { type: 'search', class: 'field-input small', placeholder: 'Filter workers', 'aria-label': 'Filter workers', autocomplete: 'off', value: route.query.get('q') ?? '', on: { input: () => this.#draw() } });
    this.#all = button('Commands for those shown…', { icon: 'more', testid: 'commands-all', onClick: () => openWorkerCommands(app, this.#shown) });
    this.#table = new DataTable({
      caption: 'Workers', testid: 'workers-table', keyOf: ({ id }) => id, hrefOf: ({ id }) => formatRoute('workers', id), sort: ['state', 'asc'],
      empty: emptyState('workers', 'No worker', 'Nothing has been heard of a worker that matches. Workers appear with their first heartbeat.'),
      columns: [
        { key: 'name', label: 'Worker', class: 'c-name', sort: ({ id }) => id, cell: nameCell },
        { key: 'state', label: 'State', class: 'c-state', sort: rankText, cell: stateCell },
        { key: 'load', label: 'Load', class: 'c-load', sort: (worker) => worker.load ?? -1, cell: loadCell },
        { key: 'pool', label: 'Pool', cell: textCell((worker) => line(worker.pool ?? '–', 40)) },
        { key: 'reserved', label: 'Reserved', class: 'number c-minor', sort: (worker) => worker.reserved ?? -1, cell: textCell((worker) => count(worker.reserved), { className: 'num' }) },
        { key: 'processed', label: 'Processed', class: 'number c-minor', sort: (worker) => worker.processed ?? -1, cell: textCell((worker) => compact(worker.processed), { className: 'num' }) },
        { key: 'memory', label: 'Memory', class: 'number', sort: (worker) => worker.memoryBytes ?? -1, cell: textCell((worker) => bytes(worker.memoryBytes), { className: 'num' }) },
        { key: 'uptime', label: 'Uptime', class: 'number c-tight', sort: (worker) => worker.uptime ?? -1, cell: textCell((worker) => uptimeWords(worker, app.serverNow()), { className: 'num' }) },
        { key: 'queues', label: 'Queues', class: 'c-queues', cell: queuesCell },
        { key: 'heartbeat', label: 'Heard', class: 'number c-minor', sort: (worker) => worker.heartbeat ?? 0, cell: () => { const node = timeNode(); return { node, update: (worker) => setTime(node, worker.heartbeat, app.serverNow()) }; } },
        { key: 'actions', label: 'Actions', hideLabel: true, class: 'c-actions', cell: () => this.#actionCell() },
      ],
    });
    this.node = h('div', { class: 'page', 'data-testid': 'page-workers' },
      pageHead('Workers', { children: [this.#count, h('span', { class: 'grow' }), this.#all, this.#filter] }).node, this.#summary, this.#table.node, this.#left.node);
    this.#left.body.append(this.#departures.node);
    this.#drawDepartures();
  }

  routeChanged(route) {
    this.#state = route.query.get('state') ?? '';
    this.#draw();
    return true;
  }

  update(changed) {
    if (changed.has('health')) this.#drawDepartures();
    if (changed.has('workers') || changed.has('page')) this.#draw();
    else if (changed.has('connection')) this.#table.refresh();
  }

  search() { this.#filter.focus(); return true; }
  move(step) { this.#table.moveFocus(step); }
  destroy() { this.#table.destroy(); }

  #draw() {
    const topic = this.#app.client.topics.get('workers');
    const words = this.#filter.value.trim().toLowerCase();
    const rows = [...topic.rows].filter((worker) => (this.#state === '' || worker.state === this.#state) && (words === '' || worker.id.toLowerCase().includes(words)));
    this.#table.sync(rows, topic.complete);
    this.#shown = rows.filter(({ state }) => state !== 'offline');
    setRefusal(this.#all, this.#shown.length === 0 ? 'No worker that is shown is up.' : '');
    setText(this.#count, topic.complete ? count(topic.size) : '');
    this.#drawSummary(topic);
  }

  #drawDepartures() {
    const rows = departuresNewestFirst(this.#app.client.topics.get('health').rows).slice(0, DEPARTURES_SHOWN);
    this.#departures.show(rows);
    setHidden(this.#left.node, rows.length === 0);
  }

  #departure(row) {
    const now = this.#app.serverNow();
    const words = `${line(row.worker ?? 'unknown', 160)}${Number.isFinite(row.pid) ? `, process ${row.pid}` : ''}: ${line(row.reason ?? 'unknown reason', 300)}`;
    return { status: { kind: 'stopped', word: 'Left' }, words, detail: `last heard ${moment(row.lastSeen, now)} · left ${moment(row.leftAt, now)}` };
  }

  #drawSummary(topic) {
    const entries = [['', topic.size], ...workerStates(topic.rows)];
    const key = `${this.#state}/${JSON.stringify(entries)}`;
    if (this.#summary.key === key) return;
    this.#summary.key = key;
    const focused = document.activeElement?.dataset?.state;
    this.#summary.replaceChildren(...entries.map(([state, n]) => {
      const chip = h('a', { class: 'filter-chip', href: formatRoute('workers', null, [['state', state]]), 'aria-current': state === this.#state ? 'true' : null, data: { state } });
      if (state !== '') chip.append(new StateChip(workerStatus(state), { plain: true }).node);
      else chip.append(h('span', { text: 'All' }));
      chip.append(h('span', { class: 'num muted', text: count(n) }));
      return chip;
    }));
    if (focused !== undefined) [...this.#summary.children].find((chip) => chip.dataset.state === focused)?.focus();
  }

  #actionCell() {
    let current = null;
    const restart = iconButton('Restart', 'restart', { testid: 'action-restart', onClick: () => this.#app.actions.restart([current]) });
    const more = iconButton('Commands', 'more', { testid: 'action-commands', onClick: () => openWorkerCommands(this.#app, [current]) });
    const shutdown = iconButton('Shut down', 'shutdown', { testid: 'action-shutdown', onClick: () => this.#app.actions.shutdown([current]) });
    return {
      node: h('span', { class: 'row-actions' }, restart, shutdown, more),
      update: (worker) => {
        current = worker;
        for (const [node, verb] of [[restart, 'Restart'], [shutdown, 'Shut down'], [more, 'Commands for']]) {
          node.dataset.label = `${verb} ${line(worker.id, 80)}`;
          setAttr(node, 'aria-label', node.dataset.label);
        }
        setRefusal(restart, this.#app.actions.restartRefusal(worker));
        setRefusal(shutdown, this.#app.actions.shutdownRefusal(worker));
      },
    };
  }
}

/** Uptime goes on counting after the worker said it. */
export function uptimeWords(worker, now) {
  if (!Number.isFinite(worker.uptime)) return duration(undefined);
  const since = Number.isFinite(worker.statsAt) && worker.state !== 'offline' ? Math.max(0, now - worker.statsAt) : 0;
  return duration(worker.uptime + since);
}

function rankText(worker) {
  return `${troubleRank(worker)}/${worker.id}`;
}

function nameCell() {
  const link = h('a', { class: 'strong' });
  const stale = unverifiedMark();
  const twins = h('span', { class: 'left-mark' });
  return {
    node: h('span', { class: 'cell-line' }, link, stale, twins),
    update(worker) {
      setText(link, line(worker.id, 160));
      setAttr(link, 'href', formatRoute('workers', worker.id));
      setHidden(stale, worker.stale !== true);
      setHidden(twins, !(worker.duplicates > 1));
      setText(twins, `${count(worker.duplicates)} processes share this name`);
    },
  };
}

function stateCell() {
  const chip = new StateChip();
  const reason = h('span', { class: 'state-reason' });
  return {
    node: h('span', { class: 'cell-stack' }, chip.node, reason),
    update(worker) {
      chip.set(workerStatus(worker.state), worker.reason ? line(worker.reason) : '');
      const calm = worker.state === 'online' || worker.state === 'busy';
      setText(reason, calm || !worker.reason ? '' : line(worker.reason, 160));
    },
  };
}

function loadCell() {
  const meter = new Meter();
  const words = h('span', { class: 'num' });
  return {
    node: h('span', { class: 'meter-line' }, meter.node, words),
    update(worker) {
      meter.set(worker.load, worker.load >= 1 ? 'full' : '');
      setText(words, `${count(worker.active)} / ${count(worker.concurrency)}`);
    },
  };
}

function queuesCell() {
  const node = h('span', { class: 'tags' });
  return {
    node,
    update(worker) {
      const queues = arrayOf(worker.queues);
      const key = queues.join('\u0000');
      if (node.key === key) return;
      node.key = key;
      node.replaceChildren(...queues.slice(0, QUEUES_SHOWN).map((queue) => h('a', { class: 'tag', href: formatRoute('queues', String(queue)), text: line(String(queue), 60) })));
      if (queues.length > QUEUES_SHOWN) node.append(h('span', { class: 'muted', text: `+${queues.length - QUEUES_SHOWN}` }));
    },
  };
}
