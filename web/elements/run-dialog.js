/** Run a task: name with completion, JSON checked as one types, the rest folded away. */
import { readRunForm } from '../core/commands/run-form.js';
import { arrayOf, prioritySteps, runnableNames } from '../core/state/selectors.js';
import { line } from '../core/format/text.js';
import { h, setText } from '../platform/dom.js';
import { openDialog } from './dialogs.js';
import { button, setRefusal } from './parts.js';
import { RunFields } from './run-fields.js';
import { openSeveralDialog } from './several-dialog.js';

/**
 * @param {import('../app.js').App} app
 * @param {{task?: string, args?: string, kwargs?: string, queue?: string, note?: string}} [given]
 */
export function openRunDialog(app, given = {}) {
  const topics = app.client.topics;
  const names = runnableNames(topics.get('workers').rows, topics.get('stats').rows);
  const queues = [...topics.get('queues').rows].map(({ id }) => id);
  const run = button('Run task', { kind: 'filled', icon: 'run', testid: 'run-submit' });
  const cancel = button('Cancel', { onClick: () => dialog.close() });
  const several = button('Run several…', { kind: 'text apart', testid: 'run-several', onClick: () => { dialog.close(); openSeveralDialog(app); } });
  const warning = h('p', { class: 'form-note', role: 'status' });
  let touched = false;

  const check = () => {
    const read = readRunForm(fields.values());
    fields.show(read, touched);
    setText(warning, isUnregistered(topics.get('workers'), read.args.task) ? 'No worker that answered has registered this task: it may wait, or be discarded by the worker that receives it.' : '');
    setRefusal(run, app.actions.refusal('task.run'));
    return read;
  };
  const fields = new RunFields({ names, queues, steps: prioritySteps(topics.get('queues').rows), given, changed: () => check() });

  const submit = async () => {
    touched = true;
    const { args, problems } = check();
    if (problems.size > 0) {
      fields.focus([...problems.keys()][0]);
      return;
    }
    if (app.actions.refusal('task.run') !== '') return;
    dialog.close();
    await app.tray.submit('task.run', args, { label: `Run ${line(args.task, 80)}` });
  };

  const form = h('form', { class: 'run-form', novalidate: true, on: { submit: (event) => { event.preventDefault(); submit(); }, input: check, change: check } },
    given.note ? h('p', { class: 'form-note', text: given.note }) : null, fields.node, warning, h('input', { type: 'submit', hidden: true }));
  run.addEventListener('click', submit);
  const dialog = openDialog({ title: 'Run a task', testid: 'dialog-run', body: [form], actions: [several, cancel, run], wide: true });
  check();
  fields.focus(given.task ? 'args' : 'task');
}

/** Whether workers said what they know, and none of them knows this. */
function isUnregistered(workers, task) {
  const lists = [...workers.rows].map((worker) => arrayOf(worker.registered)).filter(({ length }) => length > 0);
  return task !== '' && lists.length > 0 && !lists.some((names) => names.includes(task));
}
