// URLs in a text: `text.rs` of `greenroom-redact`.

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
