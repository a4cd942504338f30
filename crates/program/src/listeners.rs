//! Two places where a backend listens, of which the second would find its address taken by the first.

use std::net::IpAddr;

use greenroom::{
    config::{ConfigError, RootConfig},
    http::Listen,
};

const OWN: &str = "greenroom.ops.listen";

/// Refuses an address of the pages for operators that all else has, too. What is no address is told by its reader.
pub(crate) fn check(config: &RootConfig) -> Result<(), ConfigError> {
    let (Ok(Some(own)), Ok(main)) = (Listen::optional(config, OWN), Listen::from_config(config)) else {
        return Ok(());
    };
    if !is_taken(&own, &main) {
        return Ok(());
    }
    let text = format!(
        "{OWN} is an address that backend.listen has already: write another port, or take the key out, which leaves the pages \
         for operators where all else is"
    );
    Err(ConfigError::invalid(config, OWN, text))
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
        let without = RootConfig::from_yaml("backend: {listen: ':7007'}").unwrap();
        assert!(check(&without).is_ok());
    }
}
