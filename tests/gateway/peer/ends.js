'use strict';
// No Backstage, but a server that listens where one would, and ends as the path of a request says; or, as ENDS says, at once.
require('./leash');
const http = require('node:http');

const ways = {
  exit: () => process.exit(7),
  abort: () => process.abort(),
  // As long as it takes until V8 gives up.
  heap: () => { const kept = []; for (;;) kept.push(new Array(1000).fill(1.5)); },
  // Until the kernel gives up: what is no heap of V8's.
  memory: () => {
    const kept = [];
    setInterval(() => kept.push(Buffer.alloc(4 << 20, 1)), 5);
  },
  nothing: () => {},
  // What Backstage prints of a start that its plugins fail for one reason, sooner than anybody looks.
  start: () => {
    const says = (level, message) => console.log(JSON.stringify({ level, message, service: 'backstage' }));
    console.log('Loading config from MergedConfigSource{FileConfigSource{path=\"app-config.yaml\"}}');
    const plugins = ['app', 'auth', 'catalog', 'events', 'proxy', 'search', 'techdocs'];
    says('info', `Plugin initialization started: ${plugins.map(id => `'${id}'`).join(', ')}`);
    plugins.forEach((id, place) => {
      const factory = name =>
        `Failed to instantiate service '${name}' for '${id}' because the factory function threw an error, Error: `;
      const why = `${factory('core.httpRouter')}${factory('core.database')}Failed to connect to the database to make sure that ` +
        `'backstage_plugin_${id}' exists, Error: connect ECONNREFUSED 127.0.0.1:1`;
      const waits = `waiting for ${plugins.length - 1 - place} other plugins to finish before shutting down the process`;
      says('error', `Plugin '${id}' threw an error during startup, ${waits}. ${why}`);
    });
    process.exitCode = 1;
  },
  killed: () => process.kill(process.pid, 'SIGKILL'),
};

if (process.env.ENDS) {
  ways[process.env.ENDS]();
} else {
  const [host, port] = process.env.APP_CONFIG_backend_listen.split(':');
  http.createServer((request, response) => {
    const way = ways[request.url.split('/').pop()];
    if (way) way(); else response.end('{}');
  }).listen(Number(port), host);
}
