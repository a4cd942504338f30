'use strict';
// Routes that tell what Node makes of a request and of its own process, and some that keep it busy. What happens is a line
// `GW <what> <id>` on stdout.
const { coreServices, createBackendPlugin } = require('@backstage/backend-plugin-api');
const express = require('express');
const Router = require('express-promise-router').default;
const http = require('node:http');
const v8 = require('node:v8');
const { told } = require('./trust');

const say = (what, id) => console.log(`GW ${what} ${id}`);

const waiting = new Map();

exports.gw = createBackendPlugin({
  pluginId: 'gw',
  register(env) {
    env.registerInit({
      deps: { httpRouter: coreServices.httpRouter, discovery: coreServices.discovery },
      async init({ httpRouter, discovery }) {
        const router = Router();
        router.get('/whoami', (request, response) => { response.json(told(request)); });
        router.get('/sent', (request, response) => { response.json({ rawHeaders: request.rawHeaders, url: request.originalUrl }); });
        router.get('/discovery', async (_request, response) => {
          response.json({
            internal: await discovery.getBaseUrl('gw'),
            external: await discovery.getExternalBaseUrl('gw'),
          });
        });
        router.get('/process', (_request, response) => {
          response.json({
            pid: process.pid,
            options: process.env.NODE_OPTIONS,
            heap: v8.getHeapStatistics().heap_size_limit,
            maxHeaderSize: http.maxHeaderSize,
          });
        });
        router.all('/ok/:id', (request, response) => {
          say('ok', `${request.method} ${request.params.id}`);
          response.json({ id: request.params.id });
        });
        // Answers, then keeps the event loop busy.
        router.post('/block/:ms', (request, response) => {
          response.on('finish', () => setTimeout(() => {
            say('blocked', request.params.ms);
            const until = Date.now() + Number(request.params.ms);
            while (Date.now() < until);
          }, 20));
          response.json({});
        });
        // Answers when `/go/:id` is asked for, and tells when its client leaves before.
        router.all('/wait/:id', (request, response) => {
          const { id } = request.params;
          waiting.set(id, () => response.json({ id }));
          response.on('close', () => { if (!response.writableFinished) say('left', id); });
          request.resume();
          say('waits', id);
        });
        router.all('/slow/:ms', (request, response) => {
          const { ms } = request.params;
          setTimeout(() => response.json({ ms }), Number(ms));
          say('slow', ms);
        });
        router.post('/go/:id', (request, response) => {
          waiting.get(request.params.id)?.();
          response.json({});
        });
        // What a proxy must not merge, reorder or drop.
        router.get('/headers', (_request, response) => {
          response.append('Set-Cookie', 'a=1; Path=/').append('Set-Cookie', 'b=2; HttpOnly');
          response.append('Link', '<a>; rel=x').append('Link', '<b>; rel=y');
          response.set({ 'X-Latin': 'caf\u00e9', Server: 'of-node', Via: '1.1 other', 'X-Empty': '' });
          response.status(299).send('done');
        });
        router.get('/named-hop', (_request, response) => {
          response.set({ Connection: 'Between', Between: 'for the next hop only', Beyond: 'for the client' });
          response.send('done');
        });
        router.post('/json', express.json({ limit: '20mb' }), (request, response) => {
          response.json({ got: request.body });
        });
        httpRouter.use(router);
        httpRouter.addAuthPolicy({ path: '/', allow: 'unauthenticated' });
      },
    });
  },
});
