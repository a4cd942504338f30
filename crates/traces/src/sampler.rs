//! Which traces are recorded: OpenTelemetry's six samplers.

use std::{error::Error, fmt, str::FromStr};

use greenroom_context::{TraceContext, TraceId};

/// Decides, once for each request and for each span that begins a trace, whether it is recorded.
///
/// ```
/// use greenroom_context::TraceContext;
/// use greenroom_traces::Sampler;
///
/// let sampler: Sampler = "parentbased_traceidratio".parse().unwrap();
/// let none = sampler.with_ratio(0.0);
/// assert!(!none.samples(&TraceContext::root()));
///
/// // Who has asked has decided already.
/// let asker = TraceContext::from_traceparent("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01").unwrap();
/// assert!(none.samples(&asker.child()));
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Sampler {
    is_parent_based: bool,
    of_root: OfRoot,
}

/// What is decided where nobody has decided before.
#[derive(Clone, Copy, Debug, PartialEq)]
enum OfRoot {
    On,
    Off,
    Ratio(f64),
}

impl Sampler {
    /// What they are called, as `OTEL_TRACES_SAMPLER` has it.
    pub const NAMES: [&str; 6] = [
        "always_on",
        "always_off",
        "traceidratio",
        "parentbased_always_on",
        "parentbased_always_off",
        "parentbased_traceidratio",
    ];

    /// The same with that share of traces, from 0 to 1, if it is one that goes by a share.
    #[must_use]
    pub fn with_ratio(self, ratio: f64) -> Self {
        let of_root = match self.of_root {
            OfRoot::Ratio(_) => OfRoot::Ratio(ratio),
            other => other,
        };
        Self { of_root, ..self }
    }

    /// Whether it goes by a share of traces.
    pub fn has_ratio(&self) -> bool {
        matches!(self.of_root, OfRoot::Ratio(_))
    }

    /// Whether work is recorded that stands there in its trace. Its parent, if it has one, is not of this process; the flag is
    /// what the parent said.
    pub fn samples(&self, trace: &TraceContext) -> bool {
        match self.of_root {
            _ if self.is_parent_based && trace.parent_span_id().is_some() => trace.is_sampled(),
            OfRoot::On => true,
            OfRoot::Off => false,
            OfRoot::Ratio(ratio) => is_below(ratio, trace.trace_id()),
        }
    }
}

impl Default for Sampler {
    /// `parentbased_always_on`, as OpenTelemetry has it.
    fn default() -> Self {
        Self { is_parent_based: true, of_root: OfRoot::On }
    }
}

/// All SDKs that look at the lower half of the id decide alike, so that a trace is whole.
fn is_below(ratio: f64, id: &TraceId) -> bool {
    const HALF: u64 = 1 << 63;
    // From 1 on the product is all of them.
    ratio >= 1.0 || (id.lower_64_bits() >> 1) < (ratio.max(0.0) * HALF as f64) as u64
}

impl FromStr for Sampler {
    type Err = SamplerError;

    fn from_str(name: &str) -> Result<Self, SamplerError> {
        let (is_parent_based, of_root) = match name.strip_prefix("parentbased_") {
            Some(of_root) => (true, of_root),
            None => (false, name),
        };
        let of_root = match of_root {
            "always_on" => OfRoot::On,
            "always_off" => OfRoot::Off,
            "traceidratio" => OfRoot::Ratio(1.0),
            _ => return Err(SamplerError),
        };
        Ok(Self { is_parent_based, of_root })
    }
}

/// There is no sampler of that name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SamplerError;

impl fmt::Display for SamplerError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "it is none of {}", Sampler::NAMES.join(", "))
    }
}

impl Error for SamplerError {}
