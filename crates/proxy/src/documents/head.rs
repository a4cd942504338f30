//! Where a document's `<head>` begins, as browsers find it.
//!
//! Source: the HTML standard of WHATWG, "Tokenization" and, of "The rules for parsing tokens in HTML content", those up to "in
//! head". What stands in front of `<head>` is little: comments, a doctype, `<html>`. Anything else begins a head that no tag
//! names, and then there is none to stand behind.

/// The first byte behind the tag `<head …>`.
pub(super) fn start_of_head(html: &str) -> Option<usize> {
    let mut rest = html.strip_prefix('\u{feff}').unwrap_or(html);
    loop {
        rest = rest.trim_start_matches(is_space);
        if let Some(comment) = rest.strip_prefix("<!--") {
            rest = behind_comment(comment)?;
        } else if rest.starts_with("<!") || rest.starts_with("<?") {
            // A doctype, or what browsers take for a comment: no quotes keep them from ending.
            rest = rest.split_once('>')?.1;
        } else {
            let tag = rest.strip_prefix('<')?;
            let (name, attributes) = tag.split_at(tag.find(ends_name)?);
            let behind = behind_tag(attributes)?;
            match name {
                _ if name.eq_ignore_ascii_case("html") => rest = behind,
                _ if name.eq_ignore_ascii_case("head") => return Some(html.len() - behind.len()),
                _ => return None,
            }
        }
    }
}

fn is_space(c: char) -> bool {
    matches!(c, ' ' | '\t' | '\n' | '\r' | '\u{c}')
}

fn ends_name(c: char) -> bool {
    is_space(c) || matches!(c, '/' | '>')
}

/// `<!-->` and `<!--->` are whole ones, and `--!>` ends one as `-->` does.
fn behind_comment(text: &str) -> Option<&str> {
    if let Some(behind) = text.strip_prefix('>').or_else(|| text.strip_prefix("->")) {
        return Some(behind);
    }
    let ends = ["-->", "--!>"].into_iter().filter_map(|end| Some((text.find(end)?, end.len())));
    ends.min().map(|(at, length)| &text[at + length..])
}

/// What is behind a tag, of which these are the attributes: a quote is one only where a value begins.
fn behind_tag(attributes: &str) -> Option<&str> {
    let mut rest = attributes;
    loop {
        rest = rest.trim_start_matches(|c| is_space(c) || c == '/');
        if let Some(behind) = rest.strip_prefix('>') {
            return Some(behind);
        }
        // A name may begin by `=`.
        let ends = |(at, c): (usize, char)| (at > 0 && (ends_name(c) || c == '=')).then_some(at);
        rest = &rest[rest.char_indices().find_map(ends)?..];
        let Some(value) = rest.trim_start_matches(is_space).strip_prefix('=') else { continue };
        let value = value.trim_start_matches(is_space);
        rest = match value.chars().next()? {
            quote @ ('"' | '\'') => value[1..].split_once(quote)?.1,
            _ => &value[value.find(|c| is_space(c) || c == '>')?..],
        };
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_head_begins_behind_its_tag() {
        for before in [
            "<head>",
            "<!doctype html><html lang=\"en\"><head>",
            "\u{feff}<!DOCTYPE html>\r\n<HTML>\n\t<HEAD >",
            "<!-- </head><head> --><html><head>",
            "<!--><head>",
            "<!---><head>",
            "<!-- a --!><head>",
            "<!-- <!-- --><head>",
            "<?xml version='1.0'?><html xmlns='x'><head>",
            "<!doctype html system \"><html><head>",
            "<html data-a='>' data-b=\"</head>\"><head data-c='<head>' d=e/f g>",
            "<html a=it's b><head / x = y>",
            "<html =a='b'><head>",
            "<html><html><head/>",
        ] {
            for behind in ["", "<title>x</title></head><body></body>", "<head>", "'\">"] {
                assert_eq!(start_of_head(&format!("{before}{behind}")), Some(before.len()), "{before}");
            }
        }
    }

    #[test]
    fn what_begins_another_way_has_no_head() {
        for html in [
            "",
            "<header>",
            "<html><header><head>",
            "<html><body><head>",
            "<title>x</title><head>",
            "text<html><head>",
            "<!-- <head>",
            "<!-- <head> --",
            "<!doctype html",
            "<html><head",
            "<html><head title='>",
            "<html lang=\"><head>",
            "</head><head>",
            "<headd>",
            "< head>",
            "<html>\u{a0}<head>",
            "<html x=",
            "<html x",
            "<",
        ] {
            assert_eq!(start_of_head(html), None, "{html}");
        }
    }

    proptest! {
        #[test]
        fn it_stands_behind_a_whole_tag_of_that_name(
            html in "(<!--|-->|--!>|<!doctype|<html|<head|<header|</head>|<body>|>|/|=|'|\"|[a-zA-Z \n]|\u{e9}){0,24}"
        ) {
            if let Some(at) = start_of_head(&html) {
                prop_assert!(html[..at].ends_with('>'));
                prop_assert!(html[..at].to_ascii_lowercase().contains("<head"));
            }
        }

        #[test]
        fn any_text_is_looked_at(html in "\\PC*") {
            let _ = start_of_head(&html);
        }
    }
}
