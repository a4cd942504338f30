'use strict';
// A plugin that leaks, in the way that its path says, until the process dies of it. Who asks is answered first.
const { coreServices, createBackendPlugin } = require('@backstage/backend-plugin-api');
const Router = require('express-promise-router').default;
const { spawn } = require('node:child_process');
const { openSync } = require('node:fs');

const DAY = 24 * 3600 * 1000;
const kept = [];
const every = (milliseconds, leak) => setInterval(leak, milliseconds);

const ways = {
  // Objects that somebody still knows.
  objects: () => every(2, () => {
    for (let count = 0; count < 20; count += 1) kept.push(Array.from({ length: 2000 }, (_, at) => ({ at })));
  }),
  // Timers that nobody clears.
  timers: () => every(2, () => {
    for (let count = 0; count < 2000; count += 1) setTimeout(text => kept.push(text), DAY, `${count} of a timer`);
  }),
  // Promises that wait for one that is never settled, made by jobs that leave the event loop no turn.
  promises: () => {
    const never = new Promise(() => {});
    const job = () => {
      for (let count = 0; count < 1000; count += 1) kept.push(never.then(() => count));
      Promise.resolve().then(job);
    };
    job();
  },
  // Memory beside V8's heap.
  buffers: () => every(5, () => kept.push(Buffer.alloc(4 << 20, 1))),
  // Files that stay open. Who cannot go on without another one ends the process.
  descriptors: () => every(1, () => {
    try {
      kept.push(openSync(__filename));
    } catch (error) {
      process.stderr.write(`${error.stack}\n`, () => process.exit(1));
    }
  }),
  // Programs that never end, with the streams of their parent.
  children: () => every(50, () => {
    const holds = `const held = Buffer.alloc(16 << 20, 1); require(${JSON.stringify(require.resolve('./leash'))}); setInterval(() => held, 1000);`;
    kept.push(spawn(process.execPath, ['-e', holds], { stdio: ['ignore', 'inherit', 'inherit'] }));
  }),
};

exports.leaks = createBackendPlugin({
  pluginId: 'leaks',
  register(env) {
    env.registerInit({
      deps: { httpRouter: coreServices.httpRouter },
      async init({ httpRouter }) {
        const router = Router();
        router.post('/:way', (request, response) => {
          response.on('finish', () => setTimeout(ways[request.params.way], 20));
          response.json({});
        });
        httpRouter.use(router);
        httpRouter.addAuthPolicy({ path: '/', allow: 'unauthenticated' });
      },
    });
  },
});
