/**
 * Icons as paths on a 24 × 24 grid, drawn by the DOM API. Status shapes differ in outline, not only in colour.
 */
import { s } from './dom.js';

const STATUS = new Map([
  ['ok', ['M12 4a8 8 0 1 1 0 16a8 8 0 0 1 0-16Z']],
  ['running', ['M6.5 4.2L20 12L6.5 19.8Z']],
  ['warning', ['M12 3L22.4 20.5H1.6Z']],
  ['failed', ['M7 3.6L12 8.6L17 3.6L20.4 7L15.4 12L20.4 17L17 20.4L12 15.4L7 20.4L3.6 17L8.6 12L3.6 7Z']],
  ['unknown', ['M12 2.5C8.3 2.5 5.6 4.9 5.5 8.4H9.2C9.3 6.8 10.4 5.8 12 5.8C13.6 5.8 14.7 6.8 14.7 8.2C14.7 9.6 13.9 10.2 12.6 11.1C11 12.2 10.1 13.3 10.1 15.3V16H13.7V15.5C13.7 14.4 14.2 13.8 15.5 12.9C17.2 11.8 18.5 10.5 18.5 8.1C18.5 4.7 15.7 2.5 12 2.5ZM10 18H13.9V21.8H10Z']],
  ['waiting', ['M12 4a8 8 0 1 1 0 16a8 8 0 0 1 0-16ZM12 7a5 5 0 1 0 0 10a5 5 0 0 0 0-10Z']],
  ['stopped', ['M5 5H19V19H5Z']],
]);

