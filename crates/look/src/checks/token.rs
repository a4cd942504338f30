//! The operator's token: how long it lasts, how large it is, whether it is taken.

use crate::{
    credentials::Claims,
    finding::Finding,
    known,
    seen::{Asked, Reply, Seen, WithToken, many, quoted, said},
};

const ID: &str = "token";

/// Node's limit for all headers of a request.
const HEADERS: usize = 16 * 1024;

/// What the report has of a token that is taken.
const NOT_LOOKED_AT: &str =
    "So these were not looked at: the exact release, scheduled tasks, and with --active an event stream";

/// What became of the token.
enum Taken<'a> {
    /// By the plugin that answers at this path, which lets nobody in without one.
    Yes(String, u16),
    No(String, &'a Reply),
    /// What was seen does not tell.
    Unknown(String),
}

impl<'a> Taken<'a> {
    fn of(given: &'a WithToken, without: &Asked) -> Self {
        let mut all = vec![(path(known::CATALOG), &given.catalog), (path(known::DEVTOOLS), &given.devtools)];
        all.extend(given.tasks.iter().map(|(id, asked)| (known::tasks_of(id), asked)));
        if let Some((at, reply)) = all.iter().find_map(|(at, asked)| Some((at, asked.with(401)?))) {
            return Self::No(at.clone(), reply);
        }
        // Whoever is no one is told 401, and who may not, 403. Where no plugin is, there is nobody to look at a token.
        let is_taken = |at: &str, status: u16| match without.status() {
            Some(of_nobody) if at == path(known::CATALOG) => {
                // A status that a plugin's own routes give.
                of_nobody == 401 && (200..429).contains(&status) || status == 403 && of_nobody != 403
            }
            _ => matches!(status, 200 | 403),
        };
        let answers = all.iter().filter_map(|(at, asked)| Some((at, asked.status()?)));
        if let Some((at, status)) = answers.clone().find(|(at, status)| is_taken(at, *status)) {
            return Self::Yes(at.clone(), status);
        }
        let told: Vec<_> = answers.map(|(at, status)| format!("{at} answers it with {status}")).collect();
        Self::Unknown(match &*told {
            [] => given.catalog.outcome(),
            _ if given.catalog.status() == Some(200) => "the catalog answers everybody".to_owned(),
            told => format!("{}, where nobody looks at a token", told.join(", ")),
        })
    }
}

/// Without its query.
fn path(of: &str) -> String {
    of.split('?').next().unwrap_or(of).to_owned()
}

