// Values behind the names of secrets: `scrub/named.rs` of the intake.

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
    var last = reach(text, sign, -1, 64, IS_SPACE);
    var end = findBack(text, 0, last, unless(/["'`\\\]]/)) + 1;
    var nameAt = reach(text, end, -1, 64, /[A-Za-z0-9_.\-]/);
    var name = text.slice(nameAt, end);
    if (nameIsSecret(name)) {
      var start = reach(text, find(text, at, length, unless(/[=>]/)), 1, 64, IS_SPACE);
      var isHeader = end === last && text.charAt(sign) === ':';
      var isClosed = end < last && OPENING.test(text.charAt(afterEscapes(text, start)));
      var range = value(text, start, isOfLine(name, isHeader, isClosed, text, nameAt, start));
      at = range[1];
      found.push(range);
    }
  }
}

function isOfLine(name, isHeader, isClosed, text, nameAt, start) {
  if (!/authorization$/i.test(name)) {
    return isHeader && /cookie$/i.test(name);
  }
  return isHeader || !(isClosed || /[?&#]/.test(text.charAt(nameAt - 1)) || isWordOfJson(text, start));
}

function isWordOfJson(text, start) {
  var end = unenclosedEnd(text, start);
  var word = text.slice(start, findBack(text, start, end, unless(/[}\]]/)) + 1);
  return ['null', 'true', 'false', '***'].indexOf(word) >= 0;
}

function value(text, start, isLine) {
  var inner = enclosed(text, start);
  var behind = inner ? inner.closedAt : start;
  if (isLine) {
    return [start, find(text, behind, text.length, matcher(/[\r\n]/))];
  }
  var end = mark(text, behind);
  return inner && find(text, behind, end, unless(CLOSES)) === end ? inner.range : [start, unenclosedEnd(text, behind)];
}

function unenclosedEnd(text, start) {
  var end = mark(text, start);
  var closing = Math.max(findBack(text, start, end, unless(CLOSES)) + 1, start);
  return find(text, closing, end, matcher(/["'`]/));
}

function mark(text, from) {
  return find(text, from, text.length, function (c) {
    return IS_SPACE.test(c) || /[&,;<>]/.test(c);
  });
}

var CLOSES = /["'`\\)\]}]/;
var OPENING = /["'`[{]/;

function enclosed(text, start) {
  var opening = afterEscapes(text, start);
  var c = text.charAt(opening);
  if (!OPENING.test(c)) {
    return undefined;
  }
  if (/[[{]/.test(c)) {
    var end = closingBracket(text, opening + 1);
    return { range: [opening + 1, end], closedAt: Math.min(end + 1, text.length) };
  }
  var closed = closing(text, opening + 1, c, opening - start);
  return { range: [opening + 1, closed[0]], closedAt: closed[1] };
}

function afterEscapes(text, start) {
  return find(text, start, text.length, unless(/\\/));
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
    var escapes = mark - Math.max(findBack(text, at, mark, unless(/\\/)) + 1, at);
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
