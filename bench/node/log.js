'use strict';
// Logs one line again and again through the Node backend's logger: log.js <lines> <secrets>
// The CPU time of the whole process for all of them, in nanoseconds, goes to stderr.
const { WinstonLogger } = require('@backstage/backend-defaults/rootLogger');
const winston = require('winston');
const fs = require('node:fs');

const lines = Number(process.argv[2]);
const secrets = Number(process.argv[3]);
// As the backend makes it when NODE_ENV is production.
const root = WinstonLogger.create({
  meta: { service: 'backstage' },
  level: 'info',
  format: winston.format.json(),
  transports: [new winston.transports.Console()],
});
const hex = index => (index * 2654435761).toString(16).padStart(8, '0');
const two = index => String(index).padStart(2, '0');
root.addRedactions(Array.from({ length: secrets }, (_, i) => `${two(i)}-b3nchm4rk-s3cr3t-${hex(i)}`));
const log = root.child({ plugin: 'catalog' }).child({ task: 'refresh' });
const write = () => log.info('Refreshed', { attempt: 1, entities: 250, provider: 'github' });

// Compiled code is what a server runs after its first seconds.
for (let i = 0; i < lines / 2; i++) write();
const before = process.cpuUsage();
for (let i = 0; i < lines; i++) write();
const { user, system } = process.cpuUsage(before);
fs.writeSync(2, String((user + system) * 1000));
