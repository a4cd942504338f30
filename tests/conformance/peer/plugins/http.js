'use strict';
const { coreServices, createBackendPlugin } = require('@backstage/backend-plugin-api');
const express = require('express');
const Router = require('express-promise-router').default;

exports.healthcheck = createBackendPlugin({
  pluginId: 'healthcheck',
  register(env) {
    env.registerInit({
      deps: { rootHttpRouter: coreServices.rootHttpRouter },
      async init({ rootHttpRouter }) {
        const router = Router();
        router.get('/', (_request, response) => { response.json({ status: 'ok' }); });
        rootHttpRouter.use('/healthcheck', router);
      },
    });
  },
});

const tasks = open => createBackendPlugin({
  pluginId: 'tasks',
  register(env) {
    env.registerInit({
      deps: { logger: coreServices.logger, httpRouter: coreServices.httpRouter },
      async init({ logger, httpRouter }) {
        const router = Router();
        router.use(express.json());
        router.post('/task/:task/queue', (request, response) => {
          const { task } = request.params;
          logger.child({ task }).info('Queueing task');
          response.status(202).json({ task, queued: true, body: request.body });
        });
        router.get('/task/:task/results', (request, response) => {
          const { task } = request.params;
          logger.child({ task }).info('Fetching results');
          response.json({ task, status: 'done' });
        });
        httpRouter.use(router);
        if (open) httpRouter.addAuthPolicy({ path: '/task', allow: 'unauthenticated' });
      },
    });
  },
});
exports.tasks = tasks(true);
exports.tasksprotected = tasks(false);

// Who calls, on a path that takes cookies and on one that does not.
exports.shown = createBackendPlugin({
  pluginId: 'shown',
  register(env) {
    env.registerInit({
      deps: { httpAuth: coreServices.httpAuth, httpRouter: coreServices.httpRouter },
      async init({ httpAuth, httpRouter }) {
        const router = Router();
        router.get('/shown', async (request, response) => {
          response.json((await httpAuth.credentials(request, { allowLimitedAccess: true })).principal);
        });
        router.get('/else', async (request, response) => {
          response.json((await httpAuth.credentials(request)).principal);
        });
        router.get('/open', (_request, response) => {
          response.type('text/plain').send('open');
        });
        httpRouter.use(router);
        httpRouter.addAuthPolicy({ path: '/open', allow: 'unauthenticated' });
        httpRouter.addAuthPolicy({ path: '/shown', allow: 'user-cookie' });
      },
    });
  },
});
