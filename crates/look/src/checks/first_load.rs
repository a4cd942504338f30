//! How much a first page loads, and whether it is compressed.

use crate::{
    finding::Finding,
    seen::{Asset, Seen, listed, many},
};

const ID: &str = "first-load";

/// Less is not worth compressing.
const SMALL: usize = 1024;

pub(super) fn check(seen: &Seen) -> Vec<Finding> {
    let Some(page) = &seen.page else { return vec![] };
    let (scripts, styles) =
        (page.scripts.iter().filter(|script| script.src.is_some()).count(), page.styles.len());
    let loaded: Vec<_> = seen.assets.iter().filter_map(loaded).collect();
    if loaded.is_empty() {
        return vec![Finding::unknown(
            ID,
            "What a first page loads cannot be known: its scripts are not on this origin, or none came",
        )];
    }
    let plain: Vec<_> = loaded
        .iter()
        .filter(|(_, bytes, is_coded)| !is_coded && *bytes > SMALL)
        .map(|(path, bytes, _)| format!("{path} ({})", kilobytes(*bytes)))
        .collect();
    let bytes = loaded.iter().fold(0_usize, |all, (_, bytes, _)| all.saturating_add(*bytes));
    let files = format!("{} and {}", many(scripts, "script"), many(styles, "style sheet"));
    if plain.is_empty() {
        return vec![Finding::ok(
            ID,
            format!(
                "A first page loads {files}; {} fetched, {} in all, compressed",
                if loaded.len() == 1 { "1 was".to_owned() } else { format!("{} were", loaded.len()) },
                kilobytes(bytes)
            ),
        )];
    }
    vec![
        Finding::warn(ID, format!("A first page loads {files}, and they come uncompressed: {}", listed(&plain, 4)))
            .why("Compressed they are a third to a quarter of that; each user waits for the rest after each release")
            .change("The backend compresses by itself, so something on the way drops Accept-Encoding or unpacks; where nginx serves the files:\ngzip on; gzip_types application/javascript text/css application/json;"),
    ]
}

/// Path, length as it came, whether compressed.
fn loaded(asset: &Asset) -> Option<(&str, usize, bool)> {
    let reply = asset.asked.with(200)?;
    let bytes = reply.header("content-length")?.parse().ok()?;
    Some((&asset.path, bytes, reply.header("content-encoding").is_some_and(|coding| coding != "identity")))
}

fn kilobytes(bytes: usize) -> String {
    format!("{} kB", bytes.div_ceil(1000))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::checks::tests::{healthy, only_ok, only_problem, only_unknown, reply};

    #[test]
    fn what_comes_uncompressed_is_told_with_its_size() {
        let mut seen = healthy();
        let told = only_ok(check(&seen), ID);
        assert!(
            told.observed.starts_with("A first page loads 2 scripts and 1 style sheet; 2 were fetched"),
            "{told:?}"
        );
        seen.assets[1].asked = reply(200, &[("content-length", "431745")], "");
        let told = only_problem(check(&seen), ID);
        assert!(told.observed.ends_with("uncompressed: /static/vendor.1.js (432 kB)"), "{told:?}");
        seen.assets.clear();
        only_unknown(check(&seen), ID);
    }
}
