//! The bytes of a stream, cut into records.

use std::time::Instant;

use crate::{
    Limits, Record, Stream,
    join::{Group, Next, Shape},
    text,
};

/// How much is looked at at once, so that what is kept of a piece is small whatever its size.
const PIECE: usize = 64 << 10;

/// As much is left out of a line that is cut, to keep no part of a secret.
const LONGEST_WORD: usize = 8 << 10;

/// Reads the records of one stream; see the [crate].
#[derive(Debug)]
pub struct Reader {
    stream: Stream,
    limits: Limits,
    /// What was not handed out: the lines of `group`, then a line that has no end yet.
    held: Vec<u8>,
    state: State,
}

#[derive(Debug, Default)]
struct State {
    group: Option<Group>,
    /// When the first byte of the group came.
    group_arrived: Option<Instant>,
    /// When the first byte of the unfinished line came.
    line_arrived: Option<Instant>,
    /// When the last byte came.
    last: Option<Instant>,
    /// How many bytes of `held` are known to have no line end behind the group.
    searched: usize,
    /// Bytes skipped of the line that `held` has the beginning of.
    skipped: Option<u64>,
}

/// Whether more may come behind the bytes at hand.
#[derive(Clone, Copy, PartialEq, Eq)]
enum End {
    Open,
    /// The record at hand has ended, a line that has no end has not.
    Quiet,
    /// The stream has ended.
    Finished,
}

impl Reader {
    /// A reader with the usual [`Limits`].
    pub fn new(stream: Stream) -> Self {
        Self::with_limits(stream, Limits::default())
    }

    /// A reader that holds less or more.
    pub fn with_limits(stream: Stream, limits: Limits) -> Self {
        Self { stream, limits, held: Vec::new(), state: State::default() }
    }

