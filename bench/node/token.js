'use strict';
// Prints a token by which a plugin of the Node backend calls itself: token.js <private key> <plugin>
const { createPrivateKey, sign } = require('node:crypto');
const { readFileSync } = require('node:fs');

const [file, plugin] = process.argv.slice(2);
const encoded = value => Buffer.from(JSON.stringify(value)).toString('base64url');
const iat = Math.floor(Date.now() / 1000);
const content = [
  encoded({ typ: 'vnd.backstage.plugin', alg: 'ES256', kid: 'bench' }),
  encoded({ sub: plugin, aud: plugin, iat, exp: iat + 3600 }),
].join('.');
const key = { key: createPrivateKey(readFileSync(file)), dsaEncoding: 'ieee-p1363' };
console.log(`${content}.${sign('sha256', Buffer.from(content), key).toString('base64url')}`);
