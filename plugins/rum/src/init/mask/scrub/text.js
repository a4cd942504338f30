// What is personal or secret in a text: `scrub/text.rs` of the intake.

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

function emails(text) {
  var found = [];
  var signs = /@|%(?:25)*40/g;
  var sign;
  while ((sign = signs.exec(text))) {
    var behind = signs.lastIndex;
    var end = reach(text, behind, 1, 255, /[A-Za-z0-9\-.\x80-\uffff]/);
    end = findBack(text, behind, end, unless(/[.\-]/)) + 1;
    var dot = findBack(text, behind, end, matcher(/\./));
    if (dot > behind) {
      var top = text.slice(dot + 1, end).replace(PAIR, '\uffff');
      var start = reach(text, sign.index, -1, 64, /[A-Za-z0-9\-_.%+\x80-\uffff]/);
      if (top.length > 1 && /^[A-Za-z\x80-\uffff]+$/.test(top) && start < sign.index) {
        found.push([start, end]);
      }
    }
  }
  return found;
}

function queries(text) {
  var found = [];
  var words = new RegExp('[^' + SPACE + CONTROL + '"<>]+', 'g');
  var word;
  while ((word = words.exec(text))) {
    append(found, shifted(parameters(word[0]), word.index));
  }
  return found;
}

function parameters(word) {
  var found = [];
  var mark = find(word, 0, word.length, matcher(/[?#]/));
  var isUrl = false;
  var lookedAt = 0;
  var anchors = 0;
  while (mark < word.length) {
    isUrl = isUrl || indexIn(word, '/', lookedAt, mark) >= 0;
    lookedAt = mark;
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
