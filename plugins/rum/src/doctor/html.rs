//! What stands in a page: its scripts, its own policies, the config that a backend has put into it.

use std::sync::LazyLock;

use regex::Regex;
use serde_json::Value;

use crate::snippet;

/// A script element.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Script {
    /// The line in which it begins.
    pub(crate) line: usize,
    /// As the page says it.
    pub(crate) src: Option<String>,
    pub(crate) nonce: Option<String>,
    pub(crate) text: String,
}

fn attribute(name: &str) -> Regex {
    let pattern = format!(r#"(?i)\s{name}\s*=\s*(?:"([^"]*)"|'([^']*)'|([^\s>"']+))"#);
    Regex::new(&pattern).unwrap_or_else(|error| unreachable!("the pattern is fixed: {error}"))
}

static SRC: LazyLock<Regex> = LazyLock::new(|| attribute("src"));
static NONCE: LazyLock<Regex> = LazyLock::new(|| attribute("nonce"));
static TYPE: LazyLock<Regex> = LazyLock::new(|| attribute("type"));
static CONTENT: LazyLock<Regex> = LazyLock::new(|| attribute("content"));
static HTTP_EQUIV: LazyLock<Regex> = LazyLock::new(|| attribute("http-equiv"));

fn value(of: &Regex, tag: &str) -> Option<String> {
    let found = of.captures(tag)?;
    let text = (1..=3).find_map(|group| found.get(group))?.as_str();
    let plain = text.replace("&quot;", "\"").replace("&#39;", "'").replace("&lt;", "<").replace("&gt;", ">");
    Some(plain.replace("&amp;", "&"))
}

pub(crate) fn scripts(html: &str) -> Vec<Script> {
    let script = |found: snippet::Script| {
        let tag = &html[found.whole.start..found.text.start];
        Script {
            line: html[..found.whole.start].matches('\n').count() + 1,
            src: value(&SRC, tag),
            nonce: value(&NONCE, tag),
            text: html[found.text].to_owned(),
        }
    };
    snippet::scripts(html).into_iter().map(script).collect()
}

/// Policies that the page sets for itself.
pub(crate) fn policies(html: &str) -> Vec<String> {
    let tags = html.split("<meta").skip(1).filter_map(|rest| Some(rest.split_once('>')?.0));
    let is_policy = |tag: &&str| {
        value(&HTTP_EQUIV, tag).is_some_and(|name| name.eq_ignore_ascii_case("content-security-policy"))
    };
    tags.filter(is_policy).filter_map(|tag| value(&CONTENT, tag)).collect()
}

/// The config that a backend has put into the page for its front end.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Injected(Vec<Value>);

impl Injected {
    /// `None` where no backend has done so.
    pub(crate) fn of(html: &str) -> Option<Self> {
        let is_config = |found: &snippet::Script| {
            let tag = &html[found.whole.start..found.text.start];
            value(&TYPE, tag).as_deref() == Some("backstage.io/config")
        };
        let found = snippet::scripts(html).into_iter().find(is_config)?;
        let sources: Vec<Value> = serde_json::from_str(&html[found.text]).ok()?;
        Some(Self(
            sources.into_iter().filter_map(|mut source| Some(source.get_mut("data")?.take())).collect(),
        ))
    }

    /// The last source that says it wins.
    pub(crate) fn get(&self, key: &str) -> Option<&Value> {
        let pointer = format!("/{}", key.replace('.', "/"));
        self.0.iter().rev().find_map(|data| data.pointer(&pointer))
    }

    pub(crate) fn text(&self, key: &str) -> Option<&str> {
        self.get(key)?.as_str()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scripts_are_read_with_what_stands_in_their_tags() {
        let html = "<head>\n<SCRIPT defer SRC='/a.js?x=1&amp;y=2'></SCRIPT><!-- <script src=no> -->\n<script nonce=\"n\">1 < 2</script>";
        let scripts = scripts(html);
        assert_eq!((scripts[0].line, scripts[0].src.as_deref()), (2, Some("/a.js?x=1&y=2")));
        assert_eq!(
            (scripts[1].line, scripts[1].nonce.as_deref(), &*scripts[1].text),
            (3, Some("n"), "1 < 2")
        );
        assert_eq!(scripts.len(), 2);
    }

    #[test]
    fn the_injected_config_is_read_as_the_front_end_does() {
        let html = std::fs::read_to_string(
            std::path::Path::new(env!("CARGO_MANIFEST_DIR"))
                .join("tests/fixtures/pages/rt-snippet-rumcfg.html"),
        );
        let config = Injected::of(&html.unwrap()).unwrap();
        assert_eq!(config.text("app.datadogRum.site"), Some("datadoghq.eu"));
        let two = "<script type=\"backstage.io/config\">[{\"data\":{\"a\":{\"b\":\"1\"}}},{\"data\":{\"a\":{\"b\":\"2\"}}}]</script>";
        assert_eq!(Injected::of(two).unwrap().text("a.b"), Some("2"));
        for none in ["", "<script type=\"backstage.io/config\">no</script>"] {
            assert_eq!(Injected::of(none), None);
        }
    }

    #[test]
    fn a_page_may_set_a_policy_of_its_own() {
        let html = "<meta charset=utf-8><meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'self'\">";
        assert_eq!(policies(html), ["default-src 'self'"]);
    }
}
