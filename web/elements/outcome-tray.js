/**
 * What became of the commands given from this page: each follows its row in topic `commands` until the end, with
 * evidence, reason and fix. A confirmed one goes away by itself, everything else waits to be read.
 */
import { QUESTIONS } from '../core/commands/catalog.js';
import { Limits } from '../core/limits.js';
import { arrayOf } from '../core/state/selectors.js';
import { commandStatus } from '../core/format/states.js';
import { describeError } from '../core/protocol/errors.js';
import { plainEvidence } from '../core/format/evidence.js';
import { count, plural } from '../core/format/number.js';
import { line } from '../core/format/text.js';
import { formatRoute } from '../core/query/route.js';
import { announce } from '../platform/announce.js';
import { h, setAttr, setHidden, setText, setVar } from '../platform/dom.js';
import { openAnswers } from './answers.js';
import { button, iconButton, StateChip } from './parts.js';

/** @typedef {{label: string, icon: string, testid: string, act: () => false | void}} Offer `act` says false if the outcome shall stay */

const CONFIRMED_MILLISECONDS = 15_000;
/** What can still be acted on stays longer; where it belongs, it can be found later as well. */
const OFFERED_MILLISECONDS = 60_000;
/** Nothing goes away under the pointer or the focus. */
const HELD_MILLISECONDS = 5_000;
const SENDING = { kind: 'waiting', word: 'Sending' };
const REFUSED = { kind: 'failed', word: 'Refused' };

export class OutcomeTray {
  #app;
  #items = [];
  node = h('aside', { class: 'tray', 'aria-label': 'Outcomes of your commands' });

  constructor(app) {
    this.#app = app;
    app.store.listen(() => this.#update(), ['commands', 'trash']);
    // Pages end above the tray, so that all of them can be reached.
    new ResizeObserver(() => setVar(document.documentElement, '--gw-tray-height', `${this.node.offsetHeight}px`)).observe(this.node);
  }

  /**
   * Submits a command and shows what becomes of it.
   * @param {string} cmd
   * @param {object} args
   * @param {{label: string, expect?: object, deadlineMs?: number, href?: string, offer?: (row: object) => Offer | null, settled?: (row: object) => void}} options
   *   `offer`: what can be done about the outcome, asked with each change of the command's row; `settled`: called once, when
   *   the outcome is known
   * @returns {Promise<Record<string, any> | null>} the answer, null if it was refused
   */
  async submit(cmd, args, { label, expect, deadlineMs, href = null, offer = null, settled = null }) {
    const item = this.#add(label, href);
    item.offer = offer ?? (QUESTIONS.includes(cmd) ? (row) => answersOf(row, label) : null);
    item.settled = settled;
    const params = { cmd, args, key: newKey() };
    if (expect) params.expect = expect;
    if (deadlineMs) params.deadlineMs = deadlineMs;
    try {
      const answer = await this.#app.client.request('cmd.submit', params);
      item.handle = answer.command;
      item.id = answer.id;
      this.#show(item, answer.state ?? 'accepted', {});
      this.#update();
      return answer;
    } catch (error) {
      const words = describeError(error);
      this.#showStatus(item, 'refused', REFUSED, [], words.title === words.detail ? words.detail : `${words.title}: ${words.detail}`, words.fix);
      return null;
    }
  }

  #add(label, href) {
    while (this.#items.length >= Limits.outcomes) this.#remove(this.#items[0]);
    const chip = new StateChip(SENDING);
    const evidence = h('ul', { class: 'evidence' });
    const reason = h('p', { class: 'outcome-reason' });
    const fix = h('p', { class: 'outcome-fix' });
    const item = { handle: null, id: null, chip, evidence, reason, fix, timer: null, state: 'sending' };
    item.node = h('div', { class: 'outcome', 'data-testid': 'outcome', 'data-state': 'sending' },
      h('div', { class: 'outcome-head' }, chip.node, h('a', { class: 'outcome-label', href, text: label }), iconButton('Dismiss', 'close', { onClick: () => this.#remove(item) })),
      reason, fix, evidence);
    item.actions = h('div', { class: 'outcome-actions', hidden: true });
    item.node.append(item.actions);
    item.label = label;
    setHidden(reason, true);
    setHidden(fix, true);
    this.#items.push(item);
    this.node.append(item.node);
    return item;
  }

  #remove(item) {
    if (item.timer !== null) clearTimeout(item.timer);
    this.#items = this.#items.filter((other) => other !== item);
    item.node.remove();
  }

  #removeLater(item, milliseconds) {
    item.timer = setTimeout(() => {
      if (item.node.matches(':hover') || item.node.contains(document.activeElement)) this.#removeLater(item, HELD_MILLISECONDS);
      else this.#remove(item);
    }, milliseconds);
  }

  #update() {
    const commands = this.#app.client.topics.get('commands');
    for (const item of this.#items) {
      const row = (item.id !== null && commands.get(item.id)) || (item.handle !== null && commands.byHandle(item.handle)) || null;
      if (row) this.#show(item, row.state, row);
      // A task that was just sent has a page once a worker took it.
      if (typeof row?.taskId === 'string' && row.state === 'confirmed' && !item.node.querySelector('a[href]')) setAttr(item.node.querySelector('.outcome-label'), 'href', formatRoute('tasks', row.taskId));
    }
  }

  #show(item, state, row) {
    const waits = state === 'accepted' || state === 'sent';
    const progress = waits && Number.isFinite(row.total) ? `${count(row.done)} of ${plural(row.total, 'task')} done${row.refused > 0 ? `, ${count(row.refused)} not touched` : ''}` : '';
    this.#showStatus(item, state, commandStatus(state), arrayOf(row.evidence), row.reason ?? progress, row.fix ?? '');
    this.#showOffer(item, { ...row, id: item.id });
    if (waits || row.state === undefined) return;
    item.settled?.(row);
    item.settled = null;
  }

