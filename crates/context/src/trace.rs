//! W3C trace context, read from `traceparent` or Datadog's headers.

/// 16 bytes that name a trace, as 32 lower-case hex digits.
pub type TraceId = Hex<32>;

/// 8 bytes that name a span, as 16 lower-case hex digits.
pub type SpanId = Hex<16>;

/// Lower-case hex digits, not all of them zero.
// Aligned, they are seen to be text eight at a time, which is asked for each field of each line.
#[repr(align(8))]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Hex<const N: usize>([u8; N]);

impl<const N: usize> Hex<N> {
    /// Random digits: names, not secrets.
    pub fn random() -> Self {
        let mut digits = [b'0'; N];
        for chunk in digits.chunks_mut(16) {
            // A trace begins with a number that is not zero, as the specification asks of both ids.
            write_hex(fastrand::u64(1..), chunk);
        }
        Self(digits)
    }

    /// The digits in lower case; `None` for anything else, and for zeros.
    pub fn parse(text: &str) -> Option<Self> {
        let digits: [u8; N] = text.as_bytes().try_into().ok()?;
        let is_digit = |byte: &u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(byte);
        (digits.iter().all(is_digit) && digits.iter().any(|byte| *byte != b'0')).then_some(Self(digits))
    }

    /// The digits.
    pub fn as_str(&self) -> &str {
        std::str::from_utf8(&self.0).unwrap_or_default()
    }

    /// The digits as bytes: nobody has to see that they are text.
    pub fn as_bytes(&self) -> &[u8; N] {
        &self.0
    }
}

impl TraceId {
    /// Its lower half as a number: what Datadog knows a trace by.
    pub fn lower_64_bits(&self) -> u64 {
        u64::from_str_radix(&self.as_str()[16..], 16).unwrap_or_default()
    }
}

fn write_hex(number: u64, digits: &mut [u8]) {
    digits[..8].copy_from_slice(&eight_digits((number >> 32) as u32));
    digits[8..].copy_from_slice(&eight_digits(number as u32));
}

/// Eight digits at once, a byte of a number each.
fn eight_digits(number: u32) -> [u8; 8] {
    const ONES: u64 = 0x0101_0101_0101_0101;
    let halves = u64::from(number);
    let halves = (halves | halves << 16) & 0x0000_ffff_0000_ffff;
    let bytes = (halves | halves << 8) & 0x00ff_00ff_00ff_00ff;
    let nibbles = (bytes | bytes << 4) & (ONES * 0x0f);
    let is_letter = (nibbles + ONES * 6) >> 4 & ONES;
    (nibbles + ONES * u64::from(b'0') + is_letter * u64::from(b'a' - b'0' - 10)).to_be_bytes()
}

/// Where some work stands in a trace.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TraceContext {
    trace: TraceId,
    span: SpanId,
    parent: Option<SpanId>,
    flags: u8,
}

/// The one flag that is defined: the caller may have recorded the trace.
const SAMPLED: u8 = 1;

impl TraceContext {
    /// The beginning of a trace of our own, which nobody has decided to record.
    pub fn root() -> Self {
        Self { trace: Hex::random(), span: Hex::random(), parent: None, flags: 0 }
    }

    /// A caller's place in its trace, by a header of the form `00-<trace id>-<span id>-<flags>`.
    ///
    /// Versions to come may append to that; version `ff` is forbidden. Source: W3C Trace Context, §3.2.
    pub fn from_traceparent(header: &str) -> Option<Self> {
        let mut parts = header.trim().split('-');
        let (version, trace, span, flags) = (parts.next()?, parts.next()?, parts.next()?, parts.next()?);
        let byte = |text: &str| {
            let is_hex = text.len() == 2 && text.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'));
            is_hex.then(|| u8::from_str_radix(text, 16).ok()).flatten()
        };
        let version = byte(version).filter(|version| *version != 0xff)?;
        if version == 0 && parts.next().is_some() {
            return None;
        }
        Some(Self { trace: Hex::parse(trace)?, span: Hex::parse(span)?, parent: None, flags: byte(flags)? })
    }

    /// A caller's place in its trace, by Datadog's headers: `x-datadog-trace-id` and `x-datadog-parent-id` in decimal,
    /// `_dd.p.tid=<upper 16 digits>` in `x-datadog-tags`, `x-datadog-sampling-priority` above 0 when it is recorded.
    ///
    /// Source: Datadog's page "Trace Context Propagation"; for `_dd.p.tid`, `src/opentracing/span_context.js` of `dd-trace`.
    pub fn from_datadog(
        trace: &str,
        parent: &str,
        priority: Option<&str>,
        tags: Option<&str>,
    ) -> Option<Self> {
        let number = |text: &str| text.trim().parse::<u64>().ok().filter(|number| *number > 0);
        let (mut digits, mut span) = ([b'0'; 32], [b'0'; 16]);
        let upper = tags.into_iter().flat_map(|tags| tags.split(','));
        let upper = upper.filter_map(|tag| tag.trim().strip_prefix("_dd.p.tid=")).next();
        let upper =
            upper.filter(|upper| upper.len() == 16).and_then(|upper| u64::from_str_radix(upper, 16).ok());
        write_hex(upper.unwrap_or_default(), &mut digits[..16]);
        write_hex(number(trace)?, &mut digits[16..]);
        write_hex(number(parent)?, &mut span);
        let recorded = priority.and_then(|text| text.trim().parse::<i32>().ok()).is_some_and(|p| p > 0);
        Some(Self { trace: Hex(digits), span: Hex(span), parent: None, flags: u8::from(recorded) * SAMPLED })
    }

    /// The same trace, one span deeper.
    #[must_use]
    pub fn child(self) -> Self {
        Self { span: Hex::random(), parent: Some(self.span), ..self }
    }

    /// The same, recorded or not.
    #[must_use]
    pub fn sampled(self, is_sampled: bool) -> Self {
        Self { flags: if is_sampled { self.flags | SAMPLED } else { self.flags & !SAMPLED }, ..self }
    }

    /// Whether the trace is recorded, as far as the caller has said or it was decided here.
    pub fn is_sampled(&self) -> bool {
        self.flags & SAMPLED != 0
    }

    /// The trace's id.
    pub fn trace_id(&self) -> &TraceId {
        &self.trace
    }

    /// The id of the work's own span.
    pub fn span_id(&self) -> &SpanId {
        &self.span
    }

    /// The caller's span, if there is one.
    pub fn parent_span_id(&self) -> Option<&SpanId> {
        self.parent.as_ref()
    }

    /// The flags as two hex digits: `01` when the trace is recorded.
    pub fn flags(&self) -> &'static str {
        if self.is_sampled() { "01" } else { "00" }
    }

    /// The header that makes a call part of the trace.
    pub fn traceparent(&self) -> String {
        // `format!` takes three times as long.
        ["00-", self.trace.as_str(), "-", self.span.as_str(), "-", self.flags()].concat()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn datadog_knows_a_trace_by_its_lower_half() {
        let trace = TraceId::parse("0af7651916cd43dd8448eb211c80319c").unwrap();
        assert_eq!(trace.lower_64_bits(), 9_532_127_138_774_266_268);
    }

    #[test]
    fn numbers_are_written_as_hexadecimal_digits() {
        for number in [0, 1, 0x0123_4567_89ab_cdef, 0xf0f0_9a9a_a090_0000, u64::MAX] {
            let mut digits = [0; 16];
            write_hex(number, &mut digits);
            assert_eq!(std::str::from_utf8(&digits), Ok(&*format!("{number:016x}")));
        }
    }
}
