//! The media type of a file, by its name.

use std::{collections::HashMap, sync::LazyLock};

const TABLE: &str = include_str!("mime-types.txt");

static BY_EXTENSION: LazyLock<HashMap<&str, &str>> = LazyLock::new(|| {
    let lines = TABLE.lines().filter(|line| !line.starts_with('#'));
    let pairs = lines.filter_map(|line| line.split_once(' '));
    pairs.flat_map(|(kind, all)| all.split(' ').map(move |extension| (extension, kind))).collect()
});

/// What `Content-Type` says of a file of this name.
pub(crate) fn content_type(name: &str) -> String {
    // A name without a dot is its own extension there.
    let extension = name.rsplit(['.', '/', '\\']).next().unwrap_or_default().to_lowercase();
    let kind = BY_EXTENSION.get(&*extension).copied().unwrap_or("application/octet-stream");
    let is_text = ["text/", "application/javascript", "application/json"];
    match is_text.iter().any(|start| kind.starts_with(start)) {
        true => format!("{kind}; charset=UTF-8"),
        false => kind.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::content_type;

    #[test]
    fn types_are_those_that_express_names() {
        for (name, kind) in [
            ("static/main.js", "application/javascript; charset=UTF-8"),
            ("main.JS", "application/javascript; charset=UTF-8"),
            ("a.css", "text/css; charset=UTF-8"),
            ("manifest.json", "application/json; charset=UTF-8"),
            ("index.html", "text/html; charset=UTF-8"),
            ("logo.svg", "image/svg+xml"),
            ("favicon.ico", "image/x-icon"),
            ("font.woff2", "font/woff2"),
            ("module.wasm", "application/wasm"),
            ("static/js", "application/javascript; charset=UTF-8"),
            ("LICENSE", "application/octet-stream"),
            ("a.", "application/octet-stream"),
        ] {
            assert_eq!(content_type(name), kind, "{name}");
        }
    }
}
