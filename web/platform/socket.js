/** A WebSocket to this origin, reduced to what the feed client needs. */
import { SUBPROTOCOL } from '../core/protocol/frames.js';

/** @type {ConstructorParameters<typeof import('../core/link/feed-client.js').FeedClient>[0]['openSocket']} */
export function openSocket(handlers) {
  const url = new URL('/ws/v1', location.href);
  url.protocol = location.protocol === 'https:' ? 'wss:' : 'ws:';
  const socket = new WebSocket(url, SUBPROTOCOL);
  socket.addEventListener('open', () => handlers.opened());
  socket.addEventListener('message', (event) => handlers.message(event.data));
  socket.addEventListener('close', (event) => handlers.closed(event.code));
  return {
    send(text) { if (socket.readyState === WebSocket.OPEN) socket.send(text); },
    close(code, reason) { socket.close(code, reason); },
  };
}
