'use strict';
// No Backstage, but a server that starts as LIFE says, one word for each start of it, the last one for all that follow: `fails` as
// Backstage does of which one plugin cannot start, and stays; `crashes`; or is `ready`, `slowly` after a while. Asked to end, it does
// after ENDS_AFTER milliseconds.
require('./leash');
const fs = require('node:fs');
const http = require('node:http');

const lives = (process.env.LIFE ?? 'ready').split(',');
let start = 0;
if (process.env.COUNT) {
  fs.appendFileSync(process.env.COUNT, '.');
  start = fs.statSync(process.env.COUNT).size - 1;
}
const life = lives[Math.min(start, lives.length - 1)];
const say = (level, message, service = 'backstage') => console.log(JSON.stringify({ level, message, service }));

let isReady = life === 'ready';
let isAsked = false;
process.on('SIGTERM', () => {
  say('info', isAsked ? 'asked again' : 'asked to end');
  if (isAsked) process.exit(9);
  isAsked = true;
  setTimeout(() => process.exit(0), Number(process.env.ENDS_AFTER ?? 0));
});

const [host, port] = process.env.APP_CONFIG_backend_listen.split(':');
const server = http.createServer((request, response) => {
  if (request.url.endsWith('/stop')) process.kill(process.pid, 'SIGSTOP');
  const isProbe = request.url.startsWith('/.backstage/health/v1/readiness');
  response.statusCode = isProbe && !isReady ? 503 : 200;
  response.end(isProbe && !isReady ? '{"message":"Backend has not started yet","status":"error"}' : '{}');
});
if (life !== 'crashes') server.listen(Number(port), host, () => {
  say('info', `Listening on ${host}:${port}`, 'rootHttpRouter');
  say('info', "Plugin initialization started: 'catalog', 'search'");
  if (life === 'fails') {
    const told = 'waiting for 1 other plugins to finish before shutting down the process. no database';
    say('error', `Plugin 'catalog' threw an error during startup, ${told}`);
  }
  if (life === 'slowly') setTimeout(() => { isReady = true; }, 3000);
}); else setTimeout(() => process.exit(3), 100);
