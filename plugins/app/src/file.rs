//! A file of the bundle: its headers, made once, and its bytes, read when they are first asked for.

use std::{
    fs, io,
    os::unix::fs::FileExt,
    sync::Arc,
    time::{Duration, SystemTime},
};

use axum::body::Body;
use bytes::Bytes;
use futures_util::stream;
use greenroom::{
    context::{spawn, spawn_blocking},
    http::finished::Coding,
};
use http::{HeaderMap, HeaderValue, header};
use tokio::sync::OnceCell;

use crate::{kept::Kept, mime::content_type, walk::Seen};

/// A longer file is not kept as it is: it is read piece by piece.
const MOST_KEPT_BYTES: u64 = 4 << 20;
/// How much is read at once.
const PIECE: u64 = 128 * 1024;
/// A longer file is not encoded at once, but while it is sent.
const MOST_ENCODED_BYTES: u64 = 32 << 20;

/// A file of the bundle.
pub(crate) struct File {
    /// Relative to the bundle.
    pub(crate) name: String,
    pub(crate) seen: Seen,
    /// What every answer that shows it has: type, ETag, date.
    pub(crate) headers: HeaderMap,
    pub(crate) content_type: String,
    /// It is the page that has been rendered.
    pub(crate) is_index: bool,
    whole: OnceCell<Option<Bytes>>,
    /// In the order of [`Coding::ALL`]; `None` where it is not kept.
    encoded: [OnceCell<Option<Bytes>>; 3],
}

impl File {
    pub(crate) fn new(name: &str, seen: Seen, is_index: bool) -> Self {
        let content_type = content_type(name);
        let mut headers = HeaderMap::new();
        headers.insert(header::ACCEPT_RANGES, HeaderValue::from_static("bytes"));
        let modified = Duration::from_millis(seen.modified.unsigned_abs());
        let modified = match seen.modified < 0 {
            true => SystemTime::UNIX_EPOCH.checked_sub(modified),
            false => SystemTime::UNIX_EPOCH.checked_add(modified),
        };
        // The format knows no years beyond 9999, nor those before 1970.
        let year_9999 = SystemTime::UNIX_EPOCH + Duration::from_secs(253_402_300_799);
        let known = modified.filter(|time| (SystemTime::UNIX_EPOCH..=year_9999).contains(time));
        let etag = format!("W/\"{:x}-{:x}\"", seen.size, seen.modified);
        for (name, value) in [
            (header::LAST_MODIFIED, known.map(httpdate::fmt_http_date)),
            (header::ETAG, Some(etag)),
            (header::CONTENT_TYPE, Some(content_type.clone())),
        ] {
            if let Some(value) = value.and_then(|value| HeaderValue::try_from(value).ok()) {
                headers.insert(name, value);
            }
        }
        let (whole, encoded) = Default::default();
        Self { name: name.to_owned(), seen, headers, content_type, is_index, whole, encoded }
    }

    /// Its bytes in that encoding, kept from the first time on; `None` where they are too many to be kept.
    pub(crate) async fn encoded(
        self: &Arc<Self>,
        coding: Coding,
        kept: &Arc<Kept>,
    ) -> io::Result<Option<Bytes>> {
        let at = Coding::ALL.iter().position(|one| *one == coding).unwrap_or_default();
        if self.seen.size > MOST_ENCODED_BYTES {
            return Ok(None);
        }
        if let Some(known) = self.encoded[at].get() {
            return Ok(known.clone());
        }
        let (file, kept) = (self.clone(), kept.clone());
        // A client that leaves ends its request, and not what others wait for.
        let work = spawn("encode a file of the app", async move {
            let encode = || file.clone().encode(coding, kept);
            file.encoded[at].get_or_try_init(encode).await.cloned()
        });
        work.await.ok().flatten().unwrap_or(Ok(None))
    }

