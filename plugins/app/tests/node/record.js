'use strict';
// Records what @backstage/plugin-app-backend answers to requests.json, in a directory with these packages:
//   npm install --ignore-scripts @backstage/backend-defaults@0.19.0 @backstage/plugin-app-backend@0.5.20
//   NODE_PATH=node_modules node <here>/record.js
const { execFileSync } = require('node:child_process');
const { mkdirSync, rmSync, symlinkSync, utimesSync, writeFileSync } = require('node:fs');
const http = require('node:http');
const { dirname, join } = require('node:path');
const zlib = require('node:zlib');
const given = require('./requests.json');

const PORT = 17043;
const app = join(process.cwd(), 'node_modules/app');
const dist = join(app, 'dist');
rmSync(app, { recursive: true, force: true });
const write = (name, text) => {
  const file = join(dist, name);
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, text);
  utimesSync(file, given.modified, given.modified);
};
Object.entries(given.files).forEach(([name, text]) => write(name, text));
Object.entries(given.repeated).forEach(([name, [text, times]]) => write(name, text.repeat(times)));
Object.entries(given.links).forEach(([name, target]) => symlinkSync(target, join(dist, name)));
writeFileSync(join(app, 'package.json'), '{"name": "app"}');
const pem = ['genpkey', '-algorithm', 'EC', '-pkeyopt', 'ec_paramgen_curve:P-256', '-out', 'private.pem'];
execFileSync('openssl', pem, { stdio: 'ignore' });
execFileSync('openssl', ['pkey', '-in', 'private.pem', '-pubout', '-out', 'public.pem']);
const key = { keyId: 'x', algorithm: 'ES256', publicKeyFile: 'public.pem', privateKeyFile: 'private.pem' };
const config = structuredClone(given.config);
// It opens no database then.
Object.assign(config.app, { disableStaticFallbackCache: true });
Object.assign(config.backend, {
  listen: `127.0.0.1:${PORT}`,
  database: { client: 'better-sqlite3', connection: ':memory:' },
  auth: { pluginKeyStore: { type: 'static', static: { keys: [key] } } },
});
writeFileSync('recorded.yaml', JSON.stringify(config));
process.argv.push('--config', 'recorded.yaml');
process.env.NODE_ENV = 'production';

const decoders = { br: zlib.brotliDecompressSync, gzip: zlib.gunzipSync, deflate: zlib.inflateSync };
const varying = ['date', 'connection', 'keep-alive', 'transfer-encoding'];
const ask = (method, path, headers) =>
  new Promise((resolve, reject) => {
    const request = http.request({ port: PORT, host: '127.0.0.1', method, path, headers, agent: false }, response => {
      const pieces = [];
      response.on('data', piece => pieces.push(piece));
      response.on('end', () => {
        const body = Buffer.concat(pieces);
        const decode = decoders[response.headers['content-encoding']];
        const kept = Object.fromEntries(Object.entries(response.headers).filter(([name]) => !varying.includes(name)));
        const text = (decode && body.length ? decode(body) : body).toString();
        resolve({ method, path, asked: headers, status: response.statusCode, headers: kept, body: text });
      });
    });
    request.on('error', reject);
    request.end();
  });

const { createBackend } = require('@backstage/backend-defaults');
const backend = createBackend();
backend.add(require('@backstage/plugin-app-backend'));
backend.start().then(async () => {
  const answers = [];
  for (const path of given.paths) for (const method of given.methods) answers.push(await ask(method, path, {}));
  for (const path of given.conditionPaths) for (const asked of given.conditions) answers.push(await ask('GET', path, asked));
  // What most answers have is told once: an answer tells what it has otherwise, null for what it lacks.
  const common = answers[0].headers;
  const bodies = [...new Set(answers.map(answer => answer.body))];
  const told = answers.map(({ headers, body, ...answer }) => {
    const names = [...new Set([...Object.keys(common), ...Object.keys(headers)])];
    const own = names.filter(name => headers[name] !== common[name]).map(name => [name, headers[name] ?? null]);
    return { ...answer, headers: Object.fromEntries(own), body: bodies.indexOf(body) };
  });
  const lines = list => list.map(one => JSON.stringify(one)).join(',\n');
  const text = `{"common": ${JSON.stringify(common)},\n"bodies": [\n${lines(bodies)}\n],\n"answers": [\n${lines(told)}\n]}\n`;
  writeFileSync(join(__dirname, 'recorded.json'), text);
  process.exit(0);
});
