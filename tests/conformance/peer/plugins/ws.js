'use strict';
// WebSocket routes: each says in one frame what its handler was given.
const { coreServices, createBackendPlugin } = require('@backstage/backend-plugin-api');
const Router = require('express-promise-router').default;
const { createHash } = require('node:crypto');
const { setTimeout: sleep } = require('node:timers/promises');

const GUID = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11';

const frame = (opcode, payload) => {
  const { length } = payload;
  const size = length < 126 ? [length] : [126, length >> 8, length & 0xff];
  return Buffer.concat([Buffer.from([0x80 | opcode, ...size]), payload]);
};

const stay = ({ request, socket, head, credentials, authProtocol }, more) => {
  const accept = createHash('sha1').update(request.headers['sec-websocket-key'] + GUID).digest('base64');
  const lines = [
    'HTTP/1.1 101 Switching Protocols',
    'Upgrade: websocket',
    'Connection: Upgrade',
    `Sec-WebSocket-Accept: ${accept}`,
  ];
  if (authProtocol) lines.push(`Sec-WebSocket-Protocol: ${authProtocol}`);
  socket.write(`${lines.join('\r\n')}\r\n\r\n`);
  const { url, method } = request;
  const told = { url, method, head: head.length, principal: credentials?.principal, authProtocol, ...more };
  socket.write(frame(1, Buffer.from(JSON.stringify(told))));
};

const tell = (context, more) => {
  stay(context, more);
  context.socket.end(frame(8, Buffer.from([0x03, 0xe8])));
};

exports.ws = createBackendPlugin({
  pluginId: 'ws',
  register(env) {
    env.registerInit({
      deps: {
        httpRouter: coreServices.httpRouter,
        rootHttpRouter: coreServices.rootHttpRouter,
        logger: coreServices.logger,
      },
      async init({ httpRouter, rootHttpRouter, logger }) {
        const add = (path, authPolicy, handler = context => tell(context)) =>
          httpRouter.addWebSocketHandler({ path, authPolicy, handler });
        add('/events');
        add('/');
        add('/slash/');
        add('/open', 'unauthenticated');
        add('/stay', 'unauthenticated', context => stay(context));
        add('/throws', 'unauthenticated', () => { throw new Error('handler boom'); });
        rootHttpRouter.addWebSocketHandler({ path: '/rootws', handler: context => tell(context, { root: true }) });
        if (process.env.WS_BAD) add(process.env.WS_BAD);
        const router = Router();
        router.get('/both', (_request, response) => { response.send('an ordinary route'); });
        httpRouter.use(router);
        httpRouter.addAuthPolicy({ path: '/both', allow: 'unauthenticated' });
        await sleep(Number(process.env.WS_MS || 0));
        logger.info('ws ready');
      },
    });
  },
});
