/** Overview: the figures, what is wrong, who works, what waits, what runs now and what failed last. */
import { DeepestFirst } from '../core/state/deepest-first.js';
import { alertsWorstFirst, prioritySteps, queueLoad, queueParts, workerStates, workersWorstFirst } from '../core/state/selectors.js';
import { compact, count, DASH, percent, plural, rate } from '../core/format/number.js';
import { duration } from '../core/format/time.js';
import { RUNNING_STATES, severityStatus, workerStatus } from '../core/format/states.js';
import { line } from '../core/format/text.js';
import { formatRoute } from '../core/query/route.js';
import { h, setAttr, setHidden, setText } from '../platform/dom.js';
import { KeyedList } from '../platform/keyed-list.js';
import { DataTable } from '../elements/data-table.js';
import { Hold } from '../elements/hold.js';
import { button, card, emptyState, Meter, setTime, skeleton, StateChip, timeNode } from '../elements/parts.js';
import { Sparkline } from '../elements/sparkline.js';
import { StackedBar, StackedLegend } from '../elements/stacked-bar.js';
import { ageColumn, nameColumn, runningColumn, workerColumn, exceptionColumn } from './task-columns.js';

const QUEUES_SHOWN = 8;
const WORKERS_SHOWN = 48;
const ALERTS_SHOWN = 3;
const ALERTS_AT_MOST = 50;

/** @type {[string, string, (fleet: any, topics: any) => {value: string, unit?: string, sub: string}, string, object?][]} */
const TILES = [
  ['active', 'Running', (fleet) => ({ value: compact(fleet.active), sub: `${compact(fleet.reserved)} reserved` }), 'fleet.active'],
  ['queueDepth', 'Waiting', (fleet) => ({ value: compact(fleet.queueDepth), sub: `not delivered, ${count(fleet.queues)} queues` }), 'fleet.queueDepth'],
  ['throughput', 'Throughput', (fleet) => ({ value: rate(fleet.throughput), unit: '/min', sub: `${rate(fleet.eventsPerSecond)} events/s` }), 'fleet.throughput10s'],
  ['successRate', 'Success rate', (fleet) => ({ value: percent(fleet.successRate), unit: fleet.successRate === undefined ? '' : '%', sub: fleet.successRate === undefined ? 'nothing finished lately' : 'last 5 min' }), 'fleet.successRate', { zeroBased: false }],
  ['completed', 'Completed', (_, stats) => ({ value: compact(totalOf(stats, 'SUCCESS')), sub: `${compact(totalOf(stats, 'RETRY'))} retries` }), 'total.SUCCESS', { zeroBased: false }],
  ['failed', 'Failed', (_, stats) => ({ value: compact(totalOf(stats, 'FAILURE')), sub: 'since the start' }), 'total.FAILURE', { zeroBased: false }],
  ['runtimeMean', 'Run time', (fleet) => ({ ...split(duration(fleet.runtimeMean)), sub: `p95 ${duration(fleet.runtimeP95)}, wait ${duration(fleet.waitMean)}` }), 'fleet.runtimeMean'],
  ['workersOnline', 'Workers', (fleet) => ({ value: compact(fleet.workersOnline), unit: `of ${compact(fleet.workers)}`, sub: 'online' }), 'fleet.workersOnline'],
];

export class OverviewPage {
  title = 'Overview';
  #app;
  #tiles = [];
  #alerts;
  #alertList;
  #allAlerts = false;
  #workers;
  #workerList;
  #workerSummary;
  #queues;
  #queueList;
  #legend = new StackedLegend();
  #deepest = new DeepestFirst();
  #queueHold;
  #running;
  #failures;
  #runningTable;
  #failureTable;

