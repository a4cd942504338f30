//! The page that every address of the app shows: rendered at start, with the config that the browser may see.

use greenroom::{
    config::RootConfig,
    errors::{Error, Result},
    http::finished::etag,
};
use greenroom_plugin_app_node::{Additions, HeadOfEach, Page};
use http::HeaderValue;

use crate::policy::Policy;

/// The template, or the page in its place, as it is to be understood.
pub(crate) fn rewritten(template: String, additions: &Additions) -> String {
    additions.rewrites.iter().fold(template, |template, rewrite| rewrite(&template).unwrap_or(template))
}

/// The page with all that was added.
pub(crate) fn finish(
    mut html: String,
    additions: Additions,
    config: &RootConfig,
    public_path: &str,
) -> Result<Finished> {
    let Additions { head_start, head_of_each, allowed, .. } = additions;
    let mut added = String::new();
    for make in &head_start {
        added.push_str(&make(&Page { config, public_path, html: &html })?);
    }
    let mut each = None;
    if !(added.is_empty() && head_of_each.is_empty()) {
        let at = start_of_head(&html).ok_or_else(|| Error::new("The page of the app has no <head>"))?;
        html.insert_str(at, &added);
        each = (!head_of_each.is_empty()).then_some(Each { at, make: head_of_each });
    }
    let etag = etag(html.as_bytes());
    Ok(Finished { html, etag, each, allowed })
}

/// A page as it is served.
pub(crate) struct Finished {
    pub(crate) html: String,
    pub(crate) etag: HeaderValue,
    pub(crate) each: Option<Each>,
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

/// What each answer has of its own.
pub(crate) struct Each {
    at: usize,
    make: Vec<HeadOfEach>,
}

impl Each {
    /// The page for the request that is answered here.
    pub(crate) fn page(&self, html: &str) -> String {
        let (before, behind) = html.split_at(self.at);
        let mut page = String::with_capacity(html.len() + 200);
        page.push_str(before);
        self.make.iter().for_each(|make| page.push_str(&make()));
        page + behind
    }
}

/// Where the first script of `<head>` begins, or `<head>` ends.
fn start_of_head(html: &str) -> Option<usize> {
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
    use greenroom_plugin_app_node::IndexDocument;

    use super::*;

    fn finished(html: &str, document: &IndexDocument) -> Result<Finished> {
        finish(html.to_owned(), document.additions(), &RootConfig::from_yaml("a: 1").unwrap(), "/base")
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
    fn what_each_answer_has_of_its_own_stands_before_what_all_have() {
        let document = IndexDocument::default();
        assert!(document.additions().is_empty());
        document.head_start(|_| Ok("<b>".to_owned()));
        let count = std::sync::atomic::AtomicU32::new(0);
        document.head_of_each(move || {
            format!("<i>{}</i>", count.fetch_add(1, std::sync::atomic::Ordering::Relaxed))
        });
        let page = finished("<head><script>1</script></head>", &document).unwrap();
        assert_eq!(page.html, "<head><b><script>1</script></head>");
        assert_eq!(page.etag, etag(page.html.as_bytes()));
        let each = page.each.unwrap();
        for number in 0..2 {
            let expected = format!("<head><i>{number}</i><b><script>1</script></head>");
            assert_eq!(each.page(&page.html), expected);
        }
        assert!(!document.additions().is_empty());
    }

    #[test]
    fn a_template_is_rewritten_by_one_after_the_other() {
        let document = IndexDocument::default();
        document.rewrite_template(|template| template.strip_prefix("a").map(str::to_owned));
        document.rewrite_template(|template| template.strip_prefix("b").map(str::to_owned));
        assert_eq!(rewritten("abc".to_owned(), &document.additions()), "c");
        assert_eq!(rewritten("bc".to_owned(), &document.additions()), "c");
        assert_eq!(rewritten("c".to_owned(), &document.additions()), "c");
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
