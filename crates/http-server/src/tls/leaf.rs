//! What the server's own certificate says of itself. It is not judged by the rules for a peer's.

use std::net::IpAddr;

use x509_parser::{
    extensions::GeneralName,
    prelude::{FromDer, X509Certificate, X509Version},
    public_key::PublicKey,
    time::ASN1Time,
};

use super::certificate::Unusable;

/// The shortest RSA key that TLS libraries sign with.
const SHORTEST_RSA: usize = 2048;

/// A certificate as far as it was read.
pub(super) struct Leaf<'a>(X509Certificate<'a>);

impl<'a> Leaf<'a> {
    pub(super) fn read(der: &'a [u8]) -> Result<Self, Unusable> {
        let (_, certificate) = X509Certificate::from_der(der).map_err(|error| Unusable {
            is_of_key: false,
            text: format!("no certificate that can be read ({error}), expected the server's first"),
        })?;
        Ok(Self(certificate))
    }

    /// Its public key, as it stands there.
    pub(super) fn public_key(&self) -> &[u8] {
        self.0.public_key().raw
    }

    /// How many bits its RSA key has, if they are too few.
    pub(super) fn short_rsa_key(&self) -> Option<usize> {
        match self.0.public_key().parsed() {
            Ok(PublicKey::RSA(key)) => Some(key.key_size()).filter(|bits| *bits < SHORTEST_RSA),
            _ => None,
        }
    }

    /// Why clients may refuse it now, each a sentence; `other` is a host that they come to and it does not name.
    pub(super) fn warnings(&self, other: Option<&str>) -> Vec<String> {
        const WHICH: &str = "The certificate of backend.https";
        let (validity, now) = (self.0.validity(), ASN1Time::now());
        let old = (self.0.version() == X509Version::V1).then(|| {
            format!("{WHICH} is of X.509 version 1, which many clients refuse; ask for one of version 3")
        });
        let early = (now < validity.not_before)
            .then(|| format!("{WHICH} is not valid before {}", validity.not_before));
        let late = (now > validity.not_after)
            .then(|| format!("{WHICH} has expired: it was valid until {}", validity.not_after));
        let other = other.map(|host| {
            let names = self.names();
            let named = if names.is_empty() { "no host".to_owned() } else { names.join(", ") };
            format!("{WHICH} names {named}, and not '{host}', the host of backend.baseUrl")
        });
        [old, early, late, other].into_iter().flatten().collect()
    }

    /// The hosts and addresses that it names; as for clients, the common name is none of them.
    fn names(&self) -> Vec<String> {
        let Ok(Some(names)) = self.0.subject_alternative_name() else { return vec![] };
        let name = |name: &GeneralName<'_>| match name {
            GeneralName::DNSName(name) => Some(name.to_ascii_lowercase()),
            GeneralName::IPAddress(bytes) => {
                let v4 = <[u8; 4]>::try_from(*bytes).map(IpAddr::from).ok();
                let address = v4.or_else(|| <[u8; 16]>::try_from(*bytes).map(IpAddr::from).ok());
                address.map(|address| address.to_string())
            }
            _ => None,
        };
        names.value.general_names.iter().filter_map(name).collect()
    }
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, SystemTime};

    use rcgen::{CertificateParams, KeyPair};

    use super::super::Certificate;

    const VERSION_1: &str = include_str!("../../fixtures/version-1.pem");
    const RSA_1024: &str = include_str!("../../fixtures/rsa-1024.pem");
    const DAY: Duration = Duration::from_secs(24 * 60 * 60);

    /// Certificate and key, valid between these days from now.
    fn made(names: &[&str], from: i32, until: i32) -> Certificate {
        let day = |day: i32| match u32::try_from(day) {
            Ok(day) => SystemTime::now() + DAY * day,
            Err(_) => SystemTime::now() - DAY * day.unsigned_abs(),
        };
        let names: Vec<_> = names.iter().map(|name| (*name).to_owned()).collect();
        let mut params = CertificateParams::new(names).unwrap();
        (params.not_before, params.not_after) = (day(from).into(), day(until).into());
        let key = KeyPair::generate().unwrap();
        let pem = params.self_signed(&key).unwrap().pem();
        Certificate::from_pem(&pem, &key.serialize_pem()).unwrap()
    }

    #[test]
    fn a_certificate_out_of_its_time_is_warned_of_with_the_date() {
        let warned = |from, until| made(&["a.example"], from, until).warnings(Some("a.example"));
        assert_eq!(warned(-1, 1), Vec::<String>::new());
        let (expired, early) = (warned(-9, -2), warned(2, 9));
        assert_eq!((expired.len(), early.len()), (1, 1));
        assert!(expired[0].contains("has expired: it was valid until "), "{expired:?}");
        assert!(early[0].contains("is not valid before "), "{early:?}");
        assert!(has_year(&expired[0]) && has_year(&early[0]), "{expired:?} {early:?}");
    }

    /// Whether a text holds a year of four digits.
    fn has_year(text: &str) -> bool {
        text.split(|c: char| !c.is_ascii_digit()).any(|digits| digits.len() == 4)
    }

    #[test]
    fn a_certificate_for_another_host_is_warned_of_with_both_names() {
        let certificate = made(&["a.example", "*.b.example", "10.0.0.1", "::1"], -1, 1);
        for host in ["a.example", "x.b.example", "10.0.0.1", "::1"] {
            assert_eq!(certificate.warnings(Some(host)), Vec::<String>::new(), "{host}");
        }
        for host in ["b.example", "x.y.b.example", "x.a.example", "10.0.0.2"] {
            let text = format!(
                "The certificate of backend.https names a.example, *.b.example, 10.0.0.1, ::1, and not '{host}', the host of \
                 backend.baseUrl"
            );
            assert_eq!(certificate.warnings(Some(host)), [text]);
        }
        assert_eq!(certificate.warnings(None), Vec::<String>::new());
    }

    #[test]
    fn a_certificate_of_version_1_is_used_and_warned_of() {
        let warnings = Certificate::from_pem(VERSION_1, VERSION_1).unwrap().warnings(None);
        assert_eq!(warnings.len(), 1);
        assert!(warnings[0].contains("X.509 version 1"), "{warnings:?}");
    }

    #[test]
    fn a_short_key_is_told_as_too_short() {
        let refused = Certificate::from_pem(RSA_1024, RSA_1024).unwrap_err();
        assert_eq!(refused.text, "the RSA key has 1024 bits, expected at least 2048");
    }
}
