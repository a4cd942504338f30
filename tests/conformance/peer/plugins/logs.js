'use strict';
// Logs what it is told by a request: {"calls": [{"root", "children", "level", "message", "meta" | "error"}]}.
const { coreServices, createBackendPlugin } = require('@backstage/backend-plugin-api');
const { CustomErrorBase } = require('@backstage/errors');
const express = require('express');
const Router = require('express-promise-router').default;

const made = ({ name, message, cause, ...properties }) => {
  const error = cause ? new CustomErrorBase(message, made(cause)) : new Error(message);
  if (cause) delete error.name;
  if (name !== undefined) error.name = name;
  return Object.assign(error, properties);
};

exports.logs = createBackendPlugin({
  pluginId: 'logs',
  register(env) {
    env.registerInit({
      deps: {
        logger: coreServices.logger,
        rootLogger: coreServices.rootLogger,
        httpRouter: coreServices.httpRouter,
      },
      async init({ logger, rootLogger, httpRouter }) {
        const call = ({ root, children, level, message, meta, error }) => {
          const parent = root ? rootLogger : logger;
          const child = children.reduce((log, fields) => log.child(fields), parent);
          if (error !== undefined) child[level](message, made(error));
          else if (meta !== undefined) child[level](message, meta);
          else child[level](message);
        };
        const router = Router();
        router.post('/calls', express.json({ limit: '10mb' }), (request, response) => {
          for (const each of request.body.calls) {
            call(each);
            rootLogger.info('the call ends');
          }
          response.json({ logged: request.body.calls.length });
        });
        httpRouter.use(router);
        httpRouter.addAuthPolicy({ path: '/', allow: 'unauthenticated' });
      },
    });
  },
});
