/** Run several tasks at once: side by side (a group), or with one more that gets all their results (a chord). */
import { readSeveralForm } from '../core/commands/run-form.js';
import { plural } from '../core/format/number.js';
import { runnableNames } from '../core/state/selectors.js';
import { h, setAttr, setHidden, setText } from '../platform/dom.js';
import { openDialog } from './dialogs.js';
import { datalist, fieldGroup, FormFields, textInput } from './form-field.js';
import { button, setRefusal } from './parts.js';
import { OPTION_NAMES, runOptions } from './run-options.js';
import { SignatureList } from './signature-list.js';

const WORDS = new Map([
  ['group', ['Group', 'All tasks are sent together and run side by side.']],
  ['chord', ['Chord', 'All tasks run side by side; when every one has succeeded, one more runs with the list of their results. Workers need a result backend.']],
]);

/** @param {import('../app.js').App} app @param {'group' | 'chord'} [start] */
export function openSeveralDialog(app, start = 'group') {
  const { topics } = app.client;
  const fields = new FormFields('several');
  const shared = { names: 'several-task-names', queues: 'several-queue-names', changed: () => check() };
  const tasks = new SignatureList('several-tasks', 'Tasks', { ...shared, least: 2 });
  const body = new SignatureList('several-body', 'Afterwards, with the list of their results', { ...shared, least: 1, most: 1, immutable: true });
  const { when, limits, along } = runOptions(fields);
  const lead = h('p', { class: 'dialog-lead' });
  const summary = h('summary');
  const run = button('Run', { kind: 'filled', icon: 'run', testid: 'several-submit' });
  const cancel = button('Cancel', { onClick: () => dialog.close() });
  const kinds = [...WORDS].map(([kind, [words]]) => h('button', { type: 'button', class: 'segment-button', 'data-testid': `several-${kind}`, text: words, on: { click: () => { chosen = kind; check(); } } }));
  let chosen = start;
  let touched = false;

  const check = () => {
    const isChord = chosen === 'chord';
    const read = readSeveralForm({ ...fields.values(), tasks: tasks.values(), body: isChord ? body.values()[0] : null });
    [...WORDS.keys()].forEach((kind, index) => setAttr(kinds[index], 'aria-pressed', String(kind === chosen)));
    setText(lead, WORDS.get(chosen)[1]);
    setHidden(body.node, !isChord);
    fields.showProblems(read.problems, touched);
    tasks.showProblems(read.problems, 'tasks', touched);
    body.showProblems(read.problems, 'body', touched);
    const set = fields.filled(OPTION_NAMES);
    setText(summary, set === 0 ? 'More options' : `More options · ${set} set`);
    setText(run.lastChild, `Run ${plural(tasks.size, 'task')}${isChord ? ' and 1 after' : ''}`);
    setRefusal(run, app.actions.refusal(read.command));
    return read;
  };
  const submit = () => {
    touched = true;
    const { command, args, problems } = check();
    const [wrong] = problems.keys();
    if (wrong !== undefined) {
      const [list, ...place] = wrong.split('.');
      if (list === 'tasks') tasks.focus(place.join('.'));
      else if (list === 'body') body.focus(place.join('.'));
      else fields.get(wrong).focus();
      return;
    }
    if (app.actions.refusal(command) !== '') return;
    dialog.close();
    app.tray.submit(command, args, { label: `Run ${chosen === 'chord' ? 'a chord' : 'a group'} of ${plural(args.tasks.length, 'task')}` });
  };

  const form = h('form', { class: 'run-form', novalidate: true, on: { submit: (event) => { event.preventDefault(); submit(); }, input: () => check(), change: () => check() } },
    h('div', { class: 'segments', role: 'group', 'aria-label': 'How' }, ...kinds), lead, tasks.node, body.node,
    h('div', { class: 'run-fields' }, fields.add('queue', 'Queue of those that name none', textInput('celery', shared.queues), { className: 'wide' })),
    h('details', { class: 'more' }, summary, h('div', { class: 'stack' }, fieldGroup('When', ...when), fieldGroup('How long at most', ...limits), fieldGroup('What goes along', ...along))),
    datalist(shared.names, runnableNames(topics.get('workers').rows, topics.get('stats').rows)), datalist(shared.queues, [...topics.get('queues').rows].map(({ id }) => id)),
    h('input', { type: 'submit', hidden: true }));
  run.addEventListener('click', submit);
  const dialog = openDialog({ title: 'Run several tasks', testid: 'dialog-several', body: [form], actions: [cancel, run], wide: true });
  check();
  tasks.focus('0.task');
}
