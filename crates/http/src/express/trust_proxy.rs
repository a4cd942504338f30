//! `backend.trustProxy`: whose word about the client is taken.

use std::{net::IpAddr, sync::Arc};

use greenroom_config::{ConfigError, RootConfig};
use ipnet::{IpNet, ipv4_mask_to_prefix};
use serde_json::Value;

const KEY: &str = "backend.trustProxy";

/// `backend.trustProxy`: whose word about the client is taken.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum TrustProxy {
    /// Nobody's: the client is who the socket says.
    #[default]
    Nobody,
    /// Everybody's; anyone can then be anyone.
    Everybody,
    /// That of so many proxies, counted from here.
    Hops(u32),
    /// That of proxies in these networks.
    Networks(Arc<[Network]>),
}

impl TrustProxy {
    /// Forms: a boolean, a number of hops, addresses, networks and names as a list or between commas.
    pub(crate) fn from_config(config: &RootConfig) -> Result<Self, ConfigError> {
        let invalid = |text: String| ConfigError::invalid(config, KEY, text);
        let list: Vec<String> = match config.optional_get(KEY)? {
            None | Some(Value::Null | Value::Bool(false)) => return Ok(Self::Nobody),
            Some(Value::Bool(true)) => return Ok(Self::Everybody),
            Some(Value::Number(hops)) => {
                let whole = hops.as_u64().and_then(|hops| u32::try_from(hops).ok());
                let text = || invalid(format!("Invalid number of proxies {hops}, expected a whole number"));
                return whole.map(Self::Hops).ok_or_else(text);
            }
            Some(Value::String(text)) => match text.trim().parse() {
                // What a variable of the environment holds is always text.
                Ok(hops) => return Ok(Self::Hops(hops)),
                Err(_) => text.split(',').map(|part| part.trim().to_owned()).collect(),
            },
            Some(Value::Array(_)) => config.optional_string_array(KEY)?.unwrap_or_default(),
            Some(Value::Object(_)) => {
                let forms = "a boolean, a number of proxies, or addresses, networks and names";
                return Err(invalid(format!("Invalid value, expected {forms}")));
            }
        };
        let networks = Network::all(&list)
            .map_err(|(index, text)| ConfigError::invalid_element(config, KEY, index, text))?;
        Ok(if networks.is_empty() { Self::Nobody } else { Self::Networks(networks.into()) })
    }

    /// Whether the proxy at this address is believed, which may be none at all; the peer is hop 0.
    pub(crate) fn trusts(&self, address: Option<IpAddr>, hop: usize) -> bool {
        match self {
            Self::Nobody => false,
            Self::Everybody => true,
            Self::Hops(hops) => u32::try_from(hop).is_ok_and(|hop| hop < *hops),
            Self::Networks(networks) => {
                address.is_some_and(|address| networks.iter().any(|network| network.contains(address)))
            }
        }
    }
}

/// The names that Express knows.
fn named(name: &str) -> Option<&'static [&'static str]> {
    match name {
        "loopback" => Some(&["127.0.0.1/8", "::1/128"]),
        "linklocal" => Some(&["169.254.0.0/16", "fe80::/10"]),
        "uniquelocal" => Some(&["10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "fc00::/7"]),
        _ => None,
    }
}

/// A network as Express reads it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Network(IpNet);

impl Network {
    /// Addresses, networks and the names that Express knows; the error is of the element with that index.
    pub(crate) fn all(list: &[String]) -> Result<Vec<Self>, (usize, String)> {
        let mut networks = vec![];
        for (index, one) in list.iter().enumerate() {
            match named(one) {
                Some(ranges) => networks.extend(ranges.iter().filter_map(|range| Self::parse(range).ok())),
                None => networks.push(Self::parse(one).map_err(|text| (index, text))?),
            }
        }
        Ok(networks)
    }

    /// `10.0.0.1`, `10.0.0.0/8`, `10.0.0.0/255.0.0.0`, `fc00::/7`; the error is Express's text.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        let (ip, range) = text.rsplit_once('/').map_or((text, None), |(ip, range)| (ip, Some(range)));
        let written: IpAddr = ip.parse().map_err(|_| format!("invalid IP address: {ip}"))?;
        let invalid = || format!("invalid range on address: {text}");
        let bits: u8 = if written.is_ipv6() { 128 } else { 32 };
        let length = match range {
            None => bits,
            Some(range) if range.bytes().all(|b| b.is_ascii_digit()) => {
                range.parse().map_err(|_| invalid())?
            }
            Some(mask) if written.is_ipv4() => {
                mask.parse().ok().and_then(|mask| ipv4_mask_to_prefix(mask).ok()).ok_or_else(invalid)?
            }
            Some(_) => return Err(invalid()),
        };
        if length == 0 {
            return Err(invalid());
        }
        let (address, length) = match written.to_canonical() {
            canonical if canonical != written && length > 96 => (canonical, length - 96),
            // All of IPv4, or more, as IPv6: as in Express, nobody is in there.
            _ => (written, length),
        };
        IpNet::new(address, length).map(Self).map_err(|_| invalid())
    }

    pub(crate) fn contains(&self, address: IpAddr) -> bool {
        match self.0 {
            IpNet::V6(network) if network.addr().to_ipv4_mapped().is_some() => false,
            network => network.contains(&address.to_canonical()),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use super::*;

    fn contains(network: &str, address: &str) -> bool {
        Network::parse(network).unwrap().contains(address.parse().unwrap())
    }

    #[test]
    fn networks_hold_what_express_says() {
        let inside = [
            ("10.0.0.0/8", "10.255.0.1"),
            ("10.0.0.0/8", "::ffff:10.1.2.3"),
            ("10.0.0.0/255.0.0.0", "10.1.2.3"),
            ("::ffff:10.0.0.1", "10.0.0.1"),
            ("::ffff:10.0.0.0/104", "10.9.9.9"),
            ("fc00::/7", "fd12::1"),
            ("127.0.0.1", "127.0.0.1"),
            ("::1", "::1"),
        ];
        let outside = [
            ("10.0.0.0/8", "11.0.0.1"),
            ("10.0.0.0/8", "::a00:1"),
            ("::1", "127.0.0.1"),
            ("::ffff:0:0/80", "::1"),
            ("fc00::/7", "fe00::1"),
        ];
        for (network, address) in inside {
            assert!(contains(network, address), "{address} in {network}");
        }
        for (network, address) in outside {
            assert!(!contains(network, address), "{address} in {network}");
        }
        for wrong in
            ["10.0.0.0/0", "10.0.0.0/33", "::1/129", "x", "10.0.0.0/255.0.255.0", "10.0.0.0/", "::1/ffff::"]
        {
            assert!(Network::parse(wrong).is_err(), "{wrong}");
        }
    }

    proptest::proptest! {
        #[test]
        fn any_network_parses_or_not(text in "[0-9a-f:./]{0,24}") {
            let _ = Network::parse(&text);
        }

        #[test]
        fn a_network_holds_its_address(bits: u32, length in 1u32..=32) {
            let address = Ipv4Addr::from_bits(bits);
            let network = format!("{address}/{length}");
            proptest::prop_assert!(contains(&network, &address.to_string()));
        }
    }
}
