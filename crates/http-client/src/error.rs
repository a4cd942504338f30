//! Why a call has no answer, in words for whoever operates the backend.

use std::{error::Error as StdError, fmt, io, net::IpAddr, time::Duration};

use crate::{tls::TlsFault, turns::CALLS_AT_ONCE};

/// A call that has no answer: where it went, and what was in the way.
///
/// ```
/// use greenroom_http_client::{CallError, Fault};
///
/// let error = CallError::new("idp.example:443", Fault::ProxyRefused { proxy: "proxy:3128".to_owned(), status: 407 });
/// assert_eq!(error.kind(), "proxy");
/// assert_eq!(
///     error.to_string(),
///     "The proxy proxy:3128 lets nobody through to idp.example:443 without a password (status 407): give it as \
///      http://user:password@host:port in HTTPS_PROXY or HTTP_PROXY",
/// );
/// ```
///
/// Its text is one sentence with host and port. It holds nothing of the URL besides, and no credentials.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CallError {
    target: Box<str>,
    fault: Fault,
}

/// What kept a call from being answered.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Fault {
    /// The request cannot be sent by anybody; why.
    Request(&'static str),
    /// The host's name has no address; what the resolver says.
    Name(String),
    /// The host has no address that this call may reach; one that it has, and what that is.
    Address {
        /// The address.
        address: IpAddr,
        /// What it is: "link-local", say.
        what: &'static str,
    },
    /// The host has no address on the internet, which the call is for; one that it has, and what that is.
    NotPublic {
        /// The address.
        address: IpAddr,
        /// What it is: "private", say.
        what: &'static str,
    },
    /// Nothing accepts connections there; what the system says.
    Connect(String),
    /// There is no encrypted connection that one may trust.
    Tls(TlsFault),
    /// The proxy does not let the call through.
    ProxyRefused {
        /// Its host and port.
        proxy: String,
        /// What it answered.
        status: u16,
    },
    /// The proxy cannot be used.
    ProxyFailed {
        /// Its host and port, or the variable that should name it.
        proxy: String,
        /// Why not.
        reason: String,
    },
    /// The time is up.
    Deadline {
        /// What did not end in time.
        of: Stage,
        /// The time that it had.
        limit: Duration,
    },
    /// The answer is longer than it may be.
    TooLarge {
        /// Its header or its body.
        what: Part,
        /// How many bytes it may have.
        limit: usize,
    },
    /// The other side closed the connection before the answer was whole.
    ClosedEarly,
    /// What came is not HTTP/1.1; what is wrong with it.
    Protocol(String),
}

/// What a call waits for, in this order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// Until fewer calls to the host are under way.
    Turn,
    /// Until there is a connection, encrypted if it is to be.
    Connect,
    /// Until the header of the answer is there.
    Answer,
    /// Until the last byte is there.
    Body,
}

/// A part of an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// Status and headers.
    Header,
    /// What stands behind them.
    Body,
}

impl CallError {
    /// A call to that host and port which failed so.
    pub fn new(target: impl Into<Box<str>>, fault: Fault) -> Self {
        Self { target: target.into(), fault }
    }

    /// Host and port that were called.
    pub fn target(&self) -> &str {
        &self.target
    }

    /// What was in the way.
    pub fn fault(&self) -> &Fault {
        &self.fault
    }

    /// One word for it, as lines have it.
    pub fn kind(&self) -> &'static str {
        match self.fault {
            Fault::Request(_) => "request",
            Fault::Name(_) => "name",
            Fault::Address { .. } | Fault::NotPublic { .. } => "address",
            Fault::Connect(_) => "connect",
            Fault::Tls(_) => "tls",
            Fault::ProxyRefused { .. } | Fault::ProxyFailed { .. } => "proxy",
            Fault::Deadline { .. } => "deadline",
            Fault::TooLarge { .. } => "tooLarge",
            Fault::ClosedEarly => "closedEarly",
            Fault::Protocol(_) => "protocol",
        }
    }
}

impl StdError for CallError {}

