//! One certificate for every host, which nobody but the browser of these tests takes.

use std::sync::Arc;

use aws_lc_rs::digest::{SHA256, digest};
use base64::{Engine, engine::general_purpose::STANDARD};
use rcgen::{CertificateParams, KeyPair, PublicKeyData};
use rustls::{
    ServerConfig,
    crypto::aws_lc_rs::default_provider,
    pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject},
};

/// A self-signed certificate with its key.
#[derive(Debug)]
pub struct Certificate {
    /// The certificate, as PEM text.
    pub cert: String,
    /// Its key, as PEM text.
    pub key: String,
    /// How a browser is told to take it: the SHA-256 of its public key.
    pub pin: String,
}

impl Certificate {
    /// One for these names.
    #[track_caller]
    pub fn of(names: &[&str]) -> Self {
        let names = names.iter().map(|&name| name.to_owned()).collect::<Vec<_>>();
        let key = KeyPair::generate().unwrap_or_else(|error| panic!("no key: {error}"));
        let params = CertificateParams::new(names).unwrap_or_else(|error| panic!("no name: {error}"));
        let cert = params.self_signed(&key).unwrap_or_else(|error| panic!("no certificate: {error}"));
        let pin = STANDARD.encode(digest(&SHA256, &key.subject_public_key_info()));
        Self { cert: cert.pem(), key: key.serialize_pem(), pin }
    }

    /// How a server uses it.
    #[track_caller]
    pub(crate) fn server(&self) -> Arc<ServerConfig> {
        let made = || {
            let cert = CertificateDer::from_pem_slice(self.cert.as_bytes()).ok()?;
            let key = PrivateKeyDer::from_pem_slice(self.key.as_bytes()).ok()?;
            let builder = ServerConfig::builder_with_provider(Arc::new(default_provider()));
            let builder = builder.with_safe_default_protocol_versions().ok()?.with_no_client_auth();
            builder.with_single_cert(vec![cert], key).ok()
        };
        Arc::new(made().unwrap_or_else(|| panic!("a server cannot use the certificate")))
    }
}
