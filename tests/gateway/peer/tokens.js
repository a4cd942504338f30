'use strict';
// Issues credentials of every kind, good and bad ones, and tells whom Node takes their bearer for.
const { coreServices, createBackendPlugin } = require('@backstage/backend-plugin-api');
const Router = require('express-promise-router').default;
const jose = require('jose');

const USER = 'user:default/guest';
const [typ, limitedTyp, alg, kid] = ['vnd.backstage.user', 'vnd.backstage.limited-user', 'ES256', 'of-this-run'];

// Stands for the auth backend, which needs a database.
exports.issuer = createBackendPlugin({
  pluginId: 'auth',
  register(env) {
    env.registerInit({
      deps: { httpRouter: coreServices.httpRouter, discovery: coreServices.discovery },
      async init({ httpRouter, discovery }) {
        const { publicKey, privateKey } = await jose.generateKeyPair(alg, { extractable: true });
        const stranger = await jose.generateKeyPair(alg);
        const jwk = { ...(await jose.exportJWK(publicKey)), kid, alg, use: 'sig' };
        const iss = await discovery.getExternalBaseUrl('auth');
        const issue = async ({ by = privateKey, header = {}, aud = 'backstage', lives = 3600, age = 0 } = {}) => {
          const iat = Math.floor(Date.now() / 1000) - age;
          const exp = iat + lives;
          const limited = await new jose.SignJWT({ sub: USER, iat, exp })
            .setProtectedHeader({ typ: limitedTyp, alg, kid }).sign(by);
          const claims = { iss, sub: USER, ent: [USER], aud, iat, exp, uip: limited.split('.')[2] };
          return new jose.SignJWT(claims).setProtectedHeader({ typ, alg, kid, ...header }).sign(by);
        };
        const router = Router();
        router.get('/.well-known/jwks.json', (_request, response) => {
          if (process.env.KEYS === 'never') console.log('GW keys wanted');
          else response.json({ keys: [jwk] });
        });
        router.get('/issue', async (_request, response) => {
          response.json({
            user: await issue(),
            expired: await issue({ age: 7200 }),
            tampered: (await issue()).replace(/\.[^.]+\./, `.${jose.base64url.encode(JSON.stringify({
              ...jose.decodeJwt(await issue()), sub: 'user:default/somebody-else',
            }))}.`),
            forged: await issue({ by: stranger.privateKey }),
            unknownKey: await issue({ by: stranger.privateKey, header: { kid: 'of-nobody' } }),
            wrongType: await issue({ header: { typ: 'vnd.backstage.other' }, aud: 'elsewhere' }),
          });
        });
        httpRouter.use(router);
        httpRouter.addAuthPolicy({ path: '/', allow: 'unauthenticated' });
      },
    });
  },
});

exports.guarded = createBackendPlugin({
  pluginId: 'guarded',
  register(env) {
    env.registerInit({
      deps: { httpRouter: coreServices.httpRouter, httpAuth: coreServices.httpAuth, auth: coreServices.auth },
      async init({ httpRouter, httpAuth, auth }) {
        const router = Router();
        const who = async (request, response) => {
          const { principal } = await httpAuth.credentials(request, { allowLimitedAccess: true });
          response.json(principal);
        };
        router.get('/who', who);
        router.get('/cookie/who', who);
        // For whoever has a user's token: the cookie that Node makes of it, and tokens of a plugin.
        router.get('/cookie', async (_request, response) => {
          await httpAuth.issueUserCookie(response);
          response.json({});
        });
        router.get('/tokens', async (request, response) => {
          const own = await auth.getOwnServiceCredentials();
          const user = await httpAuth.credentials(request, { allow: ['user'] });
          const token = async onBehalfOf =>
            (await auth.getPluginRequestToken({ onBehalfOf, targetPluginId: 'guarded' })).token;
          response.json({ plugin: await token(own), onBehalfOf: await token(user) });
        });
        httpRouter.use(router);
        httpRouter.addAuthPolicy({ path: '/cookie/who', allow: 'user-cookie' });
      },
    });
  },
});
