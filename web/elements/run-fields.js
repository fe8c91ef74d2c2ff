/** The fields of the run dialog: what everybody needs first, everything else folded away. */
import { FOLLOWERS } from '../core/commands/run-form.js';
import { h, setText } from '../platform/dom.js';
import { datalist, fieldGroup, FormFields, jsonInput, textInput } from './form-field.js';
import { OPTION_NAMES, runOptions } from './run-options.js';
import { SignatureList } from './signature-list.js';
import { urgencyInput, urgencyNote } from './urgency.js';

const MORE = ['urgency', 'exchange', 'routingKey', 'shadow', ...OPTION_NAMES];

export class RunFields {
  #fields = new FormFields('run');
  #lists = new Map();
  #summary = h('summary');
  #urgency;

  /** @param {{names: string[], queues: string[], steps: number[], given: Record<string, string>, changed: () => void}} options */
  constructor({ names, queues, steps, given, changed }) {
    this.#urgency = urgencyNote(steps);
    const fields = this.#fields;
    const list = (name, label, help, options = {}) => {
      const made = new SignatureList(`run-${name}`, label, { help, names: 'run-task-names', queues: 'run-queue-names', changed, ...options });
      this.#lists.set(name, made);
      return made.node;
    };
    const { when, limits, along } = runOptions(fields);
    const simple = [
      fields.add('task', 'Task', textInput('package.module.function', 'run-task-names', given.task ?? ''), { className: 'wide mono' }),
      fields.add('args', 'Positional arguments', jsonInput('[]'), { help: 'A JSON array', className: 'mono' }),
      fields.add('kwargs', 'Keyword arguments', jsonInput('{}'), { help: 'A JSON object', className: 'mono' }),
      fields.add('queue', 'Queue', textInput('as the task has it', 'run-queue-names', given.queue ?? ''), { className: 'wide' }),
    ];
    const more = h('details', { class: 'wide more' }, this.#summary, h('div', { class: 'stack' },
      fieldGroup('When', ...when),
      fieldGroup('How urgent, and how long at most', fields.add('urgency', 'Urgency', urgencyInput(steps), { helpNode: this.#urgency.node, className: 'wide' }), ...limits),
      fieldGroup('Where to, instead of a queue', fields.add('exchange', 'Exchange', textInput('none')), fields.add('routingKey', 'Routing key', textInput('as the exchange'))),
      fieldGroup('What goes along', ...along, fields.add('shadow', 'Shown as', textInput('its own name'), { help: 'The name that monitors show' })),
      fieldGroup('What follows',
        list('chain', 'Then, one after the other', 'Each gets the result of the one before as its first argument.', { add: 'Add a step', immutable: true }),
        list('link', 'If it succeeds', 'Called with its result.', { add: 'Add a callback', immutable: true }),
        list('linkError', 'If it fails', 'Called with the id of the failed task.', { add: 'Add an error callback', immutable: true }))));
    this.node = h('div', { class: 'run-fields' }, ...simple, more, datalist('run-task-names', names), datalist('run-queue-names', queues));
    fields.get('args').input.value = given.args ?? '';
    fields.get('kwargs').input.value = given.kwargs ?? '';
  }

  values() {
    const values = this.#fields.values();
    for (const name of FOLLOWERS) values[name] = this.#lists.get(name).values();
    return values;
  }

  /** @param {string} place a field, or `<list>.<row>.<field>` */
  focus(place) {
    const dot = place.indexOf('.');
    const list = this.#lists.get(dot < 0 ? place : place.slice(0, dot));
    if (list) list.focus(dot < 0 ? '' : place.slice(dot + 1));
    else this.#fields.get(place)?.focus();
  }

  /** @param {{args: Record<string, any>, problems: Map<string, string>}} read @param {boolean} all also of fields nobody has filled in yet */
  show({ args, problems }, all) {
    this.#fields.showProblems(problems, all);
    for (const [name, list] of this.#lists) list.showProblems(problems, name, all);
    this.#urgency.show(args.priority);
    const set = this.#fields.filled(MORE) + [...this.#lists.values()].filter(({ size }) => size > 0).length;
    setText(this.#summary, set === 0 ? 'More options' : `More options · ${set} set`);
  }
}
