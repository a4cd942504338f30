//! The backend that this directory's config is of, as a command beside it reaches it.

use std::path::PathBuf;

use greenroom::{
    config::{ConfigOptions, RootConfig},
    data_dir::DataDirEnvironment,
    errors::Error,
    http::{Https, Listen, SELF_SIGNED_FILE},
    http_client::ClientEnvironment,
    ops::{OpsSettings, OpsToken},
};

use crate::{ops::reached, prepare};

/// The backend of a config, as a command beside it reaches it.
#[derive(Clone, Debug)]
pub struct Here {
    /// Its URL on this machine.
    pub url: String,
    /// The URL of its surface for operators.
    pub operators: String,
    /// Its ops token, if it is known here.
    pub token: Option<String>,
    /// Where its own files are.
    pub data_dir: PathBuf,
    /// How it is called: its own certificate is trusted.
    pub calls: ClientEnvironment,
}

impl Here {
    /// That of the config which these options name.
    ///
    /// # Errors
    /// When the config cannot be read, or no URL reaches what it says.
    pub fn of(options: &ConfigOptions) -> Result<Self, Error> {
        let config = RootConfig::load(options).map_err(Error::from)?;
        let data_dir = DataDirEnvironment::of(options).data_dir(&config).map_err(Error::from)?;
        let https = Https::from_config(&config).map_err(Error::from)?;
        let scheme = if https.is_some() { "https" } else { "http" };
        let url = |listen: &Listen, key: &str| match listen {
            Listen::Tcp { port: 0, .. } => Err(Error::new(format!(
                "{key} has the system choose the port, which nobody here knows: give the URL"
            ))),
            Listen::Tcp { host, port } => Ok(format!("{scheme}://{}:{port}", reached(host))),
            Listen::Unix(path) => {
                Err(Error::new(format!("{key} is the socket {}, which has no URL: give one", path.display())))
            }
        };
        let listen = Listen::from_config(&config).map_err(Error::from)?;
        let own = OpsSettings::from_config(&config).map_err(Error::from)?.listen;
        let main = url(&listen, "backend.listen")?;
        let operators = match &own {
            Some(own) => url(own, "greenroom.ops.listen")?,
            None => main.clone(),
        };
        let own_certificate = data_dir.join(SELF_SIGNED_FILE);
        let calls = match &https {
            Some(Https::SelfSigned { .. }) => ClientEnvironment::from_variables(|name| match name {
                "NODE_EXTRA_CA_CERTS" => Some(own_certificate.clone().into_os_string()),
                _ => options.env.get(name).map(Into::into),
            }),
            _ => prepare::calls(options),
        };
        let token = OpsToken::known_to_programs(&prepare::ops(options), &config, &data_dir).ok();
        Ok(Self { url: main, operators, token, data_dir, calls })
    }
}
