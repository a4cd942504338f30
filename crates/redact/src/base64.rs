//! How a secret looks within base64.
//!
//! Three bytes are four characters, so that a secret has three looks, by where in the encoded text it begins. Of each,
//! only the characters that belong to the secret alone are the same whatever stands around it.

use base64::{
    Engine,
    engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD},
};

/// Shorter secrets share too few characters with their base64 to be told from other text by them.
const SHORTEST: usize = 4;

/// One look of a secret.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Look {
    pub(crate) core: String,
    /// Whether the character before the core holds a part of the secret.
    pub(crate) before: bool,
    /// Whether the character after it does.
    pub(crate) after: bool,
}

/// The looks of a secret, in both alphabets.
pub(crate) fn looks(secret: &[u8]) -> Vec<Look> {
    let mut looks: Vec<Look> = Vec::new();
    if secret.len() < SHORTEST {
        return looks;
    }
    for shift in 0..3 {
        let shifted = [&[0; 2][..shift], secret].concat();
        let (from, to) = ((shift * 8).div_ceil(6), shifted.len() * 8 / 6);
        for engine in [STANDARD_NO_PAD, URL_SAFE_NO_PAD] {
            let look = Look {
                core: engine.encode(&shifted)[from..to].to_owned(),
                before: shift > 0,
                after: !(shifted.len() * 8).is_multiple_of(6),
            };
            if !looks.contains(&look) {
                looks.push(look);
            }
        }
    }
    looks
}

/// Whether the byte is of one of the alphabets.
pub(crate) fn is_digit(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"+/-_".contains(&byte)
}
