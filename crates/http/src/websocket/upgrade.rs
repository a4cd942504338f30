//! A request for a WebSocket, which its handler accepts or refuses.

use std::io;

use base64::{Engine, engine::general_purpose::STANDARD};
use greenroom_auth::Credentials;
use greenroom_http_server::RawStream;
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, Uri, Version, header, request::Parts};
use sha1::{Digest, Sha1};
use tokio::io::AsyncWriteExt;
use tokio_tungstenite::{
    WebSocketStream,
    tungstenite::{
        error::ProtocolError,
        protocol::{Role, WebSocketConfig},
    },
};

use super::{WebSocket, WebSocketError};
use crate::{
    client::{Caller, ClientAddress},
    express::headers::joined,
};

/// As the reader of a JSON body would have it, with room for more: 1 MiB.
const MAX_MESSAGE: usize = 1 << 20;

/// Thousands of connections may be open, most of them idle.
const BUFFER: usize = 4096;

/// What RFC 6455 appends to a key.
const GUID: &[u8] = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11";

/// A request for a WebSocket. Dropped without an answer, it closes the connection without a byte.
pub struct WebSocketUpgrade {
    pub(super) parts: Parts,
    pub(super) caller: Caller,
    pub(super) stream: RawStream,
    pub(super) credentials: Credentials,
    /// The token among the offered protocols by which the caller was let in.
    pub(super) auth_protocol: Option<String>,
    protocol: Option<String>,
    config: WebSocketConfig,
}

impl WebSocketUpgrade {
    pub(super) fn new(parts: Parts, caller: Caller, stream: RawStream) -> Self {
        let config = WebSocketConfig::default()
            .read_buffer_size(BUFFER)
            .write_buffer_size(BUFFER)
            .max_frame_size(Some(MAX_MESSAGE))
            .max_message_size(Some(MAX_MESSAGE));
        let (auth_protocol, protocol) = Default::default();
        Self { parts, caller, stream, credentials: Credentials::none(), auth_protocol, protocol, config }
    }

    /// What was asked for, as it came: the whole path, and the query.
    pub fn uri(&self) -> &Uri {
        &self.parts.uri
    }

    /// The headers of the request.
    pub fn headers(&self) -> &HeaderMap {
        &self.parts.headers
    }

    /// Who asks; nobody in particular on routes without a policy, where no token is looked at.
    pub fn credentials(&self) -> &Credentials {
        &self.credentials
    }

    /// Where the request comes from.
    pub fn client(&self) -> ClientAddress {
        self.caller.client(&self.parts.headers)
    }

    /// The protocols that the client offers, in its order. Browsers put their tokens here.
    pub fn offered_protocols(&self) -> Vec<String> {
        offered(&self.parts.headers)
    }

    /// The token among them by which the caller was let in: said back unless a [protocol](Self::protocols) is agreed upon.
    pub fn auth_protocol(&self) -> Option<&str> {
        self.auth_protocol.as_deref()
    }

