/** Activity: commands with their evidence, gaps in our knowledge, and what the gateway itself costs. */
import { arrayOf, commandEnded, commandsNewestFirst, completenessOf, gapsNewestFirst, outagesNewestFirst } from '../core/state/selectors.js';
import { commandTitle, QUESTIONS } from '../core/commands/catalog.js';
import { bytes, count, DASH, percent, plural, rate } from '../core/format/number.js';
import { duration, moment } from '../core/format/time.js';
import { plainEvidence } from '../core/format/evidence.js';
import { commandStatus } from '../core/format/states.js';
import { line } from '../core/format/text.js';
import { formatRoute } from '../core/query/route.js';
import { h, setAttr, setHidden, setText } from '../platform/dom.js';
import { KeyedList } from '../platform/keyed-list.js';
import { openAnswers } from '../elements/answers.js';
import { Hold } from '../elements/hold.js';
import { TraceList } from '../elements/trace-list.js';
import { button, card, emptyState, Facts, pageHead, setTime, StateChip, timeNode } from '../elements/parts.js';

const COMMANDS_SHOWN = 200;
const GAPS_SHOWN = 50;
const OUTAGES_SHOWN = 20;
/** What each link of the gateway carries; the names are those that `CLIENT LIST` shows. */
const LINKS = new Map([['events', 'Events'], ['commands', 'Commands'], ['replies', 'Replies of workers'], ['results', 'Results'], ['result-news', 'News of results']]);
const KNOWLEDGE = ['Completeness', 'Events per second', 'Events', 'Dropped', 'Undecodable', 'Other serializers', 'Ingest lag', 'Held by workers', 'Redeliveries foretold'];
const COST = ['Commands', 'Publishes among them', 'Traffic', 'Ceiling', 'Put off', 'Clients', 'Subscriptions', 'Frames sent', 'Memory', 'In use of it'];

export class ActivityPage {
  title = 'Activity';
  #app;
  #count = h('span', { class: 'page-count num' });
  #commands = h('ol', { class: 'commands', 'data-testid': 'commands' });
  #list;
  #hold;
  #more = h('button', { type: 'button', class: 'new-bar', hidden: true });
  #none = emptyState('activity', 'No command yet', 'Run, revoke, purge, restart or shut down something: what became of it is kept here for an hour.');
  #gaps = new TraceList('gaps', (gap) => this.#gapWords(gap));
  #outages = new TraceList('outages', (outage) => this.#outageWords(outage));
  #broken;
  #noGap = h('p', { class: 'muted', text: 'No gap since the gateway started: every event that reached the broker’s channel was seen.' });
  #knowledge = new Facts(KNOWLEDGE);
  #cost = new Facts(COST);

