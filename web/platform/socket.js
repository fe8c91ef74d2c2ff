/** A WebSocket to this origin, reduced to what the feed client needs. */
import { socketAddress } from '../core/link/socket-address.js';
import { SUBPROTOCOL } from '../core/protocol/frames.js';

/** @type {ConstructorParameters<typeof import('../core/link/feed-client.js').FeedClient>[0]['openSocket']} */
export function openSocket(handlers, told) {
  const socket = new WebSocket(socketAddress(location.href, told), SUBPROTOCOL);
  socket.addEventListener('open', () => handlers.opened());
  socket.addEventListener('message', (event) => handlers.message(event.data));
  socket.addEventListener('close', (event) => handlers.closed(event.code));
  return {
    send(text) { if (socket.readyState === WebSocket.OPEN) socket.send(text); },
    close(code, reason) { socket.close(code, reason); },
  };
}
