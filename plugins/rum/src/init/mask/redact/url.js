// Credentials in a URL: `url.rs` of `greenroom-redact`, and `url/`.

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
