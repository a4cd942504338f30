//! Reading of whole outputs.

use std::time::{Duration, Instant};

use greenroom_node_log::{Reader, Record, Stream};

/// The records of an output that comes at once.
pub(crate) fn records(stream: Stream, bytes: &[u8]) -> Vec<Record<'static>> {
    pieces(stream, [bytes])
}

/// The records of an output that comes in pieces, at one moment.
pub(crate) fn pieces<'a>(stream: Stream, pieces: impl IntoIterator<Item = &'a [u8]>) -> Vec<Record<'static>> {
    let mut reader = Reader::new(stream);
    let mut records = Vec::new();
    let now = start();
    for piece in pieces {
        reader.push(piece, now, &mut |record| records.push(record.into_owned()));
    }
    reader.finish(&mut |record| records.push(record.into_owned()));
    assert_eq!(reader.held_bytes(), 0);
    records
}

/// The one record of an output.
pub(crate) fn only(stream: Stream, bytes: &[u8]) -> Record<'static> {
    let mut records = records(stream, bytes);
    assert_eq!(records.len(), 1, "{records:#?}");
    records.remove(0)
}

/// One moment for all records of a test, so that they can be compared.
pub(crate) fn start() -> Instant {
    static START: std::sync::OnceLock<Instant> = std::sync::OnceLock::new();
    *START.get_or_init(Instant::now)
}

pub(crate) fn after(ms: u64) -> Instant {
    start() + Duration::from_millis(ms)
}

/// The bytes of all records.
pub(crate) fn raw(records: &[Record<'_>]) -> Vec<u8> {
    records.iter().flat_map(|record| record.raw.iter().copied()).collect()
}