  constructor(app) {
    this.#app = app;
    this.#running = app.client.openWindow({ topic: 'tasks', where: ['in', 'state', RUNNING_STATES], order: ['seen', 'desc'], limit: 8, mode: 'follow', maxHz: 2 });
    this.#failures = app.client.openWindow({ topic: 'tasks', where: ['eq', 'state', 'FAILURE'], order: ['seen', 'desc'], limit: 8, mode: 'follow', maxHz: 2 });
    this.node = h('div', { class: 'page overview', 'data-testid': 'page-overview' },
      h('h1', { class: 'visually-hidden', tabindex: '-1', text: 'Overview' }),
      this.#makeTiles(), this.#makeAlerts(),
      this.#makeWorkers(),
      h('div', { class: 'columns' }, this.#makeQueues(), this.#makeRunning()),
      this.#makeFailures());
  }

  update(changed) {
    if (changed.has('stats')) this.#updateTiles();
    if (changed.has('history')) for (const tile of this.#tiles) tile.spark.set(this.#app.history.get(tile.series));
    if (changed.has('alerts')) this.#updateAlerts();
    if (changed.has('workers')) this.#updateWorkers();
    if (changed.has('queues')) this.#updateQueues();
    if (changed.has('window')) {
      this.#runningTable.sync(this.#running.state.list(), this.#running.state.complete);
      this.#failureTable.sync(this.#failures.state.list(), this.#failures.state.complete);
    }
    if (changed.has('clock')) this.#runningTable.refresh();
  }

  move(step) { (this.#failureTable.focusedKey === null ? this.#runningTable : this.#failureTable).moveFocus(step); }

  destroy() {
    this.#running.close();
    this.#failures.close();
    this.#runningTable.destroy();
    this.#failureTable.destroy();
  }

  #makeTiles() {
    const list = h('dl', { class: 'tiles', 'aria-label': 'Figures of the fleet' });
    for (const [field, label, read, series, options] of TILES) {
      const value = h('span', { class: 'tile-value num', 'data-testid': `stat-${field}`, text: DASH });
      const unit = h('span', { class: 'tile-unit' });
      const sub = h('dd', { class: 'tile-sub num' });
      const spark = new Sparkline(options);
      this.#tiles.push({ read, value, unit, sub, spark, series });
      list.append(h('div', { class: `tile tile-${field}` }, h('dt', { text: label }), h('dd', { class: 'tile-figure' }, value, unit), sub, spark.node));
    }
    return list;
  }

  #updateTiles() {
    const stats = this.#app.client.topics.get('stats');
    const fleet = stats.get('fleet');
    for (const tile of this.#tiles) {
      const shown = fleet === undefined ? { value: DASH, sub: '\u00a0' } : tile.read(fleet, stats);
      setText(tile.value, shown.value);
      setText(tile.unit, shown.unit ?? '');
      setText(tile.sub, shown.sub);
    }
  }

  #makeAlerts() {
    const list = h('ul', { class: 'alerts', 'data-testid': 'alerts' });
    this.#alerts = { node: h('section', { class: 'alerts-strip', 'aria-label': 'Alerts' }, list), more: button('', { testid: 'alerts-more', onClick: () => { this.#allAlerts = !this.#allAlerts; this.#updateAlerts(); } }) };
    this.#alerts.node.append(this.#alerts.more);
    this.#alertList = new KeyedList(list, () => {
      const chip = new StateChip();
      const title = h('span', { class: 'alert-title' });
      const detail = h('span', { class: 'alert-detail' });
      const fix = h('span', { class: 'alert-fix' });
      const since = timeNode();
      let shown = {};
      const offer = button('', { kind: 'tonal', testid: 'alert-offer', onClick: () => this.#app.actions.takeOffer(shown) });
      const node = h('li', { class: 'alert' }, chip.node, h('div', { class: 'alert-words' }, title, detail, fix), offer, since);
      return {
        node,
        update: (alert) => {
          const status = severityStatus(alert.severity);
          chip.set(status);
          setAttr(node, 'data-kind', status.kind);
          setText(title, line(alert.title ?? alert.subject ?? ''));
          setText(detail, line(alert.detail ?? ''));
          setText(fix, alert.fix ? line(alert.fix) : '');
          setTime(since, alert.since, this.#app.serverNow());
          shown = alert;
          const words = this.#app.actions.offerOf(alert);
          setText(offer.lastChild, words);
          setHidden(offer, words === '');
        },
      };
    });
    return this.#alerts.node;
  }

  #updateAlerts() {
    const alerts = alertsWorstFirst(this.#app.client.topics.get('alerts').rows);
    // What is only good to know waits behind the button: the strip is for what somebody should do.
    const urgent = alerts.filter((alert) => alert.severity !== 'info').slice(0, ALERTS_SHOWN);
    this.#alertList.sync(this.#allAlerts ? alerts.slice(0, ALERTS_AT_MOST) : urgent, ({ id }) => id);
    setHidden(this.#alerts.node, alerts.length === 0);
    setHidden(this.#alerts.more, alerts.length === urgent.length);
    const others = Math.min(alerts.length, ALERTS_AT_MOST) - urgent.length;
    setText(this.#alerts.more.lastChild, this.#allAlerts ? 'Show the worst only' : urgent.length === 0 ? `Show ${plural(others, 'note')}` : `Show ${count(others)} more`);
    setAttr(this.#alerts.more, 'aria-expanded', String(this.#allAlerts));
  }

  #makeWorkers() {
    const section = card('Workers', { href: '#/workers' });
    this.#workerSummary = h('p', { class: 'summary num' });
    this.#workers = h('ul', { class: 'worker-cells' });
    this.#workers.empty = emptyState('workers', 'No worker has been heard', 'Start one with events on: celery -A app worker -E');
    this.#workers.loading = skeleton(3);
    section.body.append(this.#workers, this.#workers.loading, this.#workers.empty);
    section.side.append(this.#workerSummary);
    this.#workerList = new KeyedList(this.#workers, () => workerCell());
    return section.node;
  }

  #updateWorkers() {
    const topic = this.#app.client.topics.get('workers');
    const all = workersWorstFirst(topic.rows);
    // Cells keep their places as long as all fit; only a fleet too big for the strip shows its worst.
    const shown = all.length > WORKERS_SHOWN ? all.slice(0, WORKERS_SHOWN) : all.sort((a, b) => (a.id < b.id ? -1 : 1));
    this.#workerList.sync(shown, ({ id }) => id);
    setHidden(this.#workers.loading, all.length > 0 || topic.complete);
    setHidden(this.#workers.empty, all.length > 0 || !topic.complete);
    const words = [...workerStates(topic.rows)].map(([state, n]) => `${count(n)} ${workerStatus(state).word.toLowerCase()}`);
    if (all.length > WORKERS_SHOWN) words.push(`worst ${WORKERS_SHOWN} shown`);
    setText(this.#workerSummary, words.join(' · '));
  }

  #makeQueues() {
    const section = card('Queues', { href: '#/queues' });
    this.#queues = h('ul', { class: 'queue-bars' });
    this.#queues.empty = emptyState('queues', 'No queue is known yet', 'Queues appear when a worker consumes them or a message waits.');
    this.#queues.loading = skeleton(4);
    section.body.append(this.#queues, this.#queues.loading, this.#queues.empty, this.#legend.node);
    this.#queueHold = new Hold(this.#queues, ({ id }) => id, () => this.#updateQueues());
    this.#queueList = new KeyedList(this.#queues, () => this.#queueBar());
    return section.node;
  }

  #queueBar() {
    const name = h('a', { class: 'queue-name' });
    const bar = new StackedBar();
    const depth = h('span', { class: 'queue-depth num' });
    const rates = h('span', { class: 'queue-rates num' });
    return {
      node: h('li', { class: 'queue-bar' }, name, depth, bar.node, rates),
      update: ({ id, row, scale }) => {
        setText(name, line(id, 120));
        setAttr(name, 'href', formatRoute('queues', id));
        setText(depth, count(queueLoad(row)));
        bar.set(queueParts(row), scale);
        const drained = row.state === 'unconsumed' ? 'no consumer' : row.state === 'paused' ? 'paused' : `${rate(row.rateIn)} in · ${rate(row.rateOut)} out /min`;
        setText(rates, drained);
        setAttr(rates, 'data-kind', row.state === 'unconsumed' ? 'warning' : null);
      },
    };
  }

  #updateQueues() {
    const topic = this.#app.client.topics.get('queues');
    this.#legend.show(prioritySteps(topic.rows));
    const sorted = this.#deepest.order(topic.rows).slice(0, QUEUES_SHOWN);
    const scale = Math.max(1, ...sorted.map(queueLoad));
    const rows = this.#queueHold.arrange(sorted.map((row) => ({ id: row.id, row, scale })));
    this.#queueList.sync(rows, ({ id }) => id);
    setHidden(this.#queues.loading, rows.length > 0 || topic.complete);
    setHidden(this.#queues.empty, rows.length > 0 || !topic.complete);
  }

  #makeRunning() {
    const section = card('Running now', { href: formatRoute('tasks', null, [['state', RUNNING_STATES.join(',')]]) });
    this.#runningTable = new DataTable({
      caption: 'Running now', testid: 'running-now', keyOf: ({ id }) => id, hrefOf: ({ id }) => formatRoute('tasks', id),
      columns: [nameColumn(), workerColumn(), runningColumn(this.#app)],
      empty: emptyState('run', 'Nothing runs', 'Tasks that start show up here.'), newcomers: (n) => `${n} new`,
    });
    section.body.append(this.#runningTable.node);
    return section.node;
  }

  #makeFailures() {
    const section = card('Recent failures', { href: formatRoute('tasks', null, [['state', 'FAILURE']]) });
    this.#failureTable = new DataTable({
      caption: 'Recent failures', testid: 'recent-failures', keyOf: ({ id }) => id, hrefOf: ({ id }) => formatRoute('tasks', id),
      columns: [nameColumn(), exceptionColumn(), workerColumn(), ageColumn(this.#app, 'finished', 'Failed')],
      empty: emptyState('check', 'No failure', 'None of the tasks kept here has failed.'), newcomers: (n) => `${n} new`,
    });
    section.body.append(this.#failureTable.node);
    return section.node;
  }
}

function workerCell() {
  const chip = new StateChip(null, { plain: true });
  const name = h('span', { class: 'worker-name' });
  const meter = new Meter();
  const load = h('span', { class: 'worker-load num' });
  const link = h('a', { class: 'worker-cell' }, h('span', { class: 'worker-top' }, chip.node, load), name, meter.node);
  return {
    node: h('li', null, link),
    update(worker) {
      const status = workerStatus(worker.state);
      chip.set(status, worker.reason ? line(worker.reason) : '');
      setText(name, line(worker.id, 120));
      setAttr(name, 'title', line(worker.id, 512));
      setAttr(link, 'href', formatRoute('workers', worker.id));
      setAttr(link, 'data-kind', status.kind);
      meter.set(worker.load, worker.load >= 1 ? 'full' : '');
      setText(load, Number.isFinite(worker.concurrency) ? `${count(worker.active ?? 0)}/${count(worker.concurrency)}` : count(worker.active));
    },
  };
}

function totalOf(stats, state) {
  return stats.get(`total:${state}`)?.count;
}

/** "1.2 s" → value and unit; "3 m 20 s" stays whole. */
function split(words) {
  const found = /^(\S+) (ms|s)$/.exec(words);
  return found === null ? { value: words } : { value: found[1], unit: found[2] };
}
