//! Which sign-in providers there are, and which are installed and not configured.

use crate::{
    finding::Finding,
    seen::{Seen, listed},
};

const ID: &str = "sign-in-providers";

pub(super) fn check(seen: &Seen) -> Vec<Finding> {
    let answered: Vec<_> =
        seen.providers.iter().filter_map(|(id, asked)| Some((*id, asked.reply()?))).collect();
    if answered.is_empty() {
        return vec![Finding::unknown(ID, "Which sign-in providers there are was not found out")];
    }
    let is_one_answer = answered
        .iter()
        .all(|(_, reply)| (reply.status, &reply.body) == (answered[0].1.status, &answered[0].1.body));
    if is_one_answer && answered.len() > 2 && answered[0].1.status != 404 {
        let observed = format!(
            "Which sign-in providers there are cannot be known: something in front answers {} whatever is asked",
            answered[0].1.status
        );
        return vec![Finding::unknown(ID, observed)];
    }
    let message = |wanted: &[&str]| {
        let is = |(_, reply): &&(&str, &crate::seen::Reply)| {
            let text = reply.error_message().unwrap_or_default();
            reply.status == 404 && wanted.iter().any(|wanted| text.starts_with(wanted))
        };
        answered.iter().filter(is).map(|(id, _)| *id).collect::<Vec<_>>()
    };
    // The second is of a provider that is configured for another environment than the front end's.
    let unconfigured = message(&["No auth provider registered for", "No configuration available for the"]);
    let configured: Vec<_> =
        answered.iter().filter(|(_, reply)| [200, 401].contains(&reply.status)).map(|(id, _)| *id).collect();
    let mut found = vec![];
    if !unconfigured.is_empty() {
        found.push(
            Finding::warn(ID, format!("Installed and not configured: {}", listed(&unconfigured, 9)))
                .why("A button for one of them fails with 404; the start says nothing of it")
                .change(format!(
                    "Configure it, or remove its module from packages/backend:\nauth:\n  providers:\n    {}: {{…}}",
                    unconfigured[0]
                ))
                .source("https://backstage.io/docs/auth/"),
        );
    }
    match &*configured {
        [] if found.is_empty() => {
            let ids = listed(answered.iter().map(|(id, _)| *id), 9);
            found.push(Finding::ok(ID, format!("None of these sign-in providers is configured: {ids}")));
        }
        [] => {}
        configured => found.push(Finding::ok(ID, format!("Users can sign in by {}", listed(configured, 9)))),
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::checks::tests::{healthy, json, only_ok, only_unknown};

    #[test]
    fn a_provider_that_is_installed_only_is_told() {
        let mut seen = healthy();
        assert!(only_ok(check(&seen), ID).observed.ends_with("by github"));
        seen.providers[2].1 =
            json(404, r#"{"error":{"message":"No auth provider registered for 'google'"}}"#);
        let told = check(&seen);
        assert_eq!(told.len(), 2);
        assert!(told[0].observed.ends_with("not configured: google"), "{told:?}");
        seen.providers[2].1 = json(
            404,
            r#"{"error":{"message":"No configuration available for the 'development' environment of this provider."}}"#,
        );
        assert!(check(&seen)[0].observed.ends_with("not configured: google"));
    }

    #[test]
    fn behind_something_that_answers_everything_alike_nothing_is_known() {
        let mut seen = healthy();
        seen.providers.iter_mut().for_each(|(_, asked)| *asked = json(401, "go away"));
        only_unknown(check(&seen), ID);
    }
}
