/** Urgency as people set it, 1 (low) to 10 (urgent), with the broker's step beside it. */
import { priorityOf, priorityWords, stepOf } from '../core/commands/priority.js';
import { h, setText } from '../platform/dom.js';
import { choiceInput } from './form-field.js';

const NONE = 'As the task or queue has it. Urgency 10 is Celery priority 0, urgency 1 is priority 9.';

/** @param {number[]} steps the broker's priority steps @param {string} [none] words for leaving it open; null: it must be chosen */
export function urgencyInput(steps, none = 'Default') {
  const choices = Array.from({ length: 10 }, (_, index) => 10 - index).map((urgency) => [String(urgency), urgencyText(urgency, steps)]);
  return choiceInput(none === null ? choices : [['', none], ...choices]);
}

/** A line under the field that follows what is chosen. */
export function urgencyNote(steps) {
  const node = h('p', { class: 'field-help', text: NONE });
  return { node, show: (priority) => setText(node, priority === undefined ? NONE : priorityWords(priority, steps)) };
}

function urgencyText(urgency, steps) {
  const word = urgency === 10 ? '10 · urgent' : urgency === 1 ? '1 · low' : String(urgency);
  return `${word} (step ${stepOf(priorityOf(urgency), steps)})`;
}
