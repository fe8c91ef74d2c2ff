/** Tasks: a window over all tasks the gateway keeps, filtered by the address, following or held. */
import { stateCounts, taskNames } from '../core/state/selectors.js';
import { compact, count, plural } from '../core/format/number.js';
import { taskEnded, taskStatus } from '../core/format/states.js';
import { line } from '../core/format/text.js';
import { SearchResults } from '../core/link/search-results.js';
import { describeError } from '../core/protocol/errors.js';
import { formatRoute } from '../core/query/route.js';
import { isFiltered, PAGE_SIZES, readTaskFilter, searchOf, whereOf, writeTaskFilter } from '../core/query/task-filter.js';
import { h, setAttr, setHidden, setText } from '../platform/dom.js';
import { KeyedList } from '../platform/keyed-list.js';
import { statusIcon } from '../platform/icons.js';
import { openBulkDialog } from '../elements/bulk-dialog.js';
import { DataTable } from '../elements/data-table.js';
import { menuButton } from '../elements/menu.js';
import { OFFERS } from '../elements/offers.js';
import { button, emptyState, iconButton, pageHead, setRefusal, skeleton } from '../elements/parts.js';
import { ageColumn, nameColumn, queueColumn, runningColumn, stateColumn, waitColumn, workerColumn } from './task-columns.js';

const NAMES_OFFERED = 200;

export class TasksPage {
  title = 'Tasks';
  #app;
  #filter;
  /** Rows that follow the gateway; and what a search found, which does not. */
  #window;
  #search;
  #table;
  #states;
  #fields = new Map();
  #selected = new Map();
  #left = new Set();
  #parts;
  #cursors = [];
  #shownVersion = '';

