/** One task: its life as a bar, what it was given, what came of it. */
import { parsePythonLiteral } from '../core/format/python-literal.js';
import { arrayOf } from '../core/state/selectors.js';
import { taskEnded, taskStatus } from '../core/format/states.js';
import { count, DASH } from '../core/format/number.js';
import { duration, exact, isTime } from '../core/format/time.js';
import { line, text } from '../core/format/text.js';
import { formatRoute } from '../core/query/route.js';
import { getJSON } from '../platform/session.js';
import { announce } from '../platform/announce.js';
import { h, setHidden, setText, setVar } from '../platform/dom.js';
import { button, card, emptyState, Facts, iconButton, pageHead, setRefusal, skeleton, StateChip } from '../elements/parts.js';
import { openRunDialog } from '../elements/run-dialog.js';
import { runtimeWords } from './task-columns.js';

/** A task that has not ended is asked for again this often; windows cannot follow a single id. */
const REFRESH_MILLISECONDS = 1_500;
/** One that is not known here is asked for less often. */
const UNKNOWN_MILLISECONDS = 4_000;
const FACTS = ['Queue', 'Worker', 'Process', 'Priority', 'Retries', 'Redelivered', 'Sent', 'Received', 'Started', 'Finished', 'Wait', 'Run time', 'ETA', 'Expires', 'Routing key', 'Exchange'];

export class TaskDetailPage {
  title = 'Task';
  #app;
  #id;
  #task = null;
  #status = null;
  #fetching = false;
  #fetchedAt = -Infinity;
  #abort = new AbortController();
  #chip = new StateChip();
  #facts = new Facts(FACTS);
  #parts;

