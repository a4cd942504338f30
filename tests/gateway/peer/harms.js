'use strict';
// A backend that knows nothing of Backstage: it listens where it is told to, does what it is asked, and prints as much as nobody can
// take.
require('./leash');
const http = require('node:http');
const { once } = require('node:events');

const after = milliseconds => new Promise(resolve => { setTimeout(resolve, milliseconds); });
// Once it has left this process: what Node still has when it exits is lost.
const printed = text => new Promise(resolve => { process.stdout.write(text, resolve); });
const held = [];
let keys = 0;

// So many lines as fast as it can, though none faster than the pipe takes them: it is answered once all have left this process.
async function flood(count) {
  for (let line = 1; line <= count; line += 1) {
    const text = `line ${line} of a flood that is about as long as the line of a log is, more or less, give or take\n`;
    if (!process.stdout.write(text)) await once(process.stdout, 'drain');
  }
  await printed('');
}

const does = {
  async flood(count) { await flood(Number(count)); return 'flooded'; },
  exit(code) { setImmediate(async () => { await printed('the last words\n'); process.exit(Number(code)); }); return 'exits'; },
  memory() { return String(process.memoryUsage().rss); },
  keys() { return String(keys); },
  hold() { return new Promise(resolve => { held.push(resolve); }); },
  held() { return String(held.length); },
  release() { held.splice(0).forEach(go => go('released')); return 'ok'; },
  async odd() {
    const { stdout } = process;
    const secret = process.env.SECRET;
    stdout.write(Buffer.from([0x61, 0xff, 0xfe, 0x00, 0x0d, 0x62, 0x0a]));
    stdout.write(`${'x'.repeat(3 << 20)}\nafter the long one\n`);
    stdout.write(`a secret in pieces: ${secret.slice(0, 7)}`);
    await after(300);
    stdout.write(`${secret.slice(7)} of a line\n`);
    stdout.write(`${'y'.repeat((64 << 10) - 10)}${secret} across what is read at once\n`);
    stdout.write(`{"level":"info","message":"half a record`);
    await after(300);
    stdout.write(` and its rest","service":"backstage"}\n`);
    stdout.write('half a line');
    return 'printed';
  },
};

const server = http.createServer(async (request, response) => {
  const [, what, argument] = request.url.split('/');
  if (request.url.endsWith('/.well-known/jwks.json')) {
    keys += 1;
    response.setHeader('content-type', 'application/json');
    return response.end('{"keys":[]}');
  }
  if (what === 'stream') {
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    return response.write('data: begun\n\n');
  }
  return response.end(does[what] ? await does[what](argument) : `ok ${process.env.MARK ?? ''}${process.pid}`);
});

const told = (process.env.APP_CONFIG_backend_listen ?? '').replaceAll('"', '').split(':');
const port = Number(process.env.OWN_PORT ?? told.at(-1));
setTimeout(() => server.listen(port, '127.0.0.1', () => console.log('listens')), Number(process.env.LISTENS_AFTER ?? 0));
