//! A body, as it comes: it takes memory for what is there, and is given up where nothing more comes.

use std::time::Duration;

use axum::body::Body;
use bytes::Bytes;
use http_body_util::BodyExt;
use tokio::time::timeout;

use super::answer::{Answer, NO_ROOM, TOO_LARGE, TOO_SLOW, UNREADABLE};
use crate::forward::Room;

/// How long nothing may come.
const PAUSE: Duration = Duration::from_secs(5);
/// How long all of it may take.
const WHOLE: Duration = Duration::from_secs(30);

pub(super) async fn read(body: Body, most: usize, room: &mut Room) -> Result<Bytes, Answer> {
    timeout(WHOLE, pieces(body, most, room)).await.unwrap_or(Err(TOO_SLOW))
}

async fn pieces(mut body: Body, most: usize, room: &mut Room) -> Result<Bytes, Answer> {
    let mut read = vec![];
    while let Some(frame) = timeout(PAUSE, body.frame()).await.map_err(|_| TOO_SLOW)? {
        // Trailers are none of it.
        let Ok(piece) = frame.map_err(|_| UNREADABLE)?.into_data() else { continue };
        if read.len() + piece.len() > most {
            return Err(TOO_LARGE);
        }
        if !room.grow(piece.len()) {
            return Err(NO_ROOM);
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
    use crate::forward::Memory;

    fn pieces_of(count: usize) -> impl futures_util::Stream<Item = Result<Bytes, Infallible>> + Send {
        stream::iter((0..count).map(|_| Ok(Bytes::from_static(&[b'x'; 10]))))
    }

    #[tokio::test(start_paused = true)]
    async fn rum_53_a_body_takes_room_for_what_has_come_and_is_given_up_where_nothing_comes() {
        let memory = Memory::new(100, 100);
        let began = Instant::now();
        let silent = || Body::from_stream(pieces_of(3).chain(stream::pending()));
        let mut rooms: Vec<_> = (0..3).map(|_| memory.room(None)).collect();
        let all = rooms.iter_mut().map(|room| read(silent(), 1000, room));
        let answers = futures_util::future::join_all(all).await;
        assert_eq!((answers, began.elapsed()), (vec![Err(TOO_SLOW); 3], PAUSE));

        let mut last = memory.room(None);
        assert!(last.grow(10) && !last.grow(1), "90 bytes of 1,000 each have come");
        assert_eq!(read(Body::from_stream(pieces_of(1)), 1000, &mut last).await, Err(NO_ROOM));
        drop(rooms);
        assert_eq!(read(Body::from_stream(pieces_of(3)), 30, &mut last).await.unwrap().len(), 30);
        assert_eq!(read(Body::from_stream(pieces_of(3)), 29, &mut last).await, Err(TOO_LARGE));
    }

    #[tokio::test(start_paused = true)]
    async fn rum_53_a_body_that_comes_by_single_bytes_is_given_up_too() {
        let slow = stream::unfold((), async |()| {
            tokio::time::sleep(PAUSE / 2).await;
            Some((Ok::<_, Infallible>(Bytes::from_static(b"x")), ()))
        });
        let began = Instant::now();
        let mut room = Memory::new(100, 100).room(None);
        assert_eq!(read(Body::from_stream(slow), 1000, &mut room).await, Err(TOO_SLOW));
        assert_eq!(began.elapsed(), WHOLE);
    }
}
