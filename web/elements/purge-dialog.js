/** Before a queue is purged: how much goes, what does not, and for how long it can be undone. */
import { purgeCeiling } from '../core/commands/catalog.js';
import { count, plural } from '../core/format/number.js';
import { line } from '../core/format/text.js';
import { formatRoute } from '../core/query/route.js';
import { untouchedWords } from '../core/state/queue-purge.js';
import { confirm } from './dialogs.js';
import { choiceInput, FormField } from './form-field.js';
import { restore } from './restore-dialog.js';

/** The first is what the gateway does by itself. */
const KEEP = [['', '24 hours'], ['3600', '1 hour'], ['604800', '7 days'], ['0', 'Not at all: it cannot be undone']];

/** @param {import('../app.js').App} app @param {object} queue */
export async function openPurgeDialog(app, queue) {
  const name = line(queue.id, 80);
  const depth = queue.depth ?? 0;
  const ceiling = purgeCeiling(depth);
  const keep = new FormField('purge-keep', 'Can be undone for', choiceInput(KEEP));
  const yes = await confirm({
    title: `Purge ${name}?`,
    lead: `${plural(depth, 'message')} that ${depth === 1 ? 'waits' : 'wait'} in ${name} will be taken out of the queue and put into its trash.`,
    points: [untouchedWords(queue), `If more than ${count(ceiling)} wait by then, nothing is removed.`],
    extra: keep.node,
    yes: `Purge ${plural(depth, 'message')}`,
  });
  if (!yes) return;
  app.tray.submit('queue.purge', { queue: queue.id, ...(keep.value === '' ? {} : { keep: Number(keep.value) }) }, {
    label: `Purge queue ${name}`, expect: { messagesMax: ceiling }, href: formatRoute('queues', queue.id),
    offer: (row) => undoOf(app, row),
  });
}

/** The way back stands as long as something of that purge is in the trash. */
function undoOf(app, row) {
  const trash = row.id === null ? undefined : app.client.topics.get('trash').get(row.id);
  if (trash === undefined || app.actions.refusal('queue.restore') !== '') return null;
  return { label: 'Undo', icon: 'undo', testid: 'undo-purge', act: () => restore(app, trash) };
}
