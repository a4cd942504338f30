//! What stands in a page: its scripts, its own policies, the config that a backend has put into it.

use serde_json::Value;

use crate::snippet;

/// A script element.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Script {
    /// The line in which it begins.
    pub(crate) line: usize,
    /// As the page says it.
    pub(crate) src: Option<String>,
    pub(crate) nonce: Option<String>,
    pub(crate) text: String,
}

const SPACE: [char; 5] = [' ', '\t', '\n', '\r', '\u{c}'];

/// The value of an attribute, as browsers read it: of two of one name the first counts.
fn attribute(tag: &str, wanted: &str) -> Option<String> {
    let is_end = |c: char| SPACE.contains(&c) || c == '/' || c == '>';
    let mut rest = &tag[tag.find(is_end)?..];
    loop {
        rest = rest.trim_start_matches(|c| SPACE.contains(&c) || c == '/');
        if rest.is_empty() || rest.starts_with('>') {
            return None;
        }
        let ends = |(at, c): (usize, char)| (at > 0 && (is_end(c) || c == '=')).then_some(at);
        let (name, after) = rest.split_at(rest.char_indices().find_map(ends).unwrap_or(rest.len()));
        let (value, after) = match after.trim_start_matches(SPACE).strip_prefix('=') {
            None => ("", after),
            Some(value) => {
                let value = value.trim_start_matches(SPACE);
                match value.chars().next() {
                    Some(quote @ ('"' | '\'')) => value[1..].split_once(quote).unwrap_or((&value[1..], "")),
                    _ => {
                        value.split_at(value.find(|c| SPACE.contains(&c) || c == '>').unwrap_or(value.len()))
                    }
                }
            }
        };
        if name.eq_ignore_ascii_case(wanted) {
            let plain = value.replace("&quot;", "\"").replace("&#39;", "'");
            return Some(plain.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&"));
        }
        rest = after;
    }
}

/// The rest of the page from each tag of that name on, but for those in comments.
fn tags<'a>(html: &'a str, name: &str) -> Vec<&'a str> {
    let (mut found, mut at) = (vec![], 0);
    while let Some(start) = html[at..].find('<').map(|start| at + start) {
        let rest = &html[start..];
        at = start + 1;
        if rest.starts_with("<!--") {
            at = rest.find("-->").map_or(html.len(), |end| start + end);
        } else if rest[1..].get(..name.len()).is_some_and(|tag| tag.eq_ignore_ascii_case(name))
            && rest[1 + name.len()..].starts_with(|c| SPACE.contains(&c) || c == '/' || c == '>')
        {
            found.push(rest);
        }
    }
    found
}

/// What references of the page are relative to, where it says so.
pub(crate) fn base(html: &str) -> Option<String> {
    tags(html, "base").into_iter().find_map(|tag| attribute(tag, "href"))
}

pub(crate) fn scripts(html: &str) -> Vec<Script> {
    let script = |found: snippet::Script| {
        let tag = &html[found.whole.start..found.text.start];
        Script {
            line: html[..found.whole.start].matches('\n').count() + 1,
            src: attribute(tag, "src"),
            nonce: attribute(tag, "nonce"),
            text: html[found.text].to_owned(),
        }
    };
    snippet::scripts(html).into_iter().map(script).collect()
}

/// Policies that the page sets for itself.
pub(crate) fn policies(html: &str) -> Vec<String> {
    let is_policy = |tag: &&str| {
        attribute(tag, "http-equiv").is_some_and(|name| name.eq_ignore_ascii_case("content-security-policy"))
    };
    tags(html, "meta").into_iter().filter(is_policy).filter_map(|tag| attribute(tag, "content")).collect()
}

/// The config that a backend has put into the page for its front end.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Injected(Vec<Value>);

impl Injected {
    /// `None` where no backend has done so.
    pub(crate) fn of(html: &str) -> Option<Self> {
        let is_config = |found: &snippet::Script| {
            let tag = &html[found.whole.start..found.text.start];
            attribute(tag, "type").as_deref() == Some("backstage.io/config")
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
        let odd = "<!-- <meta http-equiv=content-security-policy content=x> --><META content='a > b' data-content=no \
                   HTTP-EQUIV = Content-Security-Policy><metadata http-equiv=content-security-policy content=y>";
        assert_eq!(policies(odd), ["a > b"]);
    }

    #[test]
    fn an_attribute_is_read_as_browsers_read_it() {
        for (tag, href) in [
            ("<base href=/a/>", Some("/a/")),
            ("<base\nhref = \"/a b\" href='no'>", Some("/a b")),
            ("<base data-href='no' HREF='x&amp;y'/>", Some("x&y")),
            ("<base title=\"href='no'\">", None),
            ("<base target=_blank><a href=no>", None),
            ("<base href>", Some("")),
            ("<base \u{e9}=1 href='\u{e9}", Some("\u{e9}")),
        ] {
            assert_eq!(attribute(tag, "href").as_deref(), href, "{tag}");
        }
        assert_eq!(base("<!-- <base href=a> --><basefont href=b><BASE HREF=c>").as_deref(), Some("c"));
    }
}
