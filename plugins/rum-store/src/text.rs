//! Parts of texts.

/// As much of the beginning as has so many bytes, and ends with a whole character.
pub(crate) fn first_bytes(text: &str, most: usize) -> &str {
    &text[..text.floor_char_boundary(most)]
}
