'use strict';
// A plugin that cannot be started.
const { createBackendPlugin } = require('@backstage/backend-plugin-api');

exports.unstartable = createBackendPlugin({
  pluginId: 'unstartable',
  register(env) {
    env.registerInit({ deps: {}, async init() { throw new Error('no key of ours'); } });
  },
});
