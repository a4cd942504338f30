//! Encrypted connections: which certificates are trusted, and why one is not.

use std::{error::Error as StdError, fmt, io, path::PathBuf, sync::Arc};

use greenroom_context::spawn_blocking;
use rustls::{
    CertificateError, ClientConfig, Error as TlsError, RootCertStore,
    crypto::aws_lc_rs,
    pki_types::{CertificateDer, ServerName, UnixTime, pem::PemObject},
};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    sync::OnceCell,
};
use tokio_rustls::{TlsConnector, client::TlsStream};

/// Why an encrypted connection is not to be trusted, or is none.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum TlsFault {
    /// This machine trusts nobody; what went wrong when its certificates were read.
    NoRoots(Option<String>),
    /// Nobody whom this machine trusts vouches for the certificate.
    UnknownIssuer,
    /// The certificate is for other hosts: these.
    OtherName(Vec<String>),
    /// The certificate was valid until then.
    Expired(Option<String>),
    /// The certificate will be valid from then on.
    NotYetValid(Option<String>),
    /// The certificate is an authority's, which is none of a server, though one trusts it.
    AuthorityAsServer,
    /// The other side does not speak TLS.
    NotTls,
    /// Anything else, in words of the library.
    Other(String),
}

impl fmt::Display for TlsFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoRoots(reason) => {
                f.write_str("this machine has no root certificates")?;
                reason.iter().try_for_each(|reason| write!(f, " ({reason})"))?;
                f.write_str(
                    ": install its ca-certificates, or name a PEM file in SSL_CERT_FILE or NODE_EXTRA_CA_CERTS",
                )
            }
            Self::UnknownIssuer => f.write_str(
                "its certificate is not issued by an authority that this machine trusts: if it should be, name a PEM file \
                 with the authority's certificate in NODE_EXTRA_CA_CERTS",
            ),
            Self::OtherName(names) => write!(f, "its certificate is for another host ({})", names.join(", ")),
            Self::Expired(until) => {
                f.write_str("its certificate has expired")?;
                until.iter().try_for_each(|until| write!(f, ", it was valid until {until}"))
            }
            Self::NotYetValid(from) => {
                f.write_str("its certificate is not valid yet")?;
                from.iter().try_for_each(|from| write!(f, ", it will be from {from}"))?;
                f.write_str(": is this machine's clock right?")
            }
            Self::AuthorityAsServer => f.write_str(
                "its certificate is an authority's (CA:TRUE), which is not taken for a server's: make one with \
                 basicConstraints=CA:FALSE",
            ),
            Self::NotTls => f.write_str("it does not speak TLS: should the URL begin with http://?"),
            Self::Other(reason) => f.write_str(reason),
        }
    }
}

