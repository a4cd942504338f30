'use strict';
// No Backstage, but a server that listens where one would, and ends as the path of a request says; or, as ENDS says, at once.
require('./leash');
const http = require('node:http');

const ways = {
  exit: () => process.exit(7),
  abort: () => process.abort(),
  // As long as it takes until V8 gives up.
  heap: () => { const kept = []; for (;;) kept.push(new Array(1000).fill(1.5)); },
  // Until the kernel gives up: what is no heap of V8's.
  memory: () => {
    const kept = [];
    setInterval(() => kept.push(Buffer.alloc(4 << 20, 1)), 5);
  },
  nothing: () => {},
};

if (process.env.ENDS) {
  ways[process.env.ENDS]();
} else {
  const [host, port] = process.env.APP_CONFIG_backend_listen.split(':');
  http.createServer((request, response) => {
    const way = ways[request.url.split('/').pop()];
    if (way) way(); else response.end('{}');
  }).listen(Number(port), host);
}
