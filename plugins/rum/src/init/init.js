// Starts Datadog's browser SDK, of version 5, 6 or 7, with what the portal's config says. Made by the portal's backend.
(function (window, rum) {
  'use strict';
  // Where page and backend are of one origin, the front end asks the host that the page came from.
  var backend = (rum.backend || window.location.origin) + rum.path;
  var options = rum.options;
  var mask = /*mask*/(/*lists*/, rum.kept);

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
        var text = mask.text(object[name]);
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

  // All texts in an object, its names too, and all that has the name of a secret.
  function deep(object, depth) {
    if (!object || typeof object !== 'object') {
      return;
    }
    Object.keys(object).forEach(function (name) {
      var value = object[name];
      var told = mask.text(name);
      if (told !== name) {
        delete object[name];
        object[told] = value;
      }
      if (mask.nameIsSecret(name) || depth > 8) {
        object[told] = mask.MASK;
      } else if (typeof value === 'string') {
        object[told] = mask.text(value);
      } else {
        deep(value, depth + 1);
      }
    });
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
  // For the portal's own question: nothing is told of before `consent(true)`, and nothing is sent after `consent(false)`. What is
  // no boolean refuses, because the text 'false' of a cookie would be true.
  var hasBegun = false;
  var isAgreed = false;
  window.greenroomRum = {
    consent: function (given) {
      var isGiven = given === true;
      if (typeof given !== 'boolean' && window.console) {
        window.console.warn('greenroomRum.consent takes true or false; what it got refuses, as false does');
      }
      if (isGiven && !isAgreed) {
        agreedAt = Date.now();
      }
      isAgreed = isGiven;
      if (isGiven && !hasBegun) {
        hasBegun = true;
        init();
      } else if (hasBegun && window.DD_RUM && window.DD_RUM.setTrackingConsent) {
        window.DD_RUM.setTrackingConsent(isGiven ? 'granted' : 'not-granted');
      }
    },
  };
})(window, /*settings*/);
