//! Places where a backend listens, of which a later one would find its address taken by an earlier one.

use std::net::IpAddr;

use greenroom::{
    config::{ConfigError, RootConfig, all},
    http::Listen,
};

const MAIN: &str = "backend.listen";
const OWN: &str = "greenroom.ops.listen";
const METRICS: &str = "greenroom.metrics.listen";

/// Refuses an address of the pages for operators, or of the metrics, that something else has, too. What is no address is told by its
/// reader.
pub(crate) fn check(config: &RootConfig) -> Result<(), ConfigError> {
    let optional = |key| Listen::optional(config, key).ok().flatten();
    let (main, own, metrics) = (Listen::from_config(config).ok(), optional(OWN), optional(METRICS));
    let refused = |key: &str, listen: &Option<Listen>, others: &[(&str, &Option<Listen>)], without: &str| {
        let taken = others.iter().find(|(_, other)| {
            listen.as_ref().zip(other.as_ref()).is_some_and(|(one, other)| is_taken(one, other))
        });
        taken.map_or(Ok(()), |(other, _)| {
            let text = format!(
                "{key} is an address that {other} has already: write another port, or take the key out, which leaves {without}"
            );
            Err(ConfigError::invalid(config, key, text))
        })
    };
    let pages = "the pages for operators where all else is";
    let told = "the metrics to operators, at /.greenroom/metrics";
    let own_is = refused(OWN, &own, &[(MAIN, &main)], pages);
    let metrics_are = refused(METRICS, &metrics, &[(MAIN, &main), (OWN, &own)], told);
    all((own_is, metrics_are)).map(|_| ())
}

fn is_taken(one: &Listen, other: &Listen) -> bool {
    match (one, other) {
        (Listen::Unix(one), Listen::Unix(other)) => one == other,
        (Listen::Tcp { host: one, port }, Listen::Tcp { host: other, port: taken }) => {
            *port != 0 && port == taken && overlap(one, other)
        }
        (Listen::Unix(_), Listen::Tcp { .. }) | (Listen::Tcp { .. }, Listen::Unix(_)) => false,
    }
}

fn overlap(one: &str, other: &str) -> bool {
    one.eq_ignore_ascii_case(other)
        || covers(one, other)
        || covers(other, one)
        || is_localhost(one, other)
        || is_localhost(other, one)
}

/// Whether a host stands for all addresses, of which the other one is one. All of IPv6 are those of IPv4, too.
fn covers(all: &str, one: &str) -> bool {
    let is_of_v6 = matches!(one.parse(), Ok(IpAddr::V6(_)));
    match all.parse::<IpAddr>() {
        Err(_) => all.is_empty(),
        Ok(IpAddr::V6(ip)) => ip.is_unspecified(),
        Ok(IpAddr::V4(ip)) => ip.is_unspecified() && !is_of_v6,
    }
}

/// The name may be either of the two addresses.
fn is_localhost(name: &str, address: &str) -> bool {
    name.eq_ignore_ascii_case("localhost") && address.parse().is_ok_and(|ip: IpAddr| ip.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(main: &str, own: &str) -> Option<String> {
        let yaml = format!("backend: {{listen: '{main}'}}\ngreenroom: {{ops: {{listen: '{own}'}}}}");
        check(&RootConfig::from_yaml(&yaml).unwrap()).err().map(|error| error.to_string())
    }

    #[test]
    fn pages_for_operators_do_not_listen_where_all_else_does() {
        for (main, own) in [
            ("127.0.0.1:7007", "127.0.0.1:7007"),
            (":7007", "127.0.0.1:7007"),
            ("0.0.0.0:7007", "localhost:7007"),
            ("127.0.0.1:7007", "[::]:7007"),
            ("localhost:7007", "127.0.0.1:7007"),
            ("unix:/run/x.sock", "unix:/run/x.sock"),
        ] {
            let told = refused(main, own).unwrap_or_else(|| panic!("{main} {own}"));
            assert!(told.starts_with("greenroom.ops.listen is an address that backend.listen has"), "{told}");
            assert!(told.contains("mock-config:2:"), "{told}");
        }
        for (main, own) in [
            ("127.0.0.1:7007", "127.0.0.1:7010"),
            ("127.0.0.1:7007", "127.0.0.2:7007"),
            ("127.0.0.1:7007", "[::1]:7007"),
            ("0.0.0.0:7007", "[::1]:7007"),
            (":0", ":0"),
            ("unix:/run/x.sock", "unix:/run/y.sock"),
            ("unix:/run/x.sock", ":7007"),
        ] {
            assert_eq!(refused(main, own), None, "{main} {own}");
        }
        for (metrics, taken) in [
            ("127.0.0.1:7007", Some("backend.listen")),
            (":7010", Some("greenroom.ops.listen")),
            (":9464", None),
        ] {
            let yaml = format!(
                "backend: {{listen: ':7007'}}\ngreenroom: {{ops: {{listen: '127.0.0.1:7010'}}, metrics: {{listen: '{metrics}'}}}}"
            );
            let told = check(&RootConfig::from_yaml(&yaml).unwrap()).err().map(|error| error.to_string());
            let begins =
                taken.map(|taken| format!("greenroom.metrics.listen is an address that {taken} has already"));
            assert_eq!(told.is_some(), begins.is_some(), "{metrics} {told:?}");
            assert!(told.unwrap_or_default().starts_with(&begins.unwrap_or_default()), "{metrics}");
        }
        let without = RootConfig::from_yaml("backend: {listen: ':7007'}").unwrap();
        assert!(check(&without).is_ok());
    }
}
