/** Before a queue is purged: how much goes, what does not, and for how long it can be undone. */
import { purgeCeiling } from '../core/commands/catalog.js';
import { count, plural } from '../core/format/number.js';
import { line } from '../core/format/text.js';
import { formatRoute } from '../core/query/route.js';
import { untouchedWords } from '../core/state/queue-purge.js';
import { confirm } from './dialogs.js';
import { keepField, undoOf } from './undo.js';

/** @param {import('../app.js').App} app @param {object} queue */
export async function openPurgeDialog(app, queue) {
  const name = line(queue.id, 80);
  const depth = queue.depth ?? 0;
  const ceiling = purgeCeiling(depth);
  const keep = keepField('purge-keep');
  const yes = await confirm({
    title: `Purge ${name}?`,
    lead: `${plural(depth, 'message')} that ${depth === 1 ? 'waits' : 'wait'} in ${name} will be taken out of the queue and put into its trash.`,
    points: [untouchedWords(queue), `If more than ${count(ceiling)} wait by then, nothing is removed.`],
    extra: keep.node,
    yes: `Purge ${plural(depth, 'message')}`,
  });
  if (!yes) return;
  app.tray.submit('queue.purge', { queue: queue.id, ...keep.args() }, {
    label: `Purge queue ${name}`, expect: { messagesMax: ceiling }, href: formatRoute('queues', queue.id),
    offer: (row) => undoOf(app, row),
  });
}
