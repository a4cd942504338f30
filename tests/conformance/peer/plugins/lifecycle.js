'use strict';
// Plugins that are slow to start or to stop, and hooks of every phase. What they print goes past the logger.
const { coreServices, createBackendPlugin } = require('@backstage/backend-plugin-api');
const Router = require('express-promise-router').default;
const { setTimeout: sleep } = require('node:timers/promises');

const say = text => console.log(`HOOK ${text}`);
const slowly = name => async () => {
  say(`${name} begin`);
  await sleep(Number(process.env.HOOK_MS || 300));
  say(`${name} end`);
};

exports.slow = createBackendPlugin({
  pluginId: 'slow',
  register(env) {
    env.registerInit({
      deps: { logger: coreServices.logger, httpRouter: coreServices.httpRouter },
      async init({ logger, httpRouter }) {
        const router = Router();
        router.get('/hi', (_request, response) => { response.json({ hi: 1 }); });
        httpRouter.use(router);
        httpRouter.addAuthPolicy({ path: '/', allow: 'unauthenticated' });
        await sleep(Number(process.env.SLOW_MS || 5000));
        logger.info('slow done');
      },
    });
  },
});

exports.hooks = createBackendPlugin({
  pluginId: 'hooks',
  register(env) {
    env.registerInit({
      deps: {
        lifecycle: coreServices.lifecycle,
        rootLifecycle: coreServices.rootLifecycle,
        logger: coreServices.logger,
      },
      async init({ lifecycle, rootLifecycle, logger }) {
        lifecycle.addStartupHook(async () => say('plugin startup'));
        rootLifecycle.addStartupHook(async () => say('root startup'));
        rootLifecycle.addStartupHook(async () => { throw new Error('startup hook boom'); });
        rootLifecycle.addBeforeShutdownHook(slowly('root beforeShutdown'));
        lifecycle.addShutdownHook(slowly('plugin shutdown'));
        lifecycle.addShutdownHook(
          async () => { throw new Error('shutdown hook boom'); },
          { logger: logger.child({ hook: 'x' }) },
        );
        rootLifecycle.addShutdownHook(slowly('root shutdown'));
      },
    });
  },
});

exports.hang = createBackendPlugin({
  pluginId: 'hang',
  register(env) {
    env.registerInit({
      deps: { rootLifecycle: coreServices.rootLifecycle },
      async init({ rootLifecycle }) {
        rootLifecycle.addShutdownHook(async () => {
          say('hanging');
          await sleep(6000);
          say('hang end');
        });
      },
    });
  },
});
