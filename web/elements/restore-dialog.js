/** Puts purged messages back: all of them, the first ones, or some. */
import { readRestoreForm } from '../core/commands/restore-form.js';
import { plural } from '../core/format/number.js';
import { line } from '../core/format/text.js';
import { formatRoute } from '../core/query/route.js';
import { h, setHidden, setText } from '../platform/dom.js';
import { openDialog } from './dialogs.js';
import { choiceInput, FormFields, numberInput } from './form-field.js';
import { button, setRefusal } from './parts.js';
import { TrashChoice } from './trash-choice.js';

/** @param {import('../app.js').App} app @param {{id: string, queue: string, left: number}} trash */
export function openRestoreDialog(app, trash) {
  const fields = new FormFields('restore');
  const go = button('Restore', { kind: 'filled', icon: 'undo', testid: 'restore-submit' });
  const number = fields.add('count', 'How many', numberInput());
  const choice = new TrashChoice(trash.id);
  let touched = false;
  const check = () => {
    const values = { ...fields.values(), ids: choice.ids };
    setHidden(number, values.which !== 'first');
    setHidden(choice.node, values.which !== 'some');
    if (values.which === 'some') choice.read();
    const read = readRestoreForm(values, trash.left);
    fields.showProblems(read.problems, touched);
    setText(go.lastChild, read.problems.size > 0 ? 'Restore' : `Restore ${plural(read.args.count ?? read.args.ids?.length ?? trash.left, 'message')}`);
    setRefusal(go, app.actions.refusal('queue.restore'));
    return read;
  };
  const submit = () => {
    touched = true;
    const { args, problems } = check();
    if (problems.size > 0) fields.get([...problems.keys()][0]).focus();
    if (problems.size > 0 || app.actions.refusal('queue.restore') !== '') return;
    dialog.close();
    restore(app, trash, args);
  };
  const form = h('form', { class: 'run-form', novalidate: true, on: { submit: (event) => { event.preventDefault(); submit(); }, input: check, change: check } },
    h('p', { class: 'dialog-lead', text: `${plural(trash.left, 'message')} can go back to ${line(trash.queue, 80)}, each to its step, in the order in which they waited.` }),
    h('div', { class: 'run-fields' }, fields.add('which', 'Which', choiceInput([['all', 'All of them'], ['first', 'The first ones'], ['some', 'Some of them']])), number), choice.node,
    h('input', { type: 'submit', hidden: true }));
  go.addEventListener('click', submit);
  const dialog = openDialog({ title: 'Restore from the trash?', testid: 'dialog-restore', body: [form], actions: [button('Cancel', { onClick: () => dialog.close() }), go] });
  check();
  fields.get('which').focus();
}

/** @param {import('../app.js').App} app @param {{id: string, queue: string, left?: number}} trash @param {{count?: number, ids?: string[]}} [args] */
export function restore(app, trash, args = {}) {
  const number = args.count ?? args.ids?.length ?? trash.left;
  const what = Number.isFinite(number) ? plural(number, 'message') : 'what was removed';
  app.tray.submit('queue.restore', { trash: trash.id, ...args }, { label: `Restore ${what} to ${line(trash.queue, 80)}`, href: formatRoute('queues', trash.queue) });
}
