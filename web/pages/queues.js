/** Queues: what waits, by priority step; who consumes; how fast it moves. */
import { DeepestFirst } from '../core/state/deepest-first.js';
import { driftWords, isPaused, pauseWords } from '../core/state/queue-pause.js';
import { prioritySteps, queueLoad, queueParts, workersUp } from '../core/state/selectors.js';
import { count, rate } from '../core/format/number.js';
import { appointment, duration, isTime } from '../core/format/time.js';
import { queueStatus } from '../core/format/states.js';
import { line } from '../core/format/text.js';
import { formatRoute } from '../core/query/route.js';
import { h, setAttr, setHidden, setText } from '../platform/dom.js';
import { DataTable, textCell } from '../elements/data-table.js';
import { emptyState, iconButton, pageHead, setRefusal, StateChip, unverifiedMark } from '../elements/parts.js';
import { StackedBar, StackedLegend } from '../elements/stacked-bar.js';

export class QueuesPage {
  title = 'Queues';
  #app;
  #deepest = new DeepestFirst();
  #count = h('span', { class: 'page-count num' });
  #scale = 1;
  #table;
  #filter;
  #legend = new StackedLegend();

  constructor(app) {
    this.#app = app;
    this.#filter = h('input', { type: 'search', class: 'field-input small', placeholder: 'Filter queues', 'aria-label': 'Filter queues', autocomplete: 'off', on: { input: () => this.#draw() } });
    this.#table = new DataTable({
      caption: 'Queues', testid: 'queues-table', keyOf: ({ id }) => id, hrefOf: ({ id }) => formatRoute('queues', id),
      empty: emptyState('queues', 'No queue', 'Queues appear when a worker consumes them or a message waits.'),
      columns: [
        { key: 'name', label: 'Queue', class: 'c-name', sort: ({ id }) => id, cell: linkCell },
        { key: 'state', label: 'State', class: 'c-state c-why', cell: () => this.#stateCell() },
        { key: 'depth', label: 'Waiting', class: 'number c-depth', sort: queueLoad, cell: textCell((queue) => count(queue.depth), { className: 'num strong' }) },
        { key: 'bar', label: 'By priority', class: 'c-bar', cell: () => this.#barCell() },
        { key: 'unacked', label: 'Unacked', class: 'number', sort: (queue) => queue.unacked ?? 0, cell: number('unacked') },
        { key: 'active', label: 'Active', class: 'number c-minor', sort: (queue) => queue.active ?? 0, cell: number('active') },
        { key: 'reserved', label: 'Reserved', class: 'number c-minor', sort: (queue) => queue.reserved ?? 0, cell: number('reserved') },
        { key: 'scheduled', label: 'ETA', class: 'number c-minor', sort: (queue) => queue.scheduled ?? 0, cell: number('scheduled') },
        { key: 'consumers', label: 'Consumers', class: 'number c-tight', sort: (queue) => queue.consumers ?? 0, cell: number('consumers') },
        { key: 'rateIn', label: 'In/min', class: 'number', sort: (queue) => queue.rateIn ?? 0, cell: textCell((queue) => rate(queue.rateIn), { className: 'num' }) },
        { key: 'rateOut', label: 'Out/min', class: 'number', sort: (queue) => queue.rateOut ?? 0, cell: textCell((queue) => rate(queue.rateOut), { className: 'num' }) },
        { key: 'wait', label: 'Wait', class: 'number c-tight', sort: (queue) => queue.waitMean ?? 0, cell: textCell((queue) => duration(queue.waitMean), { className: 'num' }) },
        { key: 'oldest', label: 'Oldest', class: 'number c-tight', sort: (queue) => queue.oldestAge ?? 0, cell: textCell((queue) => duration(queue.oldestAge), { className: 'num' }) },
        { key: 'actions', label: 'Actions', hideLabel: true, class: 'c-actions', cell: () => this.#actionCell() },
      ],
    });
    this.node = h('div', { class: 'page', 'data-testid': 'page-queues' },
      pageHead('Queues', { children: [this.#count, h('span', { class: 'grow' }), this.#filter] }).node, this.#legend.node, this.#table.node);
  }

  update(changed) {
    if (changed.has('queues')) this.#draw();
    else if (changed.has('connection')) this.#table.refresh();
  }

  search() { this.#filter.focus(); return true; }
  move(step) { this.#table.moveFocus(step); }
  destroy() { this.#table.destroy(); }

  #draw() {
    const topic = this.#app.client.topics.get('queues');
    this.#legend.show(prioritySteps(topic.rows));
    const words = this.#filter.value.trim().toLowerCase();
    const rows = [...topic.rows].filter(({ id }) => words === '' || id.toLowerCase().includes(words));
    const scale = Math.max(1, ...rows.map(queueLoad));
    const changed = scale !== this.#scale;
    this.#scale = scale;
    this.#table.sync(this.#deepest.order(rows), topic.complete);
    if (changed) this.#table.refresh();
    setText(this.#count, topic.complete ? count(topic.size) : '');
  }

  #barCell() {
    const bar = new StackedBar();
    return { node: bar.node, update: (queue) => bar.set(queueParts(queue), this.#scale) };
  }

  #actionCell() {
    let current = null;
    const { actions } = this.#app;
    const pause = iconButton('Pause', 'pause', { testid: 'action-pause', onClick: () => actions.pause(current) });
    const resume = iconButton('Resume', 'run', { testid: 'action-resume', onClick: () => actions.resume(current) });
    const purge = iconButton('Purge', 'purge', { testid: 'action-purge', onClick: () => actions.purge(current) });
    return {
      node: h('span', { class: 'row-actions' }, pause, resume, purge),
      update: (queue) => {
        current = queue;
        for (const [node, verb] of [[pause, 'Pause'], [resume, 'Resume'], [purge, 'Purge']]) {
          node.dataset.label = `${verb} ${line(queue.id, 80)}`;
          setAttr(node, 'aria-label', node.dataset.label);
        }
        setHidden(pause, isPaused(queue));
        setHidden(resume, !isPaused(queue));
        setRefusal(pause, actions.refusal('queue.pause'));
        setRefusal(resume, actions.refusal('queue.resume'));
        setRefusal(purge, actions.refusal('queue.purge'));
      },
    };
  }

  #stateCell() {
    const chip = new StateChip();
    const why = h('span', { class: 'state-reason' });
    return {
      node: h('span', { class: 'cell-stack' }, chip.node, why),
      update: (queue) => {
        const paused = isPaused(queue);
        const drift = driftWords(queue, workersUp(this.#app.client.topics.get('workers').rows));
        chip.set(paused && drift !== '' ? { kind: 'warning', word: 'Paused' } : queueStatus(paused ? 'paused' : queue.state), paused ? pauseTitle(queue, this.#app.serverNow()) : '');
        setText(why, drift !== '' ? drift : paused ? shortPause(queue, this.#app.serverNow()) : '');
        setAttr(why, 'data-kind', drift === '' ? null : 'warning');
        setHidden(why, !paused);
      },
    };
  }
}

function linkCell() {
  const link = h('a', { class: 'strong' });
  const unverified = unverifiedMark();
  return {
    node: h('span', { class: 'cell-line' }, link, unverified),
    update({ id, stale }) {
      setText(link, line(id, 160));
      setAttr(link, 'href', formatRoute('queues', id));
      setHidden(unverified, stale !== true);
    },
  };
}

/** Who and until when, on one line. */
function shortPause(queue, now) {
  const by = `by ${line(queue.pausedBy ?? 'somebody', 40)}`;
  return isTime(queue.resumeAt) ? `${by} until ${appointment(queue.resumeAt, now)}` : by;
}

function pauseTitle(queue, now) {
  const { by, reason, until } = pauseWords(queue, now);
  return [by, reason, until].filter((words) => words !== '').join(' ');
}

function number(field) {
  return textCell((row) => count(row[field]), { className: 'num' });
}
