/**
 * Numbers for people. Formatters are expensive to make and are made once. What is not a number is a dash: a figure that
 * is not known is never shown as zero.
 */
export const DASH = '–';

const whole = new Intl.NumberFormat('en-US', { maximumFractionDigits: 0 });
const oneDigit = new Intl.NumberFormat('en-US', { minimumFractionDigits: 1, maximumFractionDigits: 1 });

/** 12,345 */
export function count(value) {
  return Number.isFinite(value) ? whole.format(value) : DASH;
}

/** 12,345 up to 99,999, then 123k, 4.6M: never wider than six characters. */
export function compact(value) {
  if (!Number.isFinite(value)) return DASH;
  const size = Math.abs(value);
  if (size < 100_000) return whole.format(value);
  for (const [limit, unit] of [[1e15, 'P'], [1e12, 'T'], [1e9, 'G'], [1e6, 'M'], [1e3, 'k']]) {
    if (size >= limit) {
      const scaled = value / limit;
      return `${Math.abs(scaled) < 10 ? oneDigit.format(scaled) : whole.format(scaled)}${unit}`;
    }
  }
  return whole.format(value);
}

/** A rate: 0.4, 8.3, 57, 1,204 */
export function rate(value) {
  if (!Number.isFinite(value)) return DASH;
  if (value === 0) return '0';
  return Math.abs(value) < 10 ? oneDigit.format(value) : compact(value);
}

/** A share of one as percent. 0.9996 is 99.9 %, not 100 %: only all is all. */
export function percent(share) {
  if (!Number.isFinite(share)) return DASH;
  const value = share * 100;
  if (value >= 100) return '100';
  if (value <= 0) return '0';
  const cut = value > 50 ? Math.floor(value * 10) / 10 : Math.ceil(value * 10) / 10;
  return oneDigit.format(cut);
}

/** 812 B, 1.4 MiB */
export function bytes(value) {
  if (!Number.isFinite(value)) return DASH;
  const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB'];
  let size = value;
  let unit = 0;
  while (Math.abs(size) >= 1024 && unit < units.length - 1) {
    size /= 1024;
    unit += 1;
  }
  return `${unit === 0 || Math.abs(size) >= 100 ? whole.format(size) : oneDigit.format(size)} ${units[unit]}`;
}

/** "1 task", "12 tasks" */
export function plural(value, one, many = `${one}s`) {
  return `${count(value)} ${value === 1 ? one : many}`;
}
