//! The texts by which a secret is searched: those forms of it that undoing escapes does not bring back.

use std::borrow::Cow;

use crate::base64;

/// Of a shorter secret, hexadecimal digits are too few to be told from those of other numbers.
const SHORTEST_IN_HEX: usize = 4;

/// Shorter lines of a PEM text, mostly its last one, may be of any other.
const SHORTEST_LINE: usize = 8;

/// A text that is searched.
pub(crate) struct Form<'s> {
    pub(crate) text: Cow<'s, str>,
    /// Whether the character before it may hold a part of the secret.
    pub(crate) before: bool,
    /// Whether the character after it may.
    pub(crate) after: bool,
}

impl<'s> Form<'s> {
    fn whole(text: impl Into<Cow<'s, str>>) -> Self {
        Self { text: text.into(), before: false, after: false }
    }
}

/// All forms of a secret; their lengths are in proportion to its own.
pub(crate) fn of(secret: &str) -> Vec<Form<'_>> {
    let mut forms = vec![Form::whole(secret)];
    // So forms write a space.
    forms.extend(secret.contains(' ').then(|| Form::whole(secret.replace(' ', "+"))));
    if secret.len() >= SHORTEST_IN_HEX {
        let hex: String = secret.bytes().map(|byte| format!("{byte:02x}")).collect();
        let upper = hex.to_ascii_uppercase();
        forms.extend((upper != hex).then(|| Form::whole(upper)));
        forms.push(Form::whole(hex));
    }
    let mut looks = base64::looks(secret.as_bytes());
    // Base64 of JSON that holds it.
    let mut escaped = vec![];
    greenroom_js::json::escaped(&mut escaped, secret);
    if escaped != secret.as_bytes() {
        looks.extend(base64::looks(&escaped));
    }
    let looks = looks.into_iter().map(|look| {
        let base64::Look { core, before, after } = look;
        Form { text: core.into(), before, after }
    });
    forms.extend(looks);
    forms.extend(pem_lines(secret).into_iter().map(Form::whole));
    forms
}

/// The lines of a key by themselves: others indent and end them as they like, or write but some of them.
fn pem_lines(secret: &str) -> Vec<String> {
    if !secret.contains("-----BEGIN ") {
        return vec![];
    }
    let parts = secret.split("-----").filter(|part| !part.starts_with("BEGIN ") && !part.starts_with("END "));
    // In variables, ends of lines are often written as in JSON.
    let parts = parts.map(|part| part.replace("\\n", "\n").replace("\\r", "\n"));
    let lines = parts.flat_map(|part| part.split_whitespace().map(str::to_owned).collect::<Vec<_>>());
    let is_base64 = |line: &String| line.bytes().all(|byte| base64::is_digit(byte) || byte == b'=');
    lines.filter(|line| line.len() >= SHORTEST_LINE && is_base64(line)).collect()
}
