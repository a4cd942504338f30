//! The operator's token: how long it lasts, how large it is, whether it is taken.

use crate::{
    credentials::Claims,
    finding::Finding,
    seen::{Asked, Reply, Seen, said},
};

const ID: &str = "token";

/// Node's limit for all headers of a request.
const HEADERS: usize = 16 * 1024;

pub(super) fn check(seen: &Seen) -> Vec<Finding> {
    let Some(given) = &seen.token else {
        return vec![
            Finding::unknown(ID, "What a user or a service sees was not asked: there was no token")
                .change(format!("TOKEN=… greenroom look --token-env TOKEN {}", seen.url(""))),
        ];
    };
    let mut found = vec![];
    let (size, claims) = (given.token.len(), Claims::of(&given.token));
    let refused = given.catalog.reply().filter(|reply| reply.status == 401);
    let left = claims.as_ref().and_then(|claims| claims.expires).map(|expires| expires - seen.now);
    if let Some(reply) = refused {
        let expired = if left.is_some_and(|left| left <= 0) { "; it has expired" } else { "" };
        let message = reply.error_message().map(|text| format!(": '{}'", said(&text))).unwrap_or_default();
        found.push(
            Finding::fail(ID, format!("The token is refused with 401{message}{expired}"))
                .why("Nothing of what it may see is in this report; if it is a user's and not old, another replica may have issued it")
                .change("Get a new one: sign in, and copy the header Authorization of any call to /api/"),
        );
    }
    if size > HEADERS / 2 {
        let entities = claims.as_ref().map_or(0, |claims| claims.ownership);
        found.push(
            Finding::warn(ID, format!("The token has {size} bytes, of which {entities} entities in `ent` are a part; Node takes {HEADERS} bytes for all headers of a request"))
                .why("With cookies and a proxy's headers it comes near 431, first for users of many groups, and proxies often take only 8 KiB")
                .change("Leave the groups out of the token, which newer releases do by themselves:\nauth:\n  omitIdentityTokenOwnershipClaim: true")
                .source("https://github.com/backstage/backstage/issues/20188"),
        );
    }
    if found.is_empty() {
        let taken = match &given.catalog {
            Asked::Answered(Reply { status, .. }) => format!("the catalog answers it with {status}"),
            other => format!("whether it is taken is unknown: {}", said(&other.outcome())),
        };
        let lifetime = match (&claims, left) {
            (Some(Claims { issued: Some(issued), expires: Some(expires), kind, .. }), Some(left)) => format!(
                "is valid for {} minutes in all and {} more ({})",
                (expires - issued) / 60,
                left / 60,
                said(kind.as_deref().unwrap_or("of no type"))
            ),
            _ => "is a static one, which says nothing of itself".to_owned(),
        };
        found.push(Finding::ok(ID, format!("The token {lifetime} and has {size} bytes; {taken}")));
    }
    found
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::{
        checks::tests::{self, healthy, only_ok, only_problem, only_unknown},
        credentials::token_of,
        seen::WithToken,
    };

    fn seen(token: String, status: u16) -> Seen {
        let catalog = tests::json(status, r#"{"error":{"message":"Illegal token"}}"#);
        Seen { token: Some(WithToken { token, catalog, ..WithToken::default() }), ..healthy() }
    }

    #[test]
    fn without_a_token_the_command_for_one_is_told() {
        let told = only_unknown(check(&healthy()), ID);
        assert_eq!(
            told.change.as_deref(),
            Some("TOKEN=… greenroom look --token-env TOKEN https://p.example")
        );
    }

    #[test]
    fn a_token_says_how_long_it_lasts() {
        let now = healthy().now;
        let token = token_of(&json!({"iat": now, "exp": now + 3600}));
        let told = only_ok(check(&seen(token, 200)), ID);
        assert!(
            told.observed
                .starts_with("The token is valid for 60 minutes in all and 60 more (vnd.backstage.user)"),
            "{told:?}"
        );
        assert!(only_ok(check(&seen("static".to_owned(), 200)), ID).observed.contains("a static one"));
    }

    #[test]
    fn a_refused_and_a_large_token_are_told_and_not_shown() {
        let now = healthy().now;
        let token = token_of(&json!({"iat": now - 7200, "exp": now - 3600}));
        let told = only_problem(check(&seen(token.clone(), 401)), ID);
        assert!(
            told.observed.ends_with("'Illegal token'; it has expired") && !told.observed.contains(&token)
        );
        let token = token_of(&json!({"ent": vec!["group:default/a-group-of-many"; 300]}));
        let told = only_problem(check(&seen(token, 200)), ID);
        assert!(told.observed.contains("of which 300 entities"), "{told:?}");
    }
}
