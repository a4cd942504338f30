'use strict';
// No Backstage, but a server that listens where one would, and keeps its event loop from turning as the path of a request says:
// `/api/<plugin>/<what>/<argument>`.
require('./leash');
const http = require('node:http');
const { execFileSync } = require('node:child_process');

const ways = {
  busy: ms => { const until = Date.now() + Number(ms); while (Date.now() < until); },
  blocked: seconds => execFileSync('sleep', [seconds]),
  refused: (status, response) => { response.statusCode = Number(status); },
  prints: (count, _response, plugin) => {
    for (let line = 0; line < Number(count); line++) console.log(JSON.stringify({ level: 'warn', message: 'again', plugin }));
  },
};

const [host, port] = process.env.APP_CONFIG_backend_listen.split(':');
http.createServer((request, response) => {
  const [, , plugin, what, argument] = request.url.split('/');
  if (what === 'waits') return;
  ways[what]?.(argument, response, plugin);
  response.end('{}');
}).listen(Number(port), host);
