/** One field of a form: label, input, what is wrong with it, what it means; and a set of them by name. */
import { h, setAttr, setHidden, setText } from '../platform/dom.js';

const SUGGESTIONS = 500;

export class FormField {
  #problem;

  /**
   * @param {string} id of the input; also its test id
   * @param {string} label
   * @param {HTMLInputElement | HTMLTextAreaElement | HTMLSelectElement} input
   * @param {{help?: string, helpNode?: HTMLElement | null, className?: string}} [options]
   */
  constructor(id, label, input, { help = '', helpNode = null, className = '' } = {}) {
    this.input = input;
    input.id = id;
    setAttr(input, 'data-testid', id);
    const isCheck = input.type === 'checkbox';
    if (!isCheck) input.classList.add('field-input');
    this.#problem = h('p', { class: 'field-problem', id: `${id}-problem`, hidden: true });
    const note = helpNode ?? (help === '' ? null : h('p', { class: 'field-help', text: help }));
    if (note) note.id = `${id}-help`;
    setAttr(input, 'aria-describedby', note ? `${note.id} ${this.#problem.id}` : this.#problem.id);
    const name = h('label', { for: id, text: label });
    this.node = h('div', { class: `field ${className}` }, ...(isCheck ? [h('p', { class: 'check' }, input, name)] : [name, input]), this.#problem, note);
  }

  get value() { return this.input.type === 'checkbox' ? String(this.input.checked) : this.input.value; }

  /** Whether somebody has put something in. */
  get isFilled() { return this.input.type === 'checkbox' ? this.input.checked : this.input.value !== ''; }

  focus() {
    const folded = this.input.closest('details');
    if (folded) folded.open = true;
    this.input.focus();
  }

  showProblem(words) {
    setText(this.#problem, words);
    setHidden(this.#problem, words === '');
    setAttr(this.input, 'aria-invalid', words === '' ? null : 'true');
  }
}

/** Fields by the name of what they hold. */
export class FormFields {
  #prefix;
  #fields = new Map();

  /** @param {string} prefix of the ids */
  constructor(prefix) { this.#prefix = prefix; }

  /** @param {ConstructorParameters<typeof FormField>[3]} [options] @returns {HTMLElement} */
  add(name, label, input, options) {
    const field = new FormField(`${this.#prefix}-${name}`, label, input, options);
    this.#fields.set(name, field);
    return field.node;
  }

  get(name) { return this.#fields.get(name); }
  has(name) { return this.#fields.has(name); }

  values() {
    return Object.fromEntries([...this.#fields].map(([name, field]) => [name, field.value]));
  }

  /** How many of these hold something. @param {Iterable<string>} names */
  filled(names) {
    return [...names].filter((name) => this.#fields.get(name)?.isFilled).length;
  }

  /** @param {Map<string, string>} problems @param {boolean} all also those of fields nobody has filled in yet */
  showProblems(problems, all) {
    for (const [name, field] of this.#fields) field.showProblem(all || field.isFilled ? (problems.get(name) ?? '') : '');
  }
}

export function textInput(placeholder = '', list = null, value = '') {
  return h('input', { type: 'text', autocomplete: 'off', spellcheck: 'false', autocapitalize: 'off', placeholder, list, value });
}

export function numberInput(placeholder = '') {
  return h('input', { type: 'text', inputmode: 'decimal', autocomplete: 'off', placeholder });
}

export function jsonInput(placeholder, rows = 3) {
  return h('textarea', { rows, spellcheck: 'false', placeholder });
}

export function momentInput() {
  return h('input', { type: 'datetime-local', step: '1' });
}

/** @param {[string, string][]} choices value and words */
export function choiceInput(choices) {
  return h('select', null, ...choices.map(([value, text]) => h('option', { value, text })));
}

export function datalist(id, values) {
  return h('datalist', { id }, ...values.slice(0, SUGGESTIONS).map((value) => h('option', { value })));
}

/** Fields that belong together, with a name. */
export function fieldGroup(legend, ...nodes) {
  return h('fieldset', { class: 'field-group wide' }, h('legend', { text: legend }), h('div', { class: 'run-fields' }, ...nodes));
}
