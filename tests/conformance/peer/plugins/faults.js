'use strict';
// Plugins, modules and services that fail to start, or get in each other's way.
const {
  coreServices, createBackendModule, createBackendPlugin, createExtensionPoint, createServiceFactory, createServiceRef,
} = require('@backstage/backend-plugin-api');

const plugin = (pluginId, deps, init) => createBackendPlugin({
  pluginId,
  register(env) { env.registerInit({ deps, init }); },
});
const rootService = id => createServiceRef({ id, scope: 'root' });

exports.thrower = plugin('thrower', {}, async () => { throw new Error('init boom'); });
exports.throwmodule = createBackendModule({
  pluginId: 'tasks',
  moduleId: 'badmod',
  register(env) { env.registerInit({ deps: {}, async init() { throw new Error('module boom'); } }); },
});
exports.orphanmod = createBackendModule({
  pluginId: 'nosuchplugin',
  moduleId: 'm',
  register(env) {
    env.registerInit({
      deps: { logger: coreServices.logger },
      async init({ logger }) { logger.info('orphan module init'); },
    });
  },
});
exports.pathconflict = plugin('pathconflict', { root: coreServices.rootHttpRouter }, async ({ root }) => {
  root.use('/healthcheck/sub', (_request, response) => response.end());
});
exports.registerthrows = createBackendPlugin({
  pluginId: 'regthrow',
  register() { throw new Error('register boom'); },
});

const missing = createServiceRef({ id: 'my.missing', scope: 'plugin' });
exports.missingdep = plugin('missingdep', { missing }, async () => {});

const [a, b] = [rootService('circ.a'), rootService('circ.b')];
exports.circa = createServiceFactory({ service: a, deps: { b }, factory: async () => 1 });
exports.circb = createServiceFactory({ service: b, deps: { a }, factory: async () => 1 });

const twice = rootService('dup.svc');
exports.dupsvc1 = createServiceFactory({ service: twice, deps: {}, factory: async () => 1 });
exports.dupsvc2 = createServiceFactory({ service: twice, deps: {}, factory: async () => 2 });

exports.badfactory = createServiceFactory({
  service: rootService('bad.root'),
  initialization: 'always',
  deps: {},
  factory: async () => { throw new Error('factory boom'); },
});

// Two modules, each of which offers the extension point that the other one asks for.
const [one, two] = [createExtensionPoint({ id: 'ep.a' }), createExtensionPoint({ id: 'ep.b' })];
const circle = (moduleId, offers, asks) => createBackendModule({
  pluginId: 'tasks',
  moduleId,
  register(env) {
    env.registerExtensionPoint(offers, {});
    env.registerInit({ deps: { asks }, async init() {} });
  },
});
exports.circmod1 = circle('cm1', one, two);
exports.circmod2 = circle('cm2', two, one);
