/** The wall's page: verdict, figures and three lists. Every line has its place; nothing moves but the numbers. */
import { fit } from '../core/wall/layout.js';
import { doubt, failuresWorstFirst, problems, queuesWorstFirst, span, unverified, verdict } from '../core/wall/picture.js';
import { compact, count, percent, rate } from '../core/format/number.js';
import { workerStatus } from '../core/format/states.js';
import { line } from '../core/format/text.js';
import { duration } from '../core/format/time.js';
import { Limits } from '../core/limits.js';
import { arrayOf, queueLoad, workersWorstFirst } from '../core/state/selectors.js';
import { h, setAttr, setHidden, setText } from '../platform/dom.js';
import { setStatusIcon, statusIcon } from '../platform/icons.js';
import { KeyedList } from '../platform/keyed-list.js';

const PROBLEM_LINES = 3;

export class WallPicture {
  #client;
  #icon = statusIcon('unknown');
  #verdict = h('h1', { class: 'wall-verdict', 'data-testid': 'wall-verdict', 'aria-live': 'polite' });
  #clock = h('span', { class: 'wall-clock num' });
  #asOf = h('span', { class: 'wall-as-of num', 'data-testid': 'wall-as-of' });
  #figures = new Map();
  #problems;
  #queues;
  #workers;
  #failures;
  /** Few lines have room: the first problem stands in the verdict's line, the list of problems is left out. */
  compact = false;

