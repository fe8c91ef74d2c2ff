/**
 * Children of an element by key: nodes are kept, moved only if they must, and asked to update only if their item is
 * another object than before (rows are replaced, never changed in place). Keys are wire text, hence a Map.
 */
export class KeyedList {
  /** @type {Map<unknown, {node: HTMLElement, update: (item: any) => void, item: any}>} */ #entries = new Map();
  #parent;
  #create;

  /**
   * @param {HTMLElement} parent
   * @param {(item: any) => {node: HTMLElement, update: (item: any) => void}} create
   */
  constructor(parent, create) {
    this.#parent = parent;
    this.#create = create;
  }

  get size() { return this.#entries.size; }
  /** @returns {HTMLElement | undefined} */
  node(key) { return this.#entries.get(key)?.node; }
  keys() { return this.#entries.keys(); }

  /** Runs `update` on every entry with its old item: for what depends on the clock or on a selection. */
  refresh() {
    for (const entry of this.#entries.values()) entry.update(entry.item);
  }

  /**
   * @param {Iterable<any>} items
   * @param {(item: any) => unknown} keyOf
   * @param {Node | null} [before] the children go before this node
   */
  sync(items, keyOf, before = null) {
    const wanted = new Map();
    for (const item of items) wanted.set(keyOf(item), item);
    for (const [key, entry] of this.#entries) {
      if (wanted.has(key)) continue;
      entry.node.remove();
      this.#entries.delete(key);
    }
    let cursor = before;
    const order = [...wanted];
    for (let index = order.length - 1; index >= 0; index -= 1) {
      const [key, item] = order[index];
      let entry = this.#entries.get(key);
      if (entry === undefined) {
        entry = { ...this.#create(item), item: undefined };
        this.#entries.set(key, entry);
      }
      if (entry.item !== item) {
        entry.item = item;
        entry.update(item);
      }
      if (entry.node.nextSibling !== cursor || entry.node.parentNode !== this.#parent) this.#parent.insertBefore(entry.node, cursor);
      cursor = entry.node;
    }
  }
}
