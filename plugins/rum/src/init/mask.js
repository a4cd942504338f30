// Where a text holds what is personal or secret: the rules of the intake and of the crate `greenroom-redact`, function by function
// and under the same names. A test has both mask the same texts. `lists` are the names of secrets, `kept` those of parameters
// whose values may be told.
(function (lists, kept) {
  'use strict';
  var MASK = '***';
  /*rules*/
  return { MASK: MASK, nameIsSecret: nameIsSecret, text: masked };
})
