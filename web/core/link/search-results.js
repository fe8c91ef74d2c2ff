/**
 * What a search found: a page of rows that was asked for once (`query`, R27) and does not change. It looks like a window
 * to the page that shows it. A search through many rows is answered in parts; the parts are asked for one after the
 * other until the page is full.
 */

/** Parts of one search: each is 20 ms of the gateway's time. */
const PARTS_AT_MOST = 50;

export class SearchResults {
  /** @type {import('../protocol/errors.js').WireError | null} */ error = null;
  state = emptyState();
  /** Rows the gateway has looked at so far. */
  looked = 0;
  #client;
  #changed;
  #run = 0;

  /**
   * @param {{request(method: string, params: object): Promise<Record<string, any>>}} client
   * @param {() => void} changed called after every part
   */
  constructor(client, changed) {
    this.#client = client;
    this.#changed = changed;
  }

  /**
   * Begins a search; one that is under way is forgotten.
   * @param {{topic: string, where: unknown[], order: string[], limit: number, after: string | null}} query
   */
  async change(query) {
    this.#run += 1;
    const run = this.#run;
    this.error = null;
    this.looked = 0;
    this.state = emptyState(this.state.version + 1);
    this.#changed();
    let { after } = query;
    for (let part = 0; part < PARTS_AT_MOST; part += 1) {
      let page;
      try {
        page = await this.#client.request('query', { ...query, after, limit: query.limit - this.state.rows.length });
      } catch (error) {
        if (run === this.#run) this.#fail(error);
        return;
      }
      if (run !== this.#run) return;
      this.#take(page);
      after = page.next;
      if (page.partial !== true || after === null || this.state.rows.length >= query.limit) break;
    }
    this.state.complete = true;
    this.state.version += 1;
    this.#changed();
  }

  /** Forgets everything; answers that are on their way are dropped. */
  close() { this.#run += 1; }

  #take(page) {
    const { cols, rows, next, looked } = page;
    if (!Array.isArray(cols) || !Array.isArray(rows)) return;
    for (const cells of rows) {
      const row = {};
      cols.forEach((name, index) => { if (name !== 'h' && cells[index] !== null && cells[index] !== undefined) row[name] = cells[index]; });
      this.state.rows.push(row);
    }
    this.looked += Number.isFinite(looked) ? looked : 0;
    this.state.next = typeof next === 'string' ? next : null;
    this.state.version += 1;
    this.#changed();
  }

  #fail(error) {
    this.error = error;
    this.state.complete = true;
    this.state.version += 1;
    this.#changed();
  }
}

/** As much of a window's state as a page reads. */
function emptyState(version = 0) {
  return {
    version, rows: [], complete: false, next: null, order: [], before: 0, totalIsApproximate: false,
    get total() { return this.rows.length; },
    list() { return this.rows; },
    hasLeft() { return false; },
  };
}
