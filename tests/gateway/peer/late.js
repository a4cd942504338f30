'use strict';
// A plugin that learns from its first upgrade on whose server it is, as signals-backend does up to 0.3.19: it answers nothing to
// that one, nor later to an upgrade of another path.
const { coreServices, createBackendPlugin } = require('@backstage/backend-plugin-api');
const Router = require('express-promise-router').default;
const { WebSocketServer } = require('ws');

const say = (what, id) => console.log(`GW ${what} ${id}`);

exports.late = createBackendPlugin({
  pluginId: 'late',
  register(env) {
    env.registerInit({
      deps: { httpRouter: coreServices.httpRouter },
      async init({ httpRouter }) {
        const sockets = new WebSocketServer({ noServer: true });
        let server;
        const upgrade = (request, socket, head) => {
          say('upgrade', request.url);
          if (!request.url.startsWith('/api/late')) return;
          sockets.handleUpgrade(request, socket, head, websocket => {
            websocket.on('message', (data, isBinary) => websocket.send(data, { binary: isBinary }));
          });
        };
        const router = Router();
        router.get('/', (request, _response) => {
          if (!server) {
            server = request.socket.server;
            server.on('upgrade', upgrade);
          }
          request.socket.on('close', () => say('closed', request.originalUrl));
          say('upgrade', request.originalUrl);
          return new Promise(() => {});
        });
        httpRouter.use(router);
        httpRouter.addAuthPolicy({ path: '/', allow: 'unauthenticated' });
      },
    });
  },
});
