/**
 * What this browser remembers: the scheme and whether single keys act. Storage may be switched off; then the
 * choice lasts as long as the page.
 */
const memory = new Map();

export function preference(name, fallback) {
  try {
    return localStorage.getItem(`celeriac.${name}`) ?? memory.get(name) ?? fallback;
  } catch {
    return memory.get(name) ?? fallback;
  }
}

export function setPreference(name, value) {
  memory.set(name, value);
  try {
    localStorage.setItem(`celeriac.${name}`, value);
  } catch {
    // Storage is off or full: the page remembers it until it is closed.
  }
}

export const SCHEMES = Object.freeze(['auto', 'light', 'dark']);

/** @returns {'auto' | 'light' | 'dark'} */
export function scheme() {
  const chosen = preference('scheme', 'auto');
  return SCHEMES.includes(chosen) ? chosen : 'auto';
}

export function applyScheme(chosen) {
  if (chosen === 'auto') delete document.documentElement.dataset.scheme;
  else document.documentElement.dataset.scheme = chosen;
}
