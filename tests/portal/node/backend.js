'use strict';
// The entry file that create-app makes, less what a portal of npm's packages alone has no use for. EVENTS adds the event bus,
// by which plugins of several processes hear of each other.
const { createBackend } = require('@backstage/backend-defaults');

const features = [
  '@backstage/plugin-app-backend',
  '@backstage/plugin-auth-backend',
  '@backstage/plugin-auth-backend-module-guest-provider',
  '@backstage/plugin-catalog-backend',
  '@backstage/plugin-catalog-backend-module-logs',
  '@backstage/plugin-catalog-backend-module-scaffolder-entity-model',
  '@backstage/plugin-notifications-backend',
  '@backstage/plugin-permission-backend',
  '@backstage/plugin-permission-backend-module-allow-all-policy',
  '@backstage/plugin-proxy-backend',
  '@backstage/plugin-scaffolder-backend',
  '@backstage/plugin-search-backend',
  '@backstage/plugin-search-backend-module-catalog',
  '@backstage/plugin-search-backend-module-pg',
  '@backstage/plugin-search-backend-module-techdocs',
  '@backstage/plugin-signals-backend',
  '@backstage/plugin-techdocs-backend',
  '@backstage/plugin-user-settings-backend',
];
if (process.env.EVENTS) features.push('@backstage/plugin-events-backend');

const backend = createBackend();
for (const name of features) backend.add(require(name));
backend.start();
