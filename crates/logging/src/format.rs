//! Which format lines are printed in.

use greenroom_errors::Error;

use crate::{Compatibility, level::Chosen};

/// A format that lines can be encoded in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Format {
    /// Node's production line: sorted JSON with a `timestamp`, nothing added.
    NodeJson,
    /// Node's production line as it was until Backstage 1.55: without a time.
    Node155Json,
    /// Node's development line: always coloured, nothing added.
    NodeLine,
    /// Node's JSON with what Greenroom adds.
    Backstage,
    /// The development line with what Greenroom adds, plain.
    Pretty,
    /// The development line with what Greenroom adds, coloured.
    PrettyColour,
}

impl Format {
    /// Whether lines are JSON.
    pub const fn is_json(self) -> bool {
        matches!(self, Self::NodeJson | Self::Node155Json | Self::Backstage)
    }

    /// Whether lines carry what Greenroom adds to Node's.
    pub const fn has_additions(self) -> bool {
        matches!(self, Self::Backstage | Self::Pretty | Self::PrettyColour)
    }

    /// Whether JSON lines carry the time.
    pub(crate) const fn has_timestamp(self) -> bool {
        !matches!(self, Self::Node155Json)
    }

    pub(crate) const fn is_coloured(self) -> bool {
        matches!(self, Self::NodeLine | Self::PrettyColour)
    }
}

/// What the choice of a format depends on.
#[derive(Clone, Copy, Debug, Default)]
pub struct FormatInputs<'a> {
    /// `greenroom.logger.format`.
    pub config: Option<&'a str>,
    /// `LOG_FORMAT`, which wins.
    pub log_format: Option<&'a str>,
    /// `NODE_ENV`.
    pub node_env: Option<&'a str>,
    /// Which release's lines `node` means.
    pub compatibility: Compatibility,
    /// `FORCE_COLOR`: set and neither `0` nor `false` means colour.
    pub force_color: Option<&'a str>,
    /// Whether standard output is a terminal.
    pub is_terminal: bool,
}

/// Chooses: `LOG_FORMAT`, then config, then `backstage` in production and `pretty` elsewhere.
///
/// An unknown `LOG_FORMAT` is passed over with a warning; an unknown format in config is an error.
///
/// ```
/// use greenroom_logging::{Format, FormatInputs, choose_format};
///
/// let production = FormatInputs { node_env: Some("production"), ..Default::default() };
/// assert_eq!(choose_format(production).unwrap().value, Format::Backstage);
/// let node = FormatInputs { log_format: Some("node"), ..production };
/// assert_eq!(choose_format(node).unwrap().value, Format::NodeJson);
/// ```
pub fn choose_format(inputs: FormatInputs<'_>) -> Result<Chosen<Format>, Error> {
    let production = inputs.node_env == Some("production");
    let colour = match inputs.force_color {
        Some(text) if !text.is_empty() => text != "0" && text != "false",
        _ => inputs.is_terminal,
    };
    let named = |text: &str| match text.to_ascii_lowercase().as_str() {
        "node" if production && inputs.compatibility < Compatibility::V1_57 => Some(Format::Node155Json),
        "node" if production => Some(Format::NodeJson),
        "node" => Some(Format::NodeLine),
        "backstage" => Some(Format::Backstage),
        "pretty" if colour => Some(Format::PrettyColour),
        "pretty" => Some(Format::Pretty),
        _ => None,
    };
    let from_config = match inputs.config {
        None => named(if production { "backstage" } else { "pretty" }),
        Some(text) => Some(named(text).ok_or_else(|| {
            Error::input(format!(
                "Invalid config at greenroom.logger.format, '{text}' is not a log format, must be one of 'backstage', 'pretty' or 'node'."
            ))
        })?),
    };
    let fallback = from_config.unwrap_or(Format::Backstage);
    Ok(match inputs.log_format.filter(|text| !text.is_empty()) {
        None => Chosen { value: fallback, warning: None },
        Some(text) => match named(text) {
            Some(value) => Chosen { value, warning: None },
            None => Chosen {
                value: fallback,
                warning: Some(format!(
                    "LOG_FORMAT '{text}' is not a log format, must be one of 'backstage', 'pretty' or 'node'"
                )),
            },
        },
    })
}
