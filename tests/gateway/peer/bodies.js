'use strict';
// Bodies of every kind: long, slow, in events, in parts, and those that nobody reads.
const { coreServices, createBackendPlugin } = require('@backstage/backend-plugin-api');
const express = require('express');
const Router = require('express-promise-router').default;
const { createHash } = require('node:crypto');
const { once } = require('node:events');
const { join } = require('node:path');

const say = (what, id) => console.log(`GW ${what} ${id}`);

const streams = new Map();
const paused = new Map();

exports.bodies = createBackendPlugin({
  pluginId: 'bodies',
  register(env) {
    env.registerInit({
      deps: { httpRouter: coreServices.httpRouter },
      async init({ httpRouter }) {
        const router = Router();
        router.use('/files', express.static(join(__dirname, 'files')));
        // Events, each when `/events/:id/:text` is asked for, or so many milliseconds after that; without headers before the first, as Backstage's plugins do.
        router.get('/events/:id', (request, response) => {
          const { id } = request.params;
          response.writeHead(200, { 'Content-Type': 'text/event-stream', 'Cache-Control': 'no-cache' });
          streams.set(id, response);
          response.on('close', () => say('left', id));
          say('stream', id);
        });
        router.post('/events/:id/:text', (request, response) => {
          const { id, text } = request.params;
          const stream = streams.get(id);
          if (text === 'end') stream.end();
          else {
            const write = () => {
              stream.write(`data: ${text}\n\n`);
              stream.flush();
            };
            if (request.query.after) setTimeout(write, Number(request.query.after));
            else write();
          }
          response.json({});
        });
        router.get('/download/:bytes', async (request, response) => {
          const block = Buffer.alloc(64 * 1024, 'x');
          response.set({ 'Content-Type': 'application/octet-stream', 'Content-Length': request.params.bytes });
          response.on('close', () => say('sent', request.params.bytes));
          for (let left = Number(request.params.bytes); left > 0 && !response.destroyed; left -= block.length) {
            const sent = response.write(left < block.length ? block.subarray(0, left) : block);
            if (!sent) await Promise.race([once(response, 'drain'), once(response, 'close')]);
          }
          response.end();
        });
        router.all('/upload', async (request, response) => {
          const hash = createHash('sha256');
          let length = 0;
          request.on('close', () => { if (!request.complete) say('cut', length); });
          try {
            for await (const part of request) {
              hash.update(part);
              if (length === 0) say('upload', 'begins');
              length += part.length;
            }
          } catch { return; }
          response.json({ length, sha256: hash.digest('hex'), trailers: request.rawTrailers });
        });
        // Reads nothing before `/read/:id` is asked for.
        router.post('/unread/:id', (request, response) => {
          let length = 0;
          request.pause();
          paused.set(request.params.id, () => {
            request.on('data', part => { length += part.length; });
            request.on('end', () => response.json({ length }));
            request.resume();
          });
          say('holds', request.params.id);
        });
        router.post('/read/:id', (request, response) => {
          paused.get(request.params.id)();
          response.json({});
        });
        // Answers before the body has come, which it never reads.
        router.post('/early', (_request, response) => { response.status(401).json({ error: 'not without a ticket' }); });
        router.get('/trailers', (_request, response) => {
          response.set({ Trailer: 'X-Sum', 'Content-Type': 'text/plain' });
          response.write('a body, ');
          response.write('in parts');
          response.addTrailers({ 'X-Sum': '42' });
          response.end();
        });
        router.get('/broken', (_request, response) => {
          response.set('Content-Type', 'application/octet-stream');
          response.write('it begins');
          setTimeout(() => response.socket.destroy(), 50);
        });
        router.get('/short', (_request, response) => {
          response.set({ 'Content-Type': 'application/octet-stream', 'Content-Length': '100' });
          response.write('it begins');
          setTimeout(() => response.socket.destroy(), 50);
        });
        httpRouter.use(router);
        httpRouter.addAuthPolicy({ path: '/', allow: 'unauthenticated' });
      },
    });
  },
});
