//! How long the server's certificate is still valid, and whether there is one.

use crate::{
    finding::Finding,
    seen::{Seen, many, said},
};

const ID: &str = "certificate";
const DAY: i64 = 24 * 60 * 60;

pub(super) fn check(seen: &Seen) -> Vec<Finding> {
    let tls = match &seen.tls {
        None if seen.is_loopback() => {
            return vec![Finding::ok(
                ID,
                "You asked on this machine, by plain http: there is no certificate to look at",
            )];
        }
        None => {
            return vec![
                Finding::fail(ID, "The portal is served by plain http")
                    .why("Whoever is on the way reads the token of every user, and browsers refuse cookies that are Secure")
                    .change("Terminate TLS in front of it or in it (backend.https), and set app.baseUrl and backend.baseUrl to https")
                    .source("https://backstage.io/docs/overview/threat-model"),
            ];
        }
        Some(Err(why)) => {
            return vec![Finding::unknown(
                ID,
                format!("Until when the certificate is valid was not seen: {}", said(why)),
            )];
        }
        Some(Ok(tls)) => tls,
    };
    let days = (tls.not_after - seen.now).div_euclid(DAY);
    let until = jiff::Timestamp::from_second(tls.not_after).map(|time| time.to_string()).unwrap_or_default();
    let issuer = said(&tls.issuer);
    vec![match days {
        ..0 => Finding::fail(ID, format!("The certificate expired on {until}; {issuer} has issued it"))
            .why("Browsers refuse the portal"),
        0..7 => Finding::fail(
            ID,
            format!("The certificate expires in {}, on {until}; {issuer} has issued it", many(days, "day")),
        )
        .why("Browsers refuse the portal from then on, and what renews it should have done so by now")
        .change("kubectl describe certificate --all-namespaces"),
        7..21 => Finding::warn(
            ID,
            format!("The certificate expires in {}, on {until}; {issuer} has issued it", many(days, "day")),
        )
        .why("Most of what renews certificates does so a month ahead")
        .change("kubectl describe certificate --all-namespaces"),
        _ => {
            Finding::ok(ID, format!("The certificate is valid for {days} more days; {issuer} has issued it"))
        }
    }]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        checks::tests::{healthy, only_ok, only_problem},
        seen::Tls,
    };

    #[test]
    fn a_certificate_that_ends_soon_is_told_with_the_day() {
        let mut seen = healthy();
        only_ok(check(&seen), ID);
        seen.tls = Some(Ok(Tls {
            not_after: seen.now + 3 * DAY + 60,
            issuer: "CN=An Issuer".to_owned(),
            ..Tls::default()
        }));
        let told = only_problem(check(&seen), ID);
        assert!(told.observed.starts_with("The certificate expires in 3 days, on 20"), "{told:?}");
        assert!(told.observed.ends_with("CN=An Issuer has issued it"), "{told:?}");
    }

    #[test]
    fn a_portal_by_plain_http_is_told_but_on_this_machine() {
        let mut seen = healthy();
        seen.tls = None;
        only_problem(check(&seen), ID);
        seen.target = Some("http://127.0.0.1:7007".parse().unwrap());
        only_ok(check(&seen), ID);
    }
}
