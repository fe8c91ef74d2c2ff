/**
 * Every command the gateway declares, and how it is given from anywhere (Ctrl-K). Pages offer most of them where they
 * belong as well. A test compares this with docs/commands.md.
 */
import { COMMANDS } from '../core/commands/catalog.js';
import { formatRoute } from '../core/query/route.js';
import { plural } from '../core/format/number.js';
import { isPaused } from '../core/state/queue-pause.js';
import { trashOf } from '../core/state/queue-purge.js';
import { workersUp } from '../core/state/selectors.js';
import { askOne } from './ask-one.js';
import { openCommandDialog } from './command-dialog.js';
import { openRestoreDialog } from './restore-dialog.js';
import { openRunDialog } from './run-dialog.js';
import { openSeveralDialog } from './several-dialog.js';

/**
 * @typedef {{words: string, icon: string, open: (app: import('../app.js').App, name: string) => void}} Offer
 * @type {Map<string, Offer>}
 */
export const OFFERS = new Map([
  ['task.run', { words: 'Run a task', icon: 'run', open: (app) => openRunDialog(app) }],
  ['task.group', { words: 'Run several tasks side by side (group)', icon: 'run', open: (app) => openSeveralDialog(app, 'group') }],
  ['task.chord', { words: 'Run several tasks, then one with their results (chord)', icon: 'run', open: (app) => openSeveralDialog(app, 'chord') }],
  ['task.retry', { words: 'Retry a task by its id', icon: 'restart', open: ask('id') }],
  ['task.revoke', { words: 'Revoke tasks by their ids', icon: 'revoke', open: ask('ids') }],
  ['task.revokeStamped', { words: 'Revoke tasks by stamp', icon: 'revoke', open: ask() }],
  ['task.query', { words: 'Ask workers what they know about tasks', icon: 'answers', open: ask('ids', 'workers') }],
  ['worker.ping', { words: 'Ping workers', icon: 'workers', open: ask('workers') }],
  ['worker.report', { words: 'Ask workers for their settings (report)', icon: 'answers', open: ask('workers') }],
  ['worker.memory', { words: 'Ask workers for their memory', icon: 'answers', open: ask('workers') }],
  ['worker.poolGrow', { words: 'Grow the pool of workers', icon: 'workers', open: ask('workers') }],
  ['worker.poolShrink', { words: 'Shrink the pool of workers', icon: 'workers', open: ask('workers') }],
  ['worker.autoscale', { words: 'Set the autoscaling of workers', icon: 'workers', open: ask('workers') }],
  ['worker.rateLimit', { words: 'Limit how often workers start a task', icon: 'workers', open: ask('workers') }],
  ['worker.timeLimit', { words: 'Limit how long a task may run on workers', icon: 'workers', open: ask('workers') }],
  ['worker.addConsumer', { words: 'Make workers consume a queue', icon: 'workers', open: ask('workers') }],
  ['worker.cancelConsumer', { words: 'Make workers stop consuming a queue', icon: 'workers', open: ask('workers') }],
  ['worker.enableEvents', { words: 'Make workers send task events', icon: 'workers', open: ask('workers') }],
  ['worker.disableEvents', { words: 'Make workers send no task events', icon: 'workers', open: ask('workers') }],
  ['worker.restart', { words: 'Restart the pool of a worker', icon: 'restart', open: forWorker((app, worker) => app.actions.restart([worker])) }],
  ['worker.shutdown', { words: 'Shut down a worker', icon: 'shutdown', open: forWorker((app, worker) => app.actions.shutdown([worker])) }],
  ['queue.purge', { words: 'Purge a queue', icon: 'purge', open: forQueue((app, queue) => app.actions.purge(queue)) }],
  ['queue.restore', { words: 'Restore what was purged from a queue', icon: 'undo', open: forTrash }],
  ['queue.pause', { words: 'Pause a queue', icon: 'pause', open: forQueue((app, queue) => app.actions.pause(queue)) }],
  ['queue.resume', { words: 'Resume a paused queue', icon: 'run', open: forQueue((app, queue) => app.actions.resume(queue), isPaused) }],
  ['message.delete', { words: 'Delete a waiting message', icon: 'purge', open: forQueue(showMessages) }],
  ['message.move', { words: 'Move a waiting message to another queue', icon: 'move', open: forQueue(showMessages) }],
  ['message.prioritize', { words: 'Change the urgency of a waiting message', icon: 'urgency', open: forQueue(showMessages) }],
]);

/** Arguments of each command that its own form asks for; the others are asked for by the declared form. */
export const OWN_FORMS = Object.freeze(['task.run', 'task.group', 'task.chord']);

/** Opens the declared form, with these arguments among its fields. */
function ask(...asked) {
  return async (app, name) => {
    const command = (await app.actions.catalog())?.find((known) => known.name === name);
    if (command === undefined) return;
    const { words } = OFFERS.get(name);
    openCommandDialog(app, command, {
      title: words, given: {}, asked, label: words, href: formatRoute('activity'), yes: COMMANDS.get(name).verb,
      points: asked.includes('workers') ? [`${plural(workersUp(app.client.topics.get('workers').rows), 'worker')} up now.`] : [],
      refusal: () => app.actions.refusal(name, command),
    });
  };
}

function forWorker(act) {
  return forRow('workers', 'Worker', act);
}

function forQueue(act, which = () => true) {
  return forRow('queues', 'Queue', act, which);
}

/** Messages are chosen on the page of their queue. */
function showMessages(app, queue) {
  location.hash = formatRoute('queues', queue.id);
}

async function forTrash(app, name) {
  const { rows } = app.client.topics.get('trash');
  const id = await askOne({ title: OFFERS.get(name).words, label: 'Queue', names: [...new Set([...rows].map(({ queue }) => queue))] });
  const [trash] = id === null ? [] : trashOf(app.client.topics.get('trash').rows, id);
  if (trash !== undefined) openRestoreDialog(app, trash);
}

function forRow(topic, label, act, which = () => true) {
  return async (app, name) => {
    const { rows } = app.client.topics.get(topic);
    const id = await askOne({ title: OFFERS.get(name).words, label, names: [...rows].filter(which).map((row) => row.id) });
    const row = id === null ? undefined : app.client.topics.get(topic).get(id);
    if (row !== undefined) act(app, row);
  };
}
