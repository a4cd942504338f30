//! Elements of a page, found as browsers find them: in one pass, outside of comments and of what is only text.
//!
//! Source: the HTML standard of WHATWG, "Tokenization". What a template has of its own (`<% … %>`) begins no element.

use std::ops::Range;

/// Elements in which a `<` begins no other one.
const RAW: [&str; 4] = ["script", "style", "textarea", "title"];

const SPACE: [char; 5] = [' ', '\t', '\n', '\r', '\u{c}'];

/// An element by its start tag, and of one whose content is text, by its end, too.
#[derive(Clone, Debug)]
pub(crate) struct Element<'a> {
    html: &'a str,
    name: &'a str,
    /// The rest of the start tag behind the name.
    attributes: &'a str,
    /// The line in which it begins, from 1.
    pub(crate) line: usize,
    pub(crate) whole: Range<usize>,
    text: Range<usize>,
}

impl Element<'_> {
    pub(crate) fn is(&self, name: &str) -> bool {
        self.name.eq_ignore_ascii_case(name)
    }

    /// The value of an attribute; of two of one name the first counts.
    pub(crate) fn attribute(&self, wanted: &str) -> Option<String> {
        let mut rest = self.attributes;
        while let Some((name, value, after)) = attribute(rest) {
            if name.eq_ignore_ascii_case(wanted) {
                let plain = value.replace("&quot;", "\"").replace("&#39;", "'");
                return Some(plain.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&"));
            }
            rest = after;
        }
        None
    }

    /// The line in which its text begins.
    pub(crate) fn line_of_text(&self) -> usize {
        self.line + self.html[self.whole.start..self.text.start].matches('\n').count()
    }

    /// What stands in it, if its content is text; nothing of any other.
    pub(crate) fn text(&self) -> &str {
        &self.html[self.text.clone()]
    }
}

/// The elements of a page, in their order.
pub(crate) fn elements(html: &str) -> Elements<'_> {
    // Of the same length, byte by byte.
    Elements { html, lower: html.to_ascii_lowercase(), at: 0, line: 1, counted: 0 }
}

pub(crate) struct Elements<'a> {
    html: &'a str,
    lower: String,
    at: usize,
    /// The line of `counted`.
    line: usize,
    counted: usize,
}

impl<'a> Iterator for Elements<'a> {
    type Item = Element<'a>;

    fn next(&mut self) -> Option<Element<'a>> {
        loop {
            let start = self.seek("<", self.at)?;
            if self.lower[start..].starts_with("<!--") {
                self.at = self.seek("-->", start + 2)? + "-->".len();
            } else if self.lower[start + 1..].starts_with(|first: char| first.is_ascii_alphabetic()) {
                return self.element(start);
            } else {
                self.at = start + 1;
            }
        }
    }
}

impl<'a> Elements<'a> {
    fn seek(&self, text: &str, from: usize) -> Option<usize> {
        self.lower.get(from..)?.find(text).map(|at| from + at)
    }

    /// `None` where the page ends within it: browsers leave it out.
    fn element(&mut self, start: usize) -> Option<Element<'a>> {
        let html = self.html;
        let behind = &html[start + 1..];
        let (name, attributes) = behind.split_at(behind.find(is_end)?);
        let mut rest = attributes;
        while let Some((_, _, after)) = attribute(rest) {
            rest = after;
        }
        let rest = rest.trim_start_matches(is_between);
        let attributes = &attributes[..attributes.len() - rest.len()];
        let content = html.len() - rest.strip_prefix('>')?.len();
        let (text, end) = match RAW.iter().find(|raw| name.eq_ignore_ascii_case(raw)) {
            None => (content..content, content),
            Some(raw) => {
                let close = self.seek(&format!("</{raw}"), content)?;
                (content..close, self.seek(">", close).map_or(html.len(), |end| end + 1))
            }
        };
        self.at = end;
        self.line += html[self.counted..start].matches('\n').count();
        self.counted = start;
        Some(Element { html, name, attributes, line: self.line, whole: start..end, text })
    }
}

/// What ends a name.
fn is_end(c: char) -> bool {
    is_between(c) || c == '>'
}

/// What stands between attributes.
fn is_between(c: char) -> bool {
    SPACE.contains(&c) || c == '/'
}

/// The first attribute of a tag's rest, with its value, and what comes behind it.
fn attribute(rest: &str) -> Option<(&str, &str, &str)> {
    let rest = rest.trim_start_matches(is_between);
    if rest.is_empty() || rest.starts_with('>') {
        return None;
    }
    let ends = |(at, c): (usize, char)| (at > 0 && (is_end(c) || c == '=')).then_some(at);
    let (name, after) = rest.split_at(rest.char_indices().find_map(ends).unwrap_or(rest.len()));
    let Some(value) = after.trim_start_matches(SPACE).strip_prefix('=') else {
        return Some((name, "", after));
    };
    let value = value.trim_start_matches(SPACE);
    let (value, after) = match value.chars().next() {
        Some(quote @ ('"' | '\'')) => value[1..].split_once(quote).unwrap_or((&value[1..], "")),
        _ => value.split_at(value.find(|c| SPACE.contains(&c) || c == '>').unwrap_or(value.len())),
    };
    Some((name, value, after))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn first<'a>(html: &'a str, name: &str) -> Option<Element<'a>> {
        elements(html).find(|element| element.is(name))
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
            ("<base title=it's href=a>", Some("a")),
            ("<base \u{e9}=1 href='\u{e9}'>", Some("\u{e9}")),
        ] {
            assert_eq!(first(tag, "base").unwrap().attribute("href").as_deref(), href, "{tag}");
        }
    }

    #[test]
    fn a_tag_ends_outside_of_the_quotes_of_its_attributes() {
        let html = "<script title='a > b' data-x=\"</script>\">1 < 2 > 0</SCRIPT ><p>";
        let script = first(html, "script").unwrap();
        assert_eq!((script.text(), &html[script.whole.clone()]), ("1 < 2 > 0", &html[..html.len() - 3]));
        assert_eq!(script.attribute("title").as_deref(), Some("a > b"));
    }

    #[test]
    fn what_stands_in_comments_in_texts_and_in_tags_without_an_end_is_no_element() {
        for none in [
            "<!-- <meta> -->",
            "<!--><!-- <meta> -->",
            "<script>'<meta>'</script>",
            "<title><meta></title>",
            "<metadata>",
            "< meta>",
            "<%= '<' %>",
            "<script><meta>",
            "<meta content='>",
        ] {
            assert!(first(none, "meta").is_none(), "{none}");
        }
        assert!(first("<!-->\n<META\n>", "meta").is_some_and(|meta| meta.line == 2));
    }

    proptest! {
        #[test]
        fn each_element_stands_where_it_says_behind_the_one_before(
            html in "(<script|</script|</title>|<title|<!--|-->|>|/|=|'|\"|[a-z <>\n]|\u{e9}){0,30}"
        ) {
            let mut end = 0;
            for element in elements(&html) {
                prop_assert!(element.whole.start >= end && html[element.whole.clone()].starts_with('<'));
                prop_assert_eq!(element.line, html[..element.whole.start].matches('\n').count() + 1);
                end = element.whole.end;
            }
        }
    }
}
