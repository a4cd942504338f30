//! The page that every address of the app shows: rendered at start, with the config that the browser may see.

use std::sync::Arc;

use greenroom::{
    config::RootConfig,
    core::{Service, scope},
    errors::{Error, Result},
    http::finished::etag,
};
use http::HeaderValue;
use parking_lot::Mutex;

use crate::policy::Policy;

/// What a page is made of, for whoever adds to it.
pub struct Page<'a> {
    /// What the browser gets to see of the config.
    pub config: &'a RootConfig,
    /// The path of `app.baseUrl` without a slash at its end: empty where the app is at the root of its host.
    pub public_path: &'a str,
    /// The page so far.
    pub html: &'a str,
}

type Make = Box<dyn Fn(&Page<'_>) -> Result<String> + Send + Sync>;

/// Adds to the page of the app: an extension point of the plugin `app`.
///
/// ```
/// use greenroom::prelude::*;
/// use greenroom_plugin_app::IndexDocument;
///
/// let greeting = module("app", "greeting", |env| {
///     env.register_init(async |document: IndexDocument| {
///         document.head_start(|page| Ok(format!("<script src=\"{}/greeting.js\"></script>", page.public_path)));
///         document.allow("script-src", "https://cdn.example.com");
///         Ok(())
///     });
/// });
/// # let _: Module = greeting;
/// ```
#[derive(Clone, Default)]
pub struct IndexDocument(Arc<Mutex<Additions>>);

#[derive(Default)]
struct Additions {
    head_start: Vec<Make>,
    allowed: Vec<(&'static str, String)>,
}

impl Service for IndexDocument {
    const ID: &'static str = "app.indexDocument";
    type Scope = scope::Extension;
}

impl IndexDocument {
    /// Puts HTML in front of the first script in `<head>`, behind what was added before. It is called once, at start; it
    /// escapes what it prints, and its error fails the start of the plugin.
    pub fn head_start(&self, html: impl Fn(&Page<'_>) -> Result<String> + Send + Sync + 'static) {
        self.0.lock().head_start.push(Box::new(html));
    }

    /// Lets the page load something: one more source for a directive of its `Content-Security-Policy`. A directive that the
    /// operator has taken out by `backend.csp` stays out.
    pub fn allow(&self, directive: &'static str, source: impl Into<String>) {
        self.0.lock().allowed.push((directive, source.into()));
    }

    /// The page with all that was added.
    pub(crate) fn finish(&self, html: String, config: &RootConfig, public_path: &str) -> Result<Finished> {
        let additions = self.0.lock();
        let mut added = String::new();
        for make in &additions.head_start {
            added.push_str(&make(&Page { config, public_path, html: &html })?);
        }
        let mut html = html;
        if !added.is_empty() {
            let at = head_start(&html).ok_or_else(|| Error::new("The page of the app has no <head>"))?;
            html.insert_str(at, &added);
        }
        let tag = etag(html.as_bytes());
        Ok(Finished { html, etag: tag, allowed: additions.allowed.clone() })
    }
}

/// A page as it is served.
pub(crate) struct Finished {
    pub(crate) html: String,
    pub(crate) etag: HeaderValue,
    allowed: Vec<(&'static str, String)>,
}

impl Finished {
    /// The policy of the page, where it is not the one that everything has.
    pub(crate) fn policy(&self, everything: Option<&HeaderValue>) -> Option<HeaderValue> {
        let everything = everything?.to_str().ok().filter(|_| !self.allowed.is_empty())?;
        let mut policy = Policy::parse(everything);
        self.allowed.iter().for_each(|(directive, source)| policy.allow(directive, source));
        HeaderValue::try_from(policy.to_string()).ok()
    }
}

/// Where the first script of `<head>` begins, or `<head>` ends.
fn head_start(html: &str) -> Option<usize> {
    let lower = html.to_ascii_lowercase();
    let mut at = lower.find("<head")?;
    let end = at + lower[at..].find("</head>")?;
    while let Some(next) = lower[at..end].find('<').map(|next| at + next) {
        if lower[next..].starts_with("<!--") {
            at = next + lower[next..end].find("-->")?;
        } else if lower[next..].starts_with("<script") {
            return Some(next);
        } else {
            at = next + 1;
        }
    }
    Some(end)
}

/// Puts the config for the browser in front of the first `</head>`, in the form in which Backstage's front end reads it.
/// No text in it can end the script: `<` is written as JSON's `\u003c`.
pub(crate) fn with_config(html: &str, config_json: &str) -> String {
    let json = config_json.replace('<', "\\u003c");
    let script = format!("\n<script type=\"backstage.io/config\">\n{json}\n</script>\n");
    match html.split_once("</head>") {
        Some((head, rest)) => [head, &script, "</head>", rest].concat(),
        None => html.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn finished(html: &str, document: &IndexDocument) -> Result<Finished> {
        document.finish(html.to_owned(), &RootConfig::from_yaml("a: 1").unwrap(), "/base")
    }

    #[test]
    fn what_is_added_stands_before_the_first_script_of_the_head() {
        let document = IndexDocument::default();
        document.head_start(|page| Ok(format!("<i>{}</i>", page.public_path)));
        document.head_start(|_| Ok("<b>".to_owned()));
        for (html, expected) in [
            (
                "<html><head><!-- <script> --><title>t</title><script>1</script></head>",
                "<html><head><!-- <script> --><title>t</title><i>/base</i><b><script>1</script></head>",
            ),
            ("<HEAD></HEAD><script>", "<HEAD><i>/base</i><b></HEAD><script>"),
        ] {
            assert_eq!(finished(html, &document).unwrap().html, expected);
        }
        assert!(finished("<p>", &document).is_err());
        assert_eq!(finished("<p>", &IndexDocument::default()).unwrap().html, "<p>");
    }

    #[test]
    fn the_config_stands_before_the_end_of_the_head_and_ends_no_script() {
        let page = with_config("<head>$&</head></head>", r#"["</script><!--$&"]"#);
        let script =
            "\n<script type=\"backstage.io/config\">\n[\"\\u003c/script>\\u003c!--$&\"]\n</script>\n";
        assert_eq!(page, format!("<head>$&{script}</head></head>"));
        assert_eq!(with_config("<p>", "[]"), "<p>");
    }

    #[test]
    fn a_policy_is_the_pages_own_only_where_something_is_allowed() {
        let everything = HeaderValue::from_static("default-src 'self';script-src 'self' 'unsafe-eval'");
        let document = IndexDocument::default();
        assert_eq!(finished("", &document).unwrap().policy(Some(&everything)), None);
        document.allow("script-src", "https://cdn.example.com");
        let policy = finished("", &document).unwrap().policy(Some(&everything)).unwrap();
        assert_eq!(policy, "default-src 'self';script-src 'self' 'unsafe-eval' https://cdn.example.com");
    }
}
