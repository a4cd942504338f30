//! Which backend plugins show by their public keys that they are installed.

use crate::{
    finding::Finding,
    seen::{Seen, listed, many},
};

const ID: &str = "plugins-enumerable";

pub(super) fn check(seen: &Seen) -> Vec<Finding> {
    let asked = seen.plugins.iter().filter(|(_, asked)| asked.reply().is_some()).count();
    let installed: Vec<_> = seen.installed().collect();
    if asked == 0 {
        return vec![Finding::unknown(ID, "Which plugins are installed was not found out")];
    }
    if installed.is_empty() {
        return vec![Finding::ok(
            ID,
            format!(
                "No plugin shows from outside that it is installed; asked for: {}",
                many(asked, "well-known id")
            ),
        )];
    }
    vec![
        Finding::warn(
            ID,
            format!(
                "Without a token anybody can list your backend plugins; of {} {} there: {}",
                many(asked, "well-known id"),
                if installed.len() == 1 { "1 is".to_owned() } else { format!("{} are", installed.len()) },
                listed(&installed, 30)
            ),
        )
        .why("Each shows its keys at /api/<id>/.backstage/auth/v1/jwks.json and 404 where it is not there: who knows of a hole in a plugin knows where to go")
        .change("Plugins ask each other inside; unless discovery.endpoints leads them through the ingress, refuse it there; for nginx:\nlocation ~ ^/api/[^/]+/\\.backstage/auth/v1/jwks\\.json$ { return 404; }")
        .source("https://backstage.io/docs/auth/service-to-service-auth"),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::checks::tests::{healthy, json, only_ok, only_problem};

    #[test]
    fn plugins_are_told_by_name_where_they_show_their_keys() {
        let mut seen = healthy();
        only_ok(check(&seen), ID);
        for (id, asked) in &mut seen.plugins {
            if ["catalog", "signals"].contains(id) {
                *asked = json(200, r#"{"keys":[]}"#);
            }
        }
        let told = only_problem(check(&seen), ID);
        assert!(told.observed.ends_with("2 are there: catalog, signals"), "{told:?}");
        seen.plugins.retain(|(id, _)| *id != "signals");
        let told = only_problem(check(&seen), ID);
        assert!(told.observed.ends_with("1 is there: catalog"), "{told:?}");
    }

    #[test]
    fn an_answer_that_holds_no_keys_is_no_plugin() {
        let mut seen = healthy();
        seen.plugins.iter_mut().for_each(|(_, asked)| *asked = json(200, "<html>"));
        only_ok(check(&seen), ID);
    }
}
