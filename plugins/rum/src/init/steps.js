// How many characters a script looks at: run in its context before it, gives a function that tells the number so far. What takes
// a text as a whole counts with the length of the part that it looks at.
(function () {
  'use strict';
  var texts = String.prototype;
  var patterns = RegExp.prototype;
  var charAt = texts.charAt;
  var slice = texts.slice;
  var indexOf = texts.indexOf;
  var lastIndexOf = texts.lastIndexOf;
  var exec = patterns.exec;
  var steps = 0;
  // What a method calls itself is a part of it.
  var isInside = false;

  texts.charAt = function (at) {
    steps += 1;
    return charAt.call(this, at);
  };
  texts.slice = function (from, to) {
    var piece = slice.call(this, from, to);
    steps += 1 + piece.length;
    return piece;
  };
  texts.indexOf = function (piece, from) {
    var at = indexOf.call(this, piece, from);
    steps += 1 + (at < 0 ? this.length : at) - (from || 0);
    return at;
  };
  texts.lastIndexOf = function (piece) {
    var at = lastIndexOf.call(this, piece);
    steps += 1 + this.length - Math.max(at, 0);
    return at;
  };
  patterns.test = function (text) {
    steps += 1 + text.length;
    return exec.call(this, text) !== null;
  };
  patterns.exec = function (text) {
    var from = this.global ? this.lastIndex : 0;
    var match = exec.call(this, text);
    if (!isInside) {
      steps += 1 + (match && this.global ? this.lastIndex : text.length) - from;
    }
    return match;
  };
  ['split', 'replace', 'toLowerCase'].forEach(function (name) {
    var method = texts[name];
    texts[name] = function (first, second) {
      steps += 1 + this.length;
      isInside = true;
      try {
        return method.call(this, first, second);
      } finally {
        isInside = false;
      }
    };
  });
  return function () {
    return steps;
  };
})();
