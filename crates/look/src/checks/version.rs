//! Which release this is, as far as it shows.

use crate::{
    finding::Finding,
    seen::{Reply, Seen, said},
};

const ID: &str = "version";

pub(super) fn check(seen: &Seen) -> Vec<Finding> {
    let info = seen.token.as_ref().and_then(|token| token.devtools.with(200)).and_then(Reply::json);
    let text = |name: &str| info.as_ref()?.get(name)?.as_str().map(said);
    if let Some(version) = text("backstageVersion") {
        let node = text("nodeJsVersion").map(|node| format!(" on Node {node}")).unwrap_or_default();
        return vec![Finding::ok(
            ID,
            format!("The backend is Backstage {version}{node}, as devtools says to your token"),
        )];
    }
    let methods = seen.openid.with(200).and_then(Reply::json);
    let methods = methods.as_ref().and_then(|told| told.get("code_challenge_methods_supported")?.as_array());
    let has_plain = methods.map(|methods| methods.iter().any(|method| method.as_str() == Some("plain")));
    let unsure = "it says so to nobody without a token, which is well";
    vec![match (has_plain, methods.map(Vec::len)) {
        (Some(true), _) => Finding::unknown(
            ID,
            format!("Which release this is cannot be known exactly: {unsure}; the auth plugin is older than 0.31, so Backstage older than 1.57"),
        ),
        (Some(false), Some(1..)) => Finding::unknown(
            ID,
            format!("Which release this is cannot be known exactly: {unsure}; the auth plugin is 0.31 or newer, so Backstage 1.57 or newer"),
        ),
        _ => Finding::unknown(ID, format!("Which release this is cannot be known: {unsure}")),
    }
    .change("With @backstage/plugin-devtools-backend and a token that may read it: greenroom look --token-env NAME, or\nGET /api/devtools/info")]
}

/// For tests: what an OpenID configuration says of challenges.
#[cfg(test)]
pub(super) fn openid(methods: &[&str]) -> String {
    let told = serde_json::json!({"issuer": "https://p.example/api/auth", "code_challenge_methods_supported": methods});
    told.to_string()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        checks::tests::{healthy, json, only_ok, only_unknown},
        seen::WithToken,
    };

    #[test]
    fn the_window_is_told_by_what_the_auth_plugin_offers() {
        let mut seen = healthy();
        for (methods, end) in [
            (&["S256", "plain"][..], "older than 1.57"),
            (&["S256"], "1.57 or newer"),
            (&[], "which is well"),
        ] {
            seen.openid = json(200, &openid(methods));
            assert!(only_unknown(check(&seen), ID).observed.ends_with(end), "{methods:?}");
        }
    }

    #[test]
    fn devtools_says_it_to_a_token() {
        let mut seen = healthy();
        let devtools = json(200, r#"{"backstageVersion":"1.57.1","nodeJsVersion":"v24.1.0"}"#);
        seen.token = Some(WithToken { devtools, ..WithToken::default() });
        assert!(
            only_ok(check(&seen), ID).observed.starts_with("The backend is Backstage 1.57.1 on Node v24.1.0")
        );
    }
}
