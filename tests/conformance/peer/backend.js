'use strict';
// A backend of the plugins named in FEATURES; a name that nobody knows is added as a feature of the wrong kind.
const { createBackend } = require('@backstage/backend-defaults');
const plugins = {
  ...require('./plugins/http'),
  ...require('./plugins/errs'),
  ...require('./plugins/lifecycle'),
  ...require('./plugins/faults'),
  ...require('./plugins/logs'),
  ...require('./plugins/ws'),
  // The version before is held without it.
  get app() { return require('@backstage/plugin-app-backend'); },
};

const features = (process.env.FEATURES ?? 'healthcheck,tasks').split(',').filter(Boolean);
const backend = createBackend();
for (const name of features) {
  backend.add(plugins[name] ?? { default: { $$type: name } });
}
// Not awaited, as in the entry file that Backstage's template makes.
backend.start();
