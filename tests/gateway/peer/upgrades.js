'use strict';
// Connections that leave HTTP, or are refused to, on the bare socket: what comes and goes is seen byte for byte.
const { WebSocketServer } = require('ws');

const head = (...lines) => `${lines.join('\r\n')}\r\n\r\n`;

// Sends back what comes, and after its end says so and ends, too.
exports['/raw/echo'] = (request, socket, first) => {
  const offered = request.headers['sec-websocket-protocol'];
  const lines = ['HTTP/1.1 101 Switching Protocols', 'Upgrade: websocket', 'Connection: Upgrade', 'X-Kept: as it is'];
  if (offered) lines.push(`Sec-WebSocket-Protocol: ${offered.split(',')[0].trim()}`);
  socket.write(head(...lines));
  socket.write(first);
  socket.on('data', data => socket.write(data));
  socket.on('end', () => socket.end('and half of it closed'));
  socket.on('error', () => {});
  socket.on('close', () => console.log(`TUNNEL closed ${request.url}`));
  console.log(`TUNNEL open ${request.url}`);
};

// Sends back messages, as the library reads them that Backstage's plugins use; what is compressed it compresses, too.
const sockets = new WebSocketServer({ noServer: true, perMessageDeflate: true });
exports['/raw/ws'] = (request, socket, first) => {
  sockets.handleUpgrade(request, socket, first, websocket => {
    websocket.on('message', (data, isBinary) => websocket.send(data, { binary: isBinary }));
    // It has said so to its peer.
    websocket.on('error', () => {});
  });
};

// Ends after its first words, while the other side stays open.
exports['/raw/first'] = (_request, socket) => {
  socket.write(head('HTTP/1.1 101 Switching Protocols', 'Upgrade: websocket', 'Connection: Upgrade'));
  let heard = '';
  socket.on('data', data => { heard += data; });
  socket.on('end', () => console.log(`TUNNEL heard ${heard}`));
  socket.on('error', () => {});
  socket.end('the only words');
};

// As signals-backend refuses.
exports['/raw/refused'] = (_request, socket) => {
  socket.write(head('HTTP/1.1 401 Unauthorized', 'Upgrade: websocket', 'Connection: Upgrade'));
  socket.destroySoon();
};

// As `ws` refuses.
exports['/raw/refused-with-body'] = (_request, socket) => {
  socket.end(`${head('HTTP/1.1 401 Unauthorized', 'Connection: close', 'Content-Length: 9')}no ticket`);
};

exports['/raw/not-http'] = (_request, socket) => {
  socket.end('this is no answer\r\n\r\n');
};