impl fmt::Display for CallError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let to = &self.target;
        match &self.fault {
            Fault::Request(reason) => write!(f, "The request to {to} cannot be sent: {reason}"),
            Fault::Name(reason) => {
                write!(
                    f,
                    "The name of {to} has no address ({reason}): check its spelling and this machine's DNS"
                )
            }
            Fault::Address { address, what } => write!(
                f,
                "Calls to {to} are refused because its address {address} is {what}: to allow this address, list it in \
                 greenroom.httpClient.allowedAddresses and write it in the URL in place of a name"
            ),
            Fault::NotPublic { address, what } => write!(
                f,
                "Calls to {to} are refused because its address {address} is {what}, and they may go to the internet only"
            ),
            Fault::Connect(reason) => write!(f, "Cannot connect to {to}: {reason}"),
            Fault::Tls(fault) => write!(f, "No encrypted connection to {to}: {fault}"),
            Fault::ProxyRefused { proxy, status: 407 } => write!(
                f,
                "The proxy {proxy} lets nobody through to {to} without a password (status 407): give it as \
                 http://user:password@host:port in HTTPS_PROXY or HTTP_PROXY"
            ),
            Fault::ProxyRefused { proxy, status } => write!(
                f,
                "The proxy {proxy} does not connect to {to} (status {status}): ask who runs it, or list the host in NO_PROXY"
            ),
            Fault::ProxyFailed { proxy, reason } => {
                write!(f, "The proxy {proxy}, by which {to} is called, cannot be used: {reason}")
            }
            Fault::Deadline { of, limit } => {
                let limit = Seconds(*limit);
                match of {
                    Stage::Turn => {
                        write!(
                            f,
                            "{CALLS_AT_ONCE} calls to {to} were under way, and none ended within {limit}"
                        )
                    }
                    Stage::Connect => write!(f, "There was no connection to {to} within {limit}"),
                    Stage::Answer => write!(f, "{to} did not answer within {limit}"),
                    Stage::Body => write!(f, "The answer of {to} did not end within {limit}"),
                }
            }
            Fault::TooLarge { what: Part::Header, limit } => {
                write!(f, "The header of the answer of {to} has more than {} or 100 fields", Size(*limit))
            }
            Fault::TooLarge { what: Part::Body, limit } => {
                write!(f, "The answer of {to} is longer than {}", Size(*limit))
            }
            Fault::ClosedEarly => write!(f, "{to} closed the connection before its answer was whole"),
            Fault::Protocol(reason) => write!(f, "What {to} answers is not HTTP/1.1: {reason}"),
        }
    }
}

/// A time as people write it, who do not count milliseconds from one second on: `2 s`, `9.9 s`, `0.25 s`.
pub(crate) struct Seconds(pub(crate) Duration);

impl fmt::Display for Seconds {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let unit = if self.0 < Duration::from_secs(1) { 1000.0 } else { 10.0 };
        write!(f, "{} s", (self.0.as_secs_f64() * unit).round() / unit)
    }
}

/// A size as people write it: `1 MiB`, `16 KiB`, `1000 bytes`.
struct Size(usize);

impl fmt::Display for Size {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const KIB: usize = 1024;
        const MIB: usize = 1024 * KIB;
        match self.0 {
            bytes if bytes >= MIB && bytes % MIB == 0 => write!(f, "{} MiB", bytes / MIB),
            bytes if bytes >= KIB && bytes % KIB == 0 => write!(f, "{} KiB", bytes / KIB),
            bytes => write!(f, "{bytes} bytes"),
        }
    }
}

impl Fault {
    /// What a connection that carried a request broke with.
    pub(crate) fn of_hyper(error: &hyper::Error, header: usize) -> Self {
        if let Some(tls) = causes(error).find_map(TlsFault::find) {
            return Self::Tls(tls);
        }
        if error.is_parse_too_large() {
            return Self::TooLarge { what: Part::Header, limit: header };
        }
        let closed = error.is_incomplete_message() || error.is_closed() || error.is_canceled();
        if closed || causes(error).any(is_closed) {
            return Self::ClosedEarly;
        }
        Self::Protocol(innermost(error))
    }
}

/// An error and what caused it.
pub(crate) fn causes<'a>(
    error: &'a (dyn StdError + 'static),
) -> impl Iterator<Item = &'a (dyn StdError + 'static)> {
    std::iter::successors(Some(error), |error| (**error).source())
}

/// What the first cause says.
pub(crate) fn innermost(error: &(dyn StdError + 'static)) -> String {
    causes(error).last().map(ToString::to_string).unwrap_or_default()
}

fn is_closed(error: &(dyn StdError + 'static)) -> bool {
    use io::ErrorKind::{BrokenPipe, ConnectionAborted, ConnectionReset, UnexpectedEof};
    let kind = error.downcast_ref::<io::Error>().map(io::Error::kind);
    matches!(kind, Some(BrokenPipe | ConnectionAborted | ConnectionReset | UnexpectedEof))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_that_was_computed_is_told_as_people_write_it() {
        for (nanoseconds, told) in [
            (9_990_824_536, "10 s"),
            (1_500_000_000, "1.5 s"),
            (250_000_000, "0.25 s"),
            (20_400_000, "0.02 s"),
        ] {
            assert_eq!(Seconds(Duration::from_nanos(nanoseconds)).to_string(), told);
        }
    }
}
