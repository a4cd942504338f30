'use strict';
// A backend of the plugins named in FEATURES: those of the conformance suite, some that tell what reaches Node, and any that is a
// package. With PROVIDER, the port, there is an identity provider, too.
require('./leash');
require('./record');
const { createBackend } = require('@backstage/backend-defaults');
const plugins = {
  ...require('../../conformance/peer/plugins/http'),
  ...require('../../conformance/peer/plugins/errs'),
  ...require('../../conformance/peer/plugins/lifecycle'),
  ...require('../../conformance/peer/plugins/ws'),
  ...require('./routes'),
  ...require('./bodies'),
  ...require('./endure'),
  ...require('./tokens'),
  ...require('./unstartable'),
  ...require('./late'),
  ...require('./leaks'),
  ...require('./leaves'),
  ...require('./prints'),
  ...(process.env.LOOK ? require('./look') : {}),
  ...require('./signs'),
};

if (process.env.PROVIDER) require('./provider').listen(Number(process.env.PROVIDER));
const backend = createBackend();
for (const name of process.env.FEATURES.split(',').filter(Boolean)) backend.add(plugins[name] ?? require(name));
backend.start();
if (process.env.TRUST) require('./trust').listen(JSON.parse(process.env.TRUST));
