//! Connections for what no ordinary call shows: the server's certificate, an upgrade, the announcement of a large body.
//!
//! No credentials and no body go over them. So the certificate is read here, not judged: the ordinary calls judge it.

use std::{io, sync::Arc};

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue};
use rustls::{
    ClientConfig, DigitallySignedStruct, SignatureScheme,
    client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier},
    crypto::aws_lc_rs,
    pki_types::{CertificateDer, ServerName, UnixTime},
};
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt},
    net::TcpStream,
};
use tokio_rustls::{TlsConnector, client::TlsStream};
use x509_parser::prelude::{FromDer, X509Certificate};

use crate::{
    seen::{Reply, Tls},
    target::Origin,
};

/// How long the head of an answer may be.
const LONGEST: usize = 16 * 1024;

/// Takes any certificate, to show it.
#[derive(Debug)]
struct Any(Vec<SignatureScheme>);

impl ServerCertVerifier for Any {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        Ok(HandshakeSignatureValid::assertion())
    }

    fn verify_tls13_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        Ok(HandshakeSignatureValid::assertion())
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.clone()
    }
}

async fn tcp(origin: &Origin) -> io::Result<TcpStream> {
    TcpStream::connect((origin.bare_host(), origin.port)).await
}

async fn encrypted(origin: &Origin, protocols: &[&str]) -> io::Result<TlsStream<TcpStream>> {
    let provider = aws_lc_rs::default_provider();
    let schemes = provider.signature_verification_algorithms.supported_schemes();
    let builder = ClientConfig::builder_with_provider(Arc::new(provider));
    let builder = builder.with_safe_default_protocol_versions().map_err(io::Error::other)?;
    let builder = builder.dangerous().with_custom_certificate_verifier(Arc::new(Any(schemes)));
    let mut config = builder.with_no_client_auth();
    config.alpn_protocols = protocols.iter().map(|protocol| protocol.as_bytes().to_vec()).collect();
    let name = ServerName::try_from(origin.bare_host().to_owned()).map_err(io::Error::other)?;
    TlsConnector::from(Arc::new(config)).connect(name, tcp(origin).await?).await
}

/// What the handshake shows.
pub(super) async fn handshake(origin: &Origin) -> Result<Tls, String> {
    let stream = encrypted(origin, &["h2", "http/1.1"]).await.map_err(|error| error.to_string())?;
    let (_, session) = stream.get_ref();
    let leaf = session.peer_certificates().and_then(<[_]>::first).ok_or("it showed no certificate")?;
    let (_, leaf) = X509Certificate::from_der(leaf).map_err(|_| "its certificate cannot be read")?;
    Ok(Tls {
        not_after: leaf.validity().not_after.timestamp(),
        issuer: leaf.issuer().to_string(),
        protocol: session.alpn_protocol().map(|protocol| String::from_utf8_lossy(protocol).into_owned()),
    })
}

/// Sends the head of a request, and reads the head of the answer.
pub(super) async fn exchange(origin: &Origin, head: &str) -> Result<Reply, String> {
    let told = match origin.is_https {
        true => converse(encrypted(origin, &["http/1.1"]).await, head).await,
        false => converse(tcp(origin).await, head).await,
    };
    told.map_err(|error| error.to_string())
}

async fn converse<S: AsyncRead + AsyncWrite + Unpin>(stream: io::Result<S>, head: &str) -> io::Result<Reply> {
    let mut stream = stream?;
    stream.write_all(head.as_bytes()).await?;
    stream.flush().await?;
    let mut read = Vec::with_capacity(1024);
    while end_of(&read).is_none() {
        if read.len() > LONGEST {
            return Err(io::Error::other("the head of its answer is longer than 16 KiB"));
        }
        if stream.read_buf(&mut read).await? == 0 {
            return Err(io::Error::other("it closed the connection without an answer"));
        }
    }
    answer(&read).ok_or_else(|| io::Error::other("what it answers is not HTTP/1.1"))
}

fn end_of(read: &[u8]) -> Option<usize> {
    read.windows(4).position(|four| four == b"\r\n\r\n")
}

/// The status and the fields; what cannot be a field is left out.
fn answer(read: &[u8]) -> Option<Reply> {
    let head = read.get(..end_of(read)?)?;
    let mut lines = head.split(|byte| *byte == b'\n').map(|line| line.strip_suffix(b"\r").unwrap_or(line));
    let first = std::str::from_utf8(lines.next()?).ok()?;
    let status = first.strip_prefix("HTTP/1.")?.split(' ').nth(1)?.parse().ok()?;
    let mut headers = HeaderMap::new();
    for line in lines.take(100) {
        let Some(colon) = line.iter().position(|byte| *byte == b':') else { continue };
        let name = HeaderName::from_bytes(&line[..colon]);
        let value = HeaderValue::from_bytes(line[colon + 1..].trim_ascii());
        if let (Ok(name), Ok(value)) = (name, value) {
            headers.append(name, value);
        }
    }
    Some(Reply { status, headers, body: Bytes::new() })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_head_of_an_answer_is_read() {
        let told = answer(b"HTTP/1.1 401 Unauthorized\r\nUpgrade:  websocket \r\nodd\r\n\r\nrest").unwrap();
        assert_eq!((told.status, told.header("upgrade")), (401, Some("websocket")));
        for none in [&b"HTTP/1.1 200 OK\r\n"[..], b"SSH-2.0\r\n\r\n", b"HTTP/1.1\r\n\r\n", b"\r\n\r\n"] {
            assert!(answer(none).is_none(), "{}", none.escape_ascii());
        }
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_without_a_panic(bytes in prop::collection::vec(any::<u8>(), 0..200), head in any::<bool>()) {
            let prefix: &[u8] = if head { b"HTTP/1.1 200 OK\r\n" } else { b"" };
            answer(&[prefix, &bytes, b"\r\n\r\n"].concat());
        }
    }
}
