/** One dialog for every declared command: its fields come from the gateway's catalog. */
import { QUESTIONS } from '../core/commands/catalog.js';
import { fieldsOf, readFields } from '../core/commands/declared.js';
import { runnableNames } from '../core/state/selectors.js';
import { h, setAttr } from '../platform/dom.js';
import { openDialog } from './dialogs.js';
import { choiceInput, datalist, FormField, jsonInput, momentInput, numberInput, textInput } from './form-field.js';
import { button, setRefusal } from './parts.js';

const JSON_KINDS = ['array', 'object', 'signature', 'signatures'];
const PLACEHOLDERS = new Map([['stamps', '{"tenant": ["acme"]}'], ['tasks', '[{"task": "package.module.function"}]']]);
const LABELS = new Map([['id', 'Task id'], ['ids', 'Task ids']]);
/** Optional fields that need no folding. */
const SHOWN_AT_ONCE = 2;

/** `worker.poolGrow` as people say it. @param {string} name */
export function commandWords(name) {
  const words = name.split('.').at(-1).replace(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`);
  return words[0].toUpperCase() + words.slice(1);
}

/**
 * @param {import('../app.js').App} app
 * @param {import('../core/commands/declared.js').Command} command
 * @param {{title: string, lead?: string, points?: string[], given: Record<string, any>, filled?: Map<string, string>, yes?: string,
 *   label: string, href?: string, refusal: () => string, asked?: string[]}} options `given`: arguments nobody fills in; `filled`: what
 *   the fields hold at first: a field that still holds it is not sent, as the gateway knows it better; `asked`: arguments that are
 *   asked for though pages know them otherwise
 */
export function openCommandDialog(app, command, options) {
  const fields = new Map();
  const asked = options.asked ?? [];
  const shown = fieldsOf(command, asked).filter(({ roles }) => roles === undefined || roles.includes(app.role));
  const filled = options.filled ?? new Map();
  const make = (parameter) => {
    const field = fieldFor(app, parameter, filled.get(parameter.name) ?? '');
    fields.set(parameter.name, field);
    return field.node;
  };
  const first = shown.filter(({ name, required }) => required || filled.has(name) || asked.includes(name));
  const rest = shown.filter((parameter) => !first.includes(parameter));
  const unfolded = rest.length <= SHOWN_AT_ONCE ? rest.splice(0) : [];
  const run = button(options.yes ?? commandWords(command.name), { kind: command.dangerous ? 'filled danger' : 'filled', testid: 'command-submit' });
  const cancel = button('Cancel', { testid: 'command-cancel', onClick: () => dialog.close() });
  let touched = false;

  const check = () => {
    const texts = new Map([...fields].map(([name, field]) => [name, field.isFilled ? field.value : '']));
    for (const [name, text] of filled) if (texts.get(name) === text) texts.set(name, '');
    const { args, problems } = readFields(command, texts, asked);
    for (const [name] of filled) if (texts.get(name) === '') problems.delete(name);
    for (const [name, field] of fields) field.showProblem(touched || (field.isFilled ? field.value : '') !== (filled.get(name) ?? '') ? (problems.get(name) ?? '') : '');
    const refused = options.refusal();
    setRefusal(run, refused);
    return { args, problems, refused };
  };
  const submit = () => {
    touched = true;
    const { args, problems, refused } = check();
    const [wrong] = problems.keys();
    if (wrong !== undefined) fields.get(wrong).focus();
    if (wrong !== undefined || refused !== '') return;
    dialog.close();
    const everyone = asked.includes('workers') && args.workers === undefined ? { all: true } : {};
    app.tray.submit(command.name, { ...options.given, ...everyone, ...args }, { label: options.label, href: options.href ?? null });
  };

  const form = h('form', { class: 'run-form', novalidate: true, on: { submit: (event) => { event.preventDefault(); submit(); }, input: check, change: check } },
    h('p', { class: 'dialog-lead', text: options.lead ?? command.summary }),
    options.points?.length > 0 ? h('ul', { class: 'points' }, ...options.points.map((point) => h('li', { text: point }))) : null,
    first.length + unfolded.length > 0 ? h('div', { class: 'run-fields' }, ...[...first, ...unfolded].map(make)) : null,
    rest.length > 0 ? h('details', { class: 'more' }, h('summary', { text: first.length > 0 ? 'Advanced' : 'Options' }), h('div', { class: 'run-fields' }, ...rest.map(make))) : null,
    QUESTIONS.includes(command.name) ? null : h('p', { class: 'form-note', text: `Proof: ${command.evidence.replaceAll('`', '')}` }),
    // Enter in a field submits; the button itself stands outside of the form.
    h('input', { type: 'submit', hidden: true }));
  run.addEventListener('click', submit);
  const dialog = openDialog({ title: options.title, testid: 'dialog-command', body: [form], actions: [cancel, run], wide: shown.length > SHOWN_AT_ONCE });
  check();
  const start = [...fields.values()][0];
  if (start !== undefined && first.length + unfolded.length > 0) start.focus();
  else run.focus();
  return dialog;
}

/** A field of a kind that the catalog knows. */
function fieldFor(app, parameter, value) {
  const id = `command-${parameter.name}`;
  const input = inputFor(parameter);
  const list = suggestions(app, parameter, `${id}-values`);
  if (list) setAttr(input, 'list', list.id);
  if (parameter.required) setAttr(input, 'required', true);
  const isLong = JSON_KINDS.includes(parameter.kind);
  const field = new FormField(id, labelFor(parameter), input, { help: helpFor(parameter), className: `${isLong || parameter.kind === 'flag' ? 'wide' : ''} ${isLong ? 'mono' : ''}` });
  if (parameter.kind !== 'flag') input.value = value;
  if (list) field.node.append(list);
  return field;
}

function inputFor(parameter) {
  switch (parameter.kind) {
    case 'flag': return h('input', { type: 'checkbox' });
    case 'choice': return choiceInput([['', 'Default'], ...parameter.choices.map((value) => [value, value])]);
    case 'array':
    case 'signatures': return jsonInput(PLACEHOLDERS.get(parameter.name) ?? '[]');
    case 'object':
    case 'signature': return jsonInput(PLACEHOLDERS.get(parameter.name) ?? '{}');
    case 'instant': return momentInput();
    case 'integer':
    case 'seconds': return numberInput();
    default: return textInput();
  }
}

function labelFor({ name, kind, required }) {
  const words = LABELS.get(name) ?? name.replace(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`);
  return `${words[0].toUpperCase()}${words.slice(1)}${kind === 'seconds' ? ' (s)' : ''}${required ? '' : ' (optional)'}`;
}

/** The catalog writes for programs: names in backquotes. */
function helpFor({ name, help, kind, min, max }) {
  if (name === 'workers') return 'Names, with commas between them; all that are up if left out.';
  if (name === 'ids') return 'With commas or spaces between them.';
  const range = kind === 'integer' ? ` ${min} to ${max}.` : '';
  return `${help.replaceAll('`', '')}${range}`;
}

function suggestions(app, { name }, id) {
  const { topics } = app.client;
  const values = name === 'task' ? runnableNames(topics.get('workers').rows, topics.get('stats').rows)
    : name === 'workers' ? [...topics.get('workers').rows].map((worker) => worker.id)
    : name === 'queue' ? [...topics.get('queues').rows].map((queue) => queue.id) : null;
  return values === null ? null : datalist(id, values);
}
