/** The fields of the run dialog. */
import { h, setAttr, setHidden, setText } from '../platform/dom.js';

export const PRIORITY_NOTE = 'As the task or queue has it. Urgency 10 is Celery priority 0, urgency 1 is priority 9.';
const SUGGESTIONS = 500;

export class RunFields {
  #inputs = new Map();
  #problems = new Map();
  priorityNote = h('p', { class: 'field-help', id: 'run-urgency-help', text: PRIORITY_NOTE });

  constructor(names, queues, given) {
    this.node = h('div', { class: 'run-fields' },
      this.#field('task', 'Task', h('input', { type: 'text', autocomplete: 'off', spellcheck: 'false', autocapitalize: 'off', list: 'run-task-names', value: given.task ?? '', placeholder: 'package.module.function' }), { className: 'wide mono' }),
      datalist('run-task-names', names),
      this.#field('args', 'Positional arguments', h('textarea', { rows: 3, spellcheck: 'false', placeholder: '[]' }), { help: 'A JSON array', className: 'mono' }),
      this.#field('kwargs', 'Keyword arguments', h('textarea', { rows: 3, spellcheck: 'false', placeholder: '{}' }), { help: 'A JSON object', className: 'mono' }),
      this.#field('queue', 'Queue', h('input', { type: 'text', autocomplete: 'off', spellcheck: 'false', list: 'run-queue-names', value: given.queue ?? '', placeholder: 'as the task has it' })),
      datalist('run-queue-names', queues),
      this.#field('urgency', 'Urgency', h('select', null, h('option', { value: '', text: 'Default' }), ...Array.from({ length: 10 }, (_, index) => urgencyOption(10 - index))), { helpNode: this.priorityNote }),
      h('details', { class: 'wide more' }, h('summary', { text: 'When and how long' }), h('div', { class: 'run-fields' },
        this.#field('countdown', 'Start in (s)', number('at once')),
        this.#field('eta', 'Start at', h('input', { type: 'datetime-local', step: '1' }), { help: 'In the time zone of this computer' }),
        this.#field('expires', 'Expires after (s)', number('never')),
        this.#field('softTimeLimit', 'Soft time limit (s)', number('as the task has it')),
        this.#field('timeLimit', 'Hard time limit (s)', number('as the task has it')),
      )));
    this.#inputs.get('args').value = given.args ?? '';
    this.#inputs.get('kwargs').value = given.kwargs ?? '';
  }

  values() {
    const values = {};
    for (const [name, input] of this.#inputs) values[name] = input.value;
    return values;
  }

  focus(name) {
    const input = this.#inputs.get(name);
    const folded = input?.closest('details');
    if (folded) folded.open = true;
    input?.focus();
  }

  /** @param {Map<string, string>} problems @param {boolean} all also those of fields nobody has filled in yet */
  showProblems(problems, all) {
    for (const [name, node] of this.#problems) {
      const input = this.#inputs.get(name);
      const words = all || input.value !== '' ? (problems.get(name) ?? '') : '';
      setText(node, words);
      setHidden(node, words === '');
      setAttr(input, 'aria-invalid', words === '' ? null : 'true');
    }
  }

  #field(name, label, input, { help = '', helpNode = null, className = '' } = {}) {
    const id = `run-${name}`;
    input.id = id;
    input.classList.add('field-input');
    setAttr(input, 'data-testid', id);
    const problem = h('p', { class: 'field-problem', id: `${id}-problem`, hidden: true });
    const note = helpNode ?? (help === '' ? null : h('p', { class: 'field-help', id: `${id}-help`, text: help }));
    setAttr(input, 'aria-describedby', note ? `${note.id} ${problem.id}` : problem.id);
    this.#inputs.set(name, input);
    this.#problems.set(name, problem);
    return h('div', { class: `field ${className}` }, h('label', { for: id, text: label }), input, problem, note);
  }
}

function number(placeholder) {
  return h('input', { type: 'text', inputmode: 'decimal', autocomplete: 'off', placeholder });
}

function datalist(id, values) {
  return h('datalist', { id }, ...values.slice(0, SUGGESTIONS).map((value) => h('option', { value })));
}

function urgencyOption(urgency) {
  const word = urgency === 10 ? '10 · urgent' : urgency === 1 ? '1 · low' : String(urgency);
  return h('option', { value: String(urgency), text: `${word} (priority ${10 - urgency})` });
}
