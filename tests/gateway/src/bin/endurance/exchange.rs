//! One request and its answer: both directions at once, at the pace and up to the point that were planned.

use std::{io, time::Duration};

use greenroom_conformance::wire::Head;
use tokio::{
    io::{AsyncWriteExt, BufReader},
    net::tcp::{OwnedReadHalf, OwnedWriteHalf},
    time::{Instant, sleep},
};

use crate::{
    client::{self, Client, Fault},
    lines::Lines,
};

/// So much is sent at once.
const PIECE: usize = 16 << 10;
/// More of an answer that is not checked byte by byte is not kept.
const MOST_TEXT: usize = 256 << 10;

/// What is sent.
#[derive(Clone, Debug, Default)]
pub(crate) struct Request {
    pub(crate) head: String,
    /// Between two bytes of the head.
    pub(crate) head_pause: Duration,
    pub(crate) upload: Option<Upload>,
}

/// A body of lines.
#[derive(Clone, Debug)]
pub(crate) struct Upload {
    pub(crate) length: u64,
    pub(crate) is_chunked: bool,
    /// Between two bytes.
    pub(crate) pause: Duration,
    /// The client leaves when it has sent so much.
    pub(crate) leaves_after: Option<u64>,
}

/// How the answer is read.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Reading {
    /// Its body are lines, too.
    pub(crate) is_lines: bool,
    /// From the first byte of the body on, one byte a second.
    pub(crate) slow_for: Duration,
    /// The client leaves when it has read so much of the body.
    pub(crate) leaves_after: Option<u64>,
}

/// What came of it.
#[derive(Debug)]
pub(crate) struct Got {
    pub(crate) head: Option<Head>,
    /// Of the body, unless it was checked as it came.
    pub(crate) text: Vec<u8>,
    pub(crate) length: u64,
    pub(crate) end: End,
    /// Whether all of the request was sent.
    pub(crate) is_sent: bool,
}

/// How an answer ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum End {
    Whole,
    /// The other side has ended the connection before.
    Cut,
    /// The client has left, as it was to.
    Left,
    Malformed(String),
    /// Its body is not the one that was asked for.
    Foreign,
}

impl Got {
    /// What comes of a client that leaves before there is an answer.
    pub(crate) fn left() -> Self {
        Self { head: None, text: Vec::new(), length: 0, end: End::Left, is_sent: false }
    }
}

/// Sends the request, and reads its answer, which may come before all is sent.
pub(crate) async fn exchange(client: &mut Client, request: &Request, nonce: &str, reading: Reading) -> Got {
    let Client { reader, writer, .. } = client;
    let mut is_sent = false;
    let sending = async {
        match send(writer, request, nonce).await {
            Ok(all) if !all => return,
            Ok(_) => is_sent = true,
            // An answer may be there all the same.
            Err(_) => {}
        }
        std::future::pending::<()>().await;
    };
    let mut got = tokio::select! {
        biased;
        got = read(reader, nonce, reading) => got,
        () = sending => Got::left(),
    };
    got.is_sent = is_sent;
    got
}

/// Whether all was sent; not if the client has left before.
async fn send(writer: &mut OwnedWriteHalf, request: &Request, nonce: &str) -> io::Result<bool> {
    if request.head_pause.is_zero() {
        writer.write_all(request.head.as_bytes()).await?;
    } else {
        for byte in request.head.as_bytes() {
            writer.write_all(&[*byte]).await?;
            sleep(request.head_pause).await;
        }
    }
    let Some(upload) = &request.upload else { return Ok(true) };
    let (mut lines, mut sent) = (Lines::of(nonce), 0);
    let end = upload.leaves_after.unwrap_or(u64::MAX).min(upload.length);
    let most = if upload.pause.is_zero() { PIECE } else { 1 };
    while sent < end {
        let piece = lines.next(most.min(usize::try_from(end - sent).unwrap_or(most)));
        if upload.is_chunked {
            writer.write_all(format!("{:x}\r\n", piece.len()).as_bytes()).await?;
        }
        writer.write_all(piece).await?;
        if upload.is_chunked {
            writer.write_all(b"\r\n").await?;
        }
        sent += piece.len() as u64;
        if !upload.pause.is_zero() {
            sleep(upload.pause).await;
        }
    }
    if upload.leaves_after.is_some() {
        return Ok(false);
    }
    if upload.is_chunked {
        writer.write_all(b"0\r\n\r\n").await?;
    }
    Ok(true)
}

async fn read(reader: &mut BufReader<OwnedReadHalf>, nonce: &str, reading: Reading) -> Got {
    let mut got = Got { head: None, text: Vec::new(), length: 0, end: End::Whole, is_sent: false };
    let head = match client::head(reader).await {
        Ok(head) => head,
        Err(fault) => return Got { end: end(fault), ..got },
    };
    let mut lines = (reading.is_lines && head.status == 200).then(|| Lines::of(nonce));
    let (mut leaves, mut is_foreign, mut slow_until) = (false, false, None);
    let (length, text) = (&mut got.length, &mut got.text);
    let taken = client::body(reader, &head, async |bytes| {
        *length += bytes.len() as u64;
        match &mut lines {
            Some(lines) => is_foreign = !lines.follow(bytes),
            None if text.len() < MOST_TEXT => text.extend_from_slice(bytes),
            None => {}
        }
        if !reading.slow_for.is_zero() {
            let until = *slow_until.get_or_insert_with(|| Instant::now() + reading.slow_for);
            for _ in bytes {
                if Instant::now() >= until {
                    break;
                }
                sleep(Duration::from_secs(1)).await;
            }
        }
        leaves = reading.leaves_after.is_some_and(|most| *length >= most);
        // Only to end it here.
        if leaves || is_foreign { Err(Fault::Ended) } else { Ok(()) }
    });
    let taken = taken.await;
    got.end = match taken {
        _ if is_foreign => End::Foreign,
        Ok(()) => End::Whole,
        Err(_) if leaves => End::Left,
        Err(fault) => end(fault),
    };
    got.head = Some(head);
    got
}

fn end(fault: Fault) -> End {
    match fault {
        Fault::Ended => End::Cut,
        Fault::Malformed(why) => End::Malformed(why),
    }
}
