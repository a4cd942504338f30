// Places in a text.

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

// Of one character; `indexOf` would look to the end of the text.
function indexIn(text, mark, from, to) {
  var at = find(text, from, to, function (c) {
    return c === mark;
  });
  return at < to ? at : -1;
}

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
