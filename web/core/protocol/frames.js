/**
 * JSON-RPC 2.0 frames of `celeriac.v1.json`: encode what the page sends, sort what it receives.
 *
 * A received frame is one of four kinds: `result`, `error` (both answer a request of ours), `notification`, or
 * `invalid` with a reason. Nothing here throws: a bad peer is data.
 */
import { Limits } from '../limits.js';

export const SUBPROTOCOL = 'celeriac.v1.json';
export const PROTOCOL = Object.freeze({ major: 1, minor: 0 });

/**
 * @param {number} id
 * @param {string} method
 * @param {object} params
 * @returns {string}
 */
export function encodeRequest(id, method, params) {
  return JSON.stringify({ jsonrpc: '2.0', id, method, params });
}

/**
 * @param {string} method only `sub.ack` may be sent without an id (R8)
 * @param {object} params
 * @returns {string}
 */
export function encodeNotification(method, params) {
  return JSON.stringify({ jsonrpc: '2.0', method, params });
}

/**
 * @param {unknown} text
 * @returns {{kind: 'result', id: number, result: object}
 *   | {kind: 'error', id: number | null, error: WireError}
 *   | {kind: 'notification', method: string, params: object}
 *   | {kind: 'invalid', reason: string}}
 */
export function decodeFrame(text) {
  if (typeof text !== 'string') return invalid('not a text frame');
  if (text.length > Limits.frameCharacters) return invalid('frame too long');
  let frame;
  try {
    frame = JSON.parse(text);
  } catch {
    return invalid('not JSON');
  }
  if (!isObject(frame)) return invalid('not an object');
  if (frame.jsonrpc !== '2.0') return invalid('not JSON-RPC 2.0');
  if (Object.hasOwn(frame, 'method')) {
    if (typeof frame.method !== 'string') return invalid('method is not a string');
    if (frame.params !== undefined && !isObject(frame.params)) return invalid('params are not an object');
    return { kind: 'notification', method: frame.method, params: frame.params ?? {} };
  }
  if (Object.hasOwn(frame, 'error')) {
    const id = Number.isSafeInteger(frame.id) ? frame.id : null;
    return { kind: 'error', id, error: readError(frame.error) };
  }
  if (Object.hasOwn(frame, 'result')) {
    if (!Number.isSafeInteger(frame.id)) return invalid('result without our id');
    return { kind: 'result', id: frame.id, result: isObject(frame.result) ? frame.result : {} };
  }
  return invalid('neither method, result nor error');
}

/**
 * @typedef {{code: number, message: string, retry: boolean, retryAfterMs: number, detail: unknown}} WireError
 * @param {unknown} value
 * @returns {WireError}
 */
export function readError(value) {
  const error = isObject(value) ? value : {};
  const data = isObject(error.data) ? error.data : {};
  return {
    code: Number.isSafeInteger(error.code) ? error.code : -32603,
    message: typeof error.message === 'string' ? error.message : 'the gateway refused without a reason',
    retry: data.retry === true,
    retryAfterMs: Number.isFinite(data.retryAfterMs) ? Math.max(0, data.retryAfterMs) : 0,
    detail: data.detail,
  };
}

/** @param {unknown} value @returns {value is Record<string, any>} */
export function isObject(value) {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function invalid(reason) {
  return { kind: 'invalid', reason };
}