  /** Buttons of an outcome stay as long as what they do is the same. */
  #showOffer(item, row) {
    const offer = item.offer?.(row) ?? null;
    setHidden(item.actions, offer === null);
    if ((offer?.label ?? null) === item.offered) return;
    item.offered = offer?.label ?? null;
    item.actions.replaceChildren(...(offer === null ? [] : [button(offer.label, { kind: 'tonal', icon: offer.icon, testid: offer.testid, onClick: () => { if (offer.act() !== false) this.#remove(item); } })]));
  }

  #showStatus(item, state, status, evidence, reason, fix) {
    item.chip.set(status);
    setAttr(item.node, 'data-state', state);
    setText(item.reason, line(reason));
    setHidden(item.reason, reason === '');
    setText(item.fix, fix === '' ? '' : `What to change: ${line(fix)}`);
    setHidden(item.fix, fix === '');
    const lines = evidence.slice(-4).map((sentence) => plainEvidence(sentence, this.#app.serverNow()));
    if (lines.join('\n') !== item.lines) {
      item.lines = lines.join('\n');
      item.evidence.replaceChildren(...lines.map((sentence) => h('li', { text: sentence })));
    }
    if (item.state === state) return;
    item.state = state;
    announce(`${item.label}: ${status.word}. ${line(reason)}`);
    if (state === 'confirmed') this.#removeLater(item, item.offer === null ? CONFIRMED_MILLISECONDS : OFFERED_MILLISECONDS);
  }
}

/** Questions offer to read what was answered. */
function answersOf(row, title) {
  if (row.id === null || row.state === undefined || !['confirmed', 'partial', 'unknown'].includes(row.state)) return null;
  return { label: 'Show answers', icon: 'answers', testid: 'show-answers', act: () => { openAnswers({ id: row.id, title }); return false; } };
}

/** `randomUUID` needs a secure context; a gateway reached by plain HTTP in a lab has none. */
function newKey() {
  if (crypto.randomUUID) return crypto.randomUUID();
  return [...crypto.getRandomValues(new Uint8Array(16))].map((byte) => byte.toString(16).padStart(2, '0')).join('');
}