    /// Sets the protocols that the handler speaks, best first. The first that the client offers too is used. If none
    /// fits, a token that was offered as a protocol is returned, because browsers need one of their offers back.
    #[must_use]
    pub fn protocols<'a>(mut self, spoken: impl IntoIterator<Item = &'a str>) -> Self {
        let offered = self.offered_protocols();
        let agreed = spoken.into_iter().find(|spoken| offered.iter().any(|offered| offered == spoken));
        self.protocol = agreed.map(str::to_owned);
        self
    }

    /// How many bytes a message may have, 1 MiB by default. A longer one is an error of [`WebSocket::recv`].
    #[must_use]
    pub fn max_message_size(mut self, bytes: usize) -> Self {
        self.config = self.config.max_frame_size(Some(bytes)).max_message_size(Some(bytes));
        self
    }

    /// Opens the WebSocket. Errors when the request lacks what RFC 6455 wants, which is answered by 400 or 426, or when
    /// the client has left.
    pub async fn accept(mut self) -> Result<WebSocket, WebSocketError> {
        let key = match key(&self.parts) {
            Ok(key) => key,
            Err(why) => {
                let no_version = ProtocolError::MissingSecWebSocketVersionHeader;
                let bad_version = matches!(&why, WebSocketError::Protocol(why) if *why == no_version);
                let (status, version) = match bad_version {
                    true => (StatusCode::UPGRADE_REQUIRED, "Sec-WebSocket-Version: 13\r\n"),
                    false => (StatusCode::BAD_REQUEST, ""),
                };
                close_with(self.stream, status, version).await;
                return Err(why);
            }
        };
        let accept = STANDARD.encode(Sha1::new().chain_update(key.as_bytes()).chain_update(GUID).finalize());
        let mut answer = format!(
            "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: {accept}\r\n"
        );
        if let Some(protocol) = self.protocol.or(self.auth_protocol) {
            answer.push_str(&format!("Sec-WebSocket-Protocol: {protocol}\r\n"));
        }
        answer.push_str("\r\n");
        self.stream.write_all(answer.as_bytes()).await?;
        self.stream.flush().await?;
        Ok(WebSocket(WebSocketStream::from_raw_socket(self.stream, Role::Server, Some(self.config)).await))
    }

    /// Answers with a status alone, and closes the connection.
    pub async fn refuse(self, status: StatusCode) {
        close_with(self.stream, status, "").await;
    }
}

/// Answers with a status and these lines, and closes the connection.
async fn close_with(mut stream: RawStream, status: StatusCode, lines: &str) {
    let answer = format!("HTTP/1.1 {status}\r\n{lines}Connection: close\r\nContent-Length: 0\r\n\r\n");
    // A client that has left wants no answer.
    if stream.write_all(answer.as_bytes()).await.is_ok() {
        let _ = stream.shutdown().await;
    }
}

/// The values of `Sec-WebSocket-Protocol`.
pub(super) fn offered(headers: &HeaderMap) -> Vec<String> {
    let Some(all) = joined(headers, &header::SEC_WEBSOCKET_PROTOCOL) else { return vec![] };
    let all = String::from_utf8_lossy(all.as_bytes()).into_owned();
    all.split(',').map(str::trim).filter(|one| !one.is_empty()).map(str::to_owned).collect()
}

/// The value of a header that must stand there once.
fn only<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Option<&'a HeaderValue> {
    let mut all = headers.get_all(name).iter();
    all.next().filter(|_| all.next().is_none())
}

/// What RFC 6455 wants of a request: its key. A body would stand where the frames begin.
fn key(parts: &Parts) -> Result<&HeaderValue, WebSocketError> {
    if parts.method != Method::GET {
        return Err(ProtocolError::WrongHttpMethod.into());
    }
    if parts.version != Version::HTTP_11 {
        return Err(ProtocolError::WrongHttpVersion.into());
    }
    let no_handshake = |why| Err(io::Error::new(io::ErrorKind::InvalidData, why).into());
    if only(&parts.headers, &header::HOST).is_none() {
        return no_handshake("The request has no host, or several");
    }
    let announces = |name| parts.headers.get(name).is_some_and(|value| value != "0");
    if announces(header::CONTENT_LENGTH) || announces(header::TRANSFER_ENCODING) {
        return no_handshake("The request has a body");
    }
    if only(&parts.headers, &header::SEC_WEBSOCKET_VERSION).is_none_or(|version| version != "13") {
        return Err(ProtocolError::MissingSecWebSocketVersionHeader.into());
    }
    let key =
        only(&parts.headers, &header::SEC_WEBSOCKET_KEY).ok_or(ProtocolError::MissingSecWebSocketKey)?;
    let is_nonce = STANDARD.decode(key).is_ok_and(|nonce| nonce.len() == 16);
    if is_nonce { Ok(key) } else { Err(ProtocolError::InvalidSecWebSocketKey.into()) }
}
