/** One dialog for every declared command: its fields come from the gateway's catalog. */
import { fieldsOf, readFields } from '../core/commands/declared.js';
import { runnableNames } from '../core/state/selectors.js';
import { h, setAttr, setHidden, setText } from '../platform/dom.js';
import { openDialog } from './dialogs.js';
import { button } from './parts.js';

const SUGGESTIONS = 500;
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
 *   label: string, href?: string, refusal: () => string}} options `given`: arguments nobody fills in; `filled`: what the fields hold
 *   at first: a field that still holds it is not sent, as the gateway knows it better
 */
export function openCommandDialog(app, command, options) {
  const fields = new Map();
  const shown = fieldsOf(command);
  const filled = options.filled ?? new Map();
  const make = (parameter) => {
    const field = new Field(app, parameter, filled.get(parameter.name) ?? '');
    fields.set(parameter.name, field);
    return field.node;
  };
  const first = shown.filter(({ name, required }) => required || filled.has(name));
  const rest = shown.filter((parameter) => !first.includes(parameter));
  const unfolded = rest.length <= SHOWN_AT_ONCE ? rest.splice(0) : [];
  const run = button(options.yes ?? commandWords(command.name), { kind: command.dangerous ? 'filled danger' : 'filled', testid: 'command-submit' });
  const cancel = button('Cancel', { testid: 'command-cancel', onClick: () => dialog.close() });
  let touched = false;

  const check = () => {
    const texts = new Map([...fields].map(([name, field]) => [name, field.value]));
    for (const [name, text] of filled) if (texts.get(name) === text) texts.set(name, '');
    const { args, problems } = readFields(command, texts);
    for (const [name] of filled) if (texts.get(name) === '') problems.delete(name);
    for (const [name, field] of fields) field.showProblem(touched || field.value !== (filled.get(name) ?? '') ? (problems.get(name) ?? '') : '');
    const refused = options.refusal();
    setAttr(run, 'aria-disabled', refused === '' ? null : 'true');
    setAttr(run, 'title', refused === '' ? null : refused);
    return { args, problems, refused };
  };
  const submit = () => {
    touched = true;
    const { args, problems, refused } = check();
    const [wrong] = problems.keys();
    if (wrong !== undefined) fields.get(wrong).focus();
    if (wrong !== undefined || refused !== '') return;
    dialog.close();
    app.tray.submit(command.name, { ...options.given, ...args }, { label: options.label, href: options.href ?? null });
  };

  const form = h('form', { class: 'run-form', novalidate: true, on: { submit: (event) => { event.preventDefault(); submit(); }, input: check, change: check } },
    h('p', { class: 'dialog-lead', text: options.lead ?? command.summary }),
    options.points?.length > 0 ? h('ul', { class: 'points' }, ...options.points.map((point) => h('li', { text: point }))) : null,
    first.length + unfolded.length > 0 ? h('div', { class: 'run-fields' }, ...[...first, ...unfolded].map(make)) : null,
    rest.length > 0 ? h('details', { class: 'more' }, h('summary', { text: first.length > 0 ? 'Advanced' : 'Options' }), h('div', { class: 'run-fields' }, ...rest.map(make))) : null,
    h('p', { class: 'form-note', text: `Proof: ${command.evidence.replaceAll('`', '')}` }),
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

/** One field of a kind that the catalog knows. */
class Field {
  #input;
  #problem;
  #isFlag;

  constructor(app, parameter, value) {
    const id = `command-${parameter.name}`;
    this.#isFlag = parameter.kind === 'flag';
    this.#input = inputFor(parameter);
    this.#input.id = id;
    setAttr(this.#input, 'data-testid', id);
    if (!this.#isFlag) {
      this.#input.classList.add('field-input');
      this.#input.value = value;
    }
    this.#problem = h('p', { class: 'field-problem', id: `${id}-problem`, hidden: true });
    const help = h('p', { class: 'field-help', id: `${id}-help`, text: helpFor(parameter) });
    setAttr(this.#input, 'aria-describedby', `${help.id} ${this.#problem.id}`);
    if (parameter.required) setAttr(this.#input, 'required', true);
    const list = suggestions(app, parameter, `${id}-values`);
    if (list) setAttr(this.#input, 'list', list.id);
    const label = h('label', { for: id, text: labelFor(parameter) });
    const isLong = parameter.kind === 'array' || parameter.kind === 'object' || this.#isFlag;
    this.node = h('div', { class: `field${isLong ? ' wide' : ''}${parameter.kind === 'array' || parameter.kind === 'object' ? ' mono' : ''}` },
      ...(this.#isFlag ? [h('p', { class: 'check' }, this.#input, label)] : [label, this.#input]), list, this.#problem, help);
  }

  get value() { return this.#isFlag ? (this.#input.checked ? 'true' : '') : this.#input.value; }

  focus() {
    const folded = this.#input.closest('details');
    if (folded) folded.open = true;
    this.#input.focus();
  }

  showProblem(words) {
    setText(this.#problem, words);
    setHidden(this.#problem, words === '');
    setAttr(this.#input, 'aria-invalid', words === '' ? null : 'true');
  }
}

function inputFor(parameter) {
  const quiet = { autocomplete: 'off', spellcheck: 'false', autocapitalize: 'off' };
  switch (parameter.kind) {
    case 'flag': return h('input', { type: 'checkbox' });
    case 'choice': return h('select', null, h('option', { value: '', text: 'Default' }), ...parameter.choices.map((value) => h('option', { value, text: value })));
    case 'array': return h('textarea', { rows: 3, spellcheck: 'false', placeholder: '[]' });
    case 'object': return h('textarea', { rows: 3, spellcheck: 'false', placeholder: '{}' });
    case 'instant': return h('input', { type: 'datetime-local', step: '1' });
    case 'integer':
    case 'seconds': return h('input', { type: 'text', inputmode: 'decimal', ...quiet });
    default: return h('input', { type: 'text', ...quiet });
  }
}

function labelFor({ name, kind, required }) {
  const words = name.replace(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`);
  return `${words[0].toUpperCase()}${words.slice(1)}${kind === 'seconds' ? ' (s)' : ''}${required ? '' : ' (optional)'}`;
}

/** The catalog writes for programs: names in backquotes. */
function helpFor({ help, kind, min, max }) {
  const range = kind === 'integer' ? ` ${min} to ${max}.` : '';
  return `${help.replaceAll('`', '')}${range}`;
}

function suggestions(app, { name }, id) {
  const { topics } = app.client;
  const values = name === 'task' ? runnableNames(topics.get('workers').rows, topics.get('stats').rows)
    : name === 'queue' ? [...topics.get('queues').rows].map((queue) => queue.id) : null;
  return values === null ? null : h('datalist', { id }, ...values.slice(0, SUGGESTIONS).map((value) => h('option', { value })));
}
