/** One line, always visible: the connection in words, age of the data, completeness, broker, who I am. */
import { completenessOf } from '../core/state/selectors.js';
import { connectionWords } from '../core/state/connection-words.js';
import { brokerStatus } from '../core/format/states.js';
import { percent } from '../core/format/number.js';
import { age, ago } from '../core/format/time.js';
import { limitsWords } from '../core/format/limits-words.js';
import { line } from '../core/format/text.js';
import { h, setAttr, setText } from '../platform/dom.js';
import { StateChip } from './parts.js';

export class StatusLine {
  #app;
  #connection = new StateChip(null, { plain: true });
  #age = h('span', { class: 'num', 'data-testid': 'status-age' });
  #completeness = h('span', { class: 'num', 'data-testid': 'status-completeness' });
  #broker = new StateChip(null, { plain: true });
  #gap = h('span', { class: 'status-part gap' });
  #who = h('span', { 'data-testid': 'status-who' });

  constructor(app) {
    this.#app = app;
    this.#connection.node.dataset.testid = 'status-connection';
    this.#broker.node.dataset.testid = 'status-broker';
    const part = (label, node, className = '') => h('span', { class: `status-part ${className}` }, h('span', { class: 'status-label', text: label }), node);
    this.node = h('section', { class: 'status-line', 'aria-label': 'Status', 'data-testid': 'status-line' },
      h('span', { class: 'status-part' }, this.#connection.node),
      part('Data', this.#age),
      part('Completeness', this.#completeness, 'completeness'),
      part('Broker', this.#broker.node),
      this.#gap,
      part('Signed in as', this.#who, 'who'),
    );
    app.store.listen(() => this.update(), ['connection', 'health', 'stats', 'clock']);
  }

  update() {
    const { client } = this.#app;
    const now = Date.now();
    const words = connectionWords(client.machine, now, client.freshness.isStale(now), client.freshness.isSilent(now));
    this.#connection.set(words, words.detail);
    const dataAge = client.freshness.age(now);
    setText(this.#age, dataAge === null ? 'none yet' : age(dataAge / 1000));
    setAttr(this.node, 'data-kind', words.kind);
    const health = client.topics.get('health');
    // What was true when the connection broke is no knowledge of now.
    const isLive = client.isLive;
    const completeness = !isLive ? undefined : completenessOf(health.rows, client.topics.get('stats').get('fleet'));
    setText(this.#completeness, Number.isFinite(completeness) ? `${percent(completeness)} %` : 'unknown');
    setAttr(this.#completeness, 'title', Number.isFinite(completeness) ? 'Share of the events workers sent that the gateway can prove it saw' : 'Not known: nothing was measured yet, or events are being lost right now');
    const broker = isLive ? health.get('broker') : undefined;
    this.#broker.set(broker ? brokerStatus(broker.state) : { kind: 'unknown', word: 'unknown' }, broker ? brokerTitle(broker, this.#app.serverNow()) : '');
    const open = [...health.rows].some((row) => typeof row.id === 'string' && row.id.startsWith('gap:') && row.to === undefined);
    setText(this.#gap, open ? 'Gap in the data' : '');
    const { who } = this.#app;
    setText(this.#who, who ? whoWords(who) : 'nobody');
    setAttr(this.#who, 'title', limitsWords(who)?.whole);
  }
}

function whoWords(who) {
  const name = line(who.name ?? who.sub ?? 'somebody', 60);
  const role = line(who.role ?? '', 20);
  return [name, role === name ? '' : role, limitsWords(who) === null ? '' : 'limited'].filter((part) => part !== '').join(' · ');
}

function brokerTitle(broker, now) {
  const parts = [broker.url, broker.server, broker.detail].filter((part) => typeof part === 'string').map((part) => line(part, 200));
  if (Number.isFinite(broker.probeMs)) parts.push(`probe ${broker.probeMs < 10 ? broker.probeMs.toFixed(1) : Math.round(broker.probeMs)} ms`);
  if (Number.isFinite(broker.since)) parts.push(`since ${ago(broker.since, now)}`);
  return parts.join(' · ');
}