pub(super) fn check(seen: &Seen) -> Vec<Finding> {
    let Some(given) = &seen.token else {
        return vec![
            Finding::unknown(ID, "What a user or a service sees was not asked: there was no token")
                .change(format!("TOKEN=… greenroom look --token-env TOKEN {}", quoted(&seen.url("")))),
        ];
    };
    let mut found = vec![];
    let (size, claims) = (given.token.len(), Claims::of(&given.token));
    let left =
        claims.as_ref().and_then(|claims| claims.expires).map(|expires| expires.saturating_sub(seen.now));
    let taken = Taken::of(given, &seen.foreign_catalog);
    match &taken {
        Taken::Yes(..) => {}
        Taken::No(at, reply) => {
            let expired = if left.is_some_and(|left| left <= 0) { "; it has expired" } else { "" };
            let message =
                reply.error_message().map(|text| format!(": '{}'", said(&text))).unwrap_or_default();
            found.push(
                Finding::fail(ID, format!("The token is not accepted: {at} answers 401{message}{expired}"))
                    .why(format!("{NOT_LOOKED_AT}. If the token is a user's and not old, another replica may have issued it"))
                    .change("Get a new one: sign in, and copy the header Authorization of any call to /api/"),
            );
        }
        Taken::Unknown(why) => found.push(
            Finding::unknown(ID, format!("Whether the token is accepted cannot be known: {}", said(why)))
                .why(NOT_LOOKED_AT),
        ),
    }
    if size > HEADERS / 2 {
        let of_groups = match claims.as_ref().map_or(0, |claims| claims.ownership) {
            0 => String::new(),
            1 => ", of which 1 entity in `ent` is a part".to_owned(),
            entities => format!(", of which {entities} entities in `ent` are a part"),
        };
        found.push(
            Finding::warn(ID, format!("The token has {size} bytes{of_groups}; Node takes {HEADERS} bytes for all headers of a request"))
                .why("With cookies and a proxy's headers it comes near 431, first for users of many groups, and proxies often take only 8 KiB")
                .change("Leave the groups out of the token, which newer releases do by themselves:\nauth:\n  omitIdentityTokenOwnershipClaim: true")
                .source("https://github.com/backstage/backstage/issues/20188"),
        );
    }
    if let (true, Taken::Yes(at, status)) = (found.is_empty(), taken) {
        let lifetime = match (&claims, left) {
            (Some(Claims { issued: Some(issued), expires: Some(expires), kind, .. }), Some(left)) => format!(
                "is valid for {} in all and {} more ({})",
                many(expires.saturating_sub(*issued) / 60, "minute"),
                left / 60,
                said(kind.as_deref().unwrap_or("of no type"))
            ),
            _ => "is a static one, which says nothing of itself".to_owned(),
        };
        let size = many(size, "byte");
        found.push(Finding::ok(
            ID,
            format!("The token {lifetime} and has {size}; {at} answers it with {status}"),
        ));
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
        // Whatever it says.
        only_ok(check(&seen(token_of(&json!({"iat": i64::MIN, "exp": i64::MAX})), 200)), ID);
        only_problem(check(&seen(token_of(&json!({"iat": 0, "exp": i64::MIN})), 401)), ID);
    }

    #[test]
    fn a_refused_and_a_large_token_are_told_and_not_shown() {
        let now = healthy().now;
        let token = token_of(&json!({"iat": now - 7200, "exp": now - 3600}));
        let told = only_problem(check(&seen(token.clone(), 401)), ID);
        assert!(
            told.observed.ends_with("'Illegal token'; it has expired") && !told.observed.contains(&token)
        );
        assert!(told.observed.contains("/api/catalog/entity-facets answers 401"), "{told:?}");
        assert!(told.why.as_deref().is_some_and(|why| why.contains("not looked at")), "{told:?}");
        let token = token_of(&json!({"ent": vec!["group:default/a-group-of-many"; 300]}));
        let told = only_problem(check(&seen(token, 200)), ID);
        assert!(told.observed.contains("of which 300 entities"), "{told:?}");
    }

    /// A portal may have no catalog, or let everybody in: then an answer is no proof.
    #[test]
    fn a_token_at_which_nobody_looks_is_not_said_to_be_fine() {
        let nothing = || Seen { foreign_catalog: tests::json(404, "{}"), ..seen("rubbish".to_owned(), 404) };
        let told = only_unknown(check(&nothing()), ID);
        assert!(told.observed.contains("/api/catalog/entity-facets answers it with 404"), "{told:?}");
        assert!(told.why.as_deref().is_some_and(|why| why.contains("not looked at")), "{told:?}");
        let open = Seen { foreign_catalog: tests::json(200, "{}"), ..seen("rubbish".to_owned(), 200) };
        assert!(only_unknown(check(&open), ID).observed.ends_with("the catalog answers everybody"));
        // Another plugin refuses it, or takes it.
        let mut other = nothing();
        for (status, is_refused) in [(401, true), (403, false)] {
            let answer = tests::json(status, r#"{"error":{"message":"Illegal token"}}"#);
            other.token.as_mut().unwrap().tasks = vec![("search".to_owned(), answer)];
            let found = check(&other);
            let told = if is_refused { only_problem(found, ID) } else { only_ok(found, ID) };
            assert!(told.observed.contains("/api/search/.backstage/scheduler/v1/tasks answers"), "{told:?}");
        }
    }
}