  constructor(app) {
    this.#app = app;
    this.#list = new KeyedList(this.#commands, () => this.#commandItem());
    this.#hold = new Hold(this.#commands, ({ id }) => id, () => this.#drawCommands());
    this.#more.addEventListener('click', () => this.#hold.release());
    const commands = card('Commands');
    commands.body.append(this.#more, this.#commands, this.#none);
    const gaps = card('Gaps in our knowledge');
    gaps.body.append(this.#gaps.node, this.#noGap);
    this.#broken = card('Broken links');
    this.#broken.body.append(this.#outages.node);
    setHidden(this.#broken.node, true);
    const knowledge = card('What we heard');
    knowledge.body.append(this.#knowledge.node);
    const cost = card('What the gateway costs');
    cost.body.append(this.#cost.node);
    cost.node.dataset.testid = 'cost';
    this.node = h('div', { class: 'page', 'data-testid': 'page-activity' }, pageHead('Activity', { children: [this.#count] }).node,
      h('div', { class: 'columns wide-left' }, commands.node, h('div', { class: 'stack' }, gaps.node, this.#broken.node, knowledge.node, cost.node)));
  }

  update(changed) {
    if (changed.has('commands')) this.#drawCommands();
    if (changed.has('health')) this.#drawHealth();
  }

  #drawCommands() {
    const topic = this.#app.client.topics.get('commands');
    const rows = this.#hold.arrange(commandsNewestFirst(topic.rows).slice(0, COMMANDS_SHOWN));
    this.#list.sync(rows, ({ id }) => id);
    setHidden(this.#none, rows.length > 0 || !topic.complete);
    setHidden(this.#more, this.#hold.waiting === 0);
    setText(this.#more, `${this.#hold.waiting} new · show`);
    const open = [...topic.rows].filter((row) => !commandEnded(row)).length;
    setText(this.#count, topic.complete ? `${plural(topic.size, 'command')}${open > 0 ? `, ${open} open` : ''}` : '');
  }

  #commandItem() {
    const chip = new StateChip();
    const title = h('span', { class: 'command-title' });
    const name = h('code', { class: 'command-name' });
    const target = h('span', { class: 'command-target' });
    const by = h('span', { class: 'muted' });
    const at = timeNode();
    const took = h('span', { class: 'num muted' });
    const steps = h('p', { class: 'command-steps num' });
    const reason = h('p', { class: 'outcome-reason' });
    const fix = h('p', { class: 'outcome-fix' });
    const evidence = h('ul', { class: 'evidence' });
    const task = h('a', { class: 'quiet-link' });
    let current = {};
    const answers = button('Answers', { icon: 'answers', testid: 'show-answers', onClick: () => openAnswers({ id: current.id, title: commandTitle(current) }) });
    const node = h('li', { class: 'command', 'data-testid': 'row' },
      h('div', { class: 'command-head' }, chip.node, title, target, name, h('span', { class: 'grow' }), at),
      h('div', { class: 'command-meta' }, by, steps, took, task, answers), reason, fix, evidence);
    return {
      node,
      update: (row) => {
        current = row;
        node.dataset.id = row.id;
        setHidden(answers, !QUESTIONS.includes(row.cmd) || !commandEnded(row));
        setAttr(node, 'data-state', row.state);
        chip.set(commandStatus(row.state));
        setText(title, commandTitle(row));
        setText(name, line(row.cmd ?? '', 60));
        setText(target, line(row.target ?? '', 200));
        setText(by, `by ${line(row.by ?? 'unknown', 80)}`);
        setTime(at, row.at, this.#app.serverNow());
        setText(took, Number.isFinite(row.endedAt) && Number.isFinite(row.at) ? `took ${duration(row.endedAt - row.at)}` : Number.isFinite(row.deadlineAt) ? `decided by ${moment(row.deadlineAt, this.#app.serverNow())}` : '');
        setText(steps, stepWords(row));
        setText(reason, line(row.reason ?? ''));
        setHidden(reason, !row.reason);
        setText(fix, row.fix ? `What to change: ${line(row.fix)}` : '');
        setHidden(fix, !row.fix);
        setText(task, typeof row.taskId === 'string' ? 'task' : '');
        setAttr(task, 'href', typeof row.taskId === 'string' ? formatRoute('tasks', row.taskId) : null);
        const silent = arrayOf(row.silent);
        const sentences = [...arrayOf(row.evidence).map((sentence) => plainEvidence(sentence, this.#app.serverNow())), ...(silent.length > 0 ? [`No answer from ${silent.slice(0, 8).join(', ')}${silent.length > 8 ? ` and ${silent.length - 8} more` : ''}`] : [])].map((sentence) => line(sentence));
        const key = sentences.join('\n');
        if (evidence.key !== key) {
          evidence.key = key;
          evidence.replaceChildren(...sentences.map((sentence) => h('li', { text: sentence })));
        }
      },
    };
  }

  #gapWords(gap) {
    const status = gap.to === undefined ? { kind: 'failed', word: 'Open' } : gap.reconciledAt === undefined ? { kind: 'warning', word: 'Closed' } : { kind: 'ok', word: 'Reconciled' };
    const lost = Number.isFinite(gap.lost) ? `${plural(gap.lost, 'event')} lost` : 'unknown how many events were lost';
    return { status, words: line(gap.reason ?? 'unknown reason', 300), detail: `${this.#span(gap)} · ${lost}` };
  }

  #outageWords(outage) {
    const status = outage.to === undefined ? { kind: 'failed', word: 'Broken' } : { kind: 'ok', word: 'Back' };
    const link = LINKS.get(outage.link) ?? line(outage.link ?? 'unknown', 40);
    return { status, words: `${link}: ${line(outage.reason ?? 'unknown reason', 300)}`, detail: this.#span(outage) };
  }

  /** When something began and how long it took. */
  #span({ from, to }) {
    return `${moment(from, this.#app.serverNow())} ${to === undefined ? 'until now' : `for ${duration(to - from)}`}`;
  }

  #drawHealth() {
    const health = this.#app.client.topics.get('health');
    const gaps = gapsNewestFirst(health.rows).slice(0, GAPS_SHOWN);
    this.#gaps.show(gaps);
    const outages = outagesNewestFirst(health.rows).slice(0, OUTAGES_SHOWN);
    this.#outages.show(outages);
    setHidden(this.#broken.node, outages.length === 0);
    const held = health.get('held') ?? {};
    setHidden(this.#noGap, gaps.length > 0);
    const ingest = health.get('ingest') ?? {};
    const cost = health.get('cost') ?? {};
    const sessions = health.get('sessions') ?? {};
    const memory = health.get('process') ?? {};
    const completeness = completenessOf(health.rows);
    const put = (facts, entries) => { for (const [label, value] of entries) facts.set(label, value); };
    put(this.#knowledge, [
      ['Completeness', Number.isFinite(completeness) ? `${percent(completeness)} %` : 'unknown'], ['Events per second', rate(ingest.eventsPerSecond)], ['Events', count(ingest.events)],
      ['Dropped', count(ingest.dropped)], ['Undecodable', count(ingest.undecodable)], ['Other serializers', count(ingest.skipped)], ['Ingest lag', duration(Number.isFinite(ingest.lagMs) ? ingest.lagMs / 1000 : undefined)],
      ['Held by workers', count(held.held)], ['Redeliveries foretold', count(held.followed)],
    ]);
    put(this.#cost, [
      ['Commands', perMinute(cost.commandsPerMinute, count)], ['Publishes among them', perMinute(cost.publishesPerMinute, count)], ['Traffic', perMinute(cost.bytesPerMinute, bytes)],
      ['Ceiling', Number.isFinite(cost.ceiling) ? `${count(cost.ceiling)} commands/min` : DASH],
      ['Put off', !Number.isFinite(cost.putOff) ? DASH : cost.state === 'limited' ? `now, ${plural(cost.putOff, 'round')} so far` : cost.putOff === 0 ? 'nothing' : plural(cost.putOff, 'round')],
      ['Clients', count(sessions.clients)], ['Subscriptions', count(sessions.subscriptions)], ['Frames sent', Number.isFinite(sessions.framesPerSecond) ? `${rate(sessions.framesPerSecond)} /s` : DASH],
      ['Memory', bytes(memory.residentBytes)], ['In use of it', bytes(memory.allocatedBytes)],
    ]);
  }
}

/** A figure of the last minute with its unit. @param {unknown} value @param {(value: any) => string} format */
function perMinute(value, format) {
  return Number.isFinite(value) ? `${format(value)}/min` : DASH;
}

/** accepted → sent 12 ms → confirmed 340 ms */
function stepWords(row) {
  const steps = ['accepted'];
  if (Number.isFinite(row.sentAt)) steps.push(`sent +${duration(Math.max(0, row.sentAt - row.at))}`);
  if (commandEnded(row)) steps.push(`${row.state}${Number.isFinite(row.endedAt) ? ` +${duration(Math.max(0, row.endedAt - (row.sentAt ?? row.at)))}` : ''}`);
  return steps.join(' → ');
}
