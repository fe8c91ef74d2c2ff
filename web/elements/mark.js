/** The mark: a root cut across, with its leaves. */
import { s } from '../platform/dom.js';

export function mark() {
  return s('svg', { viewBox: '0 0 32 32', class: 'mark', 'aria-hidden': 'true', focusable: 'false' },
    s('path', { class: 'mark-leaf', d: 'M16 12C15.600 8 13 4.600 8.800 3.500C8.900 7.900 11.600 11 16 12ZM16 12C16.400 8 19 4.600 23.200 3.500C23.100 7.900 20.400 11 16 12ZM16 11.500C14.400 8.600 14.400 4.600 16 2C17.600 4.600 17.600 8.600 16 11.500Z' }),
    s('path', { class: 'mark-root', d: 'M16 12.500C22.400 12.500 27 16 27 21C27 26.300 22.200 30 16 30C9.800 30 5 26.300 5 21C5 16 9.600 12.500 16 12.500Z' }),
    s('path', { class: 'mark-pulse', d: 'M8 21.500H12L14 17.500L17.500 25.500L19.800 21.500H24' }));
}
