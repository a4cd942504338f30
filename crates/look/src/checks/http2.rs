//! Whether the front speaks HTTP/2.

use crate::{
    finding::Finding,
    seen::{Seen, many},
};

const ID: &str = "http2";

pub(super) fn check(seen: &Seen) -> Vec<Finding> {
    let Some(Ok(tls)) = &seen.tls else { return vec![] };
    let files = seen.page.as_ref().map_or(0, |page| page.scripts.len() + page.styles.len());
    vec![match tls.protocol.as_deref() {
        Some("h2") => Finding::ok(ID, "The front speaks HTTP/2"),
        _ if files == 0 => Finding::ok(ID, "The front speaks HTTP/1.1, and no page is loaded from it"),
        _ => Finding::warn(
            ID,
            format!("The front speaks HTTP/1.1 only, and a first page loads {} at once", many(files, "file")),
        )
        .why("A browser fetches six at a time, and each open event stream takes one of the six from all tabs")
        .change("Switch HTTP/2 on at the load balancer; for nginx:\nlisten 443 ssl; http2 on;"),
    }]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        checks::tests::{healthy, only_ok, only_problem},
        seen::Tls,
    };

    #[test]
    fn a_front_without_http2_is_told() {
        let mut seen = healthy();
        only_ok(check(&seen), ID);
        seen.tls = Some(Ok(Tls { protocol: Some("http/1.1".to_owned()), ..Tls::default() }));
        assert!(only_problem(check(&seen), ID).observed.ends_with("loads 3 files at once"));
        seen.tls = None;
        assert_eq!(check(&seen), []);
    }
}
