//! Where a sign-in returns to, and whether its cookie is for https only.

use crate::{
    finding::Finding,
    gather::query_of,
    seen::{Seen, said},
    target::Origin,
};

const ID: &str = "sign-in-return";
const DOCS: &str = "https://backstage.io/docs/auth/";

pub(super) fn check(seen: &Seen) -> Vec<Finding> {
    let Some((provider, asked)) = &seen.sign_in else { return vec![] };
    let unknown = |why: &str| {
        Finding::unknown(
            ID,
            format!("Where a sign-in by {provider} returns to cannot be known: {}", said(why)),
        )
    };
    let Some(reply) = asked.reply() else { return vec![unknown(&asked.outcome())] };
    let Some(to) = reply.header("location") else {
        let message = reply.error_message().unwrap_or_else(|| "no redirection".to_owned());
        return vec![unknown(&format!("status {}, {message}", reply.status))];
    };
    let Some(back) = query_of(to, "redirect_uri").or_else(|| query_of(to, "callback_url")) else {
        return vec![unknown("the provider's URL names no redirect_uri")];
    };
    let host = Origin::of(to).map(|origin| said(&origin.host)).unwrap_or_default();
    let (Some(target), Some(origin)) = (&seen.target, Origin::of(&back)) else {
        return vec![unknown("its redirect_uri is no URL")];
    };
    if target.origin.is_loopback() {
        return vec![Finding::ok(
            ID,
            format!("A sign-in by {provider} goes to {host} and returns to {}", said(&back)),
        )];
    }
    let wrong = |observed: String, why: &str| {
        Finding::fail(ID, observed)
            .why(why)
            .change(format!("It is made of backend.baseUrl:\nbackend: {{baseUrl: '{target}'}}"))
            .source(DOCS)
    };
    let back = said(&back);
    if origin.is_loopback() {
        let observed = format!("A sign-in by {provider} returns to {back}, which is the user's own machine");
        return vec![wrong(observed, "No user can sign in by it")];
    }
    if target.origin.is_https && !origin.is_https {
        let observed = format!("A sign-in by {provider} returns to {back}, by http");
        return vec![wrong(
            observed,
            "Its cookie is lost on the way or is sent in the clear, and the provider may refuse the URL",
        )];
    }
    let is_insecure =
        |cookie: &str| !cookie.split(';').any(|part| part.trim().eq_ignore_ascii_case("secure"));
    let cookies = reply.headers.get_all("set-cookie").iter().filter_map(|cookie| cookie.to_str().ok());
    let insecure: Vec<_> = cookies
        .filter(|cookie| is_insecure(cookie))
        .filter_map(|cookie| cookie.split('=').next())
        .map(said)
        .collect();
    if target.origin.is_https && !insecure.is_empty() {
        return vec![
            Finding::warn(ID, format!("A sign-in by {provider} sets {} without Secure, though users come by https", insecure.join(", ")))
                .why("The backend takes the request for http: the proxy in front does not say X-Forwarded-Proto, or is not trusted")
                .change("backend:\n  trustProxy: 1   # as many as there are proxies in front")
                .source("https://backstage.io/docs/backend-system/core-services/root-http-router"),
        ];
    }
    vec![Finding::ok(ID, format!("A sign-in by {provider} goes to {host} and returns to {back}"))]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::checks::tests::{healthy, only_ok, only_problem, only_unknown, reply};

    fn started(seen: &mut Seen, back: &str, cookie: &str) {
        let to = format!("https://github.com/login/oauth/authorize?client_id=x&redirect_uri={back}");
        let headers = [("location", &*to), ("set-cookie", cookie)];
        seen.sign_in = Some(("github".to_owned(), reply(302, &headers, "")));
    }

    #[test]
    fn a_sign_in_that_returns_elsewhere_is_told_with_the_url() {
        let mut seen = healthy();
        only_ok(check(&seen), ID);
        for (back, part) in [
            (
                "http%3A%2F%2Flocalhost%3A7007%2Fapi%2Fauth%2Fgithub%2Fhandler%2Fframe",
                "the user's own machine",
            ),
            ("http%3A%2F%2Fp.example%2Fapi", "by http"),
        ] {
            started(&mut seen, back, "n=1; Secure");
            assert!(only_problem(check(&seen), ID).observed.ends_with(part));
        }
    }

    #[test]
    fn a_cookie_without_secure_behind_https_is_told_by_name() {
        let mut seen = healthy();
        started(&mut seen, "https%3A%2F%2Fp.example%2Fapi", "connect.sid=1; Path=/; HttpOnly");
        assert!(only_problem(check(&seen), ID).observed.contains("sets connect.sid without Secure"));
        seen.sign_in = Some(("github".to_owned(), reply(500, &[], "")));
        only_unknown(check(&seen), ID);
    }
}
