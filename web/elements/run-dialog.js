/** Run a task: name with completion, JSON checked as one types, the rest folded away. */
import { readRunForm, stepOf } from '../core/commands/run-form.js';
import { arrayOf, runnableNames } from '../core/state/selectors.js';
import { line } from '../core/format/text.js';
import { h, setAttr, setText } from '../platform/dom.js';
import { openDialog } from './dialogs.js';
import { button } from './parts.js';
import { PRIORITY_NOTE, RunFields } from './run-fields.js';

/**
 * @param {import('../app.js').App} app
 * @param {{task?: string, args?: string, kwargs?: string, queue?: string, note?: string}} [given]
 */
export function openRunDialog(app, given = {}) {
  const topics = app.client.topics;
  const names = runnableNames(topics.get('workers').rows, topics.get('stats').rows);
  const queues = [...topics.get('queues').rows].map(({ id }) => id);
  const fields = new RunFields(names, queues, given);
  const run = button('Run task', { kind: 'filled', icon: 'run', testid: 'run-submit' });
  const cancel = button('Cancel', { onClick: () => dialog.close() });
  const warning = h('p', { class: 'form-note', role: 'status' });
  let touched = false;

  const check = () => {
    const { args, problems } = readRunForm(fields.values());
    fields.showProblems(problems, touched);
    setText(fields.priorityNote, priorityWords(args.priority));
    const consumers = [...topics.get('workers').rows].filter((worker) => arrayOf(worker.registered).includes(args.task));
    const known = args.task !== '' && topics.get('workers').size > 0 && consumers.length === 0 && [...topics.get('workers').rows].some((worker) => arrayOf(worker.registered).length > 0);
    setText(warning, known ? 'No worker that answered has registered this task: it may wait, or be discarded by the worker that receives it.' : '');
    const refused = app.actions.refusal('task.run');
    setAttr(run, 'aria-disabled', refused !== '' ? 'true' : null);
    setAttr(run, 'title', refused === '' ? null : refused);
    return { args, problems };
  };

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

  const form = h('form', { class: 'run-form', novalidate: true, on: { submit: (event) => { event.preventDefault(); submit(); }, input: check, change: check } }, given.note ? h('p', { class: 'form-note', text: given.note }) : null, fields.node, warning);
  run.addEventListener('click', submit);
  const dialog = openDialog({ title: 'Run a task', testid: 'dialog-run', body: [form], actions: [cancel, run], wide: true });
  check();
  fields.focus(given.task ? 'args' : 'task');
}

function priorityWords(priority) {
  if (priority === undefined) return PRIORITY_NOTE;
  return `Urgency ${10 - priority} is Celery priority ${priority} and waits in the broker's step ${stepOf(priority)} (0 is taken first).`;
}
