/** One bar of several parts (a queue's priority steps and what is unacknowledged); its label is its text twin. */
import { h, setAttr, setHidden, setVar } from '../platform/dom.js';
import { count } from '../core/format/number.js';
import { PRIORITIES, stepKind } from '../core/state/selectors.js';

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

/** What the colours mean. The steps are the broker's, which are known with its first queue. */
export class StackedLegend {
  #shown = '';

  constructor() {
    this.node = h('p', { class: 'legend' });
    this.show(PRIORITIES);
  }

  /** @param {number[]} steps */
  show(steps) {
    if (this.#shown === steps.join()) return;
    this.#shown = steps.join();
    const last = steps.length - 1;
    this.node.replaceChildren(
      h('span', { text: 'Priority step' }),
      ...steps.map((step, index) => entry(stepKind(index), `${step}${index === 0 ? ' urgent' : index === last ? ' low' : ''}`)),
      entry('unacked', 'unacknowledged'));
  }
}

function entry(kind, text) {
  return h('span', { class: 'legend-item' }, h('span', { class: `swatch ${kind}`, 'aria-hidden': 'true' }), text);
}
