//! What is kept of an event besides its columns: JSON, packed.

use std::{
    cell::RefCell,
    io::{self, Read},
};

use flate2::{Compress, Compression, FlushCompress, Status, read::DeflateDecoder};

/// The first byte of what is as it was.
const PLAIN: u8 = 0;
/// The first byte of what is deflated.
const DEFLATED: u8 = 1;
/// What is shorter is not worth it.
const SHORT: usize = 256;
/// How much one is at most once unpacked: no event is longer.
const LARGEST: u64 = 4 << 20;

thread_local! {
    /// Made once: its memory takes longer to make than to fill.
    static COMPRESS: RefCell<Compress> = RefCell::new(Compress::new(Compression::fast(), false));
}

/// Packs a text.
pub fn pack(text: &str) -> Vec<u8> {
    let mut packed = Vec::with_capacity(text.len() + 1);
    if text.len() >= SHORT {
        packed.push(DEFLATED);
        let status = COMPRESS.with_borrow_mut(|compress| {
            compress.reset();
            compress.compress_vec(text.as_bytes(), &mut packed, FlushCompress::Finish)
        });
        // It has room for as much as there was: what did not get shorter stays as it was.
        if matches!(status, Ok(Status::StreamEnd)) {
            return packed;
        }
        packed.clear();
    }
    packed.push(PLAIN);
    packed.extend_from_slice(text.as_bytes());
    packed
}

/// Unpacks what [`pack`] has packed.
///
/// # Errors
/// If it is not of that.
pub fn unpack(packed: &[u8]) -> io::Result<String> {
    let mut text = String::new();
    match packed.split_first() {
        Some((&PLAIN, mut rest)) => rest.read_to_string(&mut text)?,
        Some((&DEFLATED, rest)) => DeflateDecoder::new(rest).take(LARGEST).read_to_string(&mut text)?,
        _ => return Err(io::Error::from(io::ErrorKind::InvalidData)),
    };
    Ok(text)
}

/// How many bytes [`unpack`] would give, if it gives any.
pub(crate) fn length(packed: &[u8]) -> usize {
    match packed.split_first() {
        Some((&DEFLATED, rest)) => {
            let length = io::copy(&mut DeflateDecoder::new(rest).take(LARGEST), &mut io::sink());
            length.ok().and_then(|length| usize::try_from(length).ok()).unwrap_or_default()
        }
        Some((_, rest)) => rest.len(),
        None => 0,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_repeats_itself_gets_shorter() {
        let text = r#"{"type":"resource","url":"/static/main.js"}"#.repeat(40);
        assert!(pack(&text).len() < text.len() / 4);
    }

    proptest! {
        #[test]
        fn what_was_packed_is_unpacked(text in "\\PC{0,600}") {
            prop_assert_eq!(length(&pack(&text)), text.len());
            prop_assert_eq!(unpack(&pack(&text)).unwrap(), text);
        }

        #[test]
        fn any_bytes_are_unpacked_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..40)) {
            let _ = unpack(&bytes);
        }
    }
}
