//! The page of the front end: which scripts it names, what policies it sets, which config it shows to everybody.

mod html;

use serde_json::Value;

/// A script that stands in the page or is named there.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Script {
    pub(crate) src: Option<String>,
    pub(crate) text: String,
}

/// What the checks ask of a page.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Page {
    pub(crate) scripts: Vec<Script>,
    pub(crate) styles: Vec<String>,
    /// Policies that the page sets for itself.
    pub(crate) policies: Vec<String>,
    /// `public` or `protected`, as the build has marked it.
    pub(crate) mode: Option<String>,
    pub(crate) title: Option<String>,
    /// The sources of the browser's config, the last one wins.
    pub(crate) sources: Vec<Value>,
    /// Whether there is an element for the config at all.
    pub(crate) has_config: bool,
}

/// The type of the script that holds the config.
const CONFIG: &str = "backstage.io/config";

impl Page {
    pub(crate) fn parse(html: &str) -> Self {
        let mut page = Self::default();
        for tag in html::tags(html) {
            let attribute = |name| tag.attribute(name).map(str::to_owned);
            let is = |name: &str, value: &str| {
                tag.attribute(name).is_some_and(|found| found.eq_ignore_ascii_case(value))
            };
            match &*tag.name {
                "script" if is("type", CONFIG) => {
                    page.has_config = true;
                    if let Ok(Value::Array(sources)) = serde_json::from_str(&tag.text) {
                        page.sources.extend(
                            sources.into_iter().filter_map(|mut source| Some(source.get_mut("data")?.take())),
                        );
                    }
                }
                "script" => page.scripts.push(Script { src: attribute("src"), text: tag.text.clone() }),
                "link" if is("rel", "stylesheet") => page.styles.extend(attribute("href")),
                "meta" if is("http-equiv", "content-security-policy") => {
                    page.policies.extend(attribute("content"));
                }
                "meta" if is("name", "backstage-app-mode") => page.mode = attribute("content"),
                "title" if page.title.is_none() => page.title = Some(tag.text.trim().to_owned()),
                _ => {}
            }
        }
        page
    }

    /// Whether a Backstage's build has made it.
    pub(crate) fn is_backstage(&self) -> bool {
        self.has_config || self.mode.is_some()
    }

    /// The value of a key, of the last source that has it.
    pub(crate) fn config(&self, key: &str) -> Option<&Value> {
        let pointer = format!("/{}", key.replace('.', "/"));
        self.sources.iter().rev().find_map(|source| source.pointer(&pointer))
    }

    /// All texts of the config by the path to them, such as `integrations.github[0].host`.
    pub(crate) fn config_texts(&self) -> Vec<(String, &str)> {
        let mut found = vec![];
        self.sources.iter().for_each(|source| texts(source, String::new(), 0, &mut found));
        found
    }

    /// The scripts' and styles' paths on this origin: where they begin with `/`, or with the origin itself.
    pub(crate) fn local<'a>(origin: &str, references: impl Iterator<Item = &'a str>) -> Vec<String> {
        let path = |reference: &'a str| match reference.strip_prefix(origin) {
            Some(path) if path.starts_with('/') => Some(path),
            _ => Some(reference).filter(|path| path.starts_with('/') && !path.starts_with("//")),
        };
        references.filter_map(path).map(str::to_owned).collect()
    }
}

/// No config nests deeper.
const DEEPEST: usize = 32;

/// No config has more texts.
const MOST: usize = 10_000;

/// No path is longer: each text has the whole one.
const LONGEST: usize = 1000;

fn texts<'a>(value: &'a Value, path: String, depth: usize, found: &mut Vec<(String, &'a str)>) {
    if depth > DEEPEST || path.len() > LONGEST || found.len() >= MOST {
        return;
    }
    match value {
        Value::String(text) => found.push((path, text)),
        Value::Array(items) => {
            let items = items.iter().enumerate();
            items.for_each(|(at, item)| texts(item, format!("{path}[{at}]"), depth + 1, found));
        }
        Value::Object(members) => {
            for (key, value) in members {
                let path = if path.is_empty() { key.clone() } else { format!("{path}.{key}") };
                texts(value, path, depth + 1, found);
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const STOCK: &str = r#"<!DOCTYPE html><html><head><title> The portal </title>
        <meta name="backstage-app-mode" content="public"><script defer src="/static/main.js"></script>
        <link href="/static/vendor.css" rel="stylesheet">
        <script type="backstage.io/config">[{"context":"env","data":{"app":{"title":"A"}}},
        {"context":"app","data":{"app":{"title":"B","baseUrl":"https://p.example"},"integrations":{"github":[{"host":"ghe.example"}]}}}]</script>"#;

    #[test]
    fn the_stock_page_is_read() {
        let page = Page::parse(STOCK);
        assert!(page.is_backstage());
        assert_eq!(page.title.as_deref(), Some("The portal"));
        assert_eq!(page.scripts[0].src.as_deref(), Some("/static/main.js"));
        assert_eq!(page.styles, ["/static/vendor.css"]);
        assert_eq!(page.config("app.title").and_then(Value::as_str), Some("B"));
        assert!(page.config_texts().contains(&("integrations.github[0].host".to_owned(), "ghe.example")));
    }

    #[test]
    fn a_page_of_another_server_is_none_of_backstage() {
        for other in ["", "<h1>Welcome to nginx!</h1>", "<script>var backstage</script>"] {
            assert!(!Page::parse(other).is_backstage(), "{other}");
        }
        assert!(Page::parse("<script type=backstage.io/config>no</script>").is_backstage());
    }

    #[test]
    fn only_what_is_of_this_origin_is_fetched() {
        let all =
            ["/a.js", "//cdn.example/b.js", "https://p.example/c.js", "https://p.example.evil/d.js", "e.js"];
        assert_eq!(Page::local("https://p.example", all.into_iter()), ["/a.js", "/c.js"]);
    }

    #[test]
    fn below_a_key_without_an_end_no_texts_are_named() {
        let long = "k".repeat(100_000);
        let json = serde_json::json!([{"data": {"a": "x", long: vec!["y"; 20_000], "z": vec!["z"; 20_000]}}]);
        let page = Page::parse(&format!("<script type=\"backstage.io/config\">{json}</script>"));
        let texts = page.config_texts();
        assert_eq!(texts.len(), MOST);
        assert!(texts.iter().all(|(path, text)| *text != "y" && path.len() <= LONGEST));
    }

    proptest! {
        #[test]
        fn any_config_is_read_without_a_panic(json in "[\\[\\]{}\":,a0-9 ]{0,60}") {
            let page = Page::parse(&format!("<script type=\"backstage.io/config\">{json}</script>"));
            page.config("app.title");
            page.config_texts();
        }
    }
}
