'use strict';
// A plugin that prints, by its logger and past it. What stands between BEGIN and END is the same in each run, but for times.
const { coreServices, createBackendPlugin } = require('@backstage/backend-plugin-api');
const Router = require('express-promise-router').default;

const WARNING = '(node:42) [DEP0005] DeprecationWarning: Buffer() is deprecated\n';

exports.prints = createBackendPlugin({
  pluginId: 'prints',
  register(env) {
    env.registerInit({
      deps: { httpRouter: coreServices.httpRouter, logger: coreServices.logger },
      async init({ httpRouter, logger }) {
        const router = Router();
        router.get('/stdout', (_request, response) => {
          console.log('BEGIN stdout');
          logger.info('Hello', { b: 1, a: { z: 1.5, y: [2, 'x'] }, text: 'h\u00e9llo "\\ \u{1F600}' });
          logger.child({ task: 'refresh' }).warn('100 % of it\non two lines');
          logger.error('It broke', new Error('why'));
          console.log('plain text, { not: "JSON" }');
          console.log('');
          process.stdout.write('{ "level":"info", "message":"of another logger", "x":1.0, "n":12345678901234567890 }\n');
          process.stdout.write('in pieces: ');
          process.stdout.write(Buffer.from([0xff, 0x0d, 0x0a]));
          console.log(`the key is ${process.env.OF_PRINTS}`);
          console.log('END stdout');
          response.json({});
        });
        router.get('/stderr', (_request, response) => {
          const error = new TypeError('it is no function');
          error.stack = 'TypeError: it is no function\n    at run (/app/x.js:1:2)\n    at next (/app/y.js:3:4)';
          console.error('BEGIN stderr');
          console.error(error);
          process.stderr.write(WARNING);
          process.stderr.write(WARNING);
          console.error('END stderr');
          response.json({});
        });
        router.get('/flood', () => {
          for (let line = 1; line <= 2000; line++) console.log(`line ${line} of a flood`);
          process.exit(7);
        });
        httpRouter.use(router);
        httpRouter.addAuthPolicy({ path: '/', allow: 'unauthenticated' });
      },
    });
  },
});
