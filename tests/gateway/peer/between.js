'use strict';
// Starts outside.js as a package manager does, in a process of its own, and waits for it.
require('./leash');
const { spawn } = require('node:child_process');

const node = spawn(process.execPath, [require.resolve('./outside.js'), ...process.argv.slice(2)], { stdio: 'inherit' });
node.on('exit', code => process.exit(code ?? 1));
