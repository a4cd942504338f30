// Paths of webhooks: `webhook.rs` of `greenroom-redact`.

var HOOKS = ['hook', 'hooks', 'webhook', 'webhookb2', 'webhooks'];

function isHook(label) {
  return HOOKS.indexOf(label) >= 0;
}

function secretPath(text, query) {
  var path = text.slice(0, query);
  if (path.indexOf('hook') < 0) {
    return [];
  }
  var at = 0;
  var isBehind = false;
  var segments = path.split('/');
  for (var n = 0; n < segments.length; n += 1) {
    var segment = segments[n];
    var isPlain = /^v?\d{0,5}$/.test(segment) || /^[a-z\-_.:]{0,19}$/.test(segment);
    if (isBehind && !isPlain && !isHook(segment)) {
      return [[at, query]];
    }
    isBehind = isBehind || segment.split(/[.@]/).some(isHook);
    at += segment.length + 1;
  }
  return [];
}
