/** Rows of tasks within a command: steps of a chain, members of a group, callbacks. */
import { Limits } from '../core/limits.js';
import { h, setHidden, setText } from '../platform/dom.js';
import { FormFields, textInput } from './form-field.js';
import { button, iconButton } from './parts.js';

export class SignatureList {
  #id;
  #options;
  #rows = [];
  #list = h('ol', { class: 'signatures' });
  #problem = h('p', { class: 'field-problem', hidden: true, role: 'alert' });
  #add;
  #made = 0;

  /**
   * @param {string} id
   * @param {string} label
   * @param {{help?: string, add?: string, least?: number, most?: number, immutable?: boolean, names: string, queues: string, changed: () => void}} options
   *   `least` rows are there from the start; `names` and `queues` are ids of datalists
   */
  constructor(id, label, options) {
    this.#id = id;
    this.#options = { least: 0, most: Limits.signatures, immutable: false, add: 'Add a task', ...options };
    this.#add = button(this.#options.add, { icon: 'add', kind: 'tonal', testid: `${id}-add`, onClick: () => this.#append(true) });
    this.node = h('div', { class: 'field wide signature-list', role: 'group', 'aria-label': label },
      h('p', { class: 'field-label', text: label }), options.help ? h('p', { class: 'field-help', text: options.help }) : null, this.#list, this.#problem, this.#add);
    for (let index = 0; index < this.#options.least; index += 1) this.#append(false);
    this.#draw();
  }

  get size() { return this.#rows.length; }

  /** @returns {import('../core/commands/signature-form.js').SignatureRow[]} */
  values() { return this.#rows.map(({ fields }) => fields.values()); }

  /** @param {Map<string, string>} problems by `<list>.<row>.<field>` @param {string} list @param {boolean} all */
  showProblems(problems, list, all) {
    this.#rows.forEach(({ fields }, index) => {
      const own = new Map([...problems].filter(([place]) => place.startsWith(`${list}.${index}.`)).map(([place, words]) => [place.slice(`${list}.${index}.`.length), words]));
      fields.showProblems(own, all);
    });
    const words = all ? (problems.get(list) ?? '') : '';
    setText(this.#problem, words);
    setHidden(this.#problem, words === '');
  }

  /** @param {string} place `<row>.<field>`, or '' for the list itself */
  focus(place) {
    const folded = this.node.closest('details');
    if (folded) folded.open = true;
    const [row, field] = place.split('.');
    const found = this.#rows[Number(row)]?.fields.get(field);
    if (found) found.focus();
    else this.#add.focus();
  }

  #append(byHand) {
    if (this.#rows.length >= this.#options.most) return;
    const { names, queues, immutable } = this.#options;
    const number = (this.#made += 1);
    const fields = new FormFields(`${this.#id}-${number}`);
    const place = h('span', { class: 'signature-place num', 'aria-hidden': 'true' });
    const row = { fields, node: null, place };
    const up = iconButton('Move up', 'up', { onClick: () => this.#lift(row) });
    const remove = iconButton('Remove', 'close', { onClick: () => this.#remove(row) });
    const task = textInput('package.module.function', names);
    row.up = up;
    row.remove = remove;
    row.node = h('li', { class: 'signature', 'data-testid': `${this.#id}-row` },
      h('div', { class: 'signature-tools' }, place, h('span', { class: 'grow' }), up, remove),
      h('div', { class: 'run-fields' },
        fields.add('task', 'Task', task, { className: 'mono' }), fields.add('queue', 'Queue', textInput('default', queues)),
        fields.add('args', 'Arguments', textInput('[]'), { className: 'mono' }), fields.add('kwargs', 'Keywords', textInput('{}'), { className: 'mono' }),
        immutable ? fields.add('immutable', 'Without the result of the one before', h('input', { type: 'checkbox' }), { className: 'wide' }) : null));
    this.#rows.push(row);
    this.#list.append(row.node);
    this.#draw();
    if (!byHand) return;
    task.focus();
    this.#options.changed();
  }

  #lift(row) {
    const index = this.#rows.indexOf(row);
    if (index < 1) return;
    this.#rows.splice(index, 1);
    this.#rows.splice(index - 1, 0, row);
    this.#list.insertBefore(row.node, this.#rows[index].node);
    this.#draw();
    row.up.focus();
    this.#options.changed();
  }

  #remove(row) {
    const index = this.#rows.indexOf(row);
    this.#rows.splice(index, 1);
    row.node.remove();
    this.#draw();
    (this.#rows[Math.min(index, this.#rows.length - 1)]?.fields.get('task').input ?? this.#add).focus();
    this.#options.changed();
  }

  #draw() {
    const { least, most } = this.#options;
    this.#rows.forEach((row, index) => {
      setText(row.place, `${index + 1}`);
      setHidden(row.place, most === 1);
      setHidden(row.up, index === 0);
      setHidden(row.remove, this.#rows.length <= Math.min(1, least));
    });
    setHidden(this.#list, this.#rows.length === 0);
    setHidden(this.#add, this.#rows.length >= most);
  }
}
