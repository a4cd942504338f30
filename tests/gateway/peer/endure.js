'use strict';
// Routes for runs of an hour. Each answer carries the nonce of its request, in a header and in every line of its body, so that one
// that went to another client is noticed. Some break off on purpose.
const { coreServices, createBackendPlugin } = require('@backstage/backend-plugin-api');
const Router = require('express-promise-router').default;
const { once } = require('node:events');
const { pipeline } = require('node:stream');

// A body of a request or an answer: its nonce, again and again.
const LINES = 1024;
const block = nonce => Buffer.from(`${nonce}\n`.repeat(LINES));

const send = async (response, nonce, bytes) => {
  const lines = block(nonce);
  for (let left = bytes; left > 0 && !response.destroyed; left -= lines.length) {
    const sent = response.write(left < lines.length ? lines.subarray(0, left) : lines);
    if (!sent) await Promise.race([once(response, 'drain'), once(response, 'close')]);
  }
};

// Whether these bytes are what stands from there on.
const follows = (lines, from, part) => {
  for (let at = 0; at < part.length;) {
    const begin = (from + at) % lines.length;
    const length = Math.min(part.length - at, lines.length - begin);
    if (part.compare(lines, begin, begin + length, at, at + length) !== 0) return false;
    at += length;
  }
  return true;
};

exports.endure = createBackendPlugin({
  pluginId: 'endure',
  register(env) {
    env.registerInit({
      deps: { httpRouter: coreServices.httpRouter },
      async init({ httpRouter }) {
        const router = Router();
        const stored = new Set();
        router.param('nonce', (_request, response, next, nonce) => {
          response.set('X-Nonce', nonce);
          next();
        });
        router.get('/echo/:nonce', (request, response) => { response.json({ nonce: request.params.nonce }); });
        router.get('/wait/:nonce/:ms', (request, response) => {
          setTimeout(() => response.json({ nonce: request.params.nonce }), Number(request.params.ms));
        });
        router.get('/lines/:nonce/:bytes', async (request, response) => {
          const { nonce, bytes } = request.params;
          response.set('Content-Type', 'application/octet-stream');
          if (!request.query.chunked) response.set('Content-Length', bytes);
          await send(response, nonce, Number(bytes));
          response.end();
        });
        router.post('/store/:nonce', async (request, response) => {
          const { nonce } = request.params;
          const lines = block(nonce);
          const twice = stored.has(nonce);
          stored.add(nonce);
          let length = 0;
          let intact = true;
          try {
            for await (const part of request) {
              intact &&= follows(lines, length, part);
              length += part.length;
            }
          } catch { return; }
          response.json({ nonce, length, intact, twice });
        });
        // What comes goes back at once.
        router.post('/mirror/:nonce', (request, response) => {
          response.set('Content-Type', 'application/octet-stream');
          pipeline(request, response, () => {});
        });
        router.get('/events/:nonce/:count/:ms', (request, response) => {
          const { nonce, count, ms } = request.params;
          response.writeHead(200, { 'Content-Type': 'text/event-stream', 'Cache-Control': 'no-cache' });
          let at = 0;
          const timer = setInterval(() => {
            response.write(`data: ${nonce} ${at}\n\n`);
            response.flush();
            at += 1;
            if (at === Number(count)) response.end();
          }, Number(ms));
          response.on('close', () => clearInterval(timer));
        });
        router.get('/large-head/:nonce/:bytes', (request, response) => {
          const { nonce, bytes } = request.params;
          for (let left = Number(bytes), at = 0; left > 0; left -= 8192, at += 1) {
            response.set(`X-Large-${at}`, 'x'.repeat(Math.min(left, 8192)));
          }
          response.json({ nonce });
        });
        // From here on Node breaks off.
        router.get('/reset/:nonce/:bytes', async (request, response) => {
          const { nonce, bytes } = request.params;
          response.set('Content-Type', 'application/octet-stream');
          if (!request.query.chunked) response.set('Content-Length', 2 * Number(bytes));
          await send(response, nonce, Number(bytes));
          response.flush();
          setTimeout(() => request.socket.resetAndDestroy(), 20);
        });
        router.get('/silent/:nonce', request => { request.socket.destroy(); });
        router.get('/rubbish/:nonce', request => { request.socket.end('this is no answer\r\n\r\n'); });
        // Answers, then keeps the event loop busy.
        router.post('/block/:ms', (request, response) => {
          response.on('finish', () => setTimeout(() => {
            const until = Date.now() + Number(request.params.ms);
            while (Date.now() < until);
          }, 20));
          response.json({});
        });
        httpRouter.use(router);
        httpRouter.addAuthPolicy({ path: '/', allow: 'unauthenticated' });
      },
    });
  },
});
