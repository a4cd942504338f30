'use strict';
// What a look finds and no config plants: a task that fails, metrics for everybody, signals for everybody as they were up to 0.3.19.
const { coreServices, createBackendModule, createBackendPlugin } = require('@backstage/backend-plugin-api');
const Router = require('express-promise-router').default;
const { WebSocketServer } = require('ws');

exports.failing = createBackendModule({
  pluginId: 'catalog',
  moduleId: 'failing',
  register(env) {
    env.registerInit({
      deps: { scheduler: coreServices.scheduler },
      async init({ scheduler }) {
        await scheduler.scheduleTask({
          id: 'inventory',
          frequency: { hours: 1 },
          timeout: { minutes: 1 },
          fn: async () => { throw new Error('the inventory does not answer'); },
        });
      },
    });
  },
});

exports.metrics = createBackendPlugin({
  pluginId: 'metrics',
  register(env) {
    env.registerInit({
      deps: { rootHttpRouter: coreServices.rootHttpRouter },
      async init({ rootHttpRouter }) {
        const { collectDefaultMetrics, register } = require('prom-client');
        collectDefaultMetrics();
        const router = Router();
        router.get('/', async (_request, response) => {
          response.type(register.contentType).send(await register.metrics());
        });
        rootHttpRouter.use('/metrics', router);
      },
    });
  },
});

exports.signals = createBackendPlugin({
  pluginId: 'signals',
  register(env) {
    env.registerInit({
      deps: { httpRouter: coreServices.httpRouter },
      async init({ httpRouter }) {
        const server = new WebSocketServer({ noServer: true });
        httpRouter.addWebSocketHandler({
          path: '/',
          authPolicy: 'unauthenticated',
          handler: ({ request, socket, head }) => server.handleUpgrade(request, socket, head, () => {}),
        });
      },
    });
  },
});
