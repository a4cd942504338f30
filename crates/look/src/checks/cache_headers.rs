//! Whether browsers may keep the scripts, and never the page.

use crate::{
    finding::Finding,
    seen::{Asset, Reply, Seen, said},
};

const ID: &str = "cache-headers";

/// Less than this, in seconds, and a script is asked for again the same day.
const SHORT: u64 = 24 * 60 * 60;

pub(super) fn check(seen: &Seen) -> Vec<Finding> {
    let (Some(_), Some(index)) = (&seen.page, seen.index.with(200)) else { return vec![] };
    let mut found = vec![];
    let policy = |reply: &Reply| reply.header("cache-control").unwrap_or_default().to_ascii_lowercase();
    let shown = |policy: &str| {
        if policy.is_empty() { "no Cache-Control".to_owned() } else { format!("'{}'", said(policy)) }
    };
    let of_page = policy(index);
    if !["no-store", "no-cache", "max-age=0"].iter().any(|never| of_page.contains(never)) {
        found.push(
            Finding::warn(ID, format!("The page itself comes with {}", shown(&of_page)))
                .why("After a release a browser or a CDN shows the old page, whose scripts are gone: it stays blank")
                .change("Let the backend's header through; where something else serves the page:\nadd_header Cache-Control \"no-store, max-age=0\";"),
        );
    }
    // Of others nobody knows whether their names change.
    let is_hashed = |asset: &&Asset| asset.path.contains("/static/");
    let script =
        seen.assets.iter().filter(is_hashed).find_map(|asset| Some((&asset.path, asset.asked.with(200)?)));
    if let Some((path, reply)) = script {
        let of_script = policy(reply);
        let seconds =
            of_script.split(',').find_map(|part| part.trim().strip_prefix("max-age=")?.parse::<u64>().ok());
        let is_short = seconds.is_none_or(|seconds| seconds < SHORT) || of_script.contains("no-store");
        // One that holds the injected config of an old bundle must not be kept.
        if is_short && of_script != "no-cache" {
            found.push(
                Finding::warn(ID, format!("{} comes with {}", said(path), shown(&of_script)))
                    .why("Its name changes with its content, so browsers could keep it; as it is they ask for every script on every visit")
                    .change("The backend says max-age=1209600; where something else serves the files:\nlocation /static/ { add_header Cache-Control \"public, max-age=1209600\"; }"),
            );
        }
    }
    if found.is_empty() {
        found.push(Finding::ok(ID, "Browsers keep the scripts and never the page"));
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::checks::tests::{healthy, only_ok, only_problem, reply};

    #[test]
    fn headers_that_got_lost_are_told() {
        let mut seen = healthy();
        only_ok(check(&seen), ID);
        seen.assets[0].asked = reply(200, &[], "");
        assert_eq!(only_problem(check(&seen), ID).observed, "/static/main.1.js comes with no Cache-Control");
        seen.assets.clear();
        seen.index = reply(200, &[("cache-control", "public, max-age=3600")], "");
        assert_eq!(
            only_problem(check(&seen), ID).observed,
            "The page itself comes with 'public, max-age=3600'"
        );
    }
}
