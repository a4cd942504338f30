'use strict';
// Makes the pair of keys that plugins sign their tokens with: keys.js <directory>
const { generateKeyPairSync } = require('node:crypto');
const { writeFileSync } = require('node:fs');
const { join } = require('node:path');

const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const directory = process.argv[2];
writeFileSync(join(directory, 'public.pem'), publicKey.export({ type: 'spki', format: 'pem' }));
writeFileSync(join(directory, 'private.pem'), privateKey.export({ type: 'pkcs8', format: 'pem' }), { mode: 0o600 });
