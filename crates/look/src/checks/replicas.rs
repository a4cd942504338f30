//! Whether the replicas behind the URL are alike: the keys of users' tokens, and the page.

use std::collections::BTreeSet;

use crate::{
    finding::Finding,
    seen::{Asked, Reply, Seen, listed},
};

const ID: &str = "replicas";

pub(super) fn check(seen: &Seen) -> Vec<Finding> {
    let keys: Vec<BTreeSet<String>> = seen
        .keys_again
        .iter()
        .filter_map(Asked::reply)
        .filter(|reply| reply.status == 200)
        .filter_map(Reply::key_ids)
        .map(BTreeSet::from_iter)
        .collect();
    let tags: Vec<_> = seen
        .index_again
        .iter()
        .filter_map(|asked| asked.with(200)?.header("etag").map(str::to_owned))
        .collect();
    let mut found = vec![];
    let differ =
        |a: &BTreeSet<String>, b: &BTreeSet<String>| !a.is_empty() && !b.is_empty() && a.is_disjoint(b);
    let returns = keys.windows(3).any(|three| three[0] == three[2] && three[0] != three[1]);
    if returns || keys.iter().any(|a| keys.iter().any(|b| differ(a, b))) {
        found.push(
            Finding::fail(ID, format!("{} connections have seen {} sets of keys for users' tokens", keys.len(), distinct(&keys)))
                .why("The replicas have no database in common, or keys in memory: a token of one is refused by the other with 401, so users are signed out at random")
                .change("Give all replicas one PostgreSQL, and keep keys there:\nauth:\n  keyStore: {provider: database}")
                .source("https://backstage.io/docs/deployment/scaling"),
        );
    }
    let kinds = distinct(&tags);
    if kinds > 1 {
        found.push(
            Finding::warn(ID, format!("{} connections have seen {kinds} different pages (ETag {})", tags.len(), listed(BTreeSet::from_iter(&tags), 3)))
                .why("The replicas have other config or other builds: some users get scripts that the next replica does not have. During a roll-out this is normal")
                .change("kubectl rollout status, then look again; if it stays so, compare images and config of the pods")
                .source("https://backstage.io/docs/deployment/scaling"),
        );
    }
    if found.is_empty() {
        found.push(match (keys.len(), tags.len()) {
            (0 | 1, 0 | 1) => {
                let why = seen.keys_again.first().map_or("it was not asked".to_owned(), Asked::outcome);
                Finding::unknown(ID, format!("Whether replicas differ cannot be known: {}", crate::seen::said(&why)))
            }
            (0 | 1, tags) => Finding::ok(
                ID,
                format!("{tags} new connections have seen the same page: if there are replicas behind, these serve one build"),
            ),
            (keys, 0 | 1) => Finding::ok(
                ID,
                format!("{keys} new connections have seen the same keys for users' tokens: if there are replicas behind, these share them"),
            ),
            (keys, tags) => Finding::ok(
                ID,
                format!("{keys} new connections have seen the same keys for users' tokens, and {tags} the same page: if there are replicas behind, these are alike"),
            ),
        });
    }
    found
}

fn distinct<T: Ord>(all: &[T]) -> usize {
    BTreeSet::from_iter(all).len()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::checks::tests::{healthy, json, keys, only_ok, only_problem, only_unknown, reply};

    #[test]
    fn replicas_with_keys_of_their_own_are_told() {
        let mut seen = healthy();
        only_ok(check(&seen), ID);
        seen.keys_again = [&["a"], &["b"], &["a"]].map(|ids| json(200, &keys(ids))).into();
        assert!(only_problem(check(&seen), ID).observed.contains("2 sets of keys"));
        seen.keys_again = [&[][..], &["a"], &[]].map(|ids| json(200, &keys(ids))).into();
        only_problem(check(&seen), ID);
    }

    #[test]
    fn a_key_that_was_made_meanwhile_is_no_difference() {
        let mut seen = healthy();
        seen.keys_again = [&["a"][..], &["a", "b"], &["a", "b"]].map(|ids| json(200, &keys(ids))).into();
        only_ok(check(&seen), ID);
    }

    #[test]
    fn different_pages_are_told() {
        let mut seen = healthy();
        seen.index_again = ["1", "2", "1"].map(|tag| reply(200, &[("etag", tag)], "")).into();
        assert!(only_problem(check(&seen), ID).observed.ends_with("2 different pages (ETag 1, 2)"));
        (seen.index_again, seen.keys_again) = (vec![], vec![]);
        only_unknown(check(&seen), ID);
    }
}
