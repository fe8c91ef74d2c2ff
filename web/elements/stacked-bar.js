/** One bar of several parts (a queue's priority steps and what is unacknowledged); its label is its text twin. */
import { h, setAttr, setHidden, setVar } from '../platform/dom.js';
import { count } from '../core/format/number.js';

export class StackedBar {
  #segments = new Map();

  constructor() { this.node = h('span', { class: 'stacked', role: 'img' }); }

  /** @param {{kind: string, label: string, value: number}[]} parts @param {number} scale the value that fills the bar */
  set(parts, scale) {
    const words = [];
    for (const part of parts) {
      // Steps beyond the fourth share its colour, not its segment.
      let segment = this.#segments.get(part.label);
      if (segment === undefined) {
        segment = h('span', { class: `segment ${part.kind}` });
        this.#segments.set(part.label, segment);
        this.node.append(segment);
      }
      setHidden(segment, part.value === 0);
      setVar(segment, 'width', `${scale > 0 ? Math.round((part.value / scale) * 10_000) / 100 : 0}%`);
      if (part.value > 0) words.push(`${count(part.value)} ${part.label}`);
    }
    const label = words.length === 0 ? 'nothing waits' : words.join(', ');
    setAttr(this.node, 'aria-label', label);
    setAttr(this.node, 'title', label);
  }
}

/** What the colours mean. */
export function stackedLegend() {
  const entry = (kind, text) => h('span', { class: 'legend-item' }, h('span', { class: `swatch ${kind}`, 'aria-hidden': 'true' }), text);
  return h('p', { class: 'legend' }, h('span', { text: 'Priority step' }), entry('step-0', '0 urgent'), entry('step-1', '3'), entry('step-2', '6'), entry('step-3', '9 low'), entry('unacked', 'unacknowledged'));
}
