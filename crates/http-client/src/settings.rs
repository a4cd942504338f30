//! What calls read from the config.

use std::net::IpAddr;

use greenroom_config::{ConfigError, RootConfig, each};

const ALLOWED: &str = "greenroom.httpClient.allowedAddresses";

/// `greenroom.httpClient`.
///
/// ```
/// use greenroom_config::RootConfig;
/// use greenroom_http_client::ClientSettings;
///
/// let yaml = "greenroom: { httpClient: { allowedAddresses: [169.254.170.2] } }";
/// let settings = ClientSettings::from_config(&RootConfig::from_yaml(yaml).unwrap()).unwrap();
/// assert_eq!(settings.allowed_addresses[0].to_string(), "169.254.170.2");
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ClientSettings {
    /// `greenroom.httpClient.allowedAddresses`: addresses that no call reaches unless they are listed here, such as a
    /// metadata service's; a URL has to hold the address itself.
    pub allowed_addresses: Vec<IpAddr>,
}

impl ClientSettings {
    /// Reads `greenroom.httpClient`.
    ///
    /// # Errors
    /// When an entry of `allowedAddresses` is no address, or the list is none.
    pub fn from_config(config: &RootConfig) -> Result<Self, ConfigError> {
        let listed = config.optional_string_array(ALLOWED)?.unwrap_or_default();
        let address = |(at, text): (usize, String)| {
            let bare = text.trim_matches(['[', ']']);
            bare.parse().map(|address: IpAddr| address.to_canonical()).map_err(|_| {
                let text = format!(
                    "'{text}' in {ALLOWED} is no address, expected one such as 169.254.170.2 or fd00:ec2::254"
                );
                ConfigError::invalid(config, &format!("{ALLOWED}[{at}]"), text)
            })
        };
        Ok(Self { allowed_addresses: each(listed.into_iter().enumerate().map(address))? })
    }
}
