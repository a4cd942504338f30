//! An open WebSocket.

use futures_util::{SinkExt, StreamExt};
use greenroom_http_server::RawStream;
use tokio_tungstenite::WebSocketStream;

use super::{CloseFrame, Message, WebSocketError};

/// An open WebSocket. Pings are answered while it is [read](Self::recv).
pub struct WebSocket(pub(super) WebSocketStream<RawStream>);

impl WebSocket {
    /// The next message; `None` once the connection is closed.
    ///
    /// It may be dropped before it is done, as `select!` does: no message is lost.
    pub async fn recv(&mut self) -> Option<Result<Message, WebSocketError>> {
        self.0.next().await
    }

    /// Sends a message; it has left for the network when this is done.
    pub async fn send(&mut self, message: Message) -> Result<(), WebSocketError> {
        self.0.send(message).await
    }

    /// Sends a close frame. The peer's own follows, to be read by [`recv`](Self::recv).
    pub async fn close(&mut self, frame: Option<CloseFrame>) -> Result<(), WebSocketError> {
        self.0.close(frame).await
    }

    /// The same as a `Stream` and `Sink` of messages, which can be split.
    pub fn into_stream(
        self,
    ) -> impl futures_util::Stream<Item = Result<Message, WebSocketError>>
    + futures_util::Sink<Message, Error = WebSocketError>
    + Send
    + Unpin
    + 'static {
        self.0
    }
}
