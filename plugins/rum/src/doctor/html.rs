//! What stands in a page that the doctor looks at: scripts, policies, the config that a backend has put into it.

use serde_json::Value;

use crate::html::elements;

/// A script element.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Script {
    /// The line in which it begins.
    pub(crate) line: usize,
    /// The line in which its text begins.
    pub(crate) line_of_text: usize,
    /// As the page says it.
    pub(crate) src: Option<String>,
    pub(crate) nonce: Option<String>,
    pub(crate) text: String,
}

/// What the doctor wants to know of a page.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Html {
    pub(crate) scripts: Vec<Script>,
    /// What references of the page are relative to, where it says so.
    pub(crate) base: Option<String>,
    /// Policies that the page sets for itself.
    pub(crate) policies: Vec<String>,
    pub(crate) injected: Option<Injected>,
}

impl Html {
    pub(crate) fn of(html: &str) -> Self {
        let mut told = Self::default();
        for element in elements(html) {
            if element.is("script") {
                if told.injected.is_none()
                    && element.attribute("type").as_deref() == Some("backstage.io/config")
                {
                    told.injected = Injected::of(element.text());
                }
                told.scripts.push(Script {
                    line: element.line,
                    line_of_text: element.line_of_text(),
                    src: element.attribute("src"),
                    nonce: element.attribute("nonce"),
                    text: element.text().to_owned(),
                });
            } else if element.is("base") {
                told.base = told.base.or_else(|| element.attribute("href"));
            } else if element.is("meta") {
                let equivalent = element.attribute("http-equiv");
                let is_policy =
                    equivalent.is_some_and(|name| name.eq_ignore_ascii_case("content-security-policy"));
                told.policies.extend(element.attribute("content").filter(|_| is_policy));
            }
        }
        told
    }
}

/// The config that a backend has put into the page for its front end.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Injected(Vec<Value>);

impl Injected {
    /// Of what stands in the script that holds it.
    fn of(text: &str) -> Option<Self> {
        let sources: Vec<Value> = serde_json::from_str(text).ok()?;
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
        let scripts = Html::of(html).scripts;
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
        let config = Html::of(&html.unwrap()).injected.unwrap();
        assert_eq!(config.text("app.datadogRum.site"), Some("datadoghq.eu"));
        let two = "<script type=\"backstage.io/config\">[{\"data\":{\"a\":{\"b\":\"1\"}}},{\"data\":{\"a\":{\"b\":\"2\"}}}]</script>";
        assert_eq!(Html::of(two).injected.unwrap().text("a.b"), Some("2"));
        for none in ["", "<script type=\"backstage.io/config\">no</script>"] {
            assert_eq!(Html::of(none).injected, None);
        }
    }

    #[test]
    fn a_page_may_set_a_policy_of_its_own() {
        let html = "<meta charset=utf-8><meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'self'\">";
        assert_eq!(Html::of(html).policies, ["default-src 'self'"]);
        let odd = "<!-- <meta http-equiv=content-security-policy content=x> --><META content='a > b' data-content=no \
                   HTTP-EQUIV = Content-Security-Policy><metadata http-equiv=content-security-policy content=y>";
        assert_eq!(Html::of(odd).policies, ["a > b"]);
    }

    #[test]
    fn references_are_relative_to_the_first_base_that_says_so() {
        let html = "<!-- <base href=a> --><basefont href=b><base target=x><BASE HREF=c><base href=d>";
        assert_eq!(Html::of(html).base.as_deref(), Some("c"));
    }
}
