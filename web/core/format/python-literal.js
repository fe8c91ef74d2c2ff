/**
 * Workers report args and kwargs as Python's repr. To offer "run again" with the same arguments, the reprs that are
 * plain data are turned into JSON values; anything else (objects, cut texts ending in "...") gives null, and the
 * person types them. Nothing is evaluated.
 */
const MAX_CHARACTERS = 16_384;
const MAX_DEPTH = 8;

/**
 * @param {unknown} source
 * @returns {{value: unknown} | null}
 */
export function parsePythonLiteral(source) {
  if (typeof source !== 'string' || source.length > MAX_CHARACTERS) return null;
  const parser = new Parser(source);
  try {
    const value = parser.value(0);
    return parser.atEnd() ? { value } : null;
  } catch (error) {
    if (error instanceof NotPlainData) return null;
    throw error;
  }
}

class NotPlainData extends Error {}

class Parser {
  #source;
  #at = 0;

  constructor(source) { this.#source = source; }

  atEnd() {
    this.#skip();
    return this.#at === this.#source.length;
  }

  value(depth) {
    if (depth > MAX_DEPTH) throw new NotPlainData();
    this.#skip();
    const next = this.#source[this.#at];
    if (next === '[') return this.#list(']', depth);
    if (next === '(') return this.#list(')', depth);
    if (next === '{') return this.#dictionary(depth);
    if (next === "'" || next === '"') return this.#string();
    return this.#word();
  }

  #skip() {
    while (/\s/.test(this.#source[this.#at] ?? '')) this.#at += 1;
  }

  #take(character) {
    this.#skip();
    if (this.#source[this.#at] !== character) return false;
    this.#at += 1;
    return true;
  }

  #expect(character) {
    if (!this.#take(character)) throw new NotPlainData();
  }

  #list(end, depth) {
    this.#at += 1;
    const items = [];
    while (!this.#take(end)) {
      items.push(this.value(depth + 1));
      if (!this.#take(',')) {
        this.#expect(end);
        // `(1)` is the number 1 in brackets, `(1,)` is a tuple.
        if (end === ')' && items.length === 1) return items[0];
        break;
      }
    }
    return items;
  }

  #dictionary(depth) {
    this.#at += 1;
    const entries = [];
    while (!this.#take('}')) {
      const key = this.value(depth + 1);
      if (typeof key !== 'string') throw new NotPlainData();
      this.#expect(':');
      entries.push([key, this.value(depth + 1)]);
      if (!this.#take(',')) {
        this.#expect('}');
        break;
      }
    }
    return Object.fromEntries(entries);
  }

  #string() {
    const quote = this.#source[this.#at];
    this.#at += 1;
    let result = '';
    for (;;) {
      const next = this.#source[this.#at];
      if (next === undefined || next === '\n') throw new NotPlainData();
      this.#at += 1;
      if (next === quote) return result;
      result += next === '\\' ? this.#escape() : next;
    }
  }

  #escape() {
    const next = this.#source[this.#at];
    this.#at += 1;
    const simple = { n: '\n', t: '\t', r: '\r', '\\': '\\', "'": "'", '"': '"' };
    if (Object.hasOwn(simple, next ?? '')) return simple[next];
    const width = { x: 2, u: 4, U: 8 }[next];
    if (width === undefined) throw new NotPlainData();
    const digits = this.#source.slice(this.#at, this.#at + width);
    const code = /^[0-9a-fA-F]+$/.test(digits) && digits.length === width ? Number.parseInt(digits, 16) : Infinity;
    if (code > 0x10ffff) throw new NotPlainData();
    this.#at += width;
    return String.fromCodePoint(code);
  }

  #word() {
    const found = /^(True|False|None|-?\d+(\.\d+)?([eE][+-]?\d+)?)(?![\w.])/.exec(this.#source.slice(this.#at, this.#at + 64));
    if (found === null) throw new NotPlainData();
    this.#at += found[0].length;
    if (found[0] === 'True') return true;
    if (found[0] === 'False') return false;
    if (found[0] === 'None') return null;
    const number = Number(found[0]);
    // A whole number that JavaScript would round must not be run again as another number.
    if (!Number.isFinite(number) || (Number.isInteger(number) && !Number.isSafeInteger(number))) throw new NotPlainData();
    return number;
  }
}