    async fn encode(self: Arc<Self>, coding: Coding, kept: Arc<Kept>) -> io::Result<Option<Bytes>> {
        let _turn = kept.turn().await;
        let (file, store) = (self.clone(), kept.clone());
        let encoded = spawn_blocking("encode a file of the app", move || {
            let bytes = file.bytes()?;
            store.encoded(&file.name, coding, &bytes)
        });
        encoded.await.unwrap_or_else(|gone| Err(io::Error::other(gone.to_string())))
    }

    /// All of it or a part, first and last byte told.
    pub(crate) async fn body(self: &Arc<Self>, first: u64, last: u64, kept: &Arc<Kept>) -> io::Result<Body> {
        if self.seen.size <= MOST_KEPT_BYTES {
            let (file, store) = (self.clone(), kept.clone());
            let read = async || {
                let read = spawn_blocking("read a file of the app", move || {
                    let bytes = Bytes::from(file.bytes()?);
                    io::Result::Ok(store.admits(bytes.len()).then_some(bytes))
                });
                read.await.unwrap_or_else(|gone| Err(io::Error::other(gone.to_string())))
            };
            if let Some(whole) = self.whole.get_or_try_init(read).await? {
                return Ok(Body::from(whole.slice(position(first)..=position(last))));
            }
        }
        let file = self.clone();
        let opened = spawn_blocking("open a file of the app", move || file.open()).await;
        let opened = Arc::new(opened.unwrap_or_else(|gone| Err(io::Error::other(gone.to_string())))?);
        let pieces = stream::unfold(first, move |at| {
            let opened = opened.clone();
            async move {
                if at > last {
                    return None;
                }
                let length = PIECE.min(last - at + 1);
                let read = spawn_blocking("read a file of the app", move || {
                    let mut piece = vec![0; position(length)];
                    opened.read_exact_at(&mut piece, at).map(|()| Bytes::from(piece))
                });
                let read = read.await.unwrap_or_else(|gone| Err(io::Error::other(gone.to_string())));
                let next = if read.is_ok() { at + length } else { u64::MAX };
                Some((read, next))
            }
        });
        Ok(Body::from_stream(pieces))
    }

    /// It, unless it has changed since the start: what is told of it would not be true.
    fn open(&self) -> io::Result<fs::File> {
        let file = fs::File::open(&self.seen.path)?;
        let now = Seen::of(self.seen.path.clone(), &file.metadata()?);
        match (now.size, now.modified) == (self.seen.size, self.seen.modified) {
            true => Ok(file),
            false => Err(io::Error::new(io::ErrorKind::InvalidData, "it has changed since the start")),
        }
    }

    /// All of it, as it is on the disk.
    pub(crate) fn bytes(&self) -> io::Result<Vec<u8>> {
        let file = self.open()?;
        let mut bytes = vec![0; position(self.seen.size)];
        file.read_exact_at(&mut bytes, 0)?;
        Ok(bytes)
    }
}

fn position(at: u64) -> usize {
    usize::try_from(at).unwrap_or(usize::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(name: &str, size: u64, modified: i64) -> Vec<String> {
        let seen = Seen { path: "".into(), size, modified, identity: (0, 0) };
        let file = File::new(name, seen, false);
        file.headers.values().map(|value| value.to_str().unwrap().to_owned()).collect()
    }

    #[test]
    fn headers_are_those_that_express_sends() {
        assert_eq!(
            headers("static/main.js", 6300, 1_795_000_000_123),
            [
                "bytes",
                "Wed, 18 Nov 2026 11:06:40 GMT",
                "W/\"189c-1a1ee565e7b\"",
                "application/javascript; charset=UTF-8",
            ]
        );
    }

    proptest::proptest! {
        #[test]
        fn any_time_has_headers(modified in proptest::num::i64::ANY, size in proptest::num::u64::ANY) {
            proptest::prop_assert!(headers("a", size, modified).len() >= 3);
        }
    }
}