impl TlsFault {
    /// What of TLS this error itself tells.
    pub(crate) fn find(error: &(dyn StdError + 'static)) -> Option<Self> {
        let inner = error.downcast_ref::<io::Error>().and_then(io::Error::get_ref);
        let inner = inner.and_then(|inner| inner.downcast_ref::<TlsError>());
        inner.or_else(|| error.downcast_ref()).map(Self::of)
    }

    fn of(error: &TlsError) -> Self {
        use CertificateError::{
            BadSignature, Expired, ExpiredContext, NotValidForName, NotValidForNameContext, NotValidYet,
            NotValidYetContext, UnknownIssuer,
        };
        match error {
            TlsError::InvalidCertificate(fault) => match fault {
                // By an authority of the same name with another key: one that was made anew, say.
                UnknownIssuer | BadSignature => Self::UnknownIssuer,
                NotValidForNameContext { presented, .. } => Self::OtherName(names(presented)),
                NotValidForName => Self::OtherName(vec![]),
                ExpiredContext { not_after, .. } => Self::Expired(date(*not_after)),
                Expired => Self::Expired(None),
                NotValidYetContext { not_before, .. } => Self::NotYetValid(date(*not_before)),
                NotValidYet => Self::NotYetValid(None),
                // A name of `webpki`, which rustls passes on as text.
                CertificateError::Other(other) if other.to_string() == "CaUsedAsEndEntity" => {
                    Self::AuthorityAsServer
                }
                _ => Self::Other(error.to_string()),
            },
            TlsError::InvalidMessage(_) => Self::NotTls,
            _ => Self::Other(error.to_string()),
        }
    }
}

/// `DnsName("a.example")` and `IpAddress(10.0.0.1)` as they are written in URLs.
fn names(presented: &[String]) -> Vec<String> {
    let name = |shown: &String| {
        let inner = shown.split_once('(').and_then(|(_, rest)| rest.strip_suffix(')'));
        inner.unwrap_or(shown).trim_matches('"').to_owned()
    };
    presented.iter().map(name).collect()
}

fn date(time: UnixTime) -> Option<String> {
    let seconds = i64::try_from(time.as_secs()).ok()?;
    jiff::Timestamp::from_second(seconds).ok().map(|time| time.to_string())
}

/// Where the certificates of those whom one trusts come from.
#[derive(Clone, Debug, Default)]
pub(crate) struct Roots {
    /// The system's, or what is named in their place.
    pub(crate) system: System,
    /// Those of `NODE_EXTRA_CA_CERTS`.
    pub(crate) extra: Vec<CertificateDer<'static>>,
}

/// Which certificates stand for the system's.
#[derive(Clone, Debug, Default)]
pub(crate) enum System {
    /// Its own.
    #[default]
    Own,
    /// Those of `SSL_CERT_FILE` and `SSL_CERT_DIR`.
    Named { file: Option<PathBuf>, dirs: Vec<PathBuf> },
}

impl Roots {
    /// Certificates from PEM text, and how many of them are unusable.
    pub(crate) fn parse(pem: &[u8]) -> (Vec<CertificateDer<'static>>, usize) {
        let (mut good, mut bad) = (vec![], 0);
        for found in CertificateDer::pem_slice_iter(pem) {
            match found {
                Ok(certificate) if RootCertStore::empty().add(certificate.clone()).is_ok() => {
                    good.push(certificate)
                }
                _ => bad += 1,
            }
        }
        (good, bad)
    }

    fn read(&self) -> Result<RootCertStore, TlsFault> {
        let mut loaded = match &self.system {
            System::Own => rustls_native_certs::load_native_certs(),
            System::Named { file, dirs } => {
                let mut loaded = rustls_native_certs::load_certs_from_paths(file.as_deref(), None);
                for dir in dirs {
                    let more = rustls_native_certs::load_certs_from_paths(None, Some(dir));
                    loaded.certs.extend(more.certs);
                    loaded.errors.extend(more.errors);
                }
                loaded
            }
        };
        let mut store = RootCertStore::empty();
        store.add_parsable_certificates(loaded.certs);
        store.add_parsable_certificates(self.extra.iter().cloned());
        match store.is_empty() {
            true => Err(TlsFault::NoRoots(loaded.errors.pop().map(|error| error.to_string()))),
            false => Ok(store),
        }
    }
}

/// Makes encrypted connections. The certificates are read when the first one is made.
pub(crate) struct Tls {
    roots: Arc<Roots>,
    config: OnceCell<Arc<ClientConfig>>,
}

impl Tls {
    pub(crate) fn new(roots: Roots) -> Self {
        Self { roots: Arc::new(roots), config: OnceCell::new() }
    }

    /// The encrypted stream to a host that its certificate names.
    pub(crate) async fn connect<S>(&self, host: &str, stream: S) -> Result<TlsStream<S>, TlsFault>
    where
        S: AsyncRead + AsyncWrite + Unpin,
    {
        let config = self.config.get_or_try_init(|| configure(self.roots.clone())).await?.clone();
        let name = ServerName::try_from(host.trim_end_matches('.').to_owned());
        let name = name.map_err(|_| TlsFault::Other("no certificate can name such a host".to_owned()))?;
        TlsConnector::from(config).connect(name, stream).await.map_err(|error| {
            TlsFault::find(&error).unwrap_or_else(|| match error.kind() {
                io::ErrorKind::UnexpectedEof => TlsFault::Other("it closed the connection".to_owned()),
                _ => TlsFault::Other(error.to_string()),
            })
        })
    }
}

async fn configure(roots: Arc<Roots>) -> Result<Arc<ClientConfig>, TlsFault> {
    let other = |error: &dyn fmt::Display| TlsFault::Other(error.to_string());
    let read = spawn_blocking("read root certificates", move || roots.read()).await;
    let roots = read.map_err(|error| other(&error))??;
    let builder = ClientConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()));
    let builder = builder.with_safe_default_protocol_versions().map_err(|error| other(&error))?;
    let mut config = builder.with_root_certificates(roots).with_no_client_auth();
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(Arc::new(config))
}