  constructor(app, route) {
    this.#app = app;
    this.#filter = readTaskFilter(route.query);
    this.#window = app.client.openWindow(this.#query(null));
    this.#search = new SearchResults(app.client, () => app.store.mark('window'));
    if (this.#filter.text !== '') this.#search.change(this.#searchQuery(null));
    this.#parts = this.#makeParts();
    this.#table = this.#makeTable();
    this.#parts.body.append(this.#table.node, this.#parts.loading);
    this.node = h('div', { class: 'page tasks', 'data-testid': 'page-tasks' },
      this.#parts.head,
      h('div', { class: 'tasks-layout' },
        this.#parts.sidebar,
        h('div', { class: 'tasks-main' }, this.#parts.toolbar, this.#parts.newcomers, this.#parts.selection, this.#parts.body, this.#parts.pager)));
    this.#fill();
  }

  /** Another filter on the same page: the window changes, the page stays. */
  routeChanged(route) {
    this.#filter = readTaskFilter(route.query);
    this.#cursors = [];
    this.#ask(null);
    this.#fill();
    return true;
  }

  update(changed) {
    if (changed.has('stats') || changed.has('page')) this.#updateStates();
    if (changed.has('stats') || changed.has('queues') || changed.has('workers')) this.#offerValues();
    if (changed.has('window') || changed.has('connection') || changed.has('page')) this.#updateRows();
    if (changed.has('connection') || changed.has('page')) {
      setRefusal(this.#parts.revokeAll, this.#app.actions.refusal('task.revoke'));
      setRefusal(this.#parts.retryAll, this.#app.actions.refusal('task.retry'));
    }
    if (changed.has('clock')) this.#table.refresh();
  }

  search() {
    this.#fields.get('text').focus();
    this.#fields.get('text').select();
    return true;
  }

  move(step) { this.#table.moveFocus(step); }

  select() {
    const key = this.#table.focusedKey;
    const task = this.#source.state.list().find(({ id }) => id === key);
    if (task) this.#toggle(task);
  }

  destroy() {
    this.#window.close();
    this.#search.close();
    this.#table.destroy();
  }

  #query(after) {
    return { topic: 'tasks', where: whereOf(this.#filter), order: ['seen', 'desc'], limit: this.#filter.size, mode: this.#filter.mode, after };
  }

  #searchQuery(after) {
    return { topic: 'tasks', where: searchOf(this.#filter), order: ['seen', 'desc'], limit: this.#filter.size, after };
  }

  /** The filter of the page, for a command. */
  get #where() { return (this.#filter.text === '' ? whereOf(this.#filter) : searchOf(this.#filter)) ?? ['and']; }

  /** What is shown. */
  get #source() { return this.#filter.text === '' ? this.#window : this.#search; }

  #ask(after) {
    this.#table.hold.forget();
    if (this.#filter.text !== '') {
      this.#search.change(this.#searchQuery(after));
      return;
    }
    this.#search.close();
    this.#window.change(this.#query(after));
  }

  #go(change) {
    const filter = { ...this.#filter, ...change };
    location.hash = formatRoute('tasks', null, writeTaskFilter(filter));
  }

  #makeParts() {
    const total = h('span', { class: 'page-count num', 'data-testid': 'tasks-total' });
    const head = pageHead('Tasks', { children: [total] });
    const list = h('ul', { class: 'state-list' });
    this.#states = new KeyedList(list, (entry) => this.#stateEntry(entry));
    const sidebar = h('nav', { class: 'state-nav', 'aria-label': 'States' }, list);
    const clear = button('Clear filter', { testid: 'clear-filter', onClick: () => this.#go({ text: '', state: [], name: '', queue: '', worker: '' }) });
    const follow = segment('follow', 'Follow', 'Newest first, always');
    const pinned = segment('pinned', 'Hold', 'Rows stay; newcomers are counted');
    const modes = h('div', { class: 'segments', role: 'group', 'aria-label': 'Mode' }, follow, pinned);
    for (const [mode, node] of [['follow', follow], ['pinned', pinned]]) node.addEventListener('click', () => this.#go({ mode }));
    const size = h('select', { class: 'field-input small', 'aria-label': 'Rows' }, ...PAGE_SIZES.map((rows) => h('option', { value: String(rows), text: `${rows} rows` })));
    size.addEventListener('change', () => this.#go({ size: Number(size.value) }));
    const toolbar = h('div', { class: 'toolbar', role: 'search' },
      this.#input('text', 'Find in tasks'), this.#input('name', 'Task name'), this.#input('queue', 'Queue'), this.#input('worker', 'Worker'), clear, h('span', { class: 'grow' }), size, modes);
    const revokeAll = button('Revoke all…', { icon: 'revoke', testid: 'revoke-matching', title: 'All tasks that match the filter', onClick: () => openBulkDialog(this.#app, 'task.revoke', this.#where) });
    const retryAll = button('Retry all…', { icon: 'restart', testid: 'retry-matching', title: 'All tasks that match the filter', onClick: () => openBulkDialog(this.#app, 'task.retry', this.#where) });
    const more = menuButton('More', () => ['task.group', 'task.chord', 'task.query', 'task.revokeStamped'].map((name) => this.#menuItem(name)), { testid: 'tasks-more' });
    head.node.append(h('span', { class: 'grow' }), h('div', { class: 'actions' }, revokeAll, retryAll, more));
    const newcomers = h('button', { type: 'button', class: 'new-bar', 'data-testid': 'newcomers', hidden: true, on: { click: () => { this.#cursors = []; this.#ask(null); } } });
    const chosen = h('span', { class: 'num', 'data-testid': 'selected-count' });
    const revoke = button('Revoke', { icon: 'revoke', kind: 'tonal', testid: 'bulk-revoke', onClick: () => this.#app.actions.revoke([...this.#selected.values()]) });
    const terminate = button('Terminate', { icon: 'close', kind: 'tonal danger', testid: 'bulk-terminate', onClick: () => this.#app.actions.terminate([...this.#selected.values()]) });
    const none = button('Select none', { onClick: () => { this.#selected.clear(); this.#updateSelection(); this.#table.refresh(); } });
    const selection = h('div', { class: 'selection-bar', role: 'group', 'aria-label': 'Selected tasks', hidden: true }, chosen, revoke, terminate, none);
    const newer = button('Newest', { icon: 'up', kind: 'tonal', onClick: () => { this.#cursors = []; this.#ask(null); } });
    const older = button('Older', { kind: 'tonal', icon: 'chevron', testid: 'older', onClick: () => { const { next } = this.#source.state; this.#cursors.push(next); this.#ask(next); scrollTo(0, 0); } });
    const pager = h('div', { class: 'pager' }, h('span', { class: 'muted num', 'data-testid': 'range' }), newer, older);
    return { head: head.node, revokeAll, retryAll, total, sidebar, toolbar, clear, modes, follow, pinned, size, newcomers, selection, chosen, revoke, terminate, newer, older, pager, range: pager.firstChild, loading: skeleton(8), body: h('div', { class: 'tasks-body' }) };
  }

  #menuItem(name) {
    const { words, icon, open } = OFFERS.get(name);
    return { label: words, icon, testid: `menu-${name}`, act: () => open(this.#app, name), refusal: () => this.#app.actions.refusal(name) };
  }

  #makeTable() {
    return new DataTable({
      caption: 'Tasks', testid: 'tasks-table', keyOf: ({ id }) => id, hrefOf: ({ id }) => formatRoute('tasks', id),
      rowState: ({ state }) => String(state ?? ''),
      columns: [
        this.#selectColumn(), stateColumn((task) => this.#left.has(task.id)), nameColumn(), queueColumn(), workerColumn(),
        ageColumn(this.#app, 'seen', 'Seen'), waitColumn(), runningColumn(this.#app), this.#actionColumn(),
      ],
      newcomers: (n) => `${n} new · show`,
    });
  }

  #selectColumn() {
    return {
      key: 'select', label: 'Select', hideLabel: true, class: 'c-select',
      cell: () => {
        const box = h('input', { type: 'checkbox', class: 'row-check' });
        let current = null;
        box.addEventListener('change', () => this.#toggle(current));
        return {
          node: box,
          update: (task) => {
            current = task;
            box.checked = this.#selected.has(task.id);
            if (box.checked) this.#selected.set(task.id, task);
            setAttr(box, 'aria-label', `Select ${line(task.name ?? 'task', 60)} ${line(task.id, 60)}`);
          },
        };
      },
    };
  }

  #actionColumn() {
    return {
      key: 'actions', label: 'Actions', hideLabel: true, class: 'c-actions',
      cell: () => {
        let current = null;
        const revoke = iconButton('Revoke', 'revoke', { testid: 'action-revoke', onClick: () => this.#app.actions.revoke([current]) });
        return {
          node: revoke,
          update: (task) => {
            current = task;
            setHidden(revoke, taskEnded(task.state));
            setRefusal(revoke, this.#app.actions.revokeRefusal(task));
          },
        };
      },
    };
  }

  #stateEntry() {
    const icon = h('span');
    const word = h('span', { class: 'state-word' });
    const number = h('span', { class: 'num state-count' });
    const link = h('a', null, icon, word, number);
    return {
      node: h('li', null, link),
      update: (entry) => {
        const status = entry.state === '' ? { kind: '', word: 'All' } : taskStatus(entry.state);
        icon.replaceChildren(...(status.kind === '' ? [] : [statusIcon(status.kind)]));
        setText(word, line(status.word, 40));
        setText(number, Number.isFinite(entry.count) ? compact(entry.count) : '');
        const chosen = entry.chosen;
        setAttr(link, 'aria-current', chosen ? 'true' : null);
        setAttr(link, 'href', formatRoute('tasks', null, writeTaskFilter({ ...this.#filter, state: entry.state === '' ? [] : [entry.state] })));
      },
    };
  }

  #input(field, label) {
    const list = h('datalist', { id: `filter-${field}-values` });
    const input = h('input', { type: 'text', id: `filter-${field}`, class: 'field-input small', placeholder: label, 'aria-label': label, list: list.id, autocomplete: 'off', spellcheck: 'false', 'data-testid': `filter-${field}` });
    input.addEventListener('change', () => this.#go({ [field]: input.value.trim() }));
    input.datalist = list;
    this.#fields.set(field, input);
    return h('span', { class: 'filter' }, input, list);
  }

  #fill() {
    for (const [field, input] of this.#fields) if (document.activeElement !== input || input.value.trim() === '') input.value = this.#filter[field];
    setAttr(this.#parts.follow, 'aria-pressed', String(this.#filter.mode === 'follow'));
    setAttr(this.#parts.pinned, 'aria-pressed', String(this.#filter.mode === 'pinned'));
    this.#parts.size.value = String(this.#filter.size);
    setHidden(this.#parts.clear, !isFiltered(this.#filter));
    setHidden(this.#parts.modes, this.#filter.text !== '');
    this.#selected.clear();
    this.#updateSelection();
    this.#updateStates();
    this.#updateRows();
  }

  #updateStates() {
    const counts = stateCounts(this.#app.client.topics.get('stats').rows);
    for (const state of this.#filter.state) if (!counts.has(state)) counts.set(state, undefined);
    const all = [...counts.values()].reduce((sum, value) => sum + (value ?? 0), 0);
    const entries = [{ state: '', count: all, chosen: this.#filter.state.length === 0 }];
    for (const [state, number] of counts) entries.push({ state, count: number, chosen: this.#filter.state.includes(state) });
    this.#states.sync(entries, ({ state }) => state);
  }

  #offerValues() {
    const { topics } = this.#app.client;
    const offers = [['name', taskNames(topics.get('stats').rows)], ['queue', [...topics.get('queues').rows].map(({ id }) => id)], ['worker', [...topics.get('workers').rows].map(({ id }) => id)]];
    for (const [field, values] of offers) {
      const { datalist } = this.#fields.get(field);
      const key = values.length;
      if (datalist.count === key) continue;
      datalist.count = key;
      datalist.replaceChildren(...values.slice(0, NAMES_OFFERED).map((value) => h('option', { value })));
    }
  }

  #updateRows() {
    const { state, error } = this.#source;
    const searches = this.#filter.text !== '';
    const key = `${searches}/${state.version}/${state.complete}/${error?.code}/${this.#app.client.isLive}`;
    if (key === this.#shownVersion) return;
    this.#shownVersion = key;
    this.#left = new Set(state.order.filter((handle) => state.hasLeft(handle)).map((handle) => state.row(handle).id));
    const rows = state.list();
    const loading = !state.complete && rows.length === 0 && error === null;
    setHidden(this.#parts.loading, !loading);
    if (error !== null) {
      const words = describeError(error);
      this.#table.setEmpty(emptyState('tasks', words.title, `${words.detail} ${words.fix}`));
    } else {
      this.#table.setEmpty(isFiltered(this.#filter)
        ? emptyState('search', 'No task matches', searches ? `None of the ${count(this.#search.looked)} tasks that were looked at holds this text.` : 'None of the tasks kept here matches this filter. Names match whole, not in part; “Find in tasks” looks for parts.')
        : emptyState('tasks', 'No task yet', 'Tasks appear when workers send events: celery -A app worker -E'));
    }
    this.#table.sync(rows);
    setHidden(this.#table.node, loading);
    setText(this.#parts.total, searches ? '' : state.complete ? `${state.totalIsApproximate ? 'about ' : ''}${count(state.total)}` : '');
    const fresh = !searches && this.#filter.mode === 'pinned' && this.#cursors.length === 0 ? state.before : 0;
    setHidden(this.#parts.newcomers, fresh === 0);
    if (fresh > 0) setText(this.#parts.newcomers, `${count(fresh)} new · show`);
    setHidden(this.#parts.older, state.next === null);
    setHidden(this.#parts.newer, this.#cursors.length === 0);
    setText(this.#parts.range, searches ? this.#searchWords(rows.length) : rows.length === 0 ? '' : `${plural(rows.length, 'row')} of ${count(state.total)}`);
  }

  /** A search is a picture of one moment, and says so. */
  #searchWords(rows) {
    const { state, looked } = this.#search;
    return `${state.complete ? 'Found' : 'Searching:'} ${plural(rows, 'task')} among ${count(looked)}${state.complete ? '; not kept up to date' : ' …'}`;
  }

  #toggle(task) {
    if (this.#selected.has(task.id)) this.#selected.delete(task.id);
    else this.#selected.set(task.id, task);
    this.#updateSelection();
    this.#table.refresh();
  }

  #updateSelection() {
    const open = [...this.#selected.values()].filter((task) => !taskEnded(task.state)).length;
    setHidden(this.#parts.selection, this.#selected.size === 0);
    setText(this.#parts.chosen, `${plural(this.#selected.size, 'task')} selected, ${open} not ended`);
    setRefusal(this.#parts.revoke, this.#app.actions.refusal('task.revoke') || (open === 0 ? 'All of them have ended.' : ''));
    setRefusal(this.#parts.terminate, this.#app.actions.refusal('task.terminate') || (open === 0 ? 'All of them have ended.' : ''));
  }
}

function segment(mode, label, title) {
  return h('button', { type: 'button', class: 'segment-button', title, 'data-testid': `mode-${mode}`, text: label });
}
