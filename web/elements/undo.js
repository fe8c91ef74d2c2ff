/** What is taken out of a queue can be put back for a time: how long is asked before, and Undo is offered after. */
import { choiceInput, FormField } from './form-field.js';
import { restore } from './restore-dialog.js';

/** The first is what the gateway does by itself. */
const KEEP = [['', '24 hours'], ['3600', '1 hour'], ['604800', '7 days'], ['0', 'Not at all: it cannot be undone']];

/** A field, and the argument it makes. @param {string} id @returns {{node: HTMLElement, args: () => {keep?: number}}} */
export function keepField(id) {
  const field = new FormField(id, 'Can be undone for', choiceInput(KEEP));
  return { node: field.node, args: () => (field.value === '' ? {} : { keep: Number(field.value) }) };
}

/**
 * The way back stands as long as something of that command is in the trash.
 * @param {import('../app.js').App} app
 * @param {{id: string | null}} row of the command
 */
export function undoOf(app, row) {
  const trash = row.id === null ? undefined : app.client.topics.get('trash').get(row.id);
  if (trash === undefined || app.actions.refusal('queue.restore') !== '') return null;
  return { label: 'Undo', icon: 'undo', testid: 'undo', act: () => restore(app, trash) };
}
