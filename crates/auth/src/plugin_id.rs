//! What a plugin may be called.

/// Of an id that somebody else has chosen.
const LONGEST: usize = 64;

/// Whether a plugin of a backend elsewhere can have this id, which a client or a token has chosen: letters and digits of ASCII, `-`
/// and `_`, 64 of them at most.
///
/// ```
/// use greenroom_auth::is_plugin_id;
///
/// assert!(is_plugin_id("my-plugin_2"));
/// assert!(!is_plugin_id("") && !is_plugin_id("a/b") && !is_plugin_id(&"x".repeat(65)));
/// ```
pub fn is_plugin_id(id: &str) -> bool {
    let is_of_id = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
    (1..=LONGEST).contains(&id.len()) && id.bytes().all(is_of_id)
}
