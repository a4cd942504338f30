//! A way through a proxy, by `CONNECT`.

use bytes::Bytes;
use http::{Request, header};
use http_body_util::Empty;
use hyper::{client::conn::http1, upgrade};
use hyper_util::rt::TokioIo;

use crate::{
    client::HEADER_LIMIT,
    error::{Fault, innermost},
    proxies::Proxy,
    stream::Bytes as ByteStream,
    target::Target,
};

/// What is behind the proxy, by a connection to the proxy.
pub(crate) async fn open(
    stream: impl ByteStream + 'static,
    proxy: &Proxy,
    target: &Target,
) -> Result<TokioIo<upgrade::Upgraded>, Fault> {
    let failed = |reason: String| Fault::ProxyFailed { proxy: proxy.name(), reason };
    let broken = |error: &hyper::Error| {
        failed(match Fault::of_hyper(error, HEADER_LIMIT) {
            Fault::ClosedEarly => "it closed the connection".to_owned(),
            _ => innermost(error),
        })
    };
    let name = target.name();
    let mut request = Request::connect(&name).header(header::HOST, &name).body(Empty::<Bytes>::new());
    if let (Ok(request), Some(authorization)) = (&mut request, &proxy.authorization) {
        request.headers_mut().insert(header::PROXY_AUTHORIZATION, authorization.clone());
    }
    let request = request.map_err(|error| failed(error.to_string()))?;

    let builder = http1::Builder::new().max_buf_size(HEADER_LIMIT).handshake(TokioIo::new(stream));
    let (mut sender, connection) = builder.await.map_err(|error| broken(&error))?;
    let answered = async {
        let answer = sender.send_request(request).await.map_err(|error| broken(&error))?;
        match answer.status() {
            status if status.is_success() => upgrade::on(answer).await.map_err(|error| broken(&error)),
            status => Err(Fault::ProxyRefused { proxy: proxy.name(), status: status.as_u16() }),
        }
    };
    // The connection works while it is polled; its end is what hands the stream over.
    let (mut answered, mut connection) = (Box::pin(answered), Box::pin(connection.with_upgrades()));
    let stream = tokio::select! {
        answered = &mut answered => answered,
        _ = &mut connection => answered.await,
    };
    stream.map(TokioIo::new)
}
