/** The dangerous buttons: what they say before, and what they send. */
import { COMMANDS, refusal, restartRefusal } from '../core/commands/catalog.js';
import { lackOf, roleRefusal } from '../core/commands/declared.js';
import { arrayOf } from '../core/state/selectors.js';
import { count, plural } from '../core/format/number.js';
import { line, shortId } from '../core/format/text.js';
import { RUNNING_STATES, taskEnded } from '../core/format/states.js';
import { formatRoute } from '../core/query/route.js';
import { h } from '../platform/dom.js';
import { getJSON } from '../platform/session.js';
import { openCommandDialog } from './command-dialog.js';
import { confirm } from './dialogs.js';
import { openPauseDialog } from './pause-dialog.js';
import { openPurgeDialog } from './purge-dialog.js';

export class Actions {
  #app;
  #catalog = null;

  constructor(app) { this.#app = app; }

  /** The commands as the gateway declares them; null if it does not answer. @returns {Promise<object[] | null>} */
  async catalog() {
    if (this.#catalog === null) await this.learn();
    return this.#catalog;
  }

  /** Reads the commands anew: a gateway that comes back may be another one. */
  async learn() {
    const answer = await getJSON('/api/celery/catalog');
    if (answer.ok && Array.isArray(answer.value.commands)) this.#catalog = answer.value.commands;
  }

  /**
   * @param {string} command
   * @param {object | null} [declared] as the catalog has it
   * @returns {string} why it cannot be given now, '' if it can
   */
  refusal(command, declared = null) {
    if (!this.#app.client.isLive) return 'Not connected: nothing can be sent.';
    if (this.#catalog !== null && !this.#catalog.some(({ name }) => name === declaredName(command))) return 'This gateway does not know this command.';
    return declared === null ? refusal(command, this.#app.role) : roleRefusal(declared, this.#app.role);
  }

  retryRefusal(task) {
    return taskEnded(task.state) ? this.refusal('task.retry') : 'The task has not ended.';
  }

  /** Run an ended task again, as it was or with other arguments. @param {object} task @param {{args: string, kwargs: string} | null} known JSON */
  async retry(task, known) {
    const command = (await this.catalog())?.find(({ name }) => name === 'task.retry');
    if (command === undefined) return;
    openCommandDialog(this.#app, command, {
      title: 'Retry this task?',
      lead: `${describeTasks([task])} is sent again, as a new task with an id of its own.`,
      points: [known === null
        ? 'The worker reported arguments that are not plain data, or cut them short: type them again.'
        : 'It gets the same arguments unless you change them here.'],
      given: { id: task.id },
      filled: known === null ? new Map([['args', ''], ['kwargs', '']]) : new Map([['args', known.args], ['kwargs', known.kwargs]]),
      yes: 'Retry 1 task', label: `Retry ${describeTasks([task])}`, href: hrefOf([task]),
      refusal: () => this.retryRefusal(task),
    });
  }

  /** Asks all workers what they know about a task. @param {object} task */
  query(task) {
    this.#app.tray.submit('task.query', { ids: [task.id], all: true }, { label: `Ask about ${describeTasks([task])}`, href: hrefOf([task]) });
  }

  revokeRefusal(task, command = 'task.revoke') {
    return taskEnded(task.state) ? 'The task has ended.' : this.refusal(command);
  }

  restartRefusal(worker) { return this.refusal('worker.restart') || restartRefusal(worker) || lackOf(worker, 'worker.restart'); }
  shutdownRefusal(worker) { return this.refusal('worker.shutdown') || (worker.state === 'offline' ? 'This worker is offline.' : ''); }

  /** @param {object[]} tasks */
  async revoke(tasks) {
    const open = tasks.filter((task) => !taskEnded(task.state));
    if (open.length === 0) return;
    const running = open.filter((task) => RUNNING_STATES.includes(task.state)).length;
    const what = describeTasks(open);
    const yes = await confirm({
      title: open.length === 1 ? 'Revoke this task?' : `Revoke ${plural(open.length, 'task')}?`,
      lead: `${what} will not be started. Workers are told to skip ${open.length === 1 ? 'it' : 'them'}.`,
      points: running > 0 ? [`${plural(running, 'task is', 'tasks are')} already running and will go on. Terminate stops a running task.`] : [],
      yes: open.length === 1 ? 'Revoke 1 task' : `Revoke ${count(open.length)} tasks`,
    });
    if (yes) this.#app.tray.submit('task.revoke', idsOf(open), { label: `Revoke ${what}`, href: hrefOf(open) });
  }

  /** @param {object[]} tasks */
  async terminate(tasks) {
    const open = tasks.filter((task) => !taskEnded(task.state));
    if (open.length === 0) return;
    const what = describeTasks(open);
    const select = h('select', { id: 'terminate-signal', class: 'field-input' }, ...[
      ['SIGTERM', 'SIGTERM: ask the process to end'], ['SIGKILL', 'SIGKILL: end it at once'], ['SIGINT', 'SIGINT'], ['SIGQUIT', 'SIGQUIT'], ['SIGHUP', 'SIGHUP'], ['SIGUSR1', 'SIGUSR1: soft time limit'],
    ].map(([value, text]) => h('option', { value, text })));
    const yes = await confirm({
      title: open.length === 1 ? 'Terminate this task?' : `Terminate ${plural(open.length, 'task')}?`,
      lead: `${what} will be revoked, and the process that runs it gets a signal. Work done so far may be left half finished.`,
      points: ['The signal goes to the pool process: if it has just taken another task, that one is hit.', 'Worker pools without processes (solo, threads) cannot do this and will say so.'],
      extra: h('div', { class: 'field' }, h('label', { for: 'terminate-signal', text: 'Signal' }), select),
      yes: open.length === 1 ? 'Terminate 1 task' : `Terminate ${count(open.length)} tasks`,
    });
    if (yes) this.#app.tray.submit('task.revoke', { ...idsOf(open), terminate: true, signal: select.value }, { label: `Terminate ${what}`, href: hrefOf(open) });
  }

  /** Pausing asks how long and why; resuming says what it does and is done. @param {object} queue */
  pause(queue) { openPauseDialog(this.#app, queue); }

  /** @param {object} queue */
  resume(queue) {
    this.#app.tray.submit('queue.resume', { queue: queue.id }, { label: `Resume queue ${line(queue.id, 80)}`, href: formatRoute('queues', queue.id) });
  }

  /** @param {object} queue */
  purge(queue) { openPurgeDialog(this.#app, queue); }

  /** What an alert offers to put right by a command, if this person may give it. @param {object} alert @returns {string} the button's text, '' if there is none */
  offerOf(alert) {
    const known = COMMANDS.get(alert.offer);
    if (known === undefined || this.refusal(alert.offer) !== '') return '';
    if (arrayOf(alert.workers).length > 0) return known.verb;
    return alert.offer === 'worker.addConsumer' && queueOf(alert) !== '' ? `${known.verb}…` : '';
  }

  /** @param {object} alert */
  takeOffer(alert) {
    const workers = arrayOf(alert.workers);
    if (workers.length === 0) {
      this.#addConsumer(queueOf(alert));
      return;
    }
    this.#app.tray.submit(alert.offer, { workers }, { label: `${this.offerOf(alert)} on ${describeWorkers(workers.map((id) => ({ id })))}` });
  }

  /** Asks which workers are to consume a queue. @param {string} queue */
  async #addConsumer(queue) {
    const name = 'worker.addConsumer';
    const command = (await this.catalog())?.find((known) => known.name === name);
    if (command === undefined) return;
    const shown = line(queue, 80);
    openCommandDialog(this.#app, command, {
      title: `Who is to consume ${shown}?`, given: { queue }, filled: new Map([['queue', queue]]), asked: ['workers'], label: `Consume queue ${shown}`, href: formatRoute('queues', queue),
      yes: 'Consume it', points: ['A worker does so until it restarts: give it -Q as well if it is to last.'], refusal: () => this.refusal(name, command),
    });
  }

  /** @param {object[]} workers */
  async restart(workers) {
    const what = describeWorkers(workers);
    const active = sum(workers, 'active');
    const yes = await confirm({
      title: `Restart the pool of ${what}?`,
      lead: `${plural(workers.length, 'worker')} will replace ${workers.length === 1 ? 'its' : 'their'} pool processes. The worker itself stays connected.`,
      points: [active > 0 ? `${plural(active, 'task is', 'tasks are')} running there now and may be interrupted.` : 'No task is running there now.', 'It works only where worker_pool_restarts = True.'],
      yes: `Restart ${plural(workers.length, 'worker')}`,
    });
    if (yes) this.#app.tray.submit('worker.restart', { workers: workers.map(({ id }) => id) }, { label: `Restart ${what}` });
  }

  /** @param {object[]} workers */
  async shutdown(workers) {
    const what = describeWorkers(workers);
    const active = sum(workers, 'active');
    const yes = await confirm({
      title: `Shut down ${what}?`,
      lead: `${plural(workers.length, 'worker')} will stop taking tasks, finish what runs, and exit.`,
      points: [
        active > 0 ? `${plural(active, 'task is', 'tasks are')} running there now.` : 'No task is running there now.',
        ...this.#orphans(workers),
        'It comes back only if something outside (systemd, Kubernetes, supervisor) starts it again.',
      ],
      yes: `Shut down ${plural(workers.length, 'worker')}`,
    });
    if (yes) this.#app.tray.submit('worker.shutdown', { workers: workers.map(({ id }) => id) }, { label: `Shut down ${what}`, deadlineMs: 30_000 });
  }

  /** Queues that nobody would consume any more. */
  #orphans(workers) {
    const going = new Set(workers.map(({ id }) => id));
    const left = [];
    for (const queue of this.#app.client.topics.get('queues').rows) {
      const consumers = arrayOf(queue.workers);
      if (consumers.length > 0 && consumers.every((name) => going.has(name))) left.push(line(queue.id, 60));
    }
    return left.length === 0 ? [] : [`Nobody else consumes ${left.slice(0, 5).join(', ')}${left.length > 5 ? ` and ${left.length - 5} more` : ''}.`];
  }
}

/** To terminate is a way to revoke. */
function declaredName(command) {
  return command === 'task.terminate' ? 'task.revoke' : command;
}

function idsOf(tasks) {
  return tasks.length === 1 ? { id: tasks[0].id } : { ids: tasks.map(({ id }) => id) };
}

function hrefOf(tasks) {
  return tasks.length === 1 ? formatRoute('tasks', tasks[0].id) : null;
}

function describeTasks(tasks) {
  return tasks.length === 1 ? `${line(tasks[0].name ?? 'task', 80)} (${shortId(tasks[0].id)})` : plural(tasks.length, 'task');
}

function describeWorkers(workers) {
  return workers.length === 1 ? line(workers[0].id, 80) : plural(workers.length, 'worker');
}

function sum(rows, field) {
  return rows.reduce((total, row) => total + (Number.isFinite(row[field]) ? row[field] : 0), 0);
}

/** The queue an alert is about, '' if it is about something else. @param {object} alert */
function queueOf(alert) {
  const [, name = ''] = /^queue (.+)$/s.exec(typeof alert.subject === 'string' ? alert.subject : '') ?? [];
  return name;
}
