// Runs the init script in Node: `node harness.js script.js input.json`. The input says which page it is on, which events are
// sent and which texts are on them; what the SDK was told is printed.
const fs = require('fs');
const vm = require('vm');
const script = fs.readFileSync(process.argv[2], 'utf8');
const input = JSON.parse(fs.readFileSync(process.argv[3], 'utf8'));
const calls = [];
const DD_RUM = {
  init: options => calls.push(['init', options]),
  setTrackingConsent: consent => calls.push(['consent', consent]),
};
const warnings = [];
// A page has a console, which is not listed among what the script adds.
const page = Object.create({ console: { warn: text => warnings.push(text) } });
const window = Object.assign(page, { location: { origin: input.origin }, DD_RUM: input.hasSdk === false ? undefined : DD_RUM });
vm.runInNewContext(script, { window });
for (const isGiven of input.consents || []) {
  window.greenroomRum.consent(isGiven);
}
const started = calls.find(([name]) => name === 'init');
const beforeSend = started && started[1].beforeSend;
const events = (input.events || []).map(event => {
  const isSent = beforeSend(event);
  return { isSent, event };
});
console.log(JSON.stringify({ calls, warnings, events, globals: Object.keys(window) }));
