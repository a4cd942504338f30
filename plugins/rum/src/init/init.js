// Starts Datadog's browser SDK, of version 5, 6 or 7, with what the portal's config says. Made by the portal's backend.
(function (window, rum) {
  'use strict';
  var MASK = '***';
  // Where page and backend are of one origin, the front end asks the host that the page came from.
  var backend = (rum.backend || window.location.origin) + rum.path;
  var options = rum.options;

  if (rum.forwards) {
    options.proxy = backend + rum.intake;
  }
  if (rum.traces) {
    options.allowedTracingUrls = [{ match: backend + '/api/', propagatorTypes: ['tracecontext', 'datadog'] }];
    options.traceContextInjection = 'sampled';
  }
  options.beforeSend = function (event) {
    try {
      return isAgreedTo(event) && scrub(event);
    } catch (e) {
      return false;
    }
  };

  // The SDK collects errors and calls from when it is loaded, and timings from when the page is; a view cannot be left out.
  var agreedAt = 0;

  function isAgreedTo(event) {
    return event.type === 'view' || !(event.date < agreedAt);
  }

  // The part for browsers of what the backend does again when events go through it.
  function scrub(event) {
    if (event.type === 'resource' && isIntake(event.resource && event.resource.url)) {
      return false;
    }
    each(event.view, ['name', 'url', 'referrer']);
    each(event.error, ['message', 'stack', 'handling_stack', 'fingerprint']);
    each(event.error && event.error.resource, ['url']);
    each(event.resource, ['url']);
    each(event.resource && event.resource.graphql, ['variables']);
    deep(event.resource && event.resource.request && event.resource.request.headers, 0);
    deep(event.resource && event.resource.response && event.resource.response.headers, 0);
    each(event.action && event.action.target, ['name']);
    list(event.long_task && event.long_task.scripts, ['source_url', 'invoker']);
    list(event._dd && event._dd.debug_ids, ['url']);
    var performance = event.view && event.view.performance;
    each(performance && performance.lcp, ['resource_url']);
    deep(event.context, 0);
    return true;
  }

  function isIntake(url) {
    var path = String(url).replace(/^[a-z]+:\/\/[^/?#]*/i, '').split(/[?#]/)[0];
    return path.indexOf(rum.path + rum.intake) === 0;
  }

  function each(object, names) {
    if (!object) {
      return;
    }
    names.forEach(function (name) {
      if (typeof object[name] === 'string') {
        var text = scrubText(object[name]);
        if (text !== object[name]) {
          object[name] = text;
        }
      }
    });
  }

  function list(objects, names) {
    (Array.isArray(objects) ? objects : []).forEach(function (object) {
      each(object, names);
    });
  }

  // All texts in an object, and all that has the name of a secret.
  function deep(object, depth) {
    if (!object || typeof object !== 'object') {
      return;
    }
    Object.keys(object).forEach(function (name) {
      var value = object[name];
      if (isSecret(name) || depth > 8) {
        object[name] = MASK;
      } else if (typeof value === 'string') {
        object[name] = scrubText(value);
      } else {
        deep(value, depth + 1);
      }
    });
  }

  var SECRET =
    /(token|secret|password|passwd|passphrase|passcode|pwd|pass|api[-_.]?keys?|access[-_.]?key([-_.]?id)?|private[-_.]?key|authorization|credentials?|cookie|jwt|otp|assertion|connection[-_.]?string)["'\d\]]*$/i;
  var HARMLESS = /(bypass|compass)$/i;

  function isSecret(name) {
    return SECRET.test(name) && !HARMLESS.test(name);
  }

  var TOKENS =
    /bearer\s{1,3}[\w.~+/=-]{8,}|basic\s{1,3}[A-Za-z0-9+/=]{16,}|eyJ[\w-]{8,4096}\.[\w.-]*|(gh[a-z]|github_pat)_\w{16,}|glpat-[\w-]{16,}|xox[a-z]-[A-Za-z0-9-]{10,}/gi;
  var EMAILS =
    /[\w.%+\-\u0080-\uffff]{1,64}(@|%40)([A-Za-z0-9\-\u0080-\uffff]{1,63}\.){1,8}[A-Za-z\u0080-\uffff]{2,63}/g;
  var NAMED = /([A-Za-z][\w.-]{0,63})(["']?\s{0,3}[:=]\s{0,3}["']?)/g;

  function scrubText(text) {
    text = text.replace(/[^\s"<>`]*[?#][^\s"<>`]*/g, parameters);
    text = text.replace(/((?:[a-z][a-z0-9+.-]{0,20}:)?[/\\]{2})([^/\\?#\s"<>]{1,512})@/gi, '$1' + MASK + '@');
    return named(text.replace(TOKENS, MASK)).replace(EMAILS, MASK);
  }

  function named(text) {
    var out = '';
    var at = 0;
    var match;
    NAMED.lastIndex = 0;
    while ((match = NAMED.exec(text))) {
      if (isSecret(match[1])) {
        var rest = text.slice(NAMED.lastIndex);
        var length = rest.search(/[\s"'&,;<>]/);
        length = length < 0 ? rest.length : length;
        out += text.slice(at, NAMED.lastIndex) + (length ? MASK : '');
        at = NAMED.lastIndex = NAMED.lastIndex + length;
      }
    }
    return out + text.slice(at);
  }

  // The values of a URL's parameters.
  function parameters(word) {
    var first = word.search(/[?#]/);
    var isUrl = word.slice(0, first).indexOf('/') >= 0;
    var anchors = 0;
    return (
      word.slice(0, first) +
      word.slice(first).replace(/([?&#])([^?&#]*)/g, function (all, mark, part) {
        var equals = part.indexOf('=');
        var name = equals < 0 ? part : part.slice(0, equals);
        var isAnchor = mark === '#';
        anchors += isAnchor ? 1 : 0;
        if (!part || isKept(name)) {
          return all;
        }
        if (equals >= 0) {
          return equals + 1 < part.length && (!isAnchor || isUrl || /^[\w.-]*$/.test(name))
            ? mark + name + '=' + MASK
            : all;
        }
        return isUrl && (!isAnchor || anchors > 1) ? mark + MASK : all;
      })
    );
  }

  function isKept(name) {
    try {
      return rum.kept.indexOf(decodeURIComponent(name)) >= 0;
    } catch (e) {
      return false;
    }
  }

  function init() {
    if (window.DD_RUM) {
      window.DD_RUM.init(options);
    }
  }

  if (!rum.needsConsent) {
    init();
    return;
  }
  // For the portal's own question: nothing is told of before `consent(true)`, and nothing is sent after `consent(false)`.
  var hasBegun = false;
  var isAgreed = false;
  window.greenroomRum = {
    consent: function (isGiven) {
      if (isGiven && !isAgreed) {
        agreedAt = Date.now();
      }
      isAgreed = Boolean(isGiven);
      if (isGiven && !hasBegun) {
        hasBegun = true;
        init();
      } else if (hasBegun && window.DD_RUM && window.DD_RUM.setTrackingConsent) {
        window.DD_RUM.setTrackingConsent(isGiven ? 'granted' : 'not-granted');
      }
    },
  };
})(window, /*settings*/);
