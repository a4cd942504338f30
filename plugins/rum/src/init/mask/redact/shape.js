// Secrets that are known by their shape: `shape.rs` of `greenroom-redact`.

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
