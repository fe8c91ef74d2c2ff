/** Audit: who did what, from where, on which object, and what became of it; refusals stand out. For admins. */
import { AUDIT_OUTCOMES, auditJoined, auditShown, oldestLine, readAuditFilter, whoDid, writeAuditFilter } from '../core/state/audit.js';
import { count, plural } from '../core/format/number.js';
import { auditStatus } from '../core/format/states.js';
import { exact, moment } from '../core/format/time.js';
import { line, text } from '../core/format/text.js';
import { describeError, FORBIDDEN } from '../core/protocol/errors.js';
import { formatRoute } from '../core/query/route.js';
import { h, setAttr, setHidden, setText } from '../platform/dom.js';
import { getJSON } from '../platform/session.js';
import { DataTable, textCell } from '../elements/data-table.js';
import { openDialog } from '../elements/dialogs.js';
import { button, emptyState, Facts, pageHead, StateChip } from '../elements/parts.js';

const TOPIC = 'audit';
/** Older lines read by one press, and kept at most. */
const PAGE = 200;
const OLDER_KEPT = 5_000;
const NOTHING = ['No line yet', 'Sign-ins, commands, refusals and changes of tokens and users are written here as they happen.'];
const NO_MATCH = ['No line matches', 'Change the words or the outcome, or read older lines.'];
const DENIED = ['For administrators only', 'The audit tells who did what from where. Sign in as an admin to read it.'];

