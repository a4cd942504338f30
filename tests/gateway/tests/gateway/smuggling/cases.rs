//! The cases: bytes, and what is to come of them. What says `smuggled` stands where only a second reading finds a request.

use std::time::Duration;

/// Bytes that somebody sends.
pub(super) struct Case {
    pub(super) name: &'static str,
    pub(super) bytes: &'static [u8],
    pub(super) expected: Expected,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Expected {
    /// One answer that says so, and no more on this connection.
    Refused,
    /// A body that cannot be read to its end: its request may have been answered, and no more on this connection.
    Broken,
    /// As these requests, in this order.
    Answered(&'static [&'static str]),
    /// Refused or not.
    Either,
}
use Expected::{Answered, Broken, Either, Refused};

impl Case {
    /// How long nothing may come before the connection counts as one that stays.
    pub(super) fn patience(&self) -> Duration {
        Duration::from_secs(if self.expected == Either { 1 } else { 5 })
    }
}

/// A request behind another one, after which the connection ends.
macro_rules! last {
    () => {
        "GET /api/gw/ok/last HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
    };
}

/// A request in what is a body, or nothing at all, to who reads it well.
macro_rules! hidden {
    () => {
        "GET /api/gw/ok/smuggled HTTP/1.1\r\nHost: localhost\r\n\r\n"
    };
}

/// A request whose header has these lines, and what stands behind its header.
macro_rules! post {
    ($lines:expr, $body:expr) => {
        concat!("POST /api/gw/ok/first HTTP/1.1\r\nHost: localhost\r\n", $lines, "\r\n\r\n", $body).as_bytes()
    };
}

macro_rules! get {
    ($lines:expr) => {
        concat!("GET /api/gw/ok/first HTTP/1.1\r\nHost: localhost\r\n", $lines, "\r\n\r\n", last!())
            .as_bytes()
    };
}

const fn case(name: &'static str, expected: Expected, bytes: &'static [u8]) -> Case {
    Case { name, bytes, expected }
}

