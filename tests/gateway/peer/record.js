'use strict';
// Says on stdout what Node's parser made of the bytes that came, before anybody acts on it: a line `SAW <JSON>` for each request,
// and for each message that is none. With RAW_UPGRADES, what is below /raw/ leaves HTTP by the functions of `upgrades.js`.
const { Server } = require('node:http');
const upgrades = require('./upgrades');

const says = Boolean(process.env.SAW);
const { emit } = Server.prototype;
const REQUESTS = ['request', 'checkContinue', 'checkExpectation', 'upgrade', 'connect'];

const say = what => console.log(`SAW ${JSON.stringify(what)}`);

Server.prototype.emit = function record(event, ...given) {
  if (event === 'listening' && process.env.RAW_UPGRADES) this.on('upgrade', () => {});
  if (says && REQUESTS.includes(event)) {
    const { method, url, rawHeaders, socket } = given[0];
    say({ event, method, url, rawHeaders, from: socket.remoteAddress });
  }
  if (says && event === 'clientError') say({ event, code: given[0].code, reason: given[0].reason });
  const upgrade = event === 'upgrade' && process.env.RAW_UPGRADES && upgrades[given[0].url.split('?')[0]];
  if (upgrade) {
    upgrade(...given);
    return true;
  }
  return emit.call(this, event, ...given);
};
