// Names of what is secret: `name.rs` of the crate `greenroom-redact`.

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
