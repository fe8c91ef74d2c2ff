/**
 * A dense table that stays a real table: keyed rows, sorting, row focus by keys, and beyond 100 rows only those near
 * the viewport are in the document.
 *
 * @typedef {{
 *   key: string, label: string, class?: string, sort?: (row: any) => number | string,
 *   cell: () => {node: Node, update: (row: any) => void}, hideLabel?: boolean,
 * }} Column
 */
import { h, setAttr, setHidden, setText, setVar } from '../platform/dom.js';
import { KeyedList } from '../platform/keyed-list.js';
import { Hold } from './hold.js';
import { skeleton } from './parts.js';

const WINDOWED_ABOVE = 100;
const OVERSCAN_ROWS = 12;

export class DataTable {
  #columns;
  #options;
  #list;
  #body = h('tbody', { role: 'rowgroup' });
  #top = h('tr', { class: 'spacer', 'aria-hidden': 'true' }, h('td'));
  #bottom = h('tr', { class: 'spacer', 'aria-hidden': 'true' }, h('td'));
  #headers = new Map();
  #bar = h('button', { type: 'button', class: 'new-bar', 'data-testid': 'new-bar', hidden: true });
  #loading = skeleton(4);
  #complete = true;
  #rows = [];
  #sort = null;
  #rowHeight = 41;
  #frame = null;
  #scrolled = () => this.#laterDraw();

