// Fan-out with ws, as its documentation shows it. Whoever sends a message is the publisher and gets none.
'use strict';

const { WebSocketServer } = require('ws');

const server = new WebSocketServer({ host: '127.0.0.1', port: Number(process.argv[2]), perMessageDeflate: false, backlog: 4096 });
const subscribers = new Set();
server.on('listening', () => process.stdout.write('listening\n'));
server.on('connection', (socket) => {
  subscribers.add(socket);
  socket.on('error', () => subscribers.delete(socket));
  socket.on('close', () => subscribers.delete(socket));
  socket.on('message', (data) => {
    subscribers.delete(socket);
    for (const subscriber of subscribers) subscriber.send(data, { binary: false });
  });
});
