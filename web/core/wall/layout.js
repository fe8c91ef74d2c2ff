/**
 * How large letters must be to be read from where people stand: the height of a capital letter is at least 0.00465 of
 * the distance (16 minutes of arc), and a capital is about 0.7 of the font's size.
 */
const CAPITAL_PER_DISTANCE = 0.00465;
const CAPITAL_PER_SIZE = 0.7;
const METRES_PER_INCH = 0.0254;
/** Fewer lines than this are no picture: then the letters are as large as they may be. */
const LEAST_LINES = 14;
const COMPACT_LINES = 20;
const LEAST_PIXELS = 11;

const OPTIONS = Object.freeze({
  distance: { least: 0.3, most: 50, usual: 3 },
  diagonal: { least: 5, most: 500, usual: 55 },
});

/**
 * What the address says: `?distance=5` (metres from which it is read) and `&diagonal=55` (inches of the screen).
 * What is missing or nonsense is the usual value.
 * @param {string} search
 * @returns {{distance: number, diagonal: number}}
 */
export function wallOptions(search) {
  const given = new URLSearchParams(search);
  const read = (name) => {
    const { least, most, usual } = OPTIONS[name];
    const value = Number(given.get(name) ?? Number.NaN);
    return value >= least && value <= most ? value : usual;
  };
  return { distance: read('distance'), diagonal: read('diagonal') };
}

/**
 * @param {{width: number, height: number}} screen in CSS pixels, the whole screen
 * @param {{distance: number, diagonal: number}} options
 * @returns {number} font size in CSS pixels, whole
 */
export function fontPixels({ width, height }, { distance, diagonal }) {
  const pixelsPerMetre = Math.hypot(width, height) / (diagonal * METRES_PER_INCH);
  const wanted = (distance * CAPITAL_PER_DISTANCE * pixelsPerMetre) / CAPITAL_PER_SIZE;
  return Math.max(LEAST_PIXELS, Math.min(Math.round(wanted), Math.floor(height / LEAST_LINES)));
}

/** Whether so few lines have room that the problems share the verdict's line. */
export function isCompact(height, font) {
  return height / font < COMPACT_LINES;
}

/**
 * Which rows are shown when not all have room: the first ones, and a line that says how many are not.
 * @template Row
 * @param {Row[]} rows worst first
 * @param {number} places lines that have room
 * @returns {{shown: Row[], more: number}}
 */
export function fit(rows, places) {
  if (rows.length <= places) return { shown: rows, more: 0 };
  const kept = Math.max(0, places - 1);
  return { shown: rows.slice(0, kept), more: rows.length - kept };
}

/**
 * A picture that stands for months leaves its shape in the screen: the whole page moves by a few pixels, once a minute,
 * in a ring, so that no step is seen.
 * @param {number} minute any whole number
 * @returns {[number, number]} pixels
 */
export function drift(minute) {
  const ring = [[0, 0], [1, 0], [2, 1], [3, 2], [3, 3], [2, 4], [1, 3], [0, 1]];
  return ring[((minute % ring.length) + ring.length) % ring.length];
}
