//! Servers of the same crates with nothing around them: `bench-floors <hyper|axum|axum-lines|axum-same> <port>`, and
//! `bench-floors behind <port> <file>` for what stands behind a gateway, with the keys in that file.

mod behind;
mod headers;
mod lines;
mod named;
mod plain;

use std::env;
use std::io;
use std::net::Ipv4Addr;
use std::path::Path;

use tokio::net::TcpListener;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

#[tokio::main]
async fn main() -> io::Result<()> {
    let arguments: Vec<String> = env::args().skip(1).collect();
    const USAGE: &str = "bench-floors <hyper|axum|axum-lines|axum-same|behind> <port> [<file>]";
    let usage = || io::Error::new(io::ErrorKind::InvalidInput, USAGE);
    let [way, port, keys @ ..] = &arguments[..] else { return Err(usage()) };
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port.parse().map_err(|_| usage())?)).await?;
    match (way.as_str(), keys) {
        ("hyper", []) => plain::hyper(listener).await,
        ("axum", []) => axum::serve(listener, plain::axum()).await,
        ("axum-lines", []) => axum::serve(listener, lines::axum(headers::none)?).await,
        ("axum-same", []) => axum::serve(listener, lines::axum(headers::json)?).await,
        ("behind", [keys]) => behind::hyper(listener, Path::new(keys)).await,
        _ => Err(usage()),
    }
}
