'use strict';
// A plugin that ends the process while it starts, moments after the server has begun to listen.
const { createBackendPlugin } = require('@backstage/backend-plugin-api');

exports.leaves = createBackendPlugin({
  pluginId: 'leaves',
  register(env) {
    // What was printed has left by then: Node writes to pipes without waiting.
    env.registerInit({ deps: {}, async init() { setTimeout(() => process.exit(3), 50); await new Promise(() => {}); } });
  },
});