const GLYPHS = new Map([
  ['overview', 'M4 4h7v9H4ZM13 4h7v5h-7ZM13 11h7v9h-7ZM4 15h7v5H4Z'],
  ['tasks', 'M4 5h3v3H4ZM9 5.5h11v2H9ZM4 10.5h3v3H4ZM9 11h11v2H9ZM4 16h3v3H4ZM9 16.5h11v2H9Z'],
  ['queues', 'M4 4h16v4H4ZM4 10h11v4H4ZM4 16h7v4H4Z'],
  ['workers', 'M4 4h16v7H4ZM6.5 6.5v2h3v-2ZM4 13h16v7H4ZM6.5 15.5v2h3v-2Z'],
  ['activity', 'M3 11h4l3-7.5L14.2 17l2.4-6H21v2h-3l-4 9L9.9 8.7L8.4 13H3Z'],
  ['audit', 'M12 2.400l8 3v6.100c0 4.800-3.300 8.800-8 10.100-4.700-1.300-8-5.300-8-10.100V5.400Zm0 2.100L6 6.800v4.700c0 3.700 2.400 6.800 6 8 3.600-1.200 6-4.300 6-8V6.800Zm-1.100 10.900l-3.400-3.400 1.400-1.400 2 2 4.200-4.200 1.400 1.400Z'],
  ['search', 'M10 3a7 7 0 0 1 5.6 11.2l5.1 5.1-1.4 1.4-5.1-5.1A7 7 0 1 1 10 3Zm0 2a5 5 0 1 0 0 10 5 5 0 0 0 0-10Z'],
  ['run', 'M7 4.5v15L19.5 12Z'],
  ['close', 'M6.4 5L12 10.6L17.6 5L19 6.4L13.4 12L19 17.6L17.6 19L12 13.4L6.4 19L5 17.6L10.6 12L5 6.4Z'],
  ['revoke', 'M12 3a9 9 0 1 1 0 18a9 9 0 0 1 0-18Zm0 2a7 7 0 0 0-5.6 11.2L16.2 6.4A7 7 0 0 0 12 5Zm5.6 2.8L7.8 17.6A7 7 0 0 0 17.6 7.8Z'],
  ['purge', 'M9 3h6v2h5v2H4V5h5ZM6 9h12l-1 12H7Zm3 2v8h2v-8Zm4 0v8h2v-8Z'],
  ['restart', 'M12 4V1L7.5 5.5L12 10V7a5 5 0 1 1-5 5H5a7 7 0 1 0 7-8Z'],
  ['shutdown', 'M11 3h2v10h-2ZM7.8 5.6l1.4 1.5a6 6 0 1 0 5.6 0l1.4-1.5a8 8 0 1 1-8.4 0Z'],
  ['scheme', 'M12 3a9 9 0 1 1 0 18a9 9 0 0 1 0-18Zm0 2v14a7 7 0 0 0 0-14Z'],
  ['help', 'M12 2a10 10 0 1 1 0 20a10 10 0 0 1 0-20Zm0 2a8 8 0 1 0 0 16a8 8 0 0 0 0-16Zm0 2.5a3.7 3.7 0 0 1 3.8 3.6c0 1.6-.9 2.3-1.7 3-.8.6-1.1.9-1.1 1.7V15h-2v-.4c0-1.7.9-2.5 1.8-3.2.7-.5 1-.8 1-1.3 0-1-.7-1.6-1.8-1.6s-1.8.7-1.9 1.8h-2A3.8 3.8 0 0 1 12 6.500ZM11 16.500h2v2h-2Z'],
  ['person', 'M12 3a4.500 4.500 0 1 1 0 9 4.500 4.500 0 0 1 0-9Zm0 11c4.500 0 8 2.200 8 5v2H4v-2c0-2.800 3.500-5 8-5Z'],
  ['back', 'M11 5l1.400 1.400L7.800 11H20v2H7.800l4.600 4.600L11 19l-7-7Z'],
  ['up', 'M12 5l7 7-1.400 1.400L13 8.800V20h-2V8.800l-4.600 4.600L5 12Z'],
  ['add', 'M11 5h2v6h6v2h-6v6h-2v-6H5v-2h6Z'],
  ['pause', 'M7 5h3.500v14H7ZM13.500 5H17v14h-3.500Z'],
  ['undo', 'M8 4L3 9l5 5 1.400-1.400L6.800 10H14a4 4 0 0 1 0 8H8v2h6a6 6 0 0 0 0-12H6.800l2.600-2.600Z'],
  ['move', 'M13 5l7 7-7 7-1.400-1.400L16.200 13H4v-2h12.200l-4.600-4.600Z'],
  ['urgency', 'M5 3h14l-3 5 3 5H7v8H5Zm2 2v6h8.500l-1.800-3 1.800-3Z'],
  ['answers', 'M4 4h16v12H9l-5 4Zm2 2v9.800L8.300 14H18V6Zm2 2h8v1.800H8Zm0 3h5v1.800H8Z'],
  ['copy', 'M8 3h12v14H8Zm2 2v10h8V5ZM4 7h2v12h10v2H4Z'],
  ['chevron', 'M9 5l7 7-7 7-1.400-1.400L13.200 12 7.600 6.400Z'],
  ['more', 'M5 10a2 2 0 1 1 0 4a2 2 0 0 1 0-4ZM12 10a2 2 0 1 1 0 4a2 2 0 0 1 0-4ZM19 10a2 2 0 1 1 0 4a2 2 0 0 1 0-4Z'],
  ['check', 'M9.500 17.600L4.400 12.500l1.400-1.400 3.700 3.700 8.700-8.700 1.400 1.400Z'],
]);

/** @param {string} kind a status kind */
export function statusIcon(kind) {
  const icon = s('svg', { viewBox: '0 0 24 24', class: `status-icon kind-${kind}`, 'aria-hidden': 'true', focusable: 'false' });
  for (const path of STATUS.get(kind) ?? STATUS.get('unknown')) icon.append(s('path', { d: path, 'fill-rule': 'evenodd' }));
  return icon;
}

/** Turns an existing status icon into another one. */
export function setStatusIcon(icon, kind) {
  const wanted = `status-icon kind-${kind}`;
  if (icon.getAttribute('class') === wanted) return;
  icon.setAttribute('class', wanted);
  icon.replaceChildren(...(STATUS.get(kind) ?? STATUS.get('unknown')).map((path) => s('path', { d: path, 'fill-rule': 'evenodd' })));
}

/** @param {string} name */
export function glyph(name) {
  return s('svg', { viewBox: '0 0 24 24', class: 'glyph', 'aria-hidden': 'true', focusable: 'false' }, s('path', { d: GLYPHS.get(name) ?? '', 'fill-rule': 'evenodd' }));
}
