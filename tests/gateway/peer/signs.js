'use strict';
// The routes that Backstage's auth plugin has for an OAuth provider, `acme`, as its library makes them: the plugin itself needs a
// database. SIGNS names the environments that it is configured for.
const { coreServices, createBackendPlugin } = require('@backstage/backend-plugin-api');
const { ConfigReader } = require('@backstage/config');
const { OAuthEnvironmentHandler, createOAuthAuthenticator, createOAuthRouteHandlers } = require('@backstage/plugin-auth-node');
const Router = require('express-promise-router').default;

const PROVIDER = 'acme';

const authenticator = createOAuthAuthenticator({
  defaultProfileTransform: async () => ({ profile: {} }),
  initialize: ({ callbackUrl }) => ({ callbackUrl }),
  start: async ({ state }) => ({ url: `https://acme.example/authorize?state=${state}` }),
  authenticate: async () => { throw new Error('nobody has signed in there'); },
  refresh: async () => { throw new Error('nobody has signed in there'); },
});

exports.signs = createBackendPlugin({
  pluginId: 'auth',
  register(env) {
    env.registerInit({
      deps: { httpRouter: coreServices.httpRouter, config: coreServices.rootConfig, discovery: coreServices.discovery },
      async init({ httpRouter, config, discovery }) {
        const baseUrl = await discovery.getExternalBaseUrl('auth');
        const appUrl = config.getString('app.baseUrl');
        const names = (process.env.SIGNS ?? 'development').split(',');
        const of = () => createOAuthRouteHandlers({
          authenticator,
          appUrl,
          baseUrl,
          providerId: PROVIDER,
          config: new ConfigReader({}),
          isOriginAllowed: origin => origin === new URL(appUrl).origin,
          resolverContext: {},
        });
        const handlers = new OAuthEnvironmentHandler(new Map(names.map(name => [name, of()])));
        const router = Router();
        // As for whoever sends none.
        router.use((request, _response, next) => { request.cookies = {}; next(); });
        router.get(`/${PROVIDER}/start`, (request, response) => handlers.start(request, response));
        router.get(`/${PROVIDER}/handler/frame`, (request, response) => handlers.frameHandler(request, response));
        router.get(`/${PROVIDER}/refresh`, (request, response) => handlers.refresh(request, response));
        httpRouter.use(router);
        httpRouter.addAuthPolicy({ path: '/', allow: 'unauthenticated' });
      },
    });
  },
});
