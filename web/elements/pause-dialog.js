/** Until when, and why: before a queue is paused. */
import { PAUSE_CHOICES, readPauseForm } from '../core/commands/pause-form.js';
import { plural } from '../core/format/number.js';
import { line } from '../core/format/text.js';
import { formatRoute } from '../core/query/route.js';
import { arrayOf } from '../core/state/selectors.js';
import { h, setHidden } from '../platform/dom.js';
import { openDialog } from './dialogs.js';
import { choiceInput, FormFields, momentInput, textInput } from './form-field.js';
import { button, setRefusal } from './parts.js';

/** @param {import('../app.js').App} app @param {object} queue */
export function openPauseDialog(app, queue) {
  const name = line(queue.id, 80);
  const fields = new FormFields('pause');
  const go = button('Pause queue', { kind: 'filled', icon: 'pause', testid: 'pause-submit' });
  const at = fields.add('at', 'Resume at', momentInput(), { help: 'In the time zone of this computer' });
  let touched = false;
  const check = () => {
    const values = fields.values();
    setHidden(at, values.until !== 'at');
    const read = readPauseForm(values, new Date());
    fields.showProblems(read.problems, touched);
    setRefusal(go, app.actions.refusal('queue.pause'));
    return read;
  };
  const submit = () => {
    touched = true;
    const { args, problems } = check();
    const [wrong] = problems.keys();
    if (wrong !== undefined) fields.get(wrong).focus();
    if (wrong !== undefined || app.actions.refusal('queue.pause') !== '') return;
    dialog.close();
    app.tray.submit('queue.pause', { queue: queue.id, ...args }, { label: `Pause queue ${name}`, href: formatRoute('queues', queue.id) });
  };
  const taken = (queue.reserved ?? 0) + (queue.active ?? 0) + (queue.scheduled ?? 0);
  const points = [
    taken > 0 ? `${plural(taken, 'task')} that workers have taken already will still run.` : 'What workers have taken already will still run.',
    'What is sent to it waits: nothing is refused, nothing is lost.',
    'Workers that start later are told as well; until they hear of it they may take a few.',
  ];
  const consumers = arrayOf(queue.workers).length;
  const form = h('form', { class: 'run-form', novalidate: true, on: { submit: (event) => { event.preventDefault(); submit(); }, input: check, change: check } },
    h('p', { class: 'dialog-lead', 'data-testid': 'pause-lead', text: consumers === 0 ? `No worker consumes ${name} now; workers that start will not either.` : `${plural(consumers, 'worker')} will stop taking tasks from ${name}.` }),
    h('div', { class: 'run-fields' },
      fields.add('until', 'How long', choiceInput(PAUSE_CHOICES)), at,
      fields.add('reason', 'Reason (optional)', textInput('for people who find it paused'), { className: 'wide' })),
    h('ul', { class: 'points' }, ...points.map((point) => h('li', { text: point }))),
    h('input', { type: 'submit', hidden: true }));
  go.addEventListener('click', submit);
  const dialog = openDialog({ title: `Pause ${name}?`, testid: 'dialog-pause', body: [form], actions: [button('Cancel', { onClick: () => dialog.close() }), go] });
  check();
  fields.get('until').focus();
}
