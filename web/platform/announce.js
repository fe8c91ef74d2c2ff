/** Says things to screen readers: urgent ones at once, summaries at most every 10 s. */
const SUMMARY_MILLISECONDS = 10_000;
let lastSummary = -Infinity;

/** @param {string} words the outcome of something the person did */
export function announce(words) {
  const region = document.getElementById('announcer');
  if (region) region.textContent = words;
}

/** @param {string} words @param {number} now */
export function summarize(words, now) {
  if (now - lastSummary < SUMMARY_MILLISECONDS) return;
  const region = document.getElementById('summary');
  if (!region || region.textContent === words) return;
  lastSummary = now;
  region.textContent = words;
}
