//! The path of a request, as the package `send` reads it: the name of a file below its root, or none.

use percent_encoding::percent_decode_str;

/// What is asked for below a root.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Asked {
    /// Names between single slashes, none at either end; empty for the root itself.
    pub(crate) name: String,
    /// A directory is meant.
    pub(crate) is_directory: bool,
}

/// Reads a path that begins with a slash. `None` for what leads out of the root, for a name that begins with a dot, and
/// for what is no text.
pub(crate) fn asked(path: &str) -> Option<Asked> {
    let decoded = decoded(path).filter(|decoded| !decoded.contains('\0'))?;
    let mut names: Vec<&str> = vec![];
    for name in decoded.split('/') {
        match name {
            "" | "." => {}
            ".." => {
                names.pop()?;
            }
            name => names.push(name),
        }
    }
    // On other systems a backslash separates names too.
    let leads_up = |name: &&str| name.split('\\').any(|part| part == "..");
    if names.iter().any(leads_up) {
        return None;
    }
    let is_directory = path.ends_with('/');
    // What a hidden directory holds is not hidden.
    let is_hidden = !decoded.ends_with('/') && names.last().is_some_and(|name| name.starts_with('.'));
    (!is_hidden).then(|| Asked { name: names.join("/"), is_directory })
}

/// What JavaScript's `decodeURIComponent` makes of it; `None` where that throws.
pub(crate) fn decoded(path: &str) -> Option<String> {
    let bytes = path.as_bytes();
    let is_hex = |at: usize| bytes.get(at).is_some_and(u8::is_ascii_hexdigit);
    let mut escapes = (0..bytes.len()).filter(|at| bytes[*at] == b'%');
    if escapes.any(|at| !is_hex(at + 1) || !is_hex(at + 2)) {
        return None;
    }
    Some(percent_decode_str(path).decode_utf8().ok()?.into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_decoded_once_and_lead_nowhere_else() {
        let name = |path: &str| asked(path).map(|asked| asked.name);
        for (path, expected) in [
            ("/", Some("")),
            ("/a/b.js", Some("a/b.js")),
            ("//a///b.js", Some("a/b.js")),
            ("/./a/./b.js", Some("a/b.js")),
            ("/a/../b.js", Some("b.js")),
            ("/a%2Fb.js", Some("a/b.js")),
            ("/with%20space", Some("with space")),
            ("/%C3%A4", Some("ä")),
            ("/%252e%252e/a", Some("%2e%2e/a")),
            ("/.hidden/a", Some(".hidden/a")),
            ("/a\\b", Some("a\\b")),
            ("/..", None),
            ("/../a", None),
            ("/a/../../b", None),
            ("/%2e%2e/a", None),
            ("/..%2fa", None),
            ("/..\\a", None),
            ("/a%5c..%5cb", None),
            ("/a%00", None),
            ("/.hidden", None),
            ("/a/.hidden", None),
            ("/%zz", None),
            ("/a%", None),
            ("/%ff", None),
        ] {
            assert_eq!(name(path).as_deref(), expected, "{path}");
        }
        assert!(asked("/a/").unwrap().is_directory && !asked("/a%2f").unwrap().is_directory);
    }

    proptest::proptest! {
        #[test]
        fn no_path_leads_out_of_the_root(path in r"/([./\\%]|%2e|%2f|%5c|%00|%25|\.\.|[a-zä\x00]|[^/]){0,16}") {
            if let Some(Asked { name, .. }) = asked(&path) {
                let parts: Vec<_> = name.split(['/', '\\']).collect();
                proptest::prop_assert!(!parts.contains(&"..") && !name.starts_with('/') && !name.contains('\0'));
                proptest::prop_assert!(name.is_empty() || name.split('/').all(|part| !part.is_empty() && part != "."));
            }
        }
    }
}
