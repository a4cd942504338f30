//! Whatever stands in bodies, and whatever handlers do with them: requests arrive as they were sent, and no others.

use std::net::SocketAddr;

use greenroom_http_server::ServerSettings;
use proptest::{collection::vec, prelude::*, sample::select, test_runner::TestRunner};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    time::timeout,
};

use crate::kit::{Habit, PATIENCE, Reached, start};

/// How many requests one connection is given.
const TOGETHER: u32 = 8;

/// What a request's end looks like to a parser that has lost its place, and a request that nobody has sent.
const EVIL: [&[u8]; 6] = [
    b"\r\n\r\nGET /Read/smuggled HTTP/1.1\r\nHost: x\r\n\r\n",
    b"0\r\n\r\nPOST /Drop/smuggled HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n",
    b"GET /Hold/smuggled HTTP/1.1\r\nHost: x\r\n\r\n",
    b"\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n",
    b"\r\n5\r\nhello\r\n",
    b"a",
];

#[derive(Clone, Debug)]
enum Framing {
    None,
    Sized,
    /// In chunks of this size, with an extension, with a trailer.
    Chunked(usize, bool, bool),
}

#[derive(Clone, Debug)]
struct Sent {
    habit: Habit,
    framing: Framing,
    body: Vec<u8>,
    asks_to_leave_http: bool,
}

impl Sent {
    fn path(&self, number: usize) -> String {
        format!("/{:?}/{number}", self.habit)
    }

    fn bytes(&self, number: usize, is_last: bool) -> Vec<u8> {
        let method = if matches!(self.framing, Framing::None) { "GET" } else { "POST" };
        let mut bytes = format!("{method} {} HTTP/1.1\r\nHost: x\r\n", self.path(number)).into_bytes();
        if is_last {
            bytes.extend(b"Connection: close\r\n");
        }
        if self.asks_to_leave_http {
            bytes.extend(b"Upgrade: nothing-known\r\n");
        }
        match self.framing {
            Framing::None => bytes.extend(b"\r\n"),
            Framing::Sized => {
                bytes.extend(format!("Content-Length: {}\r\n\r\n", self.body.len()).into_bytes());
                bytes.extend(&self.body);
            }
            Framing::Chunked(size, extension, trailer) => {
                bytes.extend(b"Transfer-Encoding: chunked\r\n\r\n");
                for chunk in self.body.chunks(size) {
                    let extension = if extension { ";a=b" } else { "" };
                    bytes.extend(format!("{:x}{extension}\r\n", chunk.len()).into_bytes());
                    bytes.extend(chunk);
                    bytes.extend(b"\r\n");
                }
                bytes.extend(b"0\r\n");
                bytes.extend(if trailer { &b"X-Sum: 1\r\n\r\n"[..] } else { b"\r\n" });
            }
        }
        bytes
    }
}

fn sent() -> impl Strategy<Value = Sent> {
    let framing = prop_oneof![
        Just(Framing::None),
        Just(Framing::Sized),
        (1usize..400, any::<bool>(), any::<bool>()).prop_map(|(size, e, t)| Framing::Chunked(size, e, t)),
    ];
    let body = prop_oneof![
        8 => vec(select(EVIL.to_vec()), 0..12).prop_map(|parts| parts.concat()),
        1 => (select(EVIL.to_vec()), 1usize..400).prop_map(|(part, times)| part.repeat(times)),
    ];
    (select(Habit::ALL.to_vec()), framing, body, prop::bool::weighted(0.1)).prop_map(
        |(habit, framing, body, asks_to_leave_http)| Sent { habit, framing, body, asks_to_leave_http },
    )
}

/// How many of these were answered on one connection, which gets them in pieces that end at `cuts`.
async fn answered(address: SocketAddr, requests: &[Vec<u8>], cuts: &[usize]) -> usize {
    let stream = TcpStream::connect(address).await.unwrap();
    // Each piece leaves at once; else most of the time would be spent waiting for the other side's acknowledgement.
    stream.set_nodelay(true).unwrap();
    let (mut from, mut to) = stream.into_split();
    let bytes = requests.concat();
    let mut cuts: Vec<_> = cuts.iter().map(|cut| cut % bytes.len()).chain([0, bytes.len()]).collect();
    cuts.sort_unstable();
    let write = async {
        for piece in cuts.windows(2) {
            // A server that closes early has said so in its answer.
            if to.write_all(&bytes[piece[0]..piece[1]]).await.is_err() {
                break;
            }
            tokio::task::yield_now().await;
        }
    };
    let mut answers = Vec::new();
    let read = from.read_to_end(&mut answers);
    let _ = timeout(PATIENCE, async { tokio::join!(write, read) }).await.expect("an end of the connection");
    let text = String::from_utf8_lossy(&answers);
    assert_eq!(text.matches("HTTP/1.1 ").count(), text.matches("HTTP/1.1 200 OK\r\n").count(), "{text}");
    text.matches("HTTP/1.1 200 OK\r\n").count()
}

/// Sends all of them; what a closed connection leaves over goes on the next one, as clients do.
async fn send_all(address: SocketAddr, reached: &Reached, requests: &[Sent], cuts: &[usize]) -> Vec<String> {
    let mut arrived = Vec::new();
    while arrived.len() < requests.len() {
        let rest = requests.iter().enumerate().skip(arrived.len());
        let bytes: Vec<_> =
            rest.map(|(number, one)| one.bytes(number, number + 1 == requests.len())).collect();
        let answered = answered(address, &bytes, cuts).await;
        let now = reached.take();
        assert_eq!(now.len(), answered, "each that arrives is answered, and nothing else is: {now:?}");
        assert!(answered > 0, "the first request on a connection is answered");
        arrived.extend(now);
    }
    arrived
}

/// `GREENROOM_BODIES` is how many are sent; a few thousand unless set.
#[test]
fn no_request_is_read_out_of_a_body_and_none_is_lost() {
    let bodies = std::env::var("GREENROOM_BODIES").map_or(4000, |text| text.parse().expect("a number"));
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let reached = Reached::default();
    let address = runtime.block_on(start(reached.clone(), ServerSettings::default()));
    let cases = bodies / TOGETHER;
    let config = ProptestConfig { cases, failure_persistence: None, ..Default::default() };
    let many = (vec(sent(), TOGETHER as usize), vec(any::<usize>(), 0..12));
    let result = TestRunner::new(config).run(&many, |(requests, cuts)| {
        let arrived = runtime.block_on(send_all(address, &reached, &requests, &cuts));
        let sent: Vec<_> = requests.iter().enumerate().map(|(number, one)| one.path(number)).collect();
        prop_assert_eq!(arrived, sent);
        Ok(())
    });
    result.unwrap_or_else(|error| panic!("{error}"));
}