  /**
   * @param {{caption: string, columns: Column[], keyOf: (row: any) => string, hrefOf?: (row: any) => string | null,
   *   empty?: Node, testid?: string, rowState?: (row: any) => string, sort?: [string, 'asc' | 'desc'],
   *   newcomers?: (n: number) => string}} options
   */
  constructor(options) {
    this.#options = options;
    this.#columns = options.columns;
    this.#sort = options.sort ?? null;
    const head = h('tr', { role: 'row' }, ...this.#columns.map((column) => this.#header(column)));
    this.table = h('table', { class: 'data-table', role: 'table', 'data-testid': options.testid ?? null, 'aria-label': options.caption }, h('thead', { role: 'rowgroup' }, head), this.#body);
    this.empty = h('div', { class: 'table-empty', hidden: true }, options.empty ?? null);
    this.node = h('div', { class: 'table-wrap' }, this.#bar, this.table, this.#loading, this.empty);
    this.hold = new Hold(this.#body, options.keyOf, () => this.#draw());
    this.#list = new KeyedList(this.#body, (row) => this.#createRow(row));
    this.#bar.addEventListener('click', () => this.hold.release());
    addEventListener('scroll', this.#scrolled, { passive: true });
    addEventListener('resize', this.#scrolled, { passive: true });
  }

  destroy() {
    removeEventListener('scroll', this.#scrolled);
    removeEventListener('resize', this.#scrolled);
    if (this.#frame !== null) cancelAnimationFrame(this.#frame);
  }

  get rows() { return this.#rows; }

  /**
   * @param {any[]} rows in their natural order; a chosen sort column overrides it
   * @param {boolean} [complete] false: more rows may be on their way, so that none is not yet nothing
   */
  sync(rows, complete = true) {
    this.#rows = rows;
    this.#complete = complete;
    this.#draw();
  }

  /** Updates all rows on the page: for what does not come from the row itself. */
  refresh() { this.#list.refresh(); }

  /** Shows or hides the empty state. */
  setEmpty(node) {
    this.empty.replaceChildren(node);
  }

  /** j and k. @param {1 | -1} step */
  moveFocus(step) {
    const rows = [...this.#body.querySelectorAll('tr[data-id]')];
    if (rows.length === 0) return;
    const current = rows.findIndex((row) => row.contains(document.activeElement));
    const next = current < 0 ? (step > 0 ? 0 : rows.length - 1) : Math.min(rows.length - 1, Math.max(0, current + step));
    rows[next].focus();
    rows[next].scrollIntoView({ block: 'nearest' });
  }

  /** The key of the row that has the focus. */
  get focusedKey() {
    return document.activeElement?.closest?.('tr[data-id]')?.dataset.id ?? null;
  }

  #header(column) {
    const node = h('th', { role: 'columnheader', scope: 'col', class: column.class ?? null });
    if (column.sort === undefined) node.append(h('span', { class: column.hideLabel ? 'visually-hidden' : null, text: column.label }));
    else {
      node.append(h('button', { type: 'button', class: 'sort', on: { click: () => this.#sortBy(column.key) } }, h('span', { text: column.label }), h('span', { class: 'sort-mark', 'aria-hidden': 'true' })));
      this.#headers.set(column.key, node);
    }
    return node;
  }

  #sortBy(key) {
    const [current, direction] = this.#sort ?? [null, null];
    if (current !== key) this.#sort = [key, 'desc'];
    else if (direction === 'desc') this.#sort = [key, 'asc'];
    else this.#sort = this.#options.sort ?? null;
    this.hold.forget();
    this.#draw();
  }

  #sorted(rows) {
    for (const [key, node] of this.#headers) {
      setAttr(node, 'aria-sort', this.#sort?.[0] === key ? (this.#sort[1] === 'asc' ? 'ascending' : 'descending') : null);
    }
    const column = this.#sort && this.#columns.find(({ key }) => key === this.#sort[0]);
    if (!column) return rows;
    const sign = this.#sort[1] === 'asc' ? 1 : -1;
    // Keys are made once per row, not once per comparison: a thousand workers are sorted four times a second.
    const keyed = rows.map((row) => ({ row, key: column.sort(row) }));
    keyed.sort((a, b) => (a.key < b.key ? -sign : a.key > b.key ? sign : 0));
    return keyed.map(({ row }) => row);
  }

  #draw() {
    const rows = this.hold.arrange(this.#sorted(this.#rows));
    setHidden(this.empty, rows.length > 0 || !this.#complete);
    setHidden(this.#loading, rows.length > 0 || this.#complete);
    setHidden(this.table, rows.length === 0);
    const waiting = this.hold.waiting;
    setHidden(this.#bar, waiting === 0);
    if (waiting > 0) setText(this.#bar, this.#options.newcomers?.(waiting) ?? `${waiting} new`);
    const windowed = rows.length > WINDOWED_ABOVE;
    const [from, to] = windowed ? this.#visible(rows.length) : [0, rows.length];
    if (windowed) {
      if (this.#top.parentNode !== this.#body) this.#body.prepend(this.#top);
      if (this.#bottom.parentNode !== this.#body) this.#body.append(this.#bottom);
      setVar(this.#top.firstChild, 'height', `${from * this.#rowHeight}px`);
      setVar(this.#bottom.firstChild, 'height', `${(rows.length - to) * this.#rowHeight}px`);
      setAttr(this.table, 'aria-rowcount', rows.length + 1);
    } else {
      this.#top.remove();
      this.#bottom.remove();
      setAttr(this.table, 'aria-rowcount', null);
    }
    this.#list.sync(rows.slice(from, to), this.#options.keyOf, windowed ? this.#bottom : null);
    for (let index = from; index < to; index += 1) {
      const node = this.#list.node(this.#options.keyOf(rows[index]));
      setAttr(node, 'aria-rowindex', windowed ? index + 2 : null);
      const gone = this.hold.isGone(this.#options.keyOf(rows[index]));
      if (node.classList.contains('gone') !== gone) node.classList.toggle('gone', gone);
    }
    if (windowed && this.#list.size > 0) {
      const height = this.#body.querySelector('tr[data-id]').offsetHeight;
      if (height > 0 && Math.abs(height - this.#rowHeight) > 1) {
        this.#rowHeight = height;
        this.#laterDraw();
      }
    }
  }

  #visible(length) {
    const top = this.#body.getBoundingClientRect().top;
    const first = Math.floor(-top / this.#rowHeight) - OVERSCAN_ROWS;
    const shown = Math.ceil(innerHeight / this.#rowHeight) + 2 * OVERSCAN_ROWS;
    const from = Math.max(0, Math.min(first, length - shown));
    return [from, Math.min(length, from + shown)];
  }

  #laterDraw() {
    if (this.#rows.length <= WINDOWED_ABOVE || this.#frame !== null) return;
    this.#frame = requestAnimationFrame(() => {
      this.#frame = null;
      this.#draw();
    });
  }

  #createRow(first) {
    const cells = this.#columns.map((column) => ({ ...column.cell(), column }));
    const node = h('tr', { role: 'row', tabindex: '-1', 'data-testid': 'row' }, ...cells.map(({ node: content, column }) => h('td', { role: 'cell', class: column.class ?? null, 'data-label': column.hideLabel ? '' : column.label }, content)));
    node.dataset.id = this.#options.keyOf(first);
    node.addEventListener('keydown', (event) => {
      if (event.key !== 'Enter' || event.target !== node) return;
      const href = this.#options.hrefOf?.(node.row);
      if (href) location.hash = href;
    });
    const update = (row) => {
      node.row = row;
      for (const cell of cells) cell.update(row);
      if (this.#options.rowState) setAttr(node, 'data-state', this.#options.rowState(row));
    };
    return { node, update };
  }
}

/** A column of plain text. */
export function textCell(read, { title = null, className = null } = {}) {
  return () => {
    const node = h('span', { class: className });
    return {
      node,
      update(row) {
        setText(node, read(row));
        if (title) setAttr(node, 'title', title(row));
      },
    };
  };
}
