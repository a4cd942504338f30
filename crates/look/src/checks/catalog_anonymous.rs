//! Whether the catalog answers whoever has no token.

use serde_json::Value;

use crate::{
    finding::Finding,
    seen::{Reply, Seen, listed, said},
};

const ID: &str = "catalog-anonymous";

pub(super) fn check(seen: &Seen) -> Vec<Finding> {
    let asked = &seen.foreign_catalog;
    let Some(reply) = asked.reply() else {
        let observed =
            format!("Whether the catalog wants a token was not found out: {}", said(&asked.outcome()));
        return vec![Finding::unknown(ID, observed)];
    };
    vec![match (reply.status, kinds(reply)) {
        (200, Some(kinds)) => {
            let entities = kinds.iter().fold(0_u64, |all, (_, count)| all.saturating_add(*count));
            let kinds = kinds.iter().map(|(kind, count)| format!("{kind} {count}"));
            let entities = if entities == 1 { "1 entity".to_owned() } else { format!("{entities} entities") };
            Finding::fail(ID, format!("The catalog answers without a token: {entities} ({})", listed(kinds, 8)))
                .why("Whoever reaches the portal reads who owns what, all users and groups, links and annotations")
                .change("Remove this from the config of production, and give callers tokens:\nbackend:\n  auth:\n    dangerouslyDisableDefaultAuthPolicy: true")
                .source("https://backstage.io/docs/auth/service-to-service-auth")
        }
        (401 | 403, _) => Finding::ok(ID, format!("The catalog wants a token ({})", reply.status)),
        (404, _) => Finding::ok(ID, "There is no catalog here that could be read"),
        (status, _) => Finding::unknown(
            ID,
            format!("Whether the catalog wants a token cannot be known: it answers {status}"),
        ),
    }]
}

fn kinds(reply: &Reply) -> Option<Vec<(String, u64)>> {
    let told = reply.json()?;
    let kinds = told.pointer("/facets/kind")?.as_array()?;
    let kind = |facet: &Value| {
        Some((
            facet.get("value")?.as_str()?.to_owned(),
            facet.get("count").and_then(Value::as_u64).unwrap_or(0),
        ))
    };
    Some(kinds.iter().filter_map(kind).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::checks::tests::{healthy, json, only_ok, only_problem, only_unknown};

    #[test]
    fn a_catalog_that_anybody_reads_is_told_with_what_it_holds() {
        let mut seen = healthy();
        only_ok(check(&seen), ID);
        seen.foreign_catalog = json(
            200,
            r#"{"facets":{"kind":[{"value":"Component","count":120},{"value":"User","count":7}]}}"#,
        );
        let told = only_problem(check(&seen), ID);
        assert!(told.observed.ends_with("127 entities (Component 120, User 7)"), "{told:?}");
    }

    #[test]
    fn counts_without_an_end_are_borne() {
        let kind = format!(r#"{{"value":"A","count":{}}}"#, u64::MAX);
        let seen = Seen {
            foreign_catalog: json(200, &format!(r#"{{"facets":{{"kind":[{kind},{kind}]}}}}"#)),
            ..healthy()
        };
        assert!(only_problem(check(&seen), ID).observed.contains(&u64::MAX.to_string()));
    }

    #[test]
    fn an_answer_of_another_kind_says_nothing() {
        let mut seen = healthy();
        for body in ["<html>", "[]", r#"{"facets":7}"#] {
            seen.foreign_catalog = json(200, body);
            only_unknown(check(&seen), ID);
        }
    }
}