    /// Takes the next bytes, of any number, and hands out the records that are whole. A record that waits goes on, however long ago
    /// its last byte came: bytes may have lain in the stream while nobody had a turn to read them.
    pub fn push(&mut self, bytes: &[u8], now: Instant, out: &mut impl FnMut(Record<'_>)) {
        for piece in bytes.chunks(PIECE) {
            self.take(piece, now, out);
        }
    }

    /// When [`tick`](Self::tick) is due: a record waits for lines that may belong to it.
    pub fn deadline(&self) -> Option<Instant> {
        let group = self.state.group.as_ref()?;
        let quiet = if group.shape.is_dying() { self.limits.dying_quiet } else { self.limits.quiet };
        Some(self.state.last? + quiet)
    }

    /// Hands out the record that waits, if nothing has come for long enough: the caller knows that at `now` nothing lay in the
    /// stream. A line without its end waits on: it is a record only with its end, or with that of the stream.
    pub fn tick(&mut self, now: Instant, out: &mut impl FnMut(Record<'_>)) {
        if self.deadline().is_some_and(|due| now >= due) {
            self.end(End::Quiet, now, out);
        }
    }

    /// The stream has ended: hands out all that is left. The reader may then take another stream.
    pub fn finish(&mut self, out: &mut impl FnMut(Record<'_>)) {
        let Some(now) = self.state.last else { return };
        if let Some(skipped) = self.state.skipped.take() {
            self.cut_off(skipped, now, out);
        }
        self.end(End::Finished, now, out);
        self.state = State::default();
    }

    /// How many bytes wait for more.
    pub fn held_bytes(&self) -> usize {
        self.held.len()
    }

    fn take(&mut self, piece: &[u8], now: Instant, out: &mut impl FnMut(Record<'_>)) {
        let mut piece = piece;
        if let Some(skipped) = &mut self.state.skipped {
            let end = memchr::memchr(b'\n', piece);
            *skipped += end.unwrap_or(piece.len()) as u64;
            self.state.last = Some(now);
            let Some(end) = end else { return };
            let skipped = self.state.skipped.take().unwrap_or_default();
            self.cut_off(skipped, now, out);
            piece = &piece[end + 1..];
        }
        if piece.is_empty() {
            return;
        }
        self.state.last = Some(now);
        if self.held.is_empty() {
            let used = self.read(piece, End::Open, now, out);
            self.held.extend_from_slice(&piece[used..]);
        } else {
            self.held.extend_from_slice(piece);
            self.end(End::Open, now, out);
        }
        self.cut(now, out);
    }

    /// Reads what is held, and keeps what was not handed out.
    fn end(&mut self, end: End, now: Instant, out: &mut impl FnMut(Record<'_>)) {
        let mut held = std::mem::take(&mut self.held);
        let used = self.read(&held, end, now, out);
        held.drain(..used);
        if held.is_empty() && held.capacity() > 4 * PIECE {
            held = Vec::new();
        }
        self.held = held;
    }

    /// Begins to skip a line that is too long.
    fn cut(&mut self, now: Instant, out: &mut impl FnMut(Record<'_>)) {
        let group = self.state.group.as_ref().map_or(0, |group| group.bytes);
        if self.held.len() - group <= self.limits.line_bytes {
            return;
        }
        if group > 0 {
            self.end(End::Quiet, now, out);
        }
        let kept = kept(&self.held, self.limits.line_bytes);
        self.state.skipped = Some((self.held.len() - kept) as u64);
        self.held.truncate(kept);
    }

    /// Hands out the beginning of a line that was too long.
    fn cut_off(&mut self, skipped: u64, now: Instant, out: &mut impl FnMut(Record<'_>)) {
        let arrived = self.state.line_arrived.take().unwrap_or(now);
        let held = std::mem::take(&mut self.held);
        self.state.searched = 0;
        out(text::cut(self.stream, arrived, &held, skipped));
    }

    /// Reads lines; says how many bytes were handed out.
    fn read(&mut self, data: &[u8], end: End, now: Instant, out: &mut impl FnMut(Record<'_>)) -> usize {
        let Self { stream, limits, state, .. } = self;
        let mut used = 0;
        // Where the next line begins, and from where on its end is looked for.
        let mut at = state.group.as_ref().map_or(0, |group| group.bytes);
        let mut from = at + state.searched;
        loop {
            let stop = memchr::memchr(b'\n', &data[from.min(data.len())..]).map(|found| from + found + 1);
            let stop = match stop {
                None if end == End::Finished && at < data.len() => Some(data.len()),
                stop => stop,
            };
            let Some(stop) = stop else {
                if end == End::Open {
                    break;
                }
                let Some(group) = state.group.take() else { break };
                if group.shape == Shape::Place {
                    at = used + state.mistaken(&group);
                    from = at;
                    continue;
                }
                emit(*stream, state, &group, &data[used..], now, out);
                used += group.bytes;
                continue;
            };
            let line = &data[at..stop];
            let arrived = state.line_arrived.take().unwrap_or(now);
            let content = line.strip_suffix(b"\n").unwrap_or(line);
            if content.len() > limits.line_bytes {
                match state.group.take() {
                    Some(group) if group.shape == Shape::Place => {
                        at = used + state.mistaken(&group);
                        from = at;
                        continue;
                    }
                    Some(group) => emit(*stream, state, &group, &data[used..], now, out),
                    None => {}
                }
                let kept = kept(content, limits.line_bytes);
                out(text::cut(*stream, arrived, &content[..kept], (content.len() - kept) as u64));
                (used, at, from) = (stop, stop, stop);
                continue;
            }
            let shape = Shape::of(line);
            let next = match &mut state.group {
                None => Next::NotMine,
                Some(group) => group.next(line, shape),
            };
            match (next, state.group.take()) {
                (Next::Mistaken, Some(group)) => {
                    at = used + state.mistaken(&group);
                    from = at;
                    continue;
                }
                (Next::Mine, Some(group)) if group.has_room(limits) => {
                    state.group = Some(group);
                }
                (Next::Mine | Next::Last, Some(group)) => {
                    emit(*stream, state, &group, &data[used..], now, out);
                    used = stop;
                }
                (_, before) => {
                    if let Some(group) = before {
                        emit(*stream, state, &group, &data[used..], now, out);
                        used = at;
                    }
                    let group = Group::begin(line, shape);
                    state.group_arrived = Some(arrived);
                    if group.shape.is_whole() || !group.has_room(limits) {
                        emit(*stream, state, &group, &data[used..], now, out);
                        used = stop;
                    } else {
                        state.group = Some(group);
                    }
                }
            }
            (at, from) = (stop, stop);
        }
        state.searched = data.len() - at;
        if at == data.len() {
            state.line_arrived = None;
        } else if state.line_arrived.is_none() {
            state.line_arrived = Some(now);
        }
        used
    }
}

impl State {
    /// Takes a group that began with a place for text; says where its second line begins.
    fn mistaken(&mut self, group: &Group) -> usize {
        let text = group.mistaken();
        let bytes = text.bytes;
        self.group = Some(text);
        bytes
    }
}

fn emit(
    stream: Stream,
    state: &mut State,
    group: &Group,
    data: &[u8],
    now: Instant,
    out: &mut impl FnMut(Record<'_>),
) {
    let arrived = state.group_arrived.take().unwrap_or(now);
    out(text::record(stream, arrived, group.shape, &data[..group.bytes]));
}

/// How much is kept of a line that is longer than `most`. Secrets are known only to who masks what is kept, and half a secret is not
/// found: the word that the cut goes through is left out as well.
fn kept(line: &[u8], most: usize) -> usize {
    let most = most.min(line.len());
    let least = most - LONGEST_WORD.min(most / 2);
    let ends_word = |byte: &u8| byte.is_ascii_whitespace() || b"\"'`".contains(byte);
    match line[least..most].iter().rposition(ends_word) {
        Some(at) => least + at + 1,
        None => boundary(line, least),
    }
}

/// The most bytes, at most `most`, that do not end within a character.
fn boundary(bytes: &[u8], most: usize) -> usize {
    let most = most.min(bytes.len());
    let inside = |at: &usize| bytes.get(*at).is_some_and(|byte| byte & 0xc0 == 0x80);
    (most.saturating_sub(3)..=most).rev().find(|at| !inside(at)).unwrap_or(most)
}
