// Where a text holds what is personal or secret: the rules of the intake (`scrub/text.rs`) and of the crate `greenroom-redact`,
// function by function and under the same names. A test has both mask the same texts. `lists` are the names of secrets.
(function (lists, kept) {
  'use strict';
  var MASK = '***';
  var SPACE = '\\t-\\r \\x85\\xa0\\u1680\\u2000-\\u200a\\u2028\\u2029\\u202f\\u205f\\u3000';
  var CONTROL = '\\0-\\x1f\\x7f-\\x9f';
  var IS_SPACE = new RegExp('[' + SPACE + ']');
  var IS_SPACE_OR_CONTROL = new RegExp('[' + SPACE + CONTROL + ']');

  // Indices rather than pieces of the text, so that a long one takes no longer than its length.
  function find(text, from, to, isOne) {
    while (from < to && !isOne(text.charAt(from))) {
      from += 1;
    }
    return from;
  }

  function findBack(text, from, to, isOne) {
    while (to > from && !isOne(text.charAt(to - 1))) {
      to -= 1;
    }
    return to - 1 >= from ? to - 1 : -1;
  }

  function matcher(pattern) {
    return function (c) {
      return pattern.test(c);
    };
  }

  function unless(pattern) {
    return function (c) {
      return !pattern.test(c);
    };
  }

  function trimmed(text) {
    var end = findBack(text, 0, text.length, unless(IS_SPACE)) + 1;
    return text.slice(find(text, 0, end, unless(IS_SPACE)), end);
  }

  function append(list, more) {
    more.forEach(function (one) {
      list.push(one);
    });
  }

  function indexIn(text, piece, from, to) {
    var at = text.indexOf(piece, from);
    return at < 0 || at >= to ? -1 : at;
  }

  function union(ranges) {
    ranges.sort(function (a, b) {
      return a[0] - b[0] || a[1] - b[1];
    });
    var out = [];
    ranges.forEach(function (range) {
      var last = out[out.length - 1];
      if (last && range[0] < last[1]) {
        last[1] = Math.max(last[1], range[1]);
      } else {
        out.push([range[0], range[1]]);
      }
    });
    return out;
  }

  function shifted(ranges, by) {
    return ranges.map(function (range) {
      return [range[0] + by, range[1] + by];
    });
  }

  // What is no UTF-8 is no letter, whatever it is.
  function decoded(text) {
    return text.replace(/(?:%[0-9A-Fa-f]{2})+/g, function (run) {
      try {
        return decodeURIComponent(run);
      } catch (e) {
        return run.replace(/%(..)/g, function (all, hex) {
          var byte = parseInt(hex, 16);
          return byte < 128 ? String.fromCharCode(byte) : '\ufffd';
        });
      }
    });
  }

  // name.rs

  function letters(name) {
    return name.replace(/[^A-Za-z]+/g, '').toLowerCase();
  }

  function endsInOneOf(word, endings) {
    return endings.some(function (ending) {
      return word.length >= ending.length && word.slice(-ending.length) === ending;
    });
  }

  function isOneOf(word, names, endings) {
    return names.indexOf(word) >= 0 || (endsInOneOf(word, endings) && !endsInOneOf(word, lists.harmless));
  }

  function nameIsSecret(name) {
    var word = letters(name);
    return (isOneOf(word, lists.names, lists.endings) && word !== 'key') || holdsWord(name, word);
  }

  function holdsWord(name, word) {
    // Other letters may change their number with their case.
    var lower = name.replace(/[A-Z]+/g, function (capitals) {
      return capitals.toLowerCase();
    });
    function isWord(secret) {
      for (var at = lower.indexOf(secret); at >= 0; at = lower.indexOf(secret, at + 1)) {
        if (beginsWord(name, at) && beginsWord(name, at + secret.length)) {
          return true;
        }
      }
      return false;
    }
    function isAnywhere(secret) {
      return lower.indexOf(secret) >= 0;
    }
    return (
      (lists.anywhere.some(isAnywhere) || lists.words.some(isWord)) &&
      !endsInOneOf(word, lists.harmless) &&
      !endsInOneOf(word, lists.aboutSecrets)
    );
  }

  function beginsWord(name, at) {
    var before = at > 0 ? name.charAt(at - 1) : '';
    var here = name.charAt(at);
    if (!/[A-Za-z]/.test(before) || !/[A-Za-z]/.test(here)) {
      return true;
    }
    return /[A-Z]/.test(here) && (/[a-z]/.test(before) || /[a-z]/.test(name.charAt(at + 1)));
  }

  function parameterIsSecret(name) {
    for (var n = 0; n < 3 && name.indexOf('%') >= 0; n += 1) {
      name = decoded(name);
    }
    name = name.slice(findBack(name, 0, name.length, matcher(/[\/?&;#]/)) + 1);
    var above = findBack(name, 0, name.length, matcher(/[.[]/));
    return isOfSecrets(name) || (above >= 0 && name.slice(0, above).split(/[.[\]]/).some(isOfSecrets));
  }

  function isOfSecrets(name) {
    return isSecretParameter(name) || (/[sS]$/.test(name) && isSecretParameter(name.slice(0, -1)));
  }

  function isSecretParameter(name) {
    return nameIsSecret(name) || isOneOf(letters(name), lists.parameters, lists.parameterEndings);
  }

  // shape.rs

  function secrets(text) {
    var found = [];
    var from = 0;
    var beginnings = /eyJ|-----BEGIN |bearer |basic /gi;
    var beginning;
    while ((beginning = beginnings.exec(text))) {
      var start = beginning.index;
      if (start >= from) {
        var first = beginning[0].charAt(0);
        var kind = first === '-' ? privateKey : first === 'e' || first === 'E' ? jwt : token;
        from = kind(text, start, beginnings.lastIndex, found);
      }
    }
    return union(found);
  }

  function jwt(text, start, behind, found) {
    var end = find(text, start, text.length, unless(/[A-Za-z0-9\-_.]/));
    var parts = text.slice(start, end).split('.');
    function begins(part) {
      return part.slice(0, 3) === 'eyJ';
    }
    var isSigned = parts.some(function (part, n) {
      return n + 2 < parts.length && part.indexOf('eyJ') >= 0 && begins(parts[n + 1]) && parts[n + 2] !== '';
    });
    if (isSigned || (parts.length === 5 && begins(parts[0]) && parts[4] !== '')) {
      found.push([start, end]);
    }
    return end;
  }

  function privateKey(text, start, label, found) {
    var end = find(text, label, Math.min(label + 64, text.length), matcher(/-/));
    if (text.charAt(end) !== '-' || end >= label + 64 || !/PRIVATE KEY$/.test(text.slice(label, end))) {
      return label;
    }
    end = text.indexOf('-----END ', label);
    end = end < 0 ? -1 : text.indexOf('-----', end + 9);
    end = end < 0 ? text.length : end + 5;
    found.push([start, end]);
    return end;
  }

  function token(text, start, behind, found) {
    if (start > 0 && /[A-Za-z0-9]/.test(text.charAt(start - 1))) {
      return behind;
    }
    var begin = find(text, behind, text.length, unless(/ /));
    var end = find(text, begin, text.length, unless(/[A-Za-z0-9\-._~+\/]/));
    end = find(text, end, text.length, unless(/=/));
    if (end - begin >= 8 && !isWord(text.slice(begin, end))) {
      found.push([begin, end]);
      return end;
    }
    return begin;
  }

  function isWord(text) {
    return text.length < 20 && /^[A-Z]?[a-z_\-.,= ]+$/.test(text);
  }

  function isAuthorization(text) {
    var parts = /^(bearer|basic)[ +]([^]+)$/i.exec(trimmed(text));
    return !!parts && !isWord(parts[2]);
  }

  // webhook.rs

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

  // url.rs

  var DEPTH = 3;

  function mayHoldSecret(text) {
    return /[=@"%]|hook/.test(text);
  }

  function credentials(text) {
    return mayHoldSecret(text) ? within(text, DEPTH) : [];
  }

  function within(text, depth) {
    var query = text.charAt(0) === '&' ? 0 : find(text, 0, text.length, matcher(/[?#]/));
    var users = userPart(text);
    innerUserParts(text).forEach(function (user) {
      var last = users[users.length - 1];
      if (last && user[0] < last[1]) {
        return;
      }
      if (user[0] > query) {
        user[1] = find(text, user[1], text.length, matcher(/[&#]/));
      }
      users.push(user);
    });
    return union(valuesOfSecrets(text, users, query, depth).concat(users, secretPath(text, query)));
  }

  function valuesOfSecrets(text, users, query, depth) {
    var found = [];
    var length = text.length;
    var user = 0;
    var at = 0;
    var checked = 0;
    for (;;) {
      var start = find(text, at, length, matcher(/[\/?&;#]/)) + 1;
      if (start > length) {
        return found;
      }
      at = start;
      while (user < users.length && users[user][1] <= start) {
        user += 1;
      }
      if (user < users.length && users[user][0] <= start) {
        at = users[user][1];
        continue;
      }
      var behind = find(text, start, length, matcher(/[=\/?&;#]/));
      var name = text.slice(start, behind);
      var value = behind + 1;
      var ends = matcher(start > query ? /[&#]/ : /[\/;?#]/);
      if (start >= checked && /[%"]/.test(name) && holdsSecret(name, depth)) {
        at = find(text, behind, length, ends);
        found.push([start, at]);
        continue;
      }
      if (text.charAt(behind) !== '=') {
        continue;
      }
      var isNew = value > checked;
      if (isNew) {
        checked = find(text, value, length, ends);
      }
      if (
        value < checked &&
        (parameterIsSecret(name) || (isNew && holdsSecret(text.slice(value, checked), depth)))
      ) {
        found.push([value, checked]);
        at = checked;
      }
    }
  }

  function holdsSecret(value, depth) {
    var inner = decoded(value);
    if (isAuthorization(inner)) {
      return true;
    }
    if (inner === value) {
      return (
        userPart(value).length > 0 ||
        innerUserParts(value).length > 0 ||
        membersHoldSecret(value) ||
        secretPath(value, value.length).length > 0
      );
    }
    if (secrets(inner).length > 0) {
      return true;
    }
    if (!mayHoldSecret(inner)) {
      return false;
    }
    return (
      depth === 0 ||
      within(inner, depth - 1).length > 0 ||
      pairsHoldSecret(inner) ||
      membersHoldSecret(inner) ||
      (inner.indexOf('%') >= 0 && holdsSecret(inner, depth - 1))
    );
  }

  function pairsHoldSecret(inner) {
    var equals = inner.indexOf('=');
    return equals >= 0 && equals + 1 < inner.length && parameterIsSecret(inner.slice(0, equals));
  }

  function membersHoldSecret(value) {
    var name = '';
    return value.split(/["']/).some(function (piece) {
      piece = piece.slice(0, findBack(piece, 0, piece.length, unless(/\\/)) + 1);
      var isMember = trimmed(piece).charAt(0) === ':' && parameterIsSecret(name);
      name = piece;
      return isMember;
    });
  }

  function userPart(text) {
    var colon = find(text, 0, text.length, unless(/[A-Za-z0-9+\-.]/));
    if (colon > 0 && text.charAt(colon) === ':') {
      return inAuthority(text, colon + 1, { end: 0, at: -1 });
    }
    return text.slice(0, 2) === '//' ? inAuthority(text, 0, { end: 0, at: -1 }) : [];
  }

  function innerUserParts(text) {
    var found = [];
    var path = { end: 0, at: -1 };
    for (var colon = text.indexOf(':'); colon >= 0; colon = text.indexOf(':', colon + 1)) {
      if (beginsAuthority(text, colon + 1)) {
        append(found, inAuthority(text, colon + 1, path));
      }
    }
    return found;
  }

  function beginsAuthority(text, at) {
    var behind = text.slice(at, at + 2);
    return (
      /^[\/\\]{2}$/.test(behind) ||
      (behind.charAt(0) === '/' && /^[A-Za-z0-9+\-.]{2}:$/.test(text.slice(Math.max(at - 3, 0), at)))
    );
  }

  function lastAt(path, text, from) {
    if (from >= path.end) {
      path.end = find(text, from, text.length, matcher(/[?#]/));
      path.at = findBack(text, from, path.end, matcher(/@/));
    }
    return path.at >= from ? path.at : -1;
  }

  function inAuthority(text, from, path) {
    var start = find(text, from, text.length, unless(/[\/\\]/));
    var length = find(text, start, text.length, matcher(/[\/\\?#]/));
    var end = findBack(text, start, length, matcher(/@/));
    if (end < 0 && endsInNoPort(text.slice(start, length))) {
      end = lastAt(path, text, start);
    }
    return end > start ? [[start, end]] : [];
  }

  function endsInNoPort(authority) {
    var colon = authority.lastIndexOf(':');
    return colon >= 0 && !/\]$/.test(authority) && !/^\d*$/.test(authority.slice(colon + 1));
  }

  // text.rs of `greenroom-redact`

  function credentialsIn(text) {
    var all = secrets(text);
    if (!mayHoldSecret(text)) {
      return all;
    }
    var from = 0;
    var word = [0, 0];
    for (;;) {
      var start = startOfUrl(text, from);
      if (start < 0) {
        return union(all);
      }
      if (start >= word[1]) {
        var begin = findBack(text, from, start, matcher(IS_SPACE_OR_CONTROL));
        word = [begin < 0 ? from : begin, find(text, start, text.length, matcher(IS_SPACE_OR_CONTROL))];
      }
      var end = endOfUrl(text, Math.max(from, word[0]), start, word[1]);
      from = Math.max(end, start + 1);
      append(all, shifted(credentials(text.slice(start, end)), start));
    }
  }

  function startOfUrl(text, from) {
    var found = from;
    while (
      found < text.length &&
      !/[\/?&;#]/.test(text.charAt(found)) &&
      !(text.charAt(found) === ':' && beginsAuthority(text, found + 1))
    ) {
      found += 1;
    }
    if (found >= text.length) {
      return -1;
    }
    if (text.charAt(found) !== ':') {
      return found;
    }
    var scheme = found - (findBack(text, from, found, unless(/[A-Za-z0-9+\-.]/)) + 1 || from);
    return scheme < 2 ? found + 1 : found - scheme;
  }

  var CLOSING = { '<': '>', '(': ')', '[': ']', '{': '}', '"': '"', "'": "'", '`': '`' };

  function endOfUrl(text, from, start, last) {
    var opening = findBack(text, from, start, matcher(/["'`<(\[{>)\]}]/));
    var closing = opening < 0 ? undefined : CLOSING[text.charAt(opening)];
    if (!closing) {
      return last;
    }
    function isEscaped(at) {
      return at > 0 && text.charAt(at - 1) === '\\';
    }
    var escaped = isEscaped(opening);
    var end = indexIn(text, closing, start, last);
    while (end >= 0 && isEscaped(end) !== escaped) {
      end = indexIn(text, closing, end + 1, last);
    }
    return end < 0 ? last : end - (escaped ? 1 : 0);
  }

  // scrub/text.rs

  var TOKENS = [
    new RegExp('bearer[' + SPACE + ']{1,3}[A-Za-z0-9._~+/=\\-]{8,}', 'gi'),
    new RegExp('basic[' + SPACE + ']{1,3}[A-Za-z0-9+/=]{16,}', 'gi'),
    // One that goes on without a dot is none; to ask for the dot here would take long for many in a row.
    /eyJ[A-Za-z0-9_\-]{8,}(?:\.[A-Za-z0-9_\-]*){0,4}/g,
    /gh[a-z]_[A-Za-z0-9]{16,}/g,
    /github_pat_[A-Za-z0-9_]{16,}/g,
    /glpat-[A-Za-z0-9_\-]{16,}/g,
    /xox[a-z]-[A-Za-z0-9\-]{10,}/g,
  ];

  function tokens(text) {
    var found = [];
    TOKENS.forEach(function (pattern) {
      var match;
      pattern.lastIndex = 0;
      while ((match = pattern.exec(text))) {
        if (match[0].slice(0, 3) !== 'eyJ' || match[0].indexOf('.') >= 0) {
          found.push([match.index, pattern.lastIndex]);
        }
      }
    });
    return found;
  }

  var PAIR = /[\ud800-\udbff][\udc00-\udfff]/g;

  // How far characters reach that `isOne`, and no more of them than `most`; a pair of surrogates is one character.
  function reach(text, from, step, most, isOne) {
    var at = from;
    for (var n = 0; n < most; n += 1) {
      var c = text.charAt(step < 0 ? at - 1 : at);
      if (!c || !isOne.test(c)) {
        break;
      }
      at += step;
      // On either way, the two characters around the place.
      if (/^[\ud800-\udbff][\udc00-\udfff]$/.test(text.slice(Math.max(at - 1, 0), at + 1))) {
        at += step;
      }
    }
    return at;
  }

  function emails(text) {
    var found = [];
    var signs = /@|%40/g;
    var sign;
    while ((sign = signs.exec(text))) {
      var behind = signs.lastIndex;
      var end = reach(text, behind, 1, 255, /[A-Za-z0-9\-.\x80-\uffff]/);
      end = findBack(text, behind, end, unless(/[.\-]/)) + 1;
      var dot = findBack(text, behind, end, matcher(/\./));
      var top = text.slice(dot + 1, end).replace(PAIR, '\uffff');
      var start = reach(text, sign.index, -1, 64, /[A-Za-z0-9\-_.%+\x80-\uffff]/);
      if (dot > behind && top.length > 1 && /^[A-Za-z\x80-\uffff]+$/.test(top) && start < sign.index) {
        found.push([start, end]);
      }
    }
    return found;
  }

  // scrub/named.rs

  function named(text) {
    var found = [];
    var length = text.length;
    var at = 0;
    for (;;) {
      var sign = find(text, at, length, matcher(/[:=]/));
      if (sign >= length) {
        return found;
      }
      at = sign + 1;
      var last = reach(text, sign, -1, 3, IS_SPACE);
      var end = findBack(text, 0, last, unless(/["'`\\\]]/)) + 1;
      var name = text.slice(reach(text, end, -1, 64, /[A-Za-z0-9_.\-]/), end);
      if (nameIsSecret(name)) {
        var start = reach(text, find(text, at, length, unless(/[=>]/)), 1, 3, IS_SPACE);
        var isHeader = end === last && text.charAt(sign) === ':' && /(cookie|authorization)$/i.test(name);
        var range = value(text, start, isHeader);
        at = range[1];
        found.push(range);
      }
    }
  }

  function value(text, start, isHeader) {
    var first = find(text, start, text.length, unless(/\\/));
    var c = text.charAt(first);
    if (/["'`]/.test(c)) {
      return [first + 1, closing(text, first + 1, c, first - start)[0]];
    }
    if (/[[{]/.test(c)) {
      return [first + 1, closingBracket(text, first + 1)];
    }
    return [
      start,
      find(text, start, text.length, function (c) {
        return isHeader ? /[\r\n]/.test(c) : IS_SPACE.test(c) || /["'`&,;<>]/.test(c);
      }),
    ];
  }

  function closing(text, from, quote, escapes) {
    var deeper = 1;
    while (deeper <= escapes) {
      deeper = 2 * deeper + 1;
    }
    var run = 0;
    for (var at = from; at < text.length; at += 1) {
      var c = text.charAt(at);
      if (c === quote && (run & deeper) !== deeper) {
        return [at - Math.min(escapes, run), at + 1];
      }
      run = c === '\\' ? run + 1 : 0;
    }
    return [text.length, text.length];
  }

  function closingBracket(text, from) {
    var open = 0;
    var at = from;
    for (;;) {
      var mark = find(text, at, text.length, matcher(/[[\]{}"'`]/));
      if (mark >= text.length) {
        return mark;
      }
      var escapes = mark - (findBack(text, at, mark, unless(/\\/)) + 1 || at);
      at = mark + 1;
      var c = text.charAt(mark);
      if (/["'`]/.test(c)) {
        at = closing(text, at, c, escapes)[1];
      } else {
        open += /[[{]/.test(c) ? 1 : -1;
        if (open < 0) {
          return mark;
        }
      }
    }
  }

  function queries(text) {
    var found = [];
    var words = new RegExp('[^' + SPACE + CONTROL + '"<>`]+', 'g');
    var word;
    while ((word = words.exec(text))) {
      append(found, shifted(parameters(word[0]), word.index));
    }
    return found;
  }

  function parameters(word) {
    var found = [];
    var mark = find(word, 0, word.length, matcher(/[?#]/));
    var isUrl = indexIn(word, '/', 0, mark) >= 0;
    var anchors = 0;
    while (mark < word.length) {
      var isAnchor = word.charAt(mark) === '#';
      var start = mark + 1;
      var end = find(word, start, word.length, matcher(/[?&#]/));
      var equals = indexIn(word, '=', start, end);
      var name = word.slice(start, equals < 0 ? end : equals);
      if (equals >= 0) {
        if (equals + 1 < end && (!isAnchor || isUrl || /^[A-Za-z0-9_.\-]*$/.test(name)) && !isKept(name)) {
          found.push([equals + 1, end]);
        }
      } else if (isUrl && start < end && (!isAnchor || anchors > 0) && !isKept(name)) {
        found.push([start, end]);
      }
      anchors += isAnchor ? 1 : 0;
      mark = end;
    }
    return found;
  }

  function isKept(name) {
    return kept.indexOf(decoded(name)) >= 0;
  }

  function masked(text) {
    var found = queries(text).concat(credentialsIn(text), emails(text), tokens(text), named(text));
    var out = '';
    var at = 0;
    union(found).forEach(function (range) {
      if (!/^\**$/.test(text.slice(range[0], range[1]))) {
        out += text.slice(at, range[0]) + MASK;
        at = range[1];
      }
    });
    return out + text.slice(at);
  }

  return { MASK: MASK, nameIsSecret: nameIsSecret, text: masked };
})
