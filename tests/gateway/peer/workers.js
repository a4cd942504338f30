'use strict';
// A server whose first process only hands connections on to one worker, by `node:cluster`; `/busy/<ms>` keeps the worker's event loop from
// turning.
require('./leash');
const cluster = require('node:cluster');
const http = require('node:http');

if (cluster.isPrimary) {
  const worker = cluster.fork();
  process.on('SIGTERM', () => { worker.kill(); process.exit(0); });
} else {
  const [host, port] = process.env.APP_CONFIG_backend_listen.split(':');
  http.createServer((request, response) => {
    const [, what, ms] = request.url.split('/');
    const until = Date.now() + (what === 'busy' ? Number(ms) : 0);
    while (Date.now() < until);
    response.end('{}');
  }).listen(Number(port), host);
}
