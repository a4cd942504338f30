//! A body, as it comes: it takes memory for what is there, and is given up where nothing more comes.

use std::time::Duration;

use axum::body::Body;
use bytes::Bytes;
use http_body_util::BodyExt;
use tokio::time::timeout;

use crate::{bounds::Share, refusal::Refusal};

/// How long nothing may come.
const PAUSE: Duration = Duration::from_secs(5);
/// How long all of it may take.
const WHOLE: Duration = Duration::from_secs(30);

pub(super) async fn read(body: Body, most: usize, share: &mut Share) -> Result<Bytes, Refusal> {
    timeout(WHOLE, pieces(body, most, share)).await.unwrap_or(Err(Refusal::TooSlow))
}

async fn pieces(mut body: Body, most: usize, share: &mut Share) -> Result<Bytes, Refusal> {
    let mut read = vec![];
    while let Some(frame) = timeout(PAUSE, body.frame()).await.map_err(|_| Refusal::TooSlow)? {
        // Trailers are none of it.
        let Ok(piece) = frame.map_err(|_| Refusal::CutOff)?.into_data() else { continue };
        if read.len() + piece.len() > most {
            return Err(Refusal::TooLarge);
        }
        if !share.resize(read.len() + piece.len()) {
            return Err(Refusal::NoRoom);
        }
        read.extend_from_slice(&piece);
    }
    Ok(read.into())
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;

    use futures_util::{StreamExt, stream};
    use tokio::time::Instant;

    use super::*;
    use crate::bounds::{Client, Shares};

    fn pieces_of(count: usize) -> impl futures_util::Stream<Item = Result<Bytes, Infallible>> + Send {
        stream::iter((0..count).map(|_| Ok(Bytes::from_static(&[b'x'; 10]))))
    }

    #[tokio::test(start_paused = true)]
    async fn rum_53_a_body_takes_room_for_what_has_come_and_is_given_up_where_nothing_comes() {
        let memory = Shares::new(100, 100);
        let began = Instant::now();
        let silent = || Body::from_stream(pieces_of(3).chain(stream::pending()));
        let mut shares: Vec<_> = (0..3).map(|_| memory.share(Client::at(None))).collect();
        let all = shares.iter_mut().map(|share| read(silent(), 1000, share));
        let answers = futures_util::future::join_all(all).await;
        assert_eq!((answers, began.elapsed()), (vec![Err(Refusal::TooSlow); 3], PAUSE));

        let mut last = memory.share(Client::at(None));
        let two = || Body::from_stream(pieces_of(2));
        assert_eq!(read(two(), 1000, &mut last).await, Err(Refusal::NoRoom), "90 bytes of 3,000 have come");
        drop(shares);
        assert_eq!(read(two(), 20, &mut last).await.unwrap().len(), 20);
        assert_eq!(read(two(), 19, &mut last).await, Err(Refusal::TooLarge));
    }

    #[tokio::test(start_paused = true)]
    async fn rum_53_a_body_that_comes_by_single_bytes_is_given_up_too() {
        let slow = stream::unfold((), async |()| {
            tokio::time::sleep(PAUSE / 2).await;
            Some((Ok::<_, Infallible>(Bytes::from_static(b"x")), ()))
        });
        let began = Instant::now();
        let mut share = Shares::new(100, 100).share(Client::at(None));
        assert_eq!(read(Body::from_stream(slow), 1000, &mut share).await, Err(Refusal::TooSlow));
        assert_eq!(began.elapsed(), WHOLE);
    }

    #[tokio::test]
    async fn a_body_that_ends_before_it_is_whole_is_told_from_one_that_cannot_be_read() {
        let left = std::io::Error::from(std::io::ErrorKind::ConnectionReset);
        let body = Body::from_stream(stream::iter([Ok(Bytes::from_static(b"{")), Err(left)]));
        let mut share = Shares::new(100, 100).share(Client::at(None));
        assert_eq!(read(body, 100, &mut share).await, Err(Refusal::CutOff));
    }
}
