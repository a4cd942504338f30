//! Bodies that the SDK has deflated: a zlib stream, whole.

use std::io::{Read, Write};

use flate2::{Compression, bufread::ZlibDecoder, write::ZlibEncoder};

/// How many bytes a body may inflate to: an SDK sends what it has once 16 KiB are deflated, and of those a hundredfold is less.
const LARGEST_INFLATED: usize = 2 << 20;
/// How many times its own size, from some size on: what browsers send shrinks to a tenth, a bomb to a thousandth.
const RATIO: usize = 100;
const RATIO_FROM: usize = 64 << 10;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum NotInflated {
    /// It would be too large.
    TooLarge,
    /// It is no zlib stream, or none that ends.
    Broken,
}

/// Stops as soon as there is too much.
pub(crate) fn inflate(bytes: &[u8]) -> Result<Vec<u8>, NotInflated> {
    let most = LARGEST_INFLATED.min((bytes.len() * RATIO).max(RATIO_FROM));
    let mut inflated = Vec::new();
    let mut decoder = ZlibDecoder::new(bytes);
    let read = (&mut decoder).take(most as u64 + 1).read_to_end(&mut inflated);
    if inflated.len() > most {
        return Err(NotInflated::TooLarge);
    }
    match read {
        Ok(_) if decoder.total_in() == bytes.len() as u64 => Ok(inflated),
        _ => Err(NotInflated::Broken),
    }
}

pub(crate) fn deflate(bytes: &[u8]) -> std::io::Result<Vec<u8>> {
    let mut encoder = ZlibEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(bytes)?;
    encoder.finish()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn rum_19_a_bomb_is_refused_before_it_is_inflated() {
        let bomb = deflate(&vec![0; 16 << 20]).unwrap();
        assert!(bomb.len() < 1 << 20, "it passes the limit of bodies: {}", bomb.len());
        assert_eq!(inflate(&bomb), Err(NotInflated::TooLarge));
        // Small, and yet a thousand times its size.
        assert_eq!(inflate(&deflate(&vec![b'a'; 1 << 20]).unwrap()), Err(NotInflated::TooLarge));
        // A tenth of it, and yet too large.
        let lines: Vec<u8> = (0..1 << 19).flat_map(|number: u32| number.to_be_bytes()).collect();
        let large = deflate(&[&lines[..], b"x"].concat()).unwrap();
        assert!(large.len() * RATIO > LARGEST_INFLATED, "{}", large.len());
        assert_eq!(inflate(&large), Err(NotInflated::TooLarge));
        assert_eq!(inflate(&deflate(&lines).unwrap()), Ok(lines));
        let small = vec![b'a'; 60 << 10];
        assert_eq!(inflate(&deflate(&small).unwrap()), Ok(small));
    }

    proptest! {
        #[test]
        fn rum_18_what_is_cut_or_goes_on_is_broken(bytes in prop::collection::vec(any::<u8>(), 0..200), cut in 1_usize..10) {
            let whole = deflate(&bytes).unwrap();
            prop_assert_eq!(inflate(&whole), Ok(bytes));
            let cut = whole.len().saturating_sub(cut);
            prop_assert_eq!(inflate(&whole[..cut]), Err(NotInflated::Broken));
            prop_assert_eq!(inflate(&[&whole[..], b"x"].concat()), Err(NotInflated::Broken));
        }

        #[test]
        fn any_bytes_are_a_stream_or_not(bytes in prop::collection::vec(any::<u8>(), 0..64)) {
            let _ = inflate(&bytes);
            let _ = inflate(&[&[0x78, 0x9c], &bytes[..]].concat());
        }
    }
}
