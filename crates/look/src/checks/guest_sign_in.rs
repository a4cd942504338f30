//! Whether everybody may sign in as a guest.

use serde_json::Value;

use crate::{
    finding::Finding,
    seen::{Reply, Seen, said},
};

const ID: &str = "guest-sign-in";
const DOCS: &str = "https://backstage.io/docs/auth/guest/provider";

pub(super) fn check(seen: &Seen) -> Vec<Finding> {
    let Some(asked) = seen.providers.iter().find(|(id, _)| *id == "guest").map(|(_, asked)| asked) else {
        return vec![];
    };
    let Some(reply) = asked.reply() else {
        let observed = format!("Whether guests may sign in was not found out: {}", said(&asked.outcome()));
        return vec![Finding::unknown(ID, observed)];
    };
    vec![match (reply.status, guest(reply)) {
        (200, Some(guest)) => {
            let observed = format!("Everybody may sign in without a password, as {}", said(&guest));
            let finding = match seen.is_loopback() {
                true => Finding::warn(
                    ID,
                    format!("{observed}; you asked on this machine, where that may be meant"),
                ),
                false => Finding::fail(ID, observed),
            };
            finding
                .why("Who can reach the portal gets a token of this user, and with it all that plugins give to users")
                .change("Remove it from the config of production:\nauth:\n  providers:\n    guest: {dangerouslyAllowOutsideDevelopment: true}")
                .source(DOCS)
        }
        (403, _) => {
            Finding::ok(ID, "Guests may not sign in: the provider is there and refuses outside development")
        }
        (200..=299, None) => Finding::unknown(
            ID,
            format!("Whether guests may sign in cannot be known: {} without a token", reply.status),
        ),
        (status, _) => Finding::ok(ID, format!("Guests may not sign in ({status})")),
    }]
}

/// Who one becomes.
fn guest(reply: &Reply) -> Option<String> {
    let told = reply.json()?;
    let identity = told.get("backstageIdentity")?;
    identity.get("token").and_then(Value::as_str).filter(|token| !token.is_empty())?;
    let user = identity.pointer("/identity/userEntityRef").and_then(Value::as_str);
    Some(user.unwrap_or("a user without a name").to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        checks::tests::{healthy, json, only_ok, only_problem, only_unknown},
        finding::Severity,
    };

    const GUEST: &str =
        r#"{"backstageIdentity":{"token":"t.t.t","identity":{"userEntityRef":"user:development/guest"}}}"#;

    #[test]
    fn a_guest_that_everybody_can_be_is_told_by_name() {
        let mut seen = healthy();
        only_ok(check(&seen), ID);
        seen.providers[0].1 = json(200, GUEST);
        let told = only_problem(check(&seen), ID);
        assert!(
            told.observed.ends_with("as user:development/guest") && !told.observed.contains("t.t.t"),
            "{told:?}"
        );
        seen.target = Some("http://localhost:7007".parse().unwrap());
        assert_eq!(only_problem(check(&seen), ID).severity, Some(Severity::Warn));
    }

    #[test]
    fn an_answer_without_a_token_lets_nobody_in() {
        let mut seen = healthy();
        for body in ["", "<html>", "{}", r#"{"backstageIdentity":{"token":""}}"#] {
            seen.providers[0].1 = json(200, body);
            only_unknown(check(&seen), ID);
        }
    }
}
