/** The small parts pages are made of. */
import { h, s, setAttr, setText, setVar } from '../platform/dom.js';
import { glyph, setStatusIcon, statusIcon } from '../platform/icons.js';
import { ago, exact, isTime } from '../core/format/time.js';

/** A state as shape, colour and word. */
export class StateChip {
  #icon = statusIcon('unknown');
  #word = h('span', { class: 'chip-word' });

  constructor(status = null, { plain = false } = {}) {
    this.node = h('span', { class: plain ? 'state plain' : 'state' }, this.#icon, this.#word);
    if (status) this.set(status);
  }

  /** @param {{kind: string, word: string}} status @param {string} [title] */
  set(status, title = '') {
    setStatusIcon(this.#icon, status.kind);
    setText(this.#word, status.word);
    setAttr(this.node, 'data-kind', status.kind);
    setAttr(this.node, 'title', title === '' ? null : title);
  }
}

/** A share of one as a bar. The number beside it is the text twin. */
export class Meter {
  #fill = h('span', { class: 'meter-fill' });

  constructor() { this.node = h('span', { class: 'meter', 'aria-hidden': 'true' }, this.#fill); }

  set(share, kind = '') {
    const known = Number.isFinite(share);
    setVar(this.#fill, 'width', known ? `${Math.round(Math.min(1, Math.max(0, share)) * 1000) / 10}%` : '0%');
    setAttr(this.node, 'data-kind', kind === '' ? null : kind);
  }
}

/** Beside the name of a row that nobody has looked at since events were lost (R51). */
export function unverifiedMark() {
  return h('span', { class: 'left-mark', text: 'unverified', title: 'Not yet checked after the last gap in the data' });
}

/** A span whose text is kept current by the page's one timer. */
export function timeNode() {
  return h('span', { class: 'num' });
}

/** @param {HTMLElement} node @param {number | undefined} seconds @param {number} nowSeconds */
export function setTime(node, seconds, nowSeconds) {
  if (isTime(seconds)) node.dataset.at = String(seconds);
  else delete node.dataset.at;
  setText(node, ago(seconds, nowSeconds));
  setAttr(node, 'title', isTime(seconds) ? exact(seconds) : null);
}

/** Called once a second for everything on the page. */
export function refreshTimes(root, nowSeconds) {
  for (const node of root.querySelectorAll('[data-at]')) setText(node, ago(Number(node.dataset.at), nowSeconds));
}

export function button(label, { icon = null, kind = 'text', testid = null, title = null, onClick = null, disabled = '' } = {}) {
  const node = h('button', { type: 'button', class: `button ${kind}`, 'data-testid': testid, title }, icon ? glyph(icon) : null, h('span', { text: label }));
  // What a refusal puts into the title is taken back later.
  if (title) node.dataset.label = title;
  if (onClick) node.addEventListener('click', (event) => { if (node.getAttribute('aria-disabled') !== 'true') onClick(event); });
  setRefusal(node, disabled);
  return node;
}

export function iconButton(label, icon, { testid = null, onClick = null, kind = '' } = {}) {
  const node = h('button', { type: 'button', class: `icon-button ${kind}`, 'aria-label': label, title: label, 'data-testid': testid }, glyph(icon));
  node.dataset.label = label;
  if (onClick) node.addEventListener('click', (event) => { if (node.getAttribute('aria-disabled') !== 'true') onClick(event); });
  return node;
}

/** A button that cannot work stays focusable and says why. @param {string} reason '' enables it */
export function setRefusal(node, reason) {
  setAttr(node, 'aria-disabled', reason === '' ? null : 'true');
  if (reason !== '') setAttr(node, 'title', reason);
  else setAttr(node, 'title', node.dataset.label ?? null);
}

/** @param {string} title @param {string} detail @param {Node[]} actions */
export function emptyState(icon, title, detail, ...actions) {
  return h('div', { class: 'empty' }, h('span', { class: 'empty-icon' }, glyph(icon)), h('p', { class: 'empty-title', text: title }), h('p', { class: 'empty-detail', text: detail }), ...actions);
}

/** Grey bars in the shape of what is coming. */
export function skeleton(lines = 6) {
  return h('div', { class: 'skeleton', 'aria-hidden': 'true' }, ...Array.from({ length: lines }, () => h('span')));
}

export function card(title, { actions = [], testid = null, level = 'h2', href = null } = {}) {
  const heading = h(level, { class: 'card-title' }, href ? h('a', { href, text: title }) : title);
  const side = h('div', { class: 'card-side' }, ...actions);
  const body = h('div', { class: 'card-body' });
  const node = h('section', { class: 'card', 'data-testid': testid, 'aria-label': title }, h('header', { class: 'card-head' }, heading, side), body);
  return { node, body, side, heading };
}

/** A list of facts: label above value. `set` takes [label, string | Node] pairs and touches only what changed. */
export class Facts {
  #values = new Map();

  constructor(labels) {
    this.node = h('dl', { class: 'facts' });
    for (const label of labels) {
      const value = h('dd', { class: 'num', text: '–' });
      this.#values.set(label, value);
      this.node.append(h('div', null, h('dt', { text: label }), value));
    }
  }

  value(label) { return this.#values.get(label); }
  set(label, text, title = null) {
    const node = this.#values.get(label);
    setText(node, text);
    setAttr(node, 'title', title);
  }

  show(label, visible) { this.#values.get(label).parentElement.hidden = !visible; }
}

export function pageHead(title, { back = null, children = [] } = {}) {
  const heading = h('h1', { tabindex: '-1', class: 'page-title', text: title });
  return {
    heading,
    node: h('div', { class: 'page-head' }, back ? h('a', { class: 'icon-button', href: back.href, 'aria-label': back.label, title: back.label }, glyph('back')) : null, heading, ...children),
  };
}

export function svgDot() {
  return s('svg', { viewBox: '0 0 8 8', class: 'dot', 'aria-hidden': 'true' }, s('circle', { cx: 4, cy: 4, r: 4 }));
}

export { ago };
