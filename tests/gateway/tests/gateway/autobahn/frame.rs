//! Frames as a client sends them (RFC 6455, section 5), each byte of which a case decides: what is wrong about one is wrong on purpose.

pub(super) const TEXT: u8 = 0x1;
pub(super) const BINARY: u8 = 0x2;
pub(super) const CLOSE: u8 = 0x8;
pub(super) const PING: u8 = 0x9;
pub(super) const PONG: u8 = 0xa;

pub(super) const FIN: u8 = 0x80;
/// The first of the reserved bits is the one of `permessage-deflate`.
pub(super) const RSV: [u8; 3] = [0x40, 0x20, 0x10];

const MASK: [u8; 4] = [0x37, 0xfa, 0x21, 0x3d];
const IS_MASKED: u8 = 0x80;

/// A frame with this first byte: flags and opcode.
pub(super) fn frame(first: u8, payload: impl AsRef<[u8]>) -> Vec<u8> {
    let payload = payload.as_ref();
    let masked = payload.iter().zip(MASK.iter().cycle()).map(|(byte, mask)| byte ^ mask);
    let mut bytes = head(first, IS_MASKED, payload.len());
    bytes.extend(MASK);
    bytes.extend(masked);
    bytes
}

/// One that no client may send.
pub(super) fn unmasked(first: u8, payload: &[u8]) -> Vec<u8> {
    [head(first, 0, payload.len()), payload.to_vec()].concat()
}

fn head(first: u8, is_masked: u8, length: usize) -> Vec<u8> {
    let mut bytes = vec![first];
    match (u8::try_from(length), u16::try_from(length)) {
        (Ok(length @ ..=125), _) => bytes.push(is_masked | length),
        (_, Ok(length)) => {
            bytes.push(is_masked | 126);
            bytes.extend(length.to_be_bytes());
        }
        _ => {
            bytes.push(is_masked | 127);
            bytes.extend((length as u64).to_be_bytes());
        }
    }
    bytes
}

/// A message in one frame, or a control frame.
pub(super) fn whole(opcode: u8, payload: impl AsRef<[u8]>) -> Vec<u8> {
    frame(FIN | opcode, payload)
}

/// The first frame of a message of several.
pub(super) fn first(opcode: u8, payload: impl AsRef<[u8]>) -> Vec<u8> {
    frame(opcode, payload)
}

/// One in the midst of a message.
pub(super) fn more(payload: impl AsRef<[u8]>) -> Vec<u8> {
    frame(0, payload)
}

/// The last frame of a message of several.
pub(super) fn last(payload: impl AsRef<[u8]>) -> Vec<u8> {
    frame(FIN, payload)
}

/// A message in frames of this length.
pub(super) fn in_frames(opcode: u8, payload: &[u8], length: usize) -> Vec<u8> {
    let count = payload.len().div_ceil(length);
    let part = |(at, part): (usize, &[u8])| {
        let opcode = if at == 0 { opcode } else { 0 };
        frame(if at + 1 == count { FIN | opcode } else { opcode }, part)
    };
    payload.chunks(length).enumerate().flat_map(part).collect()
}

pub(super) fn close(code: u16, reason: impl AsRef<[u8]>) -> Vec<u8> {
    whole(CLOSE, [&code.to_be_bytes(), reason.as_ref()].concat())
}

/// The payload of a compressed message: blocks that are stored as they are, without the end that is the same for all (RFC 7692,
/// section 7.2.1).
pub(super) fn stored(payload: &[u8]) -> Vec<u8> {
    let block = |block: &[u8]| {
        let length = u16::try_from(block.len()).expect("a block");
        [&[0], &length.to_le_bytes()[..], &(!length).to_le_bytes(), block].concat()
    };
    let mut bytes: Vec<u8> = payload.chunks(usize::from(u16::MAX)).flat_map(block).collect();
    bytes.push(0);
    bytes
}
