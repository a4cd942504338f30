//! A certificate and its key, from PEM.

use std::{fmt, sync::Arc};

use rustls::{
    Error, RootCertStore,
    client::{verify_server_cert_signed_by_trust_anchor, verify_server_name},
    crypto::{CryptoProvider, aws_lc_rs},
    pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime, pem::PemObject},
    server::ParsedCertificate,
    sign::{CertifiedKey, SigningKey},
};

use super::leaf::Leaf;

/// A chain of certificates, the server's first, and the key of that one. It shows nothing of either.
#[derive(Clone)]
pub struct Certificate(pub(super) Arc<CertifiedKey>);

impl fmt::Debug for Certificate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Certificate")
    }
}

/// Why two texts are no certificate with its key. The text tells nothing of what they hold.
#[derive(Debug)]
pub(crate) struct Unusable {
    pub(crate) is_of_key: bool,
    pub(crate) text: String,
}

pub(super) fn provider() -> Arc<CryptoProvider> {
    Arc::new(aws_lc_rs::default_provider())
}

impl Certificate {
    pub(crate) fn from_pem(cert: &str, key: &str) -> Result<Self, Unusable> {
        let of_cert = |text: String| Unusable { is_of_key: false, text };
        let chain: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(cert.as_bytes()).collect();
        let chain = chain.map_err(|_| of_cert(format!("broken PEM, {}", expected(cert, "CERTIFICATE"))))?;
        if chain.is_empty() {
            return Err(of_cert(format!("no certificate, {}", expected(cert, "CERTIFICATE"))));
        }
        if ["ENCRYPTED PRIVATE KEY", "4,ENCRYPTED"].iter().any(|mark| key.contains(mark)) {
            return Err(of_key("the key has a passphrase, expected one without: openssl pkey -in <file>"));
        }
        let key = PrivateKeyDer::from_pem_slice(key.as_bytes())
            .map_err(|_| of_key(&format!("no private key, {}", expected(key, "PRIVATE KEY"))))?;
        let key = signing_key(key, &chain[0])?;
        Ok(Self(Arc::new(CertifiedKey::new(chain, key))))
    }

    /// Why clients that come to `host` may refuse it now, each a sentence.
    pub(crate) fn warnings(&self, host: Option<&str>) -> Vec<String> {
        let leaf = self.0.cert.first().and_then(|der| Leaf::read(der).ok());
        let other = host.filter(|host| !self.names(host));
        leaf.map(|leaf| leaf.warnings(other)).unwrap_or_default()
    }

    /// Whether it names that host, by the rules of clients.
    fn names(&self, host: &str) -> bool {
        let first = self.0.end_entity_cert().and_then(ParsedCertificate::try_from);
        match (first, ServerName::try_from(host)) {
            (Ok(first), Ok(name)) => verify_server_name(&first, &name).is_ok(),
            _ => false,
        }
    }

    pub(crate) fn same_as(&self, other: &Self) -> bool {
        self.0.cert == other.0.cert
    }

    /// Whether a client that trusts this certificate alone accepts it for that host at that time.
    ///
    /// A host that no certificate can name is not asked for.
    pub(super) fn vouches_for(&self, host: &str, at: UnixTime) -> Result<(), Error> {
        let first = self.0.end_entity_cert()?;
        let mut roots = RootCertStore::empty();
        roots.add(first.clone())?;
        let first = ParsedCertificate::try_from(first)?;
        let algorithms = provider().signature_verification_algorithms.all;
        verify_server_cert_signed_by_trust_anchor(&first, &roots, &[], at, algorithms)?;
        match ServerName::try_from(host) {
            Ok(name) => verify_server_name(&first, &name),
            Err(_) => Ok(()),
        }
    }
}

/// The key, if it is that of the certificate.
fn signing_key(
    key: PrivateKeyDer<'static>,
    certificate: &CertificateDer<'_>,
) -> Result<Arc<dyn SigningKey>, Unusable> {
    let leaf = Leaf::read(certificate)?;
    let key = provider().key_provider.load_private_key(key).map_err(|_| match leaf.short_rsa_key() {
        Some(bits) => of_key(&format!("the RSA key has {bits} bits, expected at least 2048")),
        None => of_key("no key that TLS can use, expected RSA, ECDSA or Ed25519"),
    })?;
    if key.public_key().is_some_and(|public| public.as_ref() != leaf.public_key()) {
        return Err(of_key("it is not the key of the first certificate in backend.https.certificate.cert"));
    }
    Ok(key)
}

fn of_key(text: &str) -> Unusable {
    Unusable { is_of_key: true, text: text.to_owned() }
}

fn expected(text: &str, what: &str) -> String {
    let hint = if text.contains("-----BEGIN") { "" } else { "; a file is read by {$file: <path>}" };
    format!("expected -----BEGIN {what}-----{hint}")
}
