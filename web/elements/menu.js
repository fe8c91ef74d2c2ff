/** A button with a list of things to do: opens below it, arrow keys move, Esc and a click beside it close. */
import { h, setAttr, setVar } from '../platform/dom.js';
import { glyph } from '../platform/icons.js';
import { button, iconButton, setRefusal } from './parts.js';

const MARGIN_PIXELS = 8;
let made = 0;

/**
 * @typedef {{label: string, icon?: string, testid?: string, act: () => void, refusal?: () => string}} MenuItem
 * @param {string} label
 * @param {() => MenuItem[]} items asked for each time it opens
 * @param {{icon?: string, testid?: string, iconOnly?: boolean, kind?: string}} [options]
 */
export function menuButton(label, items, { icon = 'more', testid = null, iconOnly = false, kind = 'text' } = {}) {
  const id = `menu-${(made += 1)}`;
  const list = h('div', { id, class: 'menu', role: 'menu', 'aria-label': label, popover: 'auto' });
  const open = iconOnly ? iconButton(label, icon, { testid }) : button(label, { icon, kind, testid });
  setAttr(open, 'aria-haspopup', 'menu');
  setAttr(open, 'aria-expanded', 'false');
  open.addEventListener('click', () => {
    list.replaceChildren(...items().map((item) => menuItem(item, list)));
    list.showPopover();
    place(list, open);
    list.firstElementChild?.focus();
  });
  list.addEventListener('toggle', (event) => {
    setAttr(open, 'aria-expanded', String(event.newState === 'open'));
    if (event.newState === 'closed' && (document.activeElement === document.body || list.contains(document.activeElement))) open.focus();
  });
  list.addEventListener('keydown', (event) => move(event, list));
  return h('span', { class: 'menu-anchor' }, open, list);
}

function menuItem({ label, icon, testid, act, refusal }, list) {
  const node = h('button', { type: 'button', role: 'menuitem', tabindex: '-1', class: 'menu-item', 'data-testid': testid ?? null }, icon ? glyph(icon) : null, h('span', { text: label }));
  const reason = refusal?.() ?? '';
  setRefusal(node, reason);
  if (reason !== '') node.append(h('span', { class: 'menu-reason', text: reason }));
  node.addEventListener('click', () => {
    if (reason !== '') return;
    list.hidePopover();
    act();
  });
  return node;
}

function move(event, list) {
  const nodes = [...list.children];
  const at = nodes.indexOf(document.activeElement);
  const to = event.key === 'ArrowDown' ? (at + 1) % nodes.length : event.key === 'ArrowUp' ? (at + nodes.length - 1) % nodes.length
    : event.key === 'Home' ? 0 : event.key === 'End' ? nodes.length - 1 : -1;
  if (to >= 0) {
    event.preventDefault();
    nodes[to].focus();
  } else if (event.key === 'Tab') list.hidePopover();
  // Page-wide keys must not act on what lies below.
  event.stopPropagation();
}

/** Below the button, its right edges in line, within the window. */
function place(list, open) {
  const box = open.getBoundingClientRect();
  const { width, height } = list.getBoundingClientRect();
  const left = Math.min(Math.max(MARGIN_PIXELS, box.right - width), innerWidth - width - MARGIN_PIXELS);
  const below = box.bottom + 4 + height <= innerHeight - MARGIN_PIXELS;
  setVar(list, 'left', `${Math.max(MARGIN_PIXELS, left)}px`);
  setVar(list, 'top', `${below ? box.bottom + 4 : Math.max(MARGIN_PIXELS, box.top - height - 4)}px`);
}
