//! What a client sends behind a request to leave HTTP, before it knows whether it may: whoever takes the connection gets it as
//! it was sent, and when nobody does it is HTTP.

use greenroom_http_server::{Answer, Arrival, RequestBody, Serve, ServerSettings};
use http::Request;
use proptest::{collection::vec, prelude::*, sample::select};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    sync::oneshot,
    time::timeout,
};

use crate::{
    kit::{Client, PATIENCE, pause, start},
    takeover::{UPGRADE, back, gateway},
};

const SWITCHED: &str = "HTTP/1.1 101 Switching Protocols\r\n\r\n";

/// Behind anything at all the server closes once it has read this.
const LAST: &[u8] = b"\r\n\r\nGET /last HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";

/// Of other protocols, of HTTP, and what is nearly HTTP.
fn payloads() -> Vec<Vec<u8>> {
    let mut all: Vec<Vec<u8>> = [
        "abc",
        "a\nb",
        "\n",
        "\r\n\r\nabc",
        "GET /a<b HTTP/1.1\r\n",
        "GET /a<b HTTP/1.1\r\nHost: x\r\n\r\nGET /c HTTP/1.1\r\nHost: x\r\nUpgrade: any\r\n\r\nGET /d<",
        UPGRADE,
    ]
    .map(|text| text.as_bytes().to_vec())
    .into();
    // A WebSocket frame whose mask has a line feed.
    all.push(b"\x81\x85\x0a\x00\x00\x00hello".to_vec());
    all.extend([4000, 8192, 20_000, 40_000, 64_000, 120_000, 1_000_000].map(|count| vec![b'x'; count]));
    all.extend([b"\n<".repeat(32_000), UPGRADE.repeat(500).into()]);
    let head = "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000\r\n\r\n";
    all.push([head.as_bytes(), &b"\n".repeat(1_000_000), b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"].concat());
    all
}

/// How it comes behind the request.
#[derive(Clone, Copy, Debug)]
enum Comes {
    Together,
    Behind,
    /// When the other server has been asked.
    Late,
}

impl Comes {
    const ALL: [Self; 3] = [Self::Together, Self::Behind, Self::Late];

    /// All that comes back, until the server has closed.
    async fn exchange(self, payload: &[u8], is_taken: bool) -> Vec<u8> {
        let upgrade = UPGRADE.as_bytes();
        match self {
            Self::Together => exchange(&[&[upgrade, payload].concat()], is_taken, false).await,
            Self::Behind | Self::Late => {
                exchange(&[upgrade, payload], is_taken, matches!(self, Self::Late)).await
            }
        }
    }
}

/// Sends these pieces to a gateway, which learns some time after it has asked whether it may leave HTTP. The client reads
/// meanwhile, and closes its side once HTTP has been left.
async fn exchange(pieces: &[&[u8]], is_taken: bool, waits: bool) -> Vec<u8> {
    let (mut client, mut asked) = gateway().await;
    let (mut read, mut write) = client.0.split();
    let (begins, has_begun) = oneshot::channel();
    let (switches, has_switched) = oneshot::channel();
    let decide = async {
        let mut begins = Some(begins);
        while let Some(says) = asked.recv().await {
            if let Some(begins) = begins.take() {
                let _ = begins.send(());
                pause().await;
            }
            let _ = says.send(is_taken);
        }
    };
    let send = async {
        let mut has_begun = Some(has_begun).filter(|_| waits);
        for piece in pieces {
            // A server that has refused takes no more of it.
            let _ = write.write_all(piece).await;
            match has_begun.take() {
                Some(has_begun) => has_begun.await.unwrap(),
                None => tokio::task::yield_now().await,
            }
        }
        if is_taken {
            has_switched.await.unwrap();
            write.shutdown().await.unwrap();
        }
    };
    let receive = async {
        let (mut all, mut switches) = (Vec::new(), Some(switches));
        while read.read_buf(&mut all).await.expect("no reset") > 0 {
            if all.starts_with(SWITCHED.as_bytes())
                && let Some(switches) = switches.take()
            {
                switches.send(()).unwrap();
            }
        }
        all
    };
    let all = async { tokio::join!(send, receive).1 };
    tokio::select! {
        all = timeout(PATIENCE, all) => all.expect("an end in time"),
        () = decide => unreachable!("the server can ask as long as it is there"),
    }
}

#[tokio::test]
async fn who_takes_the_connection_late_gets_what_came_early_as_it_was_sent() {
    for payload in payloads() {
        for comes in Comes::ALL {
            let read = comes.exchange(&payload, true).await;
            let shown = String::from_utf8_lossy(&payload[..payload.len().min(60)]);
            let count = payload.len();
            assert!(read.len() == SWITCHED.len() + count, "{comes:?} {shown:?}: {} of {count}", read.len());
            assert!(read.ends_with(&payload), "{comes:?} {shown:?}");
        }
    }
}

#[tokio::test]
async fn what_came_early_is_http_when_nobody_takes_the_connection() {
    for mut payload in payloads() {
        payload.extend_from_slice(LAST);
        let alone = answers(&exchange(&[&payload], false, false).await);
        assert!(alone.contains("\nconnection: close"), "{alone}");
        for comes in Comes::ALL {
            let behind = answers(&comes.exchange(&payload, false).await);
            let shown = String::from_utf8_lossy(&payload[..payload.len().min(60)]);
            let (refused, behind) = behind.split_once("none").expect("an answer");
            assert!(refused.starts_with("HTTP/1.1 404 Not Found\r\n"), "{comes:?} {shown:?}: {refused}");
            assert!(behind == alone, "{comes:?} {shown:?}: {behind:.500}");
        }
    }
}

/// Without their dates.
fn answers(bytes: &[u8]) -> String {
    let text = String::from_utf8_lossy(bytes);
    text.split_inclusive('\n').filter(|line| !line.starts_with("date: ")).collect()
}

/// Takes each connection at once and keeps nothing of the request.
struct Taker;

impl Serve for Taker {
    type Body = String;

    fn serve(&self, _: Request<RequestBody>, arrival: Arrival) -> Answer<String> {
        Box::pin(arrival.takeover.take(back))
    }
}

#[tokio::test]
async fn who_takes_the_connection_at_once_gets_what_came_early_as_it_was_sent() {
    for payload in payloads() {
        let mut client = Client::connect(start(Taker, ServerSettings::default()).await).await;
        client.send([UPGRADE.as_bytes(), &payload].concat()).await;
        client.until(SWITCHED).await;
        client.0.shutdown().await.unwrap();
        let (read, end) = client.rest().await;
        assert!(read == payload && end.is_ok(), "{} of {}, {end:?}", read.len(), payload.len());
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn any_bytes_behind_an_upgrade_reach_the_taker_however_they_are_cut(
        parts in vec(
            prop_oneof![
                vec(any::<u8>(), 0..300),
                select(vec![
                    "GET /<`> HTTP/1.1\r\n", "Host: x\r\n", "\r\n", "\n", "\r", "Content-Length: 5\r\n", "Upgrade: x\r\n",
                    "Transfer-Encoding: chunked\r\n", "5\r\nhello\r\n", UPGRADE,
                ]).prop_map(|text| text.as_bytes().to_vec()),
                (any::<u8>(), 0usize..50_000).prop_map(|(byte, count)| vec![byte; count]),
            ],
            0..12,
        ),
        cuts in vec(prop_oneof![1usize..100, 1usize..20_000], 0..20),
    ) {
        let payload = parts.concat();
        let all = [UPGRADE.as_bytes(), &payload].concat();
        let (mut pieces, mut rest) = (Vec::new(), &all[..]);
        for cut in cuts {
            let (piece, behind) = rest.split_at(cut.min(rest.len()));
            pieces.push(piece);
            rest = behind;
        }
        pieces.push(rest);
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let read = runtime.block_on(exchange(&pieces, true, false));
        prop_assert_eq!(read.len(), SWITCHED.len() + payload.len());
        prop_assert!(read.ends_with(&payload));
    }
}
