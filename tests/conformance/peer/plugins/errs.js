'use strict';
// A route for every way to fail, and some for bodies and addresses.
const { coreServices, createBackendPlugin } = require('@backstage/backend-plugin-api');
const errors = require('@backstage/errors');
const express = require('express');
const Router = require('express-promise-router').default;
const { setTimeout: sleep } = require('node:timers/promises');

class DatabaseError extends Error {}

const upstream = () => new Response(
  JSON.stringify({
    error: { name: 'NotFoundError', message: 'remote nf' },
    request: { method: 'GET', url: '/x' },
    response: { statusCode: 404 },
  }),
  { status: 404, statusText: 'Not Found', headers: { 'content-type': 'application/json' } },
);

const failures = {
  sync: () => { throw new Error('plain sync'); },
  async: async () => { await sleep(1); throw new Error('plain async'); },
  input: () => { throw new errors.InputError('bad input'); },
  authn: () => { throw new errors.AuthenticationError('who are you'); },
  notallowed: () => { throw new errors.NotAllowedError('nope'); },
  notfound: () => { throw new errors.NotFoundError('nothing here'); },
  conflict: () => { throw new errors.ConflictError('conflicting'); },
  notmodified: () => { throw new errors.NotModifiedError('same'); },
  unavailable: () => { throw new errors.ServiceUnavailableError('later'); },
  notimpl: () => { throw new errors.NotImplementedError('todo'); },
  cause: () => { throw new errors.InputError('outer', new Error('inner')); },
  forwarded: () => { throw new errors.ForwardedError('fwd', new errors.NotFoundError('inner nf')); },
  customname: () => {
    throw Object.assign(new Error('custom'), { name: 'MyError', code: 'E_CUSTOM', extra: { a: 1 } });
  },
  statuscode: () => { throw Object.assign(new Error('teapot'), { statusCode: 418 }); },
  statusstr: () => { throw Object.assign(new Error('strstatus'), { status: '418' }); },
  str: () => { throw 'just a string'; },
  nul: () => { throw null; },
  obj: () => { throw { foo: 'bar' }; },
  nextstr: (_request, _response, next) => { next('a string via next'); },
  database: () => { throw new DatabaseError('select * from secret'); },
  aggregate: () => { throw new AggregateError([new Error('a'), new Error('b')], 'many'); },
  response: async () => { throw await errors.ResponseError.fromResponse(upstream()); },
  consumed: (_request, response) => { response.write('partial'); throw new Error('after headers'); },
  hang: async () => { await sleep(60_000); },
};

exports.errs = createBackendPlugin({
  pluginId: 'errs',
  register(env) {
    env.registerInit({
      deps: { httpRouter: coreServices.httpRouter },
      async init({ httpRouter }) {
        const router = Router();
        for (const [kind, fail] of Object.entries(failures)) router.all(`/${kind}`, fail);
        router.get('/big/:n', (request, response) => {
          response.set('content-type', request.query.ct || 'text/plain').send('x'.repeat(Number(request.params.n)));
        });
        router.get('/sleep/:ms', async (request, response) => {
          const ms = Number(request.params.ms);
          await sleep(ms);
          response.json({ slept: ms });
        });
        router.get('/ip', (request, response) => {
          const { ip, ips, protocol, hostname, secure, originalUrl, url, baseUrl } = request;
          response.json({ ip, ips, protocol, hostname, secure, originalUrl, url, baseUrl });
        });
        router.get('/param/:p', (request, response) => { response.json({ p: request.params.p }); });
        router.post('/json', express.json(), (request, response) => { response.json({ got: request.body }); });
        router.post('/json10', express.json({ limit: '10b' }), (request, response) => {
          response.json({ got: request.body });
        });
        router.get('/unhandled', (_request, response) => {
          Promise.reject(new Error('floating rejection'));
          response.json({ ok: 1 });
        });
        router.get('/uncaught', (_request, response) => {
          setTimeout(() => { throw new Error('uncaught in timer'); }, 5);
          response.json({ ok: 1 });
        });
        httpRouter.use(router);
        httpRouter.addAuthPolicy({ path: '/', allow: 'unauthenticated' });
      },
    });
  },
});
