'use strict';
// The entry file of a backend as create-app makes it, with what npm alone can install.
const { createBackend } = require('@backstage/backend-defaults');

const features = [
  '@backstage/plugin-app-backend',
  '@backstage/plugin-auth-backend',
  '@backstage/plugin-auth-backend-module-guest-provider',
  '@backstage/plugin-catalog-backend',
  '@backstage/plugin-catalog-backend-module-logs',
  '@backstage/plugin-catalog-backend-module-scaffolder-entity-model',
  '@backstage/plugin-events-backend',
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

const backend = createBackend();
for (const name of features) backend.add(require(name));
backend.start();
