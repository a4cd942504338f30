//! Which addresses a call may reach.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use crate::error::Fault;

/// Where cloud providers answer whoever asks with the machine's own credentials, besides link-local addresses.
///
/// Amazon's are `fd00:ec2::254` and its neighbours; then Google's, Alibaba's, Oracle's and Azure's.
const METADATA: [IpAddr; 4] = [
    IpAddr::V6(Ipv6Addr::new(0xfd20, 0xce, 0, 0, 0, 0, 0, 0x254)),
    IpAddr::V4(Ipv4Addr::new(100, 100, 100, 200)),
    IpAddr::V4(Ipv4Addr::new(192, 0, 0, 192)),
    IpAddr::V4(Ipv4Addr::new(168, 63, 129, 16)),
];

/// What a call may reach.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Reach {
    /// This machine, private networks and the internet.
    Anywhere,
    /// The internet.
    Public,
    /// Whatever the operator named: a proxy.
    Named,
}

impl Reach {
    /// Why an address is out of reach.
    pub(crate) fn refuses(self, address: IpAddr) -> Option<Fault> {
        let address = address.to_canonical();
        match self {
            Self::Named => None,
            Self::Anywhere => never(address).map(|what| Fault::Address { address, what }),
            Self::Public => {
                let what = never(address).or_else(|| private(address));
                what.map(|what| Fault::NotPublic { address, what })
            }
        }
    }
}

/// What no call reaches unless the operator lists the address itself.
fn never(address: IpAddr) -> Option<&'static str> {
    if METADATA.contains(&address) {
        return Some("a cloud's metadata service");
    }
    match address {
        IpAddr::V4(address) => match address.octets() {
            [169, 254, ..] => Some("link-local"),
            [0, ..] => Some("no address of a host"),
            [224..=239, ..] => Some("for multicast"),
            [255, 255, 255, 255] => Some("for broadcast"),
            _ => None,
        },
        IpAddr::V6(address) => match address.segments() {
            [0xfe80..=0xfebf, ..] => Some("link-local"),
            [0xfd00, 0xec2, ..] => Some("a cloud's metadata service"),
            [0xff00..=0xffff, ..] => Some("for multicast"),
            [0, 0, 0, 0, 0, 0, 0, 0] => Some("no address of a host"),
            _ => within(address).and_then(|address| never(address.into())),
        },
    }
}

/// What is not reached over the internet.
fn private(address: IpAddr) -> Option<&'static str> {
    match address {
        IpAddr::V4(address) => match address.octets() {
            [127, ..] => Some("this machine's"),
            [10, ..] | [172, 16..=31, ..] | [192, 168, ..] | [100, 64..=127, ..] | [198, 18..=19, ..] => {
                Some("private")
            }
            [192, 0, 0, _] | [240..=255, ..] => Some("reserved"),
            _ => None,
        },
        IpAddr::V6(address) => match address.segments() {
            [0, 0, 0, 0, 0, 0, 0, 1] => Some("this machine's"),
            [0xfc00..=0xfdff, ..] | [0xfec0..=0xfeff, ..] => Some("private"),
            _ => within(address).and_then(|address| private(address.into())),
        },
    }
}

/// The IPv4 address that stands for an IPv6 one behind a translator: NAT64 (RFC 6052), 6to4 (RFC 3056), and the old
/// form `::a.b.c.d`.
fn within(address: Ipv6Addr) -> Option<Ipv4Addr> {
    let (high, low) = match address.segments() {
        [0x64, 0xff9b, 0, 0, 0, 0, high, low] | [0x2002, high, low, ..] => (high, low),
        [0, 0, 0, 0, 0, 0, high @ 1..=0xffff, low] => (high, low),
        _ => return None,
    };
    Some(Ipv4Addr::from(u32::from(high) << 16 | u32::from(low)))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn refused(reach: Reach, address: &str) -> Option<&'static str> {
        match reach.refuses(address.parse().unwrap()) {
            Some(Fault::Address { what, .. } | Fault::NotPublic { what, .. }) => Some(what),
            Some(other) => panic!("{other:?}"),
            None => None,
        }
    }

    #[test]
    fn no_call_reaches_link_local_metadata_multicast_or_unspecified_addresses() {
        for (address, what) in [
            ("169.254.169.254", "link-local"),
            ("169.254.0.1", "link-local"),
            ("fe80::1", "link-local"),
            ("febf::1", "link-local"),
            ("fd00:ec2::254", "a cloud's metadata service"),
            ("fd00:ec2::23", "a cloud's metadata service"),
            ("fd20:ce::254", "a cloud's metadata service"),
            ("100.100.100.200", "a cloud's metadata service"),
            ("168.63.129.16", "a cloud's metadata service"),
            ("0.0.0.0", "no address of a host"),
            ("0.1.2.3", "no address of a host"),
            ("::", "no address of a host"),
            ("224.0.0.1", "for multicast"),
            ("239.255.255.255", "for multicast"),
            ("ff02::1", "for multicast"),
            ("255.255.255.255", "for broadcast"),
            // The same in other forms.
            ("::ffff:169.254.169.254", "link-local"),
            ("::ffff:0.0.0.0", "no address of a host"),
            ("::169.254.169.254", "link-local"),
            ("64:ff9b::169.254.169.254", "link-local"),
            ("2002:a9fe:a9fe::1", "link-local"),
        ] {
            assert_eq!(refused(Reach::Anywhere, address), Some(what), "{address}");
            assert_eq!(refused(Reach::Public, address), Some(what), "{address}");
            assert_eq!(refused(Reach::Named, address), None, "{address}");
        }
    }

    #[test]
    fn this_machine_and_private_networks_are_reached_unless_only_the_internet_is_meant() {
        for (address, what) in [
            ("127.0.0.1", "this machine's"),
            ("::1", "this machine's"),
            ("::ffff:127.0.0.1", "this machine's"),
            ("10.1.2.3", "private"),
            ("172.16.0.1", "private"),
            ("172.31.255.255", "private"),
            ("192.168.1.1", "private"),
            ("100.64.0.1", "private"),
            ("fd12:3456::1", "private"),
            ("64:ff9b::10.0.0.1", "private"),
            ("240.0.0.1", "reserved"),
        ] {
            assert_eq!(refused(Reach::Anywhere, address), None, "{address}");
            assert_eq!(refused(Reach::Public, address), Some(what), "{address}");
        }
        for address in
            ["8.8.8.8", "172.32.0.1", "100.128.0.1", "2600:1901::1", "2a00:1450::1", "169.253.1.1", "fe00::1"]
        {
            assert_eq!(refused(Reach::Public, address), None, "{address}");
        }
    }

    proptest! {
        #[test]
        fn an_ipv4_address_is_judged_alike_in_all_its_forms(bits: u32) {
            let plain = Ipv4Addr::from(bits);
            let [a, b, c, d] = plain.octets();
            let (high, low) = (u16::from_be_bytes([a, b]), u16::from_be_bytes([c, d]));
            for reach in [Reach::Anywhere, Reach::Public] {
                let judged = |address: IpAddr| refused(reach, &address.to_string());
                let expected = judged(plain.into());
                prop_assert_eq!(judged(plain.to_ipv6_mapped().into()), expected);
                prop_assert_eq!(judged(Ipv6Addr::new(0x64, 0xff9b, 0, 0, 0, 0, high, low).into()), expected);
                prop_assert_eq!(judged(Ipv6Addr::new(0x2002, high, low, 0, 0, 0, 0, 1).into()), expected);
            }
        }
    }
}
