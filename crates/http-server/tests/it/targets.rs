//! Targets as clients send them, and as the service gets them.

use greenroom_http_server::{Answer, Arrival, RequestBody, Serve, ServerSettings};
use http::{Request, Response};
use tokio::io::AsyncReadExt;

use crate::kit::{Client, start};

/// Answers by the target.
struct Target;

impl Serve for Target {
    type Body = String;

    fn serve(&self, request: Request<RequestBody>, _: Arrival) -> Answer<String> {
        let target = request.uri().to_string();
        Box::pin(async { Response::new(target) })
    }
}

/// What the service gets, when it comes in pieces of this length.
async fn seen(client: &mut Client, target: &str, piece: usize) -> String {
    let request = format!("GET {target} HTTP/1.1\r\nHost: x\r\n\r\n");
    for piece in request.as_bytes().chunks(piece) {
        client.send(piece).await;
        tokio::task::yield_now().await;
    }
    let head = client.until("\r\n\r\n").await;
    let length = head.lines().find_map(|line| line.strip_prefix("content-length: ")).expect("a length");
    let mut body = vec![0; length.parse().unwrap()];
    client.0.read_exact(&mut body).await.unwrap();
    assert!(head.starts_with("HTTP/1.1 200 OK\r\n"), "{target}: {head}");
    String::from_utf8(body).unwrap()
}

#[tokio::test]
async fn each_printable_byte_of_a_path_and_a_query_is_served_encoded_where_it_has_to_be() {
    let mut client = Client::connect(start(Target, ServerSettings::default()).await).await;
    client.0.set_nodelay(true).unwrap();
    for byte in (0x21..0x7f_u8).map(char::from).filter(|byte| !"?#".contains(*byte)) {
        let path = if "<>`".contains(byte) { format!("%{:02X}", byte as u8) } else { byte.to_string() };
        let query = if "<>\"".contains(byte) { format!("%{:02X}", byte as u8) } else { byte.to_string() };
        for piece in [usize::MAX, 7, 1] {
            let target = format!("/a{byte}b?c{byte}d");
            assert_eq!(seen(&mut client, &target, piece).await, format!("/a{path}b?c{query}d"));
        }
        let absolute = seen(&mut client, &format!("http://h/{byte}?{byte}"), usize::MAX).await;
        assert_eq!(absolute, format!("http://h/{path}?{query}"));
    }
    assert_eq!(seen(&mut client, "*", 1).await, "*");
}

#[tokio::test]
async fn encoding_counts_for_no_limit() {
    let mut client = Client::connect(start(Target, ServerSettings::default()).await).await;
    let target = format!("/{}", "<".repeat(16 * 1024 - 10));
    for piece in [usize::MAX, 5000] {
        assert_eq!(seen(&mut client, &target, piece).await, target.replace('<', "%3C"));
    }
}

#[tokio::test]
async fn what_stands_behind_an_encoded_target_arrives_in_order() {
    let mut client = Client::connect(start(Target, ServerSettings::default()).await).await;
    let request =
        |target: &str| format!("GET {target} HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\n<\r\n");
    client.send([request("/<1>"), request("/2"), request("/<3>")].concat()).await;
    for target in ["/%3C1%3E", "/2", "/%3C3%3E"] {
        client.until(&format!("\r\n\r\n{target}")).await;
    }
}

#[tokio::test]
async fn other_bytes_of_a_target_are_a_400() {
    for target in ["/\u{e9}", "/?\u{e9}", "/\u{7f}", "/\u{1}", "/a\tb", "h<b/", "http://h<b/"] {
        let mut client = Client::connect(start(Target, ServerSettings::default()).await).await;
        client.send(format!("GET {target} HTTP/1.1\r\nHost: x\r\n\r\n")).await;
        let answer = client.rest().await.0;
        assert!(answer.starts_with(b"HTTP/1.1 400 "), "{target:?}: {}", String::from_utf8_lossy(&answer));
    }
}
