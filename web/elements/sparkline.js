/** A tiny line of the last minutes. Decoration: the number beside it says the same. */
import { s, setAttr } from '../platform/dom.js';
import { sparklinePath } from '../core/state/history.js';

const WIDTH = 160;
const HEIGHT = 36;

export class Sparkline {
  #area = s('path', { class: 'spark-area' });
  #line = s('path', { class: 'spark-line' });
  #options;

  constructor(options = {}) {
    this.#options = options;
    this.node = s('svg', { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, class: 'sparkline', preserveAspectRatio: 'none', 'aria-hidden': 'true', focusable: 'false' }, this.#area, this.#line);
  }

  /** @param {import('../core/state/history.js').Series | undefined} series */
  set(series) {
    const path = series ? sparklinePath(series, WIDTH, HEIGHT, this.#options) : { line: '', area: '' };
    setAttr(this.#line, 'd', path.line);
    setAttr(this.#area, 'd', path.area);
  }
}
