//! `tracestate`: what other systems keep of a trace. It goes on as it came.

/// No longer one goes on. Source: W3C Trace Context, §3.3.1.5, which asks for 512 characters at least.
const LONGEST: usize = 512;

/// More members are not allowed. Source: W3C Trace Context, §3.3.1.1.
const MOST_MEMBERS: usize = 32;

/// The values of a request's `tracestate` headers, in their order, joined to one.
#[derive(Clone, Default)]
pub(crate) struct TraceState(String);

impl TraceState {
    /// Adds one more header's value. Too much of it is noted by its length.
    pub(crate) fn push(&mut self, value: &[u8]) {
        if self.0.len() > LONGEST {
            return;
        }
        if !self.0.is_empty() {
            self.0.push(',');
        }
        // What is no ASCII is no state: `checked` sees the replacement.
        self.0.extend(
            value
                .iter()
                .take(LONGEST + 1)
                .map(|byte| if byte.is_ascii() { char::from(*byte) } else { '\u{0}' }),
        );
    }

    /// Itself if it is well-formed, each member a key and a value; nothing is known otherwise.
    pub(crate) fn checked(self) -> Option<Self> {
        let members = || self.0.split(',').map(|member| member.trim_matches([' ', '\t']));
        let is_member = |member: &str| {
            let (key, value) = member.split_once('=')?;
            let is_key =
                |byte: u8| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'_' | b'-' | b'*' | b'/' | b'@');
            let is_value = |byte: u8| matches!(byte, b' '..=b'~') && byte != b'=';
            (!key.is_empty() && key.bytes().all(is_key) && value.bytes().all(is_value)).then_some(())
        };
        let fits = self.0.len() <= LONGEST && members().count() <= MOST_MEMBERS;
        let is_state = fits && members().all(|member| member.is_empty() || is_member(member).is_some());
        (is_state && members().any(|member| !member.is_empty())).then_some(self)
    }

    /// Where Datadog's member says that the trace began: `rum` in `dd=s:1;o:rum`.
    pub(crate) fn origin(&self) -> Option<&str> {
        let mut members = self.0.split(',').filter_map(|member| member.trim().strip_prefix("dd="));
        members.next()?.split(';').find_map(|pair| pair.trim().strip_prefix("o:"))
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}
