/**
 * The connection in words, for the status line and the banner.
 * @typedef {{kind: import('../format/states.js').Kind, word: string, detail: string}} Words
 */
import { moment } from '../format/time.js';

/**
 * @param {{state: string, why: string, retryAt: number, lostAt: number | null, everLive: boolean}} machine
 * @param {number} now local milliseconds
 * @param {boolean} stale
 * @param {boolean} [silent] not a frame came for as long
 * @returns {Words}
 */
export function connectionWords(machine, now, stale, silent = false) {
  switch (machine.state) {
    case 'live':
      return stale
        ? { kind: 'warning', word: 'Stale', detail: silent ? 'Connected, but nothing is heard from the gateway.' : 'Connected, but the gateway has nothing new from the broker.' }
        : { kind: 'ok', word: 'Live', detail: '' };
    case 'idle':
    case 'checking':
    case 'connecting':
    case 'greeting':
    case 'starting':
      return { kind: 'running', word: machine.everLive ? 'Reconnecting' : 'Connecting', detail: lostWords(machine, now) };
    case 'waiting':
      return {
        kind: 'failed',
        word: 'Disconnected',
        detail: [capital(machine.why), lostWords(machine, now), retryWords(machine.retryAt, now)].filter((part) => part !== '').join(' '),
      };
    case 'signedOut':
      return { kind: 'stopped', word: 'Signed out', detail: '' };
    default:
      return { kind: 'failed', word: 'Stopped', detail: `${capital(machine.why)} It will not try again by itself.` };
  }
}

function lostWords(machine, now) {
  return machine.lostAt === null ? '' : `This is what was known at ${moment(machine.lostAt / 1000, now / 1000)}.`;
}

function retryWords(retryAt, now) {
  const seconds = Math.ceil((retryAt - now) / 1000);
  return seconds > 0 ? `Next try in ${seconds} s.` : 'Trying again now.';
}

function capital(words) {
  return words === '' ? '' : `${words[0].toUpperCase()}${words.slice(1)}.`;
}