  constructor(client) {
    this.#client = client;
    this.#problems = new LineList('wall-problems', problemLine);
    this.#queues = new Panel('Queues', 'queues', 'queues', queueLine, 'No queue is known');
    this.#workers = new Panel('Workers', 'workers', 'workers', workerLine, 'No worker has been heard');
    this.#failures = new Panel('Failures in 5 min', 'failures', 'stats', failureLine, 'None');
    const figures = h('dl', { class: 'wall-figures' }, ...['Running', 'Waiting', 'Throughput', 'Success', 'Wait', 'Workers'].map((label) => this.#figure(label)));
    this.node = h('main', { class: 'wall' },
      h('header', { class: 'wall-head' }, h('span', { class: 'wall-icon' }, this.#icon), this.#verdict, h('div', { class: 'wall-times' }, this.#clock, this.#asOf)),
      this.#problems.node, figures,
      h('div', { class: 'wall-panels' }, this.#queues.node, this.#workers.node, this.#failures.node));
  }

  #figure(label) {
    const value = h('dd', { class: 'num', 'data-testid': `figure-${label.toLowerCase()}` });
    this.#figures.set(label, value);
    return h('div', { class: `figure-${label.toLowerCase()}` }, h('dt', { text: label }), value);
  }

  update() {
    const client = this.#client;
    const now = Date.now();
    const age = client.freshness.age(now);
    const alerts = [...client.topics.get('alerts').rows];
    const workers = [...client.topics.get('workers').rows];
    const list = problems(alerts, workers);
    const words = verdict({ problems: list, age, live: client.isLive, everLive: client.machine.everLive, broker: client.topics.get('health').get('broker')?.state, unverified: unverified(workers, client.topics.get('queues').rows) });
    const named = this.compact && words.fresh && list.length > 0;
    setText(this.#verdict, named ? `${words.text}: ${list[0].text}` : words.text);
    this.node.classList.toggle('compact', this.compact);
    setStatusIcon(this.#icon, words.kind);
    setAttr(this.node, 'data-kind', words.kind);
    this.node.classList.toggle('stale', !words.fresh);
    setText(this.#clock, clockWords(client.freshness.serverNow(now)));
    setText(this.#asOf, age === null ? 'no data yet' : `data as of ${clockWords(client.freshness.serverNow(now) - age, true)}`);
    this.#problems.sync(this.compact ? { shown: [], more: 0 } : fit(list, PROBLEM_LINES));
    this.#drawFigures(client.topics.get('stats').get('fleet') ?? {});
    const panelAge = (topic) => (client.topicErrors.has(topic) || !client.topics.get(topic).complete ? null : age);
    this.#queues.sync(queuesWorstFirst(client.topics.get('queues').rows), panelAge('queues'));
    this.#workers.sync(workersWorstFirst(workers), panelAge('workers'));
    this.#failures.sync(failuresWorstFirst(client.topics.get('stats').rows), panelAge('stats'));
  }

  #drawFigures(fleet) {
    const set = (label, text) => setText(this.#figures.get(label), text);
    set('Running', compact(fleet.active));
    set('Waiting', compact(fleet.queueDepth));
    set('Throughput', `${rate(fleet.throughput)}/min`);
    set('Success', Number.isFinite(fleet.successRate) ? `${percent(fleet.successRate)} %` : '–');
    set('Wait', duration(fleet.waitMean));
    set('Workers', `${count(fleet.workersOnline)}/${count(fleet.workers)}`);
  }
}

/** Lines worst first, and one that says how many have no room. */
class LineList {
  #more = h('p', { class: 'wall-more num', hidden: true });
  #lines = h('ul', { class: 'wall-lines' });
  #list;

  constructor(className, create) {
    this.#list = new KeyedList(this.#lines, create);
    this.node = h('div', { class: className }, this.#lines, this.#more);
  }

  /** @param {{shown: object[], more: number}} fitted */
  sync({ shown, more }) {
    this.#list.sync(shown, ({ id }) => id);
    setHidden(this.#more, more === 0);
    setText(this.#more, `+${count(more)} more, worst first`);
  }
}

/** A titled list that says how old it is. */
class Panel {
  #age = h('span', { class: 'wall-age num' });
  #lines;
  #empty;
  #body;

  constructor(title, testid, topic, create, empty) {
    this.#lines = new LineList('wall-list', create);
    this.#empty = h('p', { class: 'wall-empty', text: empty });
    this.#body = h('div', { class: 'wall-body' }, this.#lines.node, this.#empty);
    this.node = h('section', { class: `wall-panel panel-${testid}`, 'data-testid': `wall-${testid}`, 'aria-label': title }, h('header', null, h('h2', { text: title }), this.#age), this.#body);
  }

  /** @param {object[]} rows @param {number | null} age milliseconds, null if nothing is known */
  sync(rows, age) {
    const stale = age === null || age > Limits.staleMilliseconds;
    this.node.classList.toggle('stale', stale);
    setText(this.#age, age === null ? 'no data' : stale ? `no data for ${span(age)}` : age < 1500 ? 'now' : span(age));
    this.#lines.sync(fit(rows, this.#places()));
    setHidden(this.#empty, rows.length > 0 || age === null);
  }

  /** Lines that have room: a line is 1.5 rem high. */
  #places() {
    const rem = Number.parseFloat(getComputedStyle(document.documentElement).fontSize);
    return Math.max(1, Math.floor(this.#body.clientHeight / (1.5 * rem)));
  }
}

function problemLine() {
  const icon = statusIcon('failed');
  const text = h('span', { class: 'wall-name' });
  const node = h('li', null, icon, text);
  return { node, update: (problem) => { setStatusIcon(icon, problem.kind); setAttr(node, 'data-kind', problem.kind); setText(text, problem.text); } };
}

function listLine(update) {
  const name = h('span', { class: 'wall-name' });
  const side = h('span', { class: 'wall-side num' });
  const value = h('span', { class: 'wall-value num' });
  const node = h('li', null, name, side, value);
  return { node, update: (row) => {
    const shown = update(row);
    setText(name, shown.name);
    setText(side, shown.side);
    setText(value, shown.value);
    setAttr(node, 'data-kind', shown.kind ?? null);
  } };
}

const queueLine = () => listLine((queue) => doubt(queue, {
  name: line(queue.id, 120),
  side: queue.state === 'unconsumed' ? 'no consumer' : queue.state === 'paused' ? 'paused' : `${rate(queue.rateOut)}/min`,
  value: compact(queueLoad(queue)),
  kind: queue.state === 'unconsumed' && queueLoad(queue) > 0 ? 'failed' : null,
}));

const workerLine = () => listLine((worker) => {
  const status = workerStatus(worker.state);
  const trouble = status.kind === 'failed' || status.kind === 'warning' || status.kind === 'unknown';
  return doubt(worker, {
    name: line(worker.id, 120), side: trouble || status.kind === 'stopped' ? status.word : arrayOf(worker.queues).slice(0, 3).map((queue) => line(queue, 40)).join(' '),
    value: Number.isFinite(worker.concurrency) ? `${count(worker.active ?? 0)}/${count(worker.concurrency)}` : count(worker.active), kind: trouble ? status.kind : null,
  });
});

const failureLine = () => listLine((row) => ({ name: line(row.name, 120), side: `${percent(row.share)} %`, value: count(row.failed), kind: 'failed' }));

function clockWords(milliseconds, seconds = false) {
  const time = new Date(milliseconds);
  return time.toLocaleTimeString('en-GB', { hour: '2-digit', minute: '2-digit', second: seconds ? '2-digit' : undefined });
}
