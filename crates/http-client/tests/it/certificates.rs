//! An authority, the certificates that it issues, and servers that show them.

use std::{
    path::PathBuf,
    sync::Arc,
    time::{Duration, SystemTime},
};

use greenroom_http_client::{ClientEnvironment, HttpClientBuilder};
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair};
use rustls::{
    RootCertStore, ServerConfig,
    crypto::aws_lc_rs::default_provider,
    pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer},
    server::WebPkiClientVerifier,
};
use tempfile::TempDir;
use tokio_rustls::TlsAcceptor;

use crate::kit::{Names, Reply, Seen, Server, environment};

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// An authority with a file that holds its certificate.
pub(crate) struct Authority {
    issuer: CertifiedIssuer<'static, KeyPair>,
    dir: TempDir,
}

impl Authority {
    pub(crate) fn new() -> Self {
        Self::named("Test Authority")
    }

    pub(crate) fn named(name: &str) -> Self {
        let mut params = CertificateParams::new(["idp.example".to_owned()]).unwrap();
        params.distinguished_name.push(DnType::CommonName, name);
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        Self::of(params)
    }

    fn of(params: CertificateParams) -> Self {
        let issuer = CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap();
        let dir = tempfile::tempdir().unwrap();
        std::fs::write(dir.path().join("ca.pem"), issuer.pem()).unwrap();
        Self { issuer, dir }
    }

    pub(crate) fn file(&self) -> PathBuf {
        self.dir.path().join("ca.pem")
    }

    /// An environment with these variables, in which it is trusted, and no system that trusts others.
    pub(crate) fn trusted_with(&self, variables: &[(&str, &str)]) -> ClientEnvironment {
        let file = self.file().to_string_lossy().into_owned();
        environment(&[&[("NODE_EXTRA_CA_CERTS", &*file), ("SSL_CERT_FILE", "/dev/null")], variables].concat())
    }

    /// A client that trusts it, and knows `localhost` and `idp.example` as this machine.
    pub(crate) fn client(&self) -> HttpClientBuilder {
        let names = Names::of(&[("localhost", &["127.0.0.1"]), ("idp.example", &["127.0.0.1"])]);
        greenroom_http_client::HttpClient::builder(self.trusted_with(&[])).resolver(names)
    }

    /// One that is no authority but a server's own certificate, made for these names.
    pub(crate) fn self_signed(names: &[&str]) -> Self {
        let names: Vec<_> = names.iter().map(|name| (*name).to_owned()).collect();
        Self::of(CertificateParams::new(names).unwrap())
    }

    /// What a server with the authority's own certificate shows.
    pub(crate) fn acceptor_of_itself(&self) -> TlsAcceptor {
        showing(self.issuer.der().clone(), private(self.issuer.key()))
    }

    /// What a server with a certificate for these names shows, valid between these days from now.
    pub(crate) fn acceptor(&self, names: &[&str], from: i32, until: i32) -> TlsAcceptor {
        let (certificate, key) = self.issue(names, from, until);
        showing(certificate, key)
    }

    fn issue(
        &self,
        names: &[&str],
        from: i32,
        until: i32,
    ) -> (CertificateDer<'static>, PrivateKeyDer<'static>) {
        let day = |day: i32| match u32::try_from(day) {
            Ok(day) => SystemTime::now() + DAY * day,
            Err(_) => SystemTime::now() - DAY * day.unsigned_abs(),
        };
        let mut params =
            CertificateParams::new(names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>()).unwrap();
        (params.not_before, params.not_after) = (day(from).into(), day(until).into());
        let key = KeyPair::generate().unwrap();
        let certificate = params.signed_by(&key, &self.issuer).unwrap();
        (certificate.der().clone(), private(&key))
    }
}

/// The same, to clients that show a certificate too.
pub(crate) fn mutual(authority: &Authority) -> TlsAcceptor {
    let mut roots = RootCertStore::empty();
    roots.add(authority.issuer.der().clone()).unwrap();
    let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), Arc::new(default_provider()));
    let builder = ServerConfig::builder_with_provider(Arc::new(default_provider()));
    let builder = builder.with_safe_default_protocol_versions().unwrap();
    let builder = builder.with_client_cert_verifier(verifier.build().unwrap());
    let (certificate, key) = authority.issue(&["idp.example"], -1, 9);
    TlsAcceptor::from(Arc::new(builder.with_single_cert(vec![certificate], key).unwrap()))
}

fn private(key: &KeyPair) -> PrivateKeyDer<'static> {
    PrivatePkcs8KeyDer::from(key.serialize_der()).into()
}

fn showing(certificate: CertificateDer<'static>, key: PrivateKeyDer<'static>) -> TlsAcceptor {
    let config = ServerConfig::builder_with_provider(Arc::new(default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![certificate], key)
        .unwrap();
    TlsAcceptor::from(Arc::new(config))
}

/// A server that encrypts so.
pub(crate) async fn encrypted(
    acceptor: TlsAcceptor,
    answer: impl Fn(&Seen) -> Reply + Clone + Send + Sync + 'static,
) -> Server {
    Server::listen([127, 0, 0, 1].into(), answer, move |stream| {
        let acceptor = acceptor.clone();
        async move { acceptor.accept(stream).await.ok() }
    })
    .await
}
