//! Certificates that a client may refuse: the backend starts, warns, and serves them.

use std::{
    net::Ipv4Addr,
    sync::Arc,
    time::{Duration, SystemTime},
};

use greenroom_config::{DataDir, RootConfig};
use greenroom_core::service;
use greenroom_defaults::{ConfigFrom, Surroundings, create_backend_in};
use greenroom_http::RootHttpRouter;
use greenroom_http_client::ClientEnvironment;
use greenroom_logging::{CaptureSink, LogEnvironment, RootLogger};
use rustls::{
    ClientConfig, DigitallySignedStruct, Error, SignatureScheme,
    client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier},
    crypto::aws_lc_rs::default_provider,
    pki_types::{CertificateDer, ServerName, UnixTime, pem::PemObject},
};
use serde_json::json;
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

/// Takes whatever it is shown.
#[derive(Debug)]
struct Credulous;

impl ServerCertVerifier for Credulous {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        Ok(HandshakeSignatureValid::assertion())
    }

    fn verify_tls13_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        Ok(HandshakeSignatureValid::assertion())
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        default_provider().signature_verification_algorithms.supported_schemes()
    }
}

/// The certificate that a client is shown.
async fn shown(port: u16) -> CertificateDer<'static> {
    let config = ClientConfig::builder_with_provider(Arc::new(default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(Credulous))
        .with_no_client_auth();
    let stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port)).await.unwrap();
    let name = ServerName::try_from("localhost").unwrap();
    let stream = TlsConnector::from(Arc::new(config)).connect(name, stream).await.unwrap();
    stream.get_ref().1.peer_certificates().unwrap()[0].clone().into_owned()
}

/// Starts with it, and returns the warnings, once it has been shown to a client.
async fn warnings(cert: &str, key: &str) -> Vec<String> {
    let config =
        json!({"backend": {"listen": "127.0.0.1:0", "https": {"certificate": {"cert": cert, "key": key}}}});
    let surroundings = Surroundings {
        found: vec![],
        config: ConfigFrom::Loaded(RootConfig::from_yaml(&config.to_string()).unwrap()),
        log: LogEnvironment::default(),
        state: DataDir::default(),
        calls: ClientEnvironment::default(),
        is_process: false,
    };
    let lines = CaptureSink::new();
    let sink = lines.clone();
    let logger = service(async move || Ok(RootLogger::builder().sink(sink.clone()).build()));
    let running = create_backend_in(surroundings).add(logger).start().await.unwrap();
    let port = running.service::<RootHttpRouter>().await.unwrap().local_addr().tcp().unwrap().port();
    assert_eq!(shown(port).await, CertificateDer::from_pem_slice(cert.as_bytes()).unwrap());
    running.stop().await;
    lines.lines().into_iter().filter(|line| line.contains("warn")).collect()
}

#[tokio::test]
async fn a_certificate_that_has_expired_is_served_with_a_warning() {
    let key = rcgen::KeyPair::generate().unwrap();
    let mut params = rcgen::CertificateParams::new(["localhost".to_owned()]).unwrap();
    let ago = |days: u64| SystemTime::now() - Duration::from_secs(days * 24 * 60 * 60);
    (params.not_before, params.not_after) = (ago(9).into(), ago(2).into());
    let cert = params.self_signed(&key).unwrap().pem();
    let told = warnings(&cert, &key.serialize_pem()).await;
    assert!(told.iter().any(|line| line.contains("has expired: it was valid until ")), "{told:?}");
}

#[tokio::test]
async fn a_certificate_of_x509_version_1_is_served_with_a_warning() {
    let both = include_str!("../../../http-server/fixtures/version-1.pem");
    let told = warnings(both, both).await;
    assert!(told.iter().any(|line| line.contains("is of X.509 version 1")), "{told:?}");
}
