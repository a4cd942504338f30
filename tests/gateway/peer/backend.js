'use strict';
// A backend of the plugins named in FEATURES: those of the conformance suite, and some that tell what reaches Node.
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
  ...require('./tokens'),
};

const backend = createBackend();
for (const name of process.env.FEATURES.split(',').filter(Boolean)) backend.add(plugins[name]);
backend.start();
if (process.env.TRUST) require('./trust').listen(JSON.parse(process.env.TRUST));
