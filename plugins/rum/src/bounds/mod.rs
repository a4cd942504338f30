//! What keeps one client from taking what is there for all, and one fault from filling the log.
//!
//! Nothing here knows what is bounded.

mod limits;
mod shares;
mod throttle;
mod turns;

use std::net::{IpAddr, Ipv6Addr};

pub(crate) use limits::{Limits, Rate};
pub(crate) use shares::{Share, Shares};
pub(crate) use throttle::{Counted, Throttle};
pub(crate) use turns::{Turn, Turns};

/// Who is counted as one: an address, or of IPv6 a /56, because one client has many addresses in it. Those without an address,
/// on a Unix socket, are one, too.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Client(Option<IpAddr>);

impl Client {
    pub(crate) fn at(address: Option<IpAddr>) -> Self {
        Self(address.map(|address| match address.to_canonical() {
            IpAddr::V6(address) => Ipv6Addr::from_bits(address.to_bits() >> 72 << 72).into(),
            address => address,
        }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    impl Client {
        pub(crate) fn numbered(number: u32) -> Self {
            Self::at(Some(number.to_be_bytes().into()))
        }
    }

    #[test]
    fn addresses_of_one_ipv6_network_are_one_client() {
        let of = |text: &str| Client::at(Some(text.parse().unwrap()));
        assert_eq!(of("2001:db8:1:2ff::1"), of("2001:db8:1:200::2"));
        assert_ne!(of("2001:db8:1:300::1"), of("2001:db8:1:200::1"));
        assert_eq!(of("::ffff:10.0.0.1"), of("10.0.0.1"));
    }
}