  constructor(app, id) {
    this.#app = app;
    this.#id = id;
    this.title = `Task ${line(id, 60)}`;
    this.#parts = this.#make();
    this.node = h('div', { class: 'page task-detail', 'data-testid': 'page-task' }, this.#parts.head, this.#parts.loading, this.#parts.missing, this.#parts.content);
    setHidden(this.#parts.content, true);
    setHidden(this.#parts.missing, true);
  }

  update(changed) {
    if (changed.has('connection') || changed.has('page')) this.#updateActions();
    const due = this.#task === null ? this.#status === null || this.#status === 0 || this.#status === 404 : !taskEnded(this.#task.state);
    if (changed.has('page') || (changed.has('commands') && this.#task !== null) || (changed.has('clock') && due)) this.#fetch(changed.has('page') || changed.has('commands'));
    if (changed.has('clock') && this.#task !== null) this.#drawLife();
  }

  destroy() { this.#abort.abort(); }

  #make() {
    const head = pageHead('Task', { back: { href: '#/tasks', label: 'Back to tasks' }, children: [this.#chip.node] });
    const revoke = button('Revoke', { icon: 'revoke', kind: 'tonal', testid: 'action-revoke', onClick: () => this.#app.actions.revoke([this.#task]) });
    const terminate = button('Terminate', { icon: 'close', kind: 'tonal danger', testid: 'action-terminate', onClick: () => this.#app.actions.terminate([this.#task]) });
    const again = button('Run again…', { icon: 'run', kind: 'tonal', testid: 'action-run-again', onClick: () => this.#runAgain() });
    const retry = button('Retry…', { icon: 'restart', kind: 'tonal', testid: 'action-retry', onClick: () => this.#app.actions.retry(this.#task, this.#known()) });
    const query = button('Ask workers', { icon: 'answers', kind: 'tonal', testid: 'action-query', title: 'What the workers know about this task', onClick: () => this.#app.actions.query({ id: this.#id, name: this.#task?.name }) });
    head.node.append(h('span', { class: 'grow' }), h('div', { class: 'actions' }, query, retry, again, revoke, terminate));
    const idText = h('code', { class: 'mono', 'data-testid': 'task-id', text: line(this.#id, 512) });
    const idLine = h('p', { class: 'id-line' }, idText, iconButton('Copy id', 'copy', { onClick: () => navigator.clipboard?.writeText(this.#id).then(() => announce('Id copied')) }));
    const life = h('div', { class: 'life' });
    const facts = card('Facts');
    facts.body.append(this.#facts.node);
    const progress = h('div');
    const blocks = h('div', { class: 'blocks' });
    const family = h('div');
    return {
      head: h('div', { class: 'detail-head' }, head.node, idLine), heading: head.heading, query, retry, revoke, terminate, again, life,
      wait: null, loading: skeleton(6), missing: h('div'), progress, blocks, family,
      content: h('div', { class: 'stack' }, life, progress, blocks, facts.node, family),
    };
  }

  async #fetch(now) {
    if (this.#fetching || (!now && Date.now() - this.#fetchedAt < (this.#status === 404 ? UNKNOWN_MILLISECONDS : REFRESH_MILLISECONDS))) return;
    this.#fetching = true;
    const answer = await getJSON(`/api/celery/tasks/${encodeURIComponent(this.#id)}`, this.#abort.signal);
    this.#fetching = false;
    this.#fetchedAt = Date.now();
    if (this.#abort.signal.aborted) return;
    if (answer.ok) {
      this.#status = 200;
      this.#task = answer.value;
      this.#draw();
    } else if (this.#task === null) {
      this.#status = answer.status;
      this.#drawMissing(answer.status);
    }
  }

  #drawMissing(status) {
    setHidden(this.#parts.loading, true);
    setHidden(this.#parts.missing, false);
    const [title, detail] = status === 404
      ? ['This task is not known here yet', 'It was never seen, or its record is no longer kept. If it was just sent, it appears when a worker receives it.']
      : status === 403 ? ['Not for your role', 'Your token does not allow to read tasks.']
        : status === 401 ? ['The session has ended', 'Sign in again to see the task.']
          : ['The task could not be read', status === 0 ? 'The gateway does not answer. It is asked again and again.' : `The gateway answered ${status}.`];
    this.#parts.missing.replaceChildren(emptyState('tasks', title, detail));
  }

  #draw() {
    const task = this.#task;
    setHidden(this.#parts.loading, true);
    setHidden(this.#parts.missing, true);
    setHidden(this.#parts.content, false);
    setText(this.#parts.heading, line(task.name ?? '(name not known)', 200));
    document.title = `${line(task.name ?? 'Task', 80)} · Celeriac`;
    this.#chip.set(taskStatus(task.state), task.reason ? line(task.reason) : '');
    this.#drawLife();
    this.#drawFacts(task);
    this.#drawBlocks(task);
    this.#drawFamily(task);
    this.#updateActions();
  }

  #updateActions() {
    const { query, retry, revoke, terminate, again } = this.#parts;
    const task = this.#task;
    const missing = task === null ? 'The task is not known here.' : '';
    setRefusal(query, this.#app.actions.refusal('task.query'));
    setRefusal(revoke, missing || this.#app.actions.revokeRefusal(task));
    setRefusal(terminate, missing || this.#app.actions.revokeRefusal(task, 'task.terminate'));
    setRefusal(retry, missing || this.#app.actions.retryRefusal(task));
    setRefusal(again, missing || this.#app.actions.refusal('task.run'));
  }

  /** Wait and run as two lengths of one bar, with the moments below. */
  #drawLife() {
    const task = this.#task;
    const now = this.#app.serverNow();
    const begin = [task.sent, task.received, task.seen].find(isTime);
    const started = isTime(task.started) ? task.started : null;
    const end = isTime(task.finished) ? task.finished : taskEnded(task.state) ? (started ?? begin) : now;
    if (begin === undefined) {
      this.#parts.life.replaceChildren();
      return;
    }
    // The row's own figure wins: only the gateway knows by which clocks it was measured.
    const waited = started !== null && Number.isFinite(task.wait) ? Math.max(0, task.wait) : Math.max(0, (started ?? end) - begin);
    const ran = started === null ? 0 : Math.max(0, end - started);
    const whole = Math.max(1e-6, waited + ran);
    const status = taskStatus(task.state);
    if (this.#parts.bar === undefined) {
      const waitPart = h('span', { class: 'life-wait' });
      const runPart = h('span', { class: 'life-run' });
      const waitText = h('span', { class: 'num' });
      const runText = h('span', { class: 'num' });
      this.#parts.bar = { waitPart, runPart, waitText, runText };
      this.#parts.life.replaceChildren(h('div', { class: 'life-bar', 'aria-hidden': 'true' }, waitPart, runPart), h('div', { class: 'life-words' }, waitText, runText));
    }
    const { waitPart, runPart, waitText, runText } = this.#parts.bar;
    setVar(waitPart, 'flex-grow', String(Math.max(waited / whole, waited > 0 ? 0.04 : 0)));
    setVar(runPart, 'flex-grow', String(Math.max(ran / whole, started === null ? 0 : 0.04)));
    runPart.dataset.kind = status.kind;
    setText(waitText, `${started === null && !taskEnded(task.state) ? 'waiting' : 'waited'} ${duration(waited)}`);
    setText(runText, started === null ? (taskEnded(task.state) ? 'never started' : 'not started yet') : `${taskEnded(task.state) ? 'ran' : 'running for'} ${runtimeWords(task, now)}`);
  }

  #drawFacts(task) {
    const set = (label, value, title = null) => this.#facts.set(label, value === undefined || value === null || value === '' ? DASH : value, title);
    this.#link('Queue', 'queues', task.queue);
    this.#link('Worker', 'workers', task.worker);
    set('Process', Number.isFinite(task.pid) ? String(task.pid) : undefined);
    set('Priority', Number.isFinite(task.priority) ? priorityWords(task.priority) : undefined);
    set('Retries', count(task.retries));
    set('Redelivered', count(task.redelivered));
    for (const [label, field] of [['Sent', 'sent'], ['Received', 'received'], ['Started', 'started'], ['Finished', 'finished']]) set(label, exact(task[field]));
    set('Wait', duration(task.wait));
    set('Run time', runtimeWords(task, this.#app.serverNow()));
    set('ETA', line(task.eta ?? ''));
    set('Expires', line(task.expires ?? ''));
    set('Routing key', line(task.routingKey ?? ''));
    set('Exchange', line(task.exchange ?? ''));
    for (const [label, value] of [['ETA', task.eta], ['Expires', task.expires], ['Redelivered', task.redelivered], ['Exchange', task.exchange], ['Routing key', task.routingKey]]) this.#facts.show(label, value !== undefined && value !== null && value !== '');
  }

  #link(label, page, value) {
    const node = this.#facts.value(label);
    if (typeof value !== 'string') setText(node, DASH);
    else if (node.textContent !== line(value, 200)) node.replaceChildren(h('a', { href: formatRoute(page, value), text: line(value, 200) }));
  }

  #drawBlocks(task) {
    const blocks = [];
    const block = (title, value, kind = '') => {
      if (value === undefined || value === null || value === '') return;
      const section = card(title);
      section.node.dataset.kind = kind;
      section.node.classList.toggle('whole', title === 'Traceback');
      section.body.append(h('pre', { class: 'code', tabindex: '0', 'aria-label': title, text: text(value) }));
      blocks.push(section.node);
    };
    block('Exception', task.exception, 'failed');
    block('Traceback', task.traceback);
    block('Result', task.result);
    block('Progress', task.progress);
    block('Arguments', task.args);
    block('Keyword arguments', task.kwargs);
    block('Why this state', task.reason);
    const key = blocks.map((node) => node.textContent).join('\u0000');
    if (key === this.#parts.blocksKey) return;
    this.#parts.blocksKey = key;
    this.#parts.blocks.replaceChildren(...blocks);
  }

  #drawFamily(task) {
    const items = [];
    const add = (role, id) => { if (typeof id === 'string' && id !== this.#id) items.push(h('li', null, h('span', { class: 'muted', text: `${role} ` }), h('a', { class: 'mono', href: formatRoute('tasks', id), text: line(id, 200) }))); };
    add('Root', task.rootId);
    add('Parent', task.parentId);
    for (const child of arrayOf(task.children).slice(0, 100)) add('Child', typeof child === 'string' ? child : child?.id);
    const attempts = arrayOf(task.attempts).filter((attempt) => typeof attempt === 'object' && attempt !== null);
    const parts = [];
    if (items.length > 0) {
      const family = card('Family');
      family.body.append(h('ul', { class: 'plain-list' }, ...items));
      parts.push(family.node);
    }
    if (attempts.length > 1) {
      const section = card('Attempts');
      section.body.append(h('ol', { class: 'plain-list' }, ...attempts.slice(0, 50).map((attempt) => h('li', { class: 'num' }, new StateChip(taskStatus(attempt.state)).node, ` ${exact(attempt.started ?? attempt.received)} · ${duration(attempt.runtime)} · ${line(attempt.worker ?? '', 120)} ${line(attempt.exception ?? '', 200)}`))));
      parts.push(section.node);
    }
    const key = parts.map((node) => node.textContent).join('\u0000');
    if (key === this.#parts.familyKey) return;
    this.#parts.familyKey = key;
    this.#parts.family.replaceChildren(...parts);
  }

  /** The arguments as JSON, if the worker's text of them is plain data. */
  #known() {
    const args = parsePythonLiteral(this.#task.args ?? '()');
    const kwargs = parsePythonLiteral(this.#task.kwargs ?? '{}');
    const plain = args !== null && Array.isArray(args.value) && kwargs !== null && !Array.isArray(kwargs.value);
    return plain ? { args: JSON.stringify(args.value), kwargs: JSON.stringify(kwargs.value) } : null;
  }

  #runAgain() {
    const task = this.#task;
    const known = this.#known();
    openRunDialog(this.#app, {
      task: task.name ?? '', queue: typeof task.queue === 'string' ? task.queue : '',
      args: known?.args ?? '', kwargs: known?.kwargs ?? '',
      note: known !== null
        ? 'The arguments are those the worker reported. This sends a new task with a new id.'
        : 'The worker reported arguments that are not plain data, or cut them short. Type them again.',
    });
  }
}

/** Redis brokers deliver 0 first and 9 last. */
function priorityWords(priority) {
  return priority === 0 ? '0 · most urgent' : priority === 9 ? '9 · least urgent' : String(priority);
}
