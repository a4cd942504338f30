//! JSON pointers, and Backstage's way to print them.

/// Adds a key.
pub(crate) fn push(pointer: &mut String, key: &str) {
    pointer.push('/');
    pointer.push_str(&key.replace('~', "~0").replace('/', "~1"));
}

/// With a key added.
pub(crate) fn with(pointer: &str, key: &str) -> String {
    let mut out = pointer.to_owned();
    push(&mut out, key);
    out
}

/// As Backstage's messages print it: slashes as they are, tildes escaped.
pub(crate) fn printed(pointer: &str) -> String {
    pointer.replace("~1", "/")
}
