//! An index document, as far as it is of the app: the config that was injected into it, and the files that it names.

use std::{borrow::Cow, sync::LazyLock};

use regex::Regex;
use serde_json::Value;

/// So many files of an index document are asked for.
pub(crate) const MOST_FILES: usize = 20;

static CONFIG: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r#"(?s)(<script[^>]*type="backstage\.io/config"[^>]*>)(.*?)(</script>)"#)
        .expect("a valid pattern")
});

static FILE: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r#"<(?:script|link)\b[^>]*?\b(?:src|href)="([^"]{1,1000})""#).expect("a valid pattern")
});

/// A document in two parts.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Document {
    /// What the browser reads as config.
    pub(crate) config: Option<Value>,
    /// The document without it.
    pub(crate) rest: String,
}

impl Document {
    /// Reads it; `None` where a text is no document with a config.
    pub(crate) fn of(text: &str) -> Option<Self> {
        let found = CONFIG.captures(text)?;
        let config = serde_json::from_str(&found[2]).ok();
        let rest = match config {
            Some(_) => CONFIG.replace(text, "$1$3").into_owned(),
            None => text.to_owned(),
        };
        Some(Self { config, rest })
    }
}

/// The paths of the files that a document names on its own server, each once.
pub(crate) fn files(document: &str) -> Vec<String> {
    let mut paths: Vec<String> = Vec::new();
    for found in FILE.captures_iter(document) {
        if paths.len() == MOST_FILES {
            break;
        }
        let path = &found[1];
        // A link to a page is none to a file.
        let is_file = path.rsplit('/').next().is_some_and(|name| name.contains('.'));
        // It is asked for, and stands in the report as it is.
        let may_be_shown = is_plain(path);
        if path.starts_with('/')
            && !path.starts_with("//")
            && is_file
            && may_be_shown
            && !paths.iter().any(|p| p == path)
        {
            paths.push(path.to_owned());
        }
    }
    paths
}

/// Whether a text of a server's may stand in a request, and in the report of it: visible ASCII without credentials.
pub(crate) fn is_plain(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_graphic())
        && matches!(greenroom_redact::text(text), Cow::Borrowed(_))
}

#[cfg(test)]
mod tests {
    use super::*;

    const INDEX: &str = r#"<html><head><link rel="icon" href="/favicon.ico">
<script defer="defer" src="/static/main.0a1b2c3d.js"></script><script src="//cdn.example.com/x.js"></script>
<script type="backstage.io/config">
[{"context":"app","data":{"app":{"title":"T"}}}]
</script>
</head></html>"#;

    #[test]
    fn the_config_is_read_apart_from_the_document() {
        let document = Document::of(INDEX).unwrap();
        assert_eq!(document.config.unwrap()[0]["data"]["app"]["title"], "T");
        assert!(document.rest.contains(r#"<script type="backstage.io/config"></script>"#));
        assert_eq!(Document::of("<html></html>"), None);
        let broken = Document::of(r#"<script type="backstage.io/config">[</script>"#).unwrap();
        assert_eq!(broken.config, None);
        assert!(broken.rest.contains('['), "what is no JSON is compared as text");
    }

    #[test]
    fn files_are_those_of_the_same_server() {
        assert_eq!(files(INDEX), ["/favicon.ico", "/static/main.0a1b2c3d.js"]);
        let others = ["/a.js?token=abc", "/a\u{202e}.js", "/a\u{1b}.js", "/a\n.js", "/me:pw@h/a.js?sig=1"];
        let page: String = others.iter().map(|path| format!("<script src=\"{path}\">")).collect();
        assert_eq!(files(&page), [""; 0]);
        let many: String = (0..100_000).map(|at| format!("<link href=\"/{at}.css\">")).collect();
        assert_eq!(files(&many).len(), MOST_FILES);
    }
}