export class AuditPage {
  title = 'Audit';
  #app;
  #filter;
  #table;
  /** Lines older than those of the topic; null is before the first page, `next` is absent when there are no more. */
  #older = [];
  #next = null;
  #isReading = false;
  #count = h('span', { class: 'page-count num', 'data-testid': 'audit-count' });
  #find = h('input', { type: 'search', class: 'field-input small', placeholder: 'Find in the audit', 'aria-label': 'Find in the audit', autocomplete: 'off', 'data-testid': 'audit-find', on: { change: () => this.#go({ text: this.#find.value.trim() }), input: () => this.#draw() } });
  #outcome = h('select', { class: 'field-input small', 'aria-label': 'Outcome', 'data-testid': 'audit-outcome', on: { change: () => this.#go({ outcome: this.#outcome.value }) } },
    h('option', { value: '', text: 'Every outcome' }), ...AUDIT_OUTCOMES.map((outcome) => h('option', { value: outcome, text: auditStatus(outcome).word })));
  #more = button('Older lines', { testid: 'audit-older', onClick: () => this.#readOlder() });
  #note = h('p', { class: 'form-note', role: 'status' });
  #denied = h('div', { class: 'table-wrap', 'data-testid': 'audit-denied', hidden: true }, emptyState('audit', ...DENIED));
  #empty = emptyState('audit', ...NOTHING);
  #tools;

  constructor(app, route) {
    this.#app = app;
    this.#filter = readAuditFilter(route.query);
    app.client.keepTopic(TOPIC);
    this.#table = this.#makeTable();
    this.#tools = h('div', { class: 'toolbar', role: 'search' }, this.#find, this.#outcome);
    this.node = h('div', { class: 'page audit', 'data-testid': 'page-audit' },
      pageHead('Audit', { children: [this.#count, h('span', { class: 'grow' }), this.#tools] }).node,
      this.#denied, this.#table.node, h('div', { class: 'pager' }, this.#note, this.#more));
    this.#fill();
  }

  routeChanged(route) {
    this.#filter = readAuditFilter(route.query);
    this.#table.hold.forget();
    this.#fill();
    this.#draw();
    return true;
  }

  update(changed) {
    if (changed.has(TOPIC) || changed.has('page') || changed.has('connection')) this.#draw();
  }

  search() { this.#find.focus(); return true; }
  move(step) { this.#table.moveFocus(step); }

  destroy() {
    this.#table.destroy();
    this.#app.client.dropTopic(TOPIC);
  }

  #go(change) {
    location.hash = formatRoute('audit', null, writeAuditFilter({ ...this.#filter, ...change }));
  }

  #fill() {
    if (document.activeElement !== this.#find) this.#find.value = this.#filter.text;
    this.#outcome.value = this.#filter.outcome;
  }

  #draw() {
    const topic = this.#app.client.topics.get(TOPIC);
    const error = this.#app.client.topicErrors.get(TOPIC);
    const isDenied = error !== undefined || (this.#app.role !== undefined && this.#app.role !== 'admin');
    setHidden(this.#denied, !isDenied);
    for (const node of [this.#tools, this.#table.node, this.#more, this.#note]) setHidden(node, isDenied);
    if (isDenied) {
      this.#older = [];
      if (error !== undefined && error.code !== FORBIDDEN) this.#say(this.#denied, describeError(error).title, error.message);
      setText(this.#count, '');
      return;
    }
    const rows = auditJoined(topic.rows, this.#older);
    const shown = auditShown(rows, { ...this.#filter, text: this.#find.value });
    this.#say(this.#empty, ...(rows.length === 0 ? NOTHING : NO_MATCH));
    this.#table.sync(shown, topic.complete);
    setText(this.#count, !topic.complete ? '' : shown.length === rows.length ? plural(rows.length, 'line') : `${count(shown.length)} of ${plural(rows.length, 'line')}`);
    const oldest = oldestLine(rows);
    setHidden(this.#more, !topic.complete || oldest === null || oldest <= 1 || this.#next === '' || this.#older.length >= OLDER_KEPT);
  }

  #say(node, title, detail) {
    setText(node.querySelector('.empty-title'), title);
    setText(node.querySelector('.empty-detail'), detail);
  }

  async #readOlder() {
    if (this.#isReading) return;
    this.#isReading = true;
    setText(this.#note, 'Older lines are being read.');
    const after = this.#next ?? String(oldestLine(this.#app.client.topics.get(TOPIC).rows));
    const answer = await getJSON(`/api/celery/audit?limit=${PAGE}&after=${encodeURIComponent(after)}`);
    this.#isReading = false;
    if (!answer.ok) {
      setText(this.#note, answer.status === 0 ? 'The gateway does not answer; try again.' : `The gateway answered ${answer.status}.`);
      return;
    }
    this.#older.push(...answer.value.audit);
    this.#next = answer.value.next ?? '';
    setText(this.#note, this.#next === '' ? 'That is all that is kept.' : this.#older.length >= OLDER_KEPT ? 'For still older lines: celeriac audit list' : '');
    this.#draw();
  }

  #makeTable() {
    return new DataTable({
      caption: 'Audit', testid: 'audit-table', keyOf: ({ id }) => id, empty: this.#empty,
      rowState: ({ outcome }) => outcome ?? '', newcomers: (n) => `${plural(n, 'new line')} · show`,
      columns: [
        { key: 'at', label: 'When', class: 'c-when', cell: textCell(({ at }) => moment(at, this.#app.serverNow()), { className: 'num', title: ({ at }) => exact(at) }) },
        { key: 'by', label: 'Who', class: 'c-by', sort: whoDid, cell: whoCell },
        { key: 'from', label: 'From', class: 'c-from', sort: ({ from }) => from ?? '', cell: textCell(({ from }) => line(from ?? '–', 80), { className: 'num' }) },
        { key: 'action', label: 'What', class: 'c-action', sort: ({ action }) => action ?? '', cell: actionCell },
        { key: 'target', label: 'On', class: 'c-target', sort: ({ target }) => target ?? '', cell: textCell(({ target }) => line(target ?? '–', 200), { className: 'one-line', title: ({ target }) => (target ? line(target) : null) }) },
        { key: 'outcome', label: 'Outcome', class: 'c-state', sort: ({ outcome }) => outcome ?? '', cell: outcomeCell },
        { key: 'detail', label: 'Detail', class: 'c-detail', cell: textCell(({ detail }) => line(detail ?? '', 400), { className: 'one-line muted', title: ({ detail }) => (detail ? line(detail, 1_000) : null) }) },
      ],
    });
  }
}

function whoCell() {
  const node = h('span', { class: 'one-line' });
  return {
    node,
    update: (row) => {
      setText(node, line(whoDid(row), 80));
      node.classList.toggle('muted', typeof row.by !== 'string');
    },
  };
}

/** What was done opens the whole line. */
function actionCell() {
  let current = {};
  const node = h('button', { type: 'button', class: 'link-button', 'data-testid': 'audit-open', on: { click: () => openLine(current) } });
  return {
    node,
    update: (row) => {
      current = row;
      setText(node, line(row.action ?? 'unknown', 80));
      setAttr(node, 'aria-label', `${line(row.action ?? 'unknown', 80)}, line ${row.id}`);
    },
  };
}

function outcomeCell() {
  const chip = new StateChip();
  return { node: chip.node, update: ({ outcome }) => chip.set(auditStatus(outcome)) };
}

/** One line with all its words. */
function openLine(row) {
  const entries = [['When', exact(row.at)], ['Who', whoDid(row)], ['From', row.from ?? '–'], ['What', row.action ?? '–'], ['On', row.target ?? '–'], ['Outcome', auditStatus(row.outcome).word]];
  const facts = new Facts(entries.map(([label]) => label));
  for (const [label, value] of entries) facts.set(label, line(value, 1_024));
  openDialog({
    title: `Line ${row.id}`, testid: 'dialog-audit',
    body: [facts.node, row.detail ? h('pre', { class: 'code', tabindex: '0', 'aria-label': 'Detail', text: text(row.detail) }) : h('p', { class: 'form-note', text: 'There is no more to it.' })],
  });
}
