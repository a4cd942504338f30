//! What the process's environment says of calls, as values.

use std::{
    env,
    ffi::OsString,
    fmt,
    path::{Path, PathBuf},
};

use crate::{
    proxies::Proxies,
    tls::{Roots, System},
};

/// No file of extra certificates is longer.
const LONGEST: u64 = 16 * 1024 * 1024;

/// By which proxies calls go, and which certificates are trusted: `HTTP_PROXY`, `HTTPS_PROXY`, `ALL_PROXY`, `NO_PROXY`,
/// `NODE_EXTRA_CA_CERTS`, `SSL_CERT_FILE`, `SSL_CERT_DIR`.
///
/// ```
/// use greenroom_http_client::ClientEnvironment;
///
/// let environment = ClientEnvironment::from_variables(|name| match name {
///     "https_proxy" => Some("http://me:secret@proxy.example:3128".into()),
///     "NODE_EXTRA_CA_CERTS" => Some("/no/such/file.pem".into()),
///     _ => None,
/// });
/// assert!(!format!("{environment:?}").contains("secret"));
/// assert!(environment.warnings()[0].starts_with("Ignoring extra certs from `/no/such/file.pem`, load failed: "));
/// ```
///
/// The default is an empty environment: no proxies, and the certificates of the system.
#[derive(Clone, Default)]
pub struct ClientEnvironment {
    pub(crate) proxies: Proxies,
    pub(crate) roots: Roots,
    warnings: Vec<String>,
}

impl fmt::Debug for ClientEnvironment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ClientEnvironment").field("proxies", &self.proxies).finish_non_exhaustive()
    }
}

impl ClientEnvironment {
    /// That of this process.
    pub fn from_process() -> Self {
        Self::from_variables(|name| env::var_os(name))
    }

    /// That in which variables have these values. The file of `NODE_EXTRA_CA_CERTS` is read now, as Node does.
    ///
    /// Of a proxy's variable, the name in lower case goes before the one in upper case, as for curl and Node.
    pub fn from_variables(value: impl Fn(&str) -> Option<OsString>) -> Self {
        let value = |name: &str| value(name).filter(|value| !value.is_empty());
        let text = |name: &str| {
            let found = value(&name.to_lowercase()).or_else(|| value(name));
            found.map(|found| found.to_string_lossy().trim().to_owned()).filter(|found| !found.is_empty())
        };
        let proxies = Proxies::parse(text);
        let mut warnings: Vec<String> = proxies.warnings().collect();

        let (file, dirs) = (value("SSL_CERT_FILE"), value("SSL_CERT_DIR"));
        let system = match (&file, &dirs) {
            (None, None) => System::Own,
            _ => System::Named {
                file: file.map(PathBuf::from),
                dirs: dirs.iter().flat_map(env::split_paths).filter(|dir| dir != Path::new("")).collect(),
            },
        };
        let mut extra = vec![];
        if let Some(file) = value("NODE_EXTRA_CA_CERTS").map(PathBuf::from) {
            let ignored =
                |what: &str| format!("Ignoring extra certs from `{}`, load failed: {what}", file.display());
            match read(&file).map(|pem| Roots::parse(&pem)) {
                Err(error) => warnings.push(ignored(&error.to_string())),
                Ok((good, 0)) if good.is_empty() => warnings.push(ignored("it holds no certificate in PEM")),
                Ok((good, 0)) => extra = good,
                Ok((good, bad)) => {
                    warnings.push(format!("{bad} certificates in `{}` cannot be read", file.display()));
                    extra = good;
                }
            }
        }
        Self { proxies, roots: Roots { system, extra }, warnings }
    }

    /// What an operator should know of it, each a sentence.
    pub fn warnings(&self) -> &[String] {
        &self.warnings
    }
}

fn read(file: &Path) -> std::io::Result<Vec<u8>> {
    use std::io::Read;
    let mut bytes = vec![];
    std::fs::File::open(file)?.take(LONGEST).read_to_end(&mut bytes)?;
    Ok(bytes)
}