pub(super) const CASES: &[Case] = &[
    // Two lengths.
    case("a length and chunks", Refused, post!("Content-Length: 6\r\nTransfer-Encoding: chunked", concat!("0\r\n\r\n", hidden!()))),
    case("chunks and a length", Refused, post!("Transfer-Encoding: chunked\r\nContent-Length: 4", concat!("35\r\n", hidden!(), "0\r\n\r\n"))),
    case("two lengths", Refused, post!("Content-Length: 0\r\nContent-Length: 53", hidden!())),
    case("the same length twice", Refused, post!("Content-Length: 5\r\nContent-Length: 5", concat!("hello", last!()))),
    case("a list of lengths", Refused, post!("Content-Length: 5, 5", concat!("hello", last!()))),
    case("a length with a sign", Refused, post!("Content-Length: +5", concat!("hello", last!()))),
    case("a negative length", Refused, post!("Content-Length: -1", hidden!())),
    case("a length in hexadecimal", Refused, post!("Content-Length: 0x5", concat!("hello", last!()))),
    case("a length with a fraction", Refused, post!("Content-Length: 5.0", concat!("hello", last!()))),
    case("a length without digits", Refused, post!("Content-Length: ", hidden!())),
    case("a length beyond all", Refused, post!("Content-Length: 99999999999999999999999", hidden!())),
    case("a length that wraps around", Refused, post!("Content-Length: 18446744073709551616", hidden!())),
    case("a length after a form feed", Refused, post!("Content-Length: \x0c5", concat!("hello", last!()))),
    // Encodings of a message that are not `chunked` alone.
    case("an unknown encoding", Refused, post!("Transfer-Encoding: xchunked", concat!("0\r\n\r\n", hidden!()))),
    case("chunked is not last", Refused, post!("Transfer-Encoding: chunked, identity", concat!("0\r\n\r\n", hidden!()))),
    case("chunked twice", Refused, post!("Transfer-Encoding: chunked, chunked", concat!("0\r\n\r\n", hidden!()))),
    case("chunked on two lines", Refused, post!("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked", concat!("0\r\n\r\n", hidden!()))),
    case("identity on another line", Refused, post!("Transfer-Encoding: chunked\r\nTransfer-Encoding: identity", concat!("0\r\n\r\n", hidden!()))),
    case("gzip before chunked", Refused, post!("Transfer-Encoding: gzip, chunked", concat!("0\r\n\r\n", hidden!()))),
    case("identity", Refused, post!("Transfer-Encoding: identity", hidden!())),
    case("an encoding of no name", Refused, post!("Transfer-Encoding:", concat!("0\r\n\r\n", hidden!()))),
    case("a vertical tab before chunked", Refused, post!("Transfer-Encoding: \x0bchunked", concat!("0\r\n\r\n", hidden!()))),
    case("chunked in quotes", Refused, post!("Transfer-Encoding: \"chunked\"", concat!("0\r\n\r\n", hidden!()))),
    case("chunked with a parameter", Refused, post!("Transfer-Encoding: chunked;q=1", concat!("0\r\n\r\n", hidden!()))),
    case("a null after chunked", Refused, post!("Transfer-Encoding: chunked\0", concat!("0\r\n\r\n", hidden!()))),
    case("a space before the colon", Refused, post!("Transfer-Encoding : chunked", concat!("0\r\n\r\n", hidden!()))),
    case("a tab before the colon", Refused, post!("Content-Length\t: 58", hidden!())),
    case("a space before the colon of any header", Refused, get!("X-Any : 1")),
    case("chunks in HTTP/1.0", Refused, concat!("POST /api/gw/ok/first HTTP/1.0\r\nHost: localhost\r\nConnection: keep-alive\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", hidden!()).as_bytes()),
    // Lines.
    case("lines that end in a line feed", Refused, b"POST /api/gw/ok/first HTTP/1.1\nHost: localhost\nContent-Length: 0\n\n"),
    case("one line that ends in a line feed", Refused, get!("X-Any: 1\nX-Other: 2")),
    case("a header that ends in two line feeds", Refused, concat!("GET /api/gw/ok/first HTTP/1.1\r\nHost: localhost\r\n\n", hidden!()).as_bytes()),
    case("a carriage return in a value", Refused, post!("X-Any: 1\rTransfer-Encoding: chunked", hidden!())),
    case("a carriage return at the end of a name", Refused, post!("X-Any\r: 1", hidden!())),
    case("a line that goes on", Refused, get!("X-Any: 1\r\n and more")),
    case("a line that goes on with an encoding", Refused, post!("X-Any: 1\r\n\tTransfer-Encoding: chunked", hidden!())),
    case("a space before the first name", Refused, concat!("GET /api/gw/ok/first HTTP/1.1\r\n Host: localhost\r\n\r\n", hidden!()).as_bytes()),
    case("a line without a colon", Refused, get!("X-Any")),
    case("a name of nothing", Refused, get!(": 1")),
    case("a name with a space", Refused, get!("X Any: 1")),
    case("a name with a null", Refused, get!("X-\0Any: 1")),
    case("a null in a value", Refused, get!("X-Any: a\0b")),
    // Hosts.
    case("two hosts", Refused, get!("Host: elsewhere.example")),
    case("no host", Refused, concat!("GET /api/gw/ok/first HTTP/1.1\r\n\r\n", last!()).as_bytes()),
    case("a host of two", Either, concat!("GET /api/gw/ok/first HTTP/1.1\r\nHost: a, b\r\n\r\n", last!()).as_bytes()),
    case("a host with a path", Either, concat!("GET /api/gw/ok/first HTTP/1.1\r\nHost: localhost/api\r\n\r\n", last!()).as_bytes()),
    case("a host with a user", Either, concat!("GET /api/gw/ok/first HTTP/1.1\r\nHost: me@localhost\r\n\r\n", last!()).as_bytes()),
    case("an empty host", Either, concat!("GET /api/gw/ok/first HTTP/1.1\r\nHost:\r\n\r\n", last!()).as_bytes()),
    // Request lines.
    case("no version", Refused, concat!("GET /api/gw/ok/first\r\n\r\n", hidden!()).as_bytes()),
    case("a later version", Refused, concat!("GET /api/gw/ok/first HTTP/2.0\r\nHost: localhost\r\n\r\n", hidden!()).as_bytes()),
    case("a version of no kind", Refused, concat!("GET /api/gw/ok/first HTTP/1.10\r\nHost: localhost\r\n\r\n", hidden!()).as_bytes()),
    case("a version in small letters", Refused, concat!("GET /api/gw/ok/first http/1.1\r\nHost: localhost\r\n\r\n", hidden!()).as_bytes()),
    case("a space in the target", Refused, concat!("GET /api/gw/ok/first more HTTP/1.1\r\nHost: localhost\r\n\r\n", hidden!()).as_bytes()),
    case("two spaces before the target", Either, concat!("GET  /api/gw/ok/first HTTP/1.1\r\nHost: localhost\r\n\r\n", last!()).as_bytes()),
    case("a tab for a space", Refused, concat!("GET\t/api/gw/ok/first\tHTTP/1.1\r\nHost: localhost\r\n\r\n", hidden!()).as_bytes()),
    case("a null in the target", Refused, b"GET /api/gw/ok/fi\0rst HTTP/1.1\r\nHost: localhost\r\n\r\n"),
    case("a space before the method", Refused, concat!(" GET /api/gw/ok/first HTTP/1.1\r\nHost: localhost\r\n\r\n", hidden!()).as_bytes()),
    case("a method that is no word", Refused, concat!("G(T /api/gw/ok/first HTTP/1.1\r\nHost: localhost\r\n\r\n", hidden!()).as_bytes()),
    case("empty lines before a request", Answered(&["first", "last"]), concat!("\r\n\r\nGET /api/gw/ok/first HTTP/1.1\r\nHost: localhost\r\n\r\n", last!()).as_bytes()),
    case("a target with all of a URL", Answered(&["first", "last"]), concat!("GET http://localhost/api/gw/ok/first HTTP/1.1\r\nHost: localhost\r\n\r\n", last!()).as_bytes()),
    case("a target of another host", Either, concat!("GET http://elsewhere.example/api/gw/ok/first HTTP/1.1\r\nHost: localhost\r\n\r\n", last!()).as_bytes()),
    case("a target of another scheme", Either, concat!("GET ftp://localhost/api/gw/ok/first HTTP/1.1\r\nHost: localhost\r\n\r\n", last!()).as_bytes()),
    case("an authority to connect to", Either, concat!("CONNECT localhost:22 HTTP/1.1\r\nHost: localhost:22\r\n\r\n", hidden!()).as_bytes()),
    case("an authority that is got", Either, concat!("GET localhost:22 HTTP/1.1\r\nHost: localhost:22\r\n\r\n", last!()).as_bytes()),
    case("all of a server", Either, concat!("OPTIONS * HTTP/1.1\r\nHost: localhost\r\n\r\n", last!()).as_bytes()),
    case("a target without a slash", Either, concat!("GET api/gw/ok/first HTTP/1.1\r\nHost: localhost\r\n\r\n", last!()).as_bytes()),
    case("a target with two slashes first", Either, concat!("GET //elsewhere.example/api/gw/ok/first HTTP/1.1\r\nHost: localhost\r\n\r\n", last!()).as_bytes()),
    // Chunks.
    case("chunks with extensions", Answered(&["first", "last"]), post!("Transfer-Encoding: chunked", concat!("5;a=b;c=\"d e\"\r\nhello\r\n0;e\r\n\r\n", last!()))),
    case("chunks with trailers", Answered(&["first", "last"]), post!("Transfer-Encoding: chunked", concat!("5\r\nhello\r\n0\r\nX-Sum: 1\r\n\r\n", last!()))),
    case("a size with zeros before it", Answered(&["first", "last"]), post!("Transfer-Encoding: Chunked", concat!("005\r\nhello\r\n000\r\n\r\n", last!()))),
    case("chunks that hold a request", Answered(&["first", "last"]), post!("Transfer-Encoding: chunked", concat!("35\r\n", hidden!(), "\r\n0\r\n\r\n", last!()))),
    case("trailers that name a length", Either, post!("Transfer-Encoding: chunked", concat!("5\r\nhello\r\n0\r\nContent-Length: 53\r\nTransfer-Encoding: chunked\r\nHost: x\r\n\r\n", last!()))),
    case("a size in C's hexadecimal", Broken, post!("Transfer-Encoding: chunked", concat!("0x5\r\nhello\r\n0\r\n\r\n", hidden!()))),
    case("a negative size", Broken, post!("Transfer-Encoding: chunked", concat!("-5\r\nhello\r\n0\r\n\r\n", hidden!()))),
    case("a size of no digits", Broken, post!("Transfer-Encoding: chunked", concat!("\r\nhello\r\n0\r\n\r\n", hidden!()))),
    case("a size that wraps around", Broken, post!("Transfer-Encoding: chunked", concat!("10000000000000005\r\nhello\r\n0\r\n\r\n", hidden!()))),
    case("a size that ends in a line feed", Broken, post!("Transfer-Encoding: chunked", concat!("5\nhello\r\n0\r\n\r\n", hidden!()))),
    case("a line feed in an extension", Broken, post!("Transfer-Encoding: chunked", concat!("5;\nhello\r\n0\r\n\r\n", hidden!()))),
    case("a chunk longer than its size", Broken, post!("Transfer-Encoding: chunked", concat!("5\r\nhello there\r\n0\r\n\r\n", hidden!()))),
    case("a chunk that ends in a line feed", Broken, post!("Transfer-Encoding: chunked", concat!("5\r\nhello\n0\r\n\r\n", hidden!()))),
    case("a last chunk with one line end", Broken, post!("Transfer-Encoding: chunked", concat!("0\r\n", hidden!(), "0 no header\r\n\r\n"))),
    // Bodies where one expects none, and the other way round.
    case("a GET with a body", Answered(&["first", "last"]), concat!("GET /api/gw/ok/first HTTP/1.1\r\nHost: localhost\r\nContent-Length: 53\r\n\r\n", hidden!(), last!()).as_bytes()),
    case("a DELETE with chunks", Answered(&["first", "last"]), concat!("DELETE /api/gw/ok/first HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n35\r\n", hidden!(), "\r\n0\r\n\r\n", last!()).as_bytes()),
    case("a body that nobody reads, and a request behind it", Either, concat!("POST /api/bodies/early HTTP/1.1\r\nHost: localhost\r\nContent-Length: 53\r\n\r\n", hidden!(), last!()).as_bytes()),
    case("chunks that nobody reads, and a request behind them", Either, concat!("POST /api/bodies/early HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n35\r\n", hidden!(), "\r\n0\r\n\r\n", last!()).as_bytes()),
    case("a body of which most never comes", Either, concat!("POST /api/bodies/early HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9999\r\n\r\n", hidden!(), hidden!()).as_bytes()),
    case("a body that is expected to wait", Either, concat!("POST /api/bodies/early HTTP/1.1\r\nHost: localhost\r\nExpect: 100-continue\r\nContent-Length: 53\r\n\r\n", hidden!(), last!()).as_bytes()),
    case("an expectation of a body, and none", Either, post!("Expect: 100-continue\r\nContent-Length: 0", last!())),
    case("an expectation that nobody knows", Either, post!("Expect: something\r\nContent-Length: 53", concat!(hidden!(), last!()))),
    case("many requests at once", Answered(&["a", "b", "c", "d", "last"]), concat!(
        "GET /api/gw/ok/a HTTP/1.1\r\nHost: localhost\r\n\r\nPOST /api/gw/ok/b HTTP/1.1\r\nHost: localhost\r\nContent-Length: 2\r\n\r\nxx",
        "GET /api/gw/ok/c HTTP/1.1\r\nHost: localhost\r\n\r\nPUT /api/gw/ok/d HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nx\r\n0\r\n\r\n",
        last!()
    ).as_bytes()),
    case("a HEAD and a request behind it", Either, concat!("HEAD /api/bodies/download/1000 HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n", hidden!()).as_bytes()),
    // Words between two hops.
    case("a connection that closes, and a request behind it", Answered(&["first"]), concat!("GET /api/gw/ok/first HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n", hidden!()).as_bytes()),
    case("a connection that closes in capitals", Answered(&["first"]), concat!("GET /api/gw/ok/first HTTP/1.1\r\nHost: localhost\r\nConnection: X, CLOSE\r\n\r\n", hidden!()).as_bytes()),
    case("a connection that names its length", Answered(&["first", "last"]), post!("Connection: Content-Length\r\nContent-Length: 53", concat!(hidden!(), last!()))),
    case("a connection that names its encoding", Answered(&["first", "last"]), post!("Connection: Transfer-Encoding\r\nTransfer-Encoding: chunked", concat!("35\r\n", hidden!(), "\r\n0\r\n\r\n", last!()))),
    case("a connection that names its host", Answered(&["first", "last"]), get!("Connection: Host, Connection, keep-alive")),
    case("an upgrade that nobody takes", Either, concat!("GET /api/gw/ok/first HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 777\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n", last!()).as_bytes()),
    case("an upgrade to HTTP/2", Either, concat!("GET /api/gw/ok/first HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQCAAAAAAIAAAAA\r\n\r\n", last!()).as_bytes()),
    case("an upgrade with a body", Either, post!("Connection: Upgrade\r\nUpgrade: websocket\r\nContent-Length: 53", concat!(hidden!(), last!()))),
    case("HTTP/1.0 that stays", Either, concat!("GET /api/gw/ok/first HTTP/1.0\r\nConnection: keep-alive\r\n\r\n", last!()).as_bytes()),
    case("HTTP/1.0 that ends", Either, concat!("GET /api/gw/ok/first HTTP/1.0\r\n\r\n", hidden!()).as_bytes()),
];
