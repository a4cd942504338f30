//! Lines of a body in chunks, and fields by their names.

/// More digits have no meaning.
pub(super) const MOST_SIZE_DIGITS: usize = 16;

/// The size that a chunk's line says, and how many bytes of extensions stand behind it: `1a` or `1a;name=value`.
pub(super) fn chunk_size(line: &[u8]) -> Option<(u64, usize)> {
    let end = line.iter().position(|byte| *byte == b';');
    let (digits, extensions) = line.split_at(end.unwrap_or(line.len()));
    let is_number =
        (1..=MOST_SIZE_DIGITS).contains(&digits.len()) && digits.iter().all(u8::is_ascii_hexdigit);
    if !(is_number && extensions.iter().all(is_of_value)) {
        return None;
    }
    let size = u64::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok()?;
    Some((size, extensions.len().saturating_sub(1)))
}

/// Whether it is a field, and none that would frame the message whose end it stands at.
pub(super) fn is_trailer(line: &[u8]) -> bool {
    let Some(colon) = line.iter().position(|byte| *byte == b':') else { return false };
    let (name, value) = line.split_at(colon);
    let is_field = !name.is_empty() && name.iter().all(is_of_token) && value.iter().all(is_of_value);
    is_field && value_of(line, b"content-length").is_none() && value_of(line, b"transfer-encoding").is_none()
}

/// The value of a field, if it has this name.
pub(super) fn value_of<'l>(line: &'l [u8], name: &[u8]) -> Option<&'l [u8]> {
    let (start, rest) = line.split_at_checked(name.len())?;
    let value = rest.strip_prefix(b":")?;
    start.eq_ignore_ascii_case(name).then(|| value.trim_ascii())
}

fn is_of_token(byte: &u8) -> bool {
    byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(byte)
}

/// All but control bytes; a tab is a blank.
fn is_of_value(byte: &u8) -> bool {
    *byte == b'\t' || !byte.is_ascii_control()
}
