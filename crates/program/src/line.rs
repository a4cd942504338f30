//! What the log says once the backend is up, where nobody sees the banner: where its pages are, and how a browser gets in.

/// `pages` are those worth opening, by their names and URLs; `observatory` is where operators go. A link by which one signs in is
/// a secret, and stands in no line: `program` prints one.
pub(crate) fn line(program: &str, pages: &[(&str, String)], observatory: Option<&str>) -> Option<String> {
    let pages = pages.iter().map(|(name, url)| format!("{name}: {url}"));
    let observatory = observatory
        .map(|url| format!("Observatory: {url}, into which a link leads that `{program} ops link` prints"));
    let told: Vec<_> = pages.chain(observatory).collect();
    (!told.is_empty()).then(|| told.join("; "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_reads_the_log_alone_finds_the_pages_and_the_way_in() {
        let (demo, url) =
            ([("Demo", "http://localhost:7007/demo".to_owned())], "http://localhost:7007/.greenroom/");
        assert_eq!(
            line("greenroom", &demo, Some(url)).unwrap(),
            "Demo: http://localhost:7007/demo; Observatory: http://localhost:7007/.greenroom/, into which a link leads that \
             `greenroom ops link` prints"
        );
        assert_eq!(line("x", &demo, None).as_deref(), Some("Demo: http://localhost:7007/demo"));
        assert_eq!(line("x", &[], None), None);
    }
}
