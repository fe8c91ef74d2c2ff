/** Above every page for somebody whose credential is limited to some queues or tasks: what is missing is not nothing. */
import { limitsWords } from '../core/format/limits-words.js';
import { h, setAttr, setHidden, setText } from '../platform/dom.js';

export class LimitsNote {
  #app;
  #text = h('span');

  constructor(app) {
    this.#app = app;
    this.node = h('p', { class: 'limits-note', 'data-testid': 'limits-note', hidden: true }, this.#text, ' Sums over the whole fleet count the others too.');
    app.store.listen(() => this.update(), ['connection']);
    this.update();
  }

  update() {
    const words = limitsWords(this.#app.who);
    setHidden(this.node, words === null);
    if (words === null) return;
    setText(this.#text, words.short);
    setAttr(this.node, 'title', words.short === words.whole ? null : words.whole);
  }
}
