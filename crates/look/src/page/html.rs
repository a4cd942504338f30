//! The tags of a page that somebody looks for, outside of comments and of what is only text.
//!
//! Source: the HTML standard of WHATWG, "Tokenization".

/// A start tag, and of a script what stands in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Tag {
    /// In lower case.
    pub(super) name: String,
    attributes: Vec<(String, String)>,
    pub(super) text: String,
}

impl Tag {
    /// Of two of one name the first counts.
    pub(super) fn attribute(&self, wanted: &str) -> Option<&str> {
        self.attributes.iter().find(|(name, _)| name == wanted).map(|(_, value)| &**value)
    }
}

/// In these a `<` begins nothing.
const RAW: [&str; 4] = ["script", "style", "textarea", "title"];

/// No page has more; what comes behind is not read.
const MOST: usize = 5000;

pub(super) fn tags(html: &str) -> Vec<Tag> {
    // Of the same length, byte by byte.
    let lower = html.to_ascii_lowercase();
    let (mut found, mut at) = (vec![], 0);
    while found.len() < MOST
        && let Some(start) = seek(&lower, "<", at)
    {
        if lower[start..].starts_with("<!--") {
            let Some(end) = seek(&lower, "-->", start + 2) else { break };
            at = end + 3;
        } else if lower[start + 1..].starts_with(|first: char| first.is_ascii_alphabetic()) {
            let Some((mut tag, behind)) = tag(&html[start + 1..]) else { break };
            at = html.len() - behind.len();
            if RAW.contains(&&*tag.name) {
                let Some(end) = seek(&lower, &format!("</{}", tag.name), at) else { break };
                tag.text = html[at..end].to_owned();
                at = end;
            }
            found.push(tag);
        } else {
            at = start + 1;
        }
    }
    found
}

fn seek(text: &str, wanted: &str, from: usize) -> Option<usize> {
    Some(from + text.get(from..)?.find(wanted)?)
}

fn is_space(c: char) -> bool {
    c.is_ascii_whitespace() || c == '/'
}

/// A tag from its name on, and what comes behind it; `None` where the page ends within.
fn tag(text: &str) -> Option<(Tag, &str)> {
    let (name, mut rest) = text.split_at(text.find(|c| is_space(c) || c == '>')?);
    let mut attributes = vec![];
    loop {
        rest = rest.trim_start_matches(is_space);
        if let Some(behind) = rest.strip_prefix('>') {
            let tag = Tag { name: name.to_ascii_lowercase(), attributes, text: String::new() };
            return Some((tag, behind));
        }
        let (attribute, behind) = attribute(rest)?;
        attributes.push(attribute);
        rest = behind;
    }
}

fn attribute(text: &str) -> Option<((String, String), &str)> {
    // An equals sign at the beginning belongs to the name.
    let first = text.chars().next()?.len_utf8();
    let end = text[first..].find(|c| is_space(c) || matches!(c, '>' | '='))? + first;
    let (name, rest) = text.split_at(end);
    let name = name.to_ascii_lowercase();
    let Some(value) = rest.trim_start_matches(|c: char| c.is_ascii_whitespace()).strip_prefix('=') else {
        return Some(((name, String::new()), rest));
    };
    let value = value.trim_start_matches(|c: char| c.is_ascii_whitespace());
    let (value, rest) = match value.chars().next()? {
        quote @ ('"' | '\'') => value[1..].split_once(quote)?,
        _ => value.split_at(value.find(|c: char| c.is_ascii_whitespace() || c == '>')?),
    };
    let plain = value.replace("&quot;", "\"").replace("&#39;", "'").replace("&lt;", "<").replace("&gt;", ">");
    Some(((name, plain.replace("&amp;", "&")), rest))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn tags_are_read_as_browsers_read_them() {
        let html = "<!-- <script src=no> --><META Name=a CONTENT='x > y'><script defer src=\"/a.js?x&amp;y\">1 < 2 <b></script><a href=/z>";
        let found = tags(html);
        let names: Vec<_> = found.iter().map(|tag| &*tag.name).collect();
        assert_eq!(names, ["meta", "script", "a"]);
        assert_eq!(found[0].attribute("content"), Some("x > y"));
        assert_eq!((found[1].attribute("src"), &*found[1].text), (Some("/a.js?x&y"), "1 < 2 <b>"));
        assert_eq!(found[1].attribute("defer"), Some(""));
        assert_eq!(found[2].attribute("href"), Some("/z"));
    }

    #[test]
    fn a_page_that_ends_within_a_tag_has_those_before_it() {
        for cut in ["<p><script src='x", "<p><script>x", "<p><!-- x", "<p><a b", "<p><", "<p><a ="] {
            assert_eq!(tags(cut).len(), 1, "{cut}");
        }
    }

    proptest! {
        #[test]
        fn any_text_is_read_without_a_panic(html in "(<script|</script>|<!--|-->|<meta|content=|='|\"|'|>|=|/| |\u{e9}|x){0,40}") {
            tags(&html);
        }
    }
}
