//! The ops token: who has it may see and change all that the surface has.

use std::{io, path::Path, path::PathBuf, sync::Arc};

use greenroom_config::{ConfigError, DeclareConfig, RootConfig};
use greenroom_core::{Service, ServiceFactory, scope, service};
use greenroom_data_dir::{DataDirectory, PrivateFile};
use greenroom_errors::Error;
use greenroom_logging::RootLogger;
use subtle::ConstantTimeEq;

use crate::{
    ROOT,
    secret::{self, Digest},
};

/// The file of a token that was made here, in the data directory.
pub const TOKEN_FILE: &str = "ops.token";

const KEY: &str = "greenroom.ops.token";

/// One that is shorter can be guessed.
const SHORTEST: usize = 20;

/// What besides the config decides on the token, as values.
#[derive(Clone, Debug, Default)]
pub struct OpsEnvironment {
    /// `GREENROOM_OPS_TOKEN`, which wins over the config.
    pub token: Option<String>,
}

impl OpsEnvironment {
    /// The variable that holds the token.
    pub const VARIABLE: &str = "GREENROOM_OPS_TOKEN";

    /// That of this process.
    pub fn from_process() -> Self {
        Self::of(std::env::var(Self::VARIABLE).ok())
    }

    /// With this value of the variable; an empty one is none.
    pub fn of(variable: Option<String>) -> Self {
        Self { token: variable.filter(|token| !token.is_empty()) }
    }

    /// The token that was given, by the environment or by the config.
    ///
    /// # Errors
    /// When it is too short, or no text.
    pub fn given(&self, config: &RootConfig) -> Result<Option<String>, ConfigError> {
        let configured = config.optional_string(KEY)?;
        let too_short = |what: &str| {
            let text = format!(
                "{what} has less than {SHORTEST} characters, and could be guessed; `openssl rand -hex 32` makes a good one"
            );
            // Of a variable no line of the config is pointed at.
            Err(ConfigError::invalid(config, what, text))
        };
        match (&self.token, configured) {
            (Some(token), _) if token.len() < SHORTEST => too_short(Self::VARIABLE),
            (Some(token), _) => Ok(Some(token.clone())),
            (None, Some(token)) if token.len() < SHORTEST => too_short(KEY),
            (None, configured) => Ok(configured),
        }
    }
}

/// The token, or why there is none. A root service of its own, so that a test or a program can give one.
#[derive(Clone, Debug)]
pub struct OpsToken(Arc<Known>);

#[derive(Debug)]
enum Known {
    /// Only its digest is kept.
    Is { digest: Digest, file: Option<PathBuf> },
    /// The surface is off.
    Absent { why: String },
}

impl Service for OpsToken {
    const ID: &'static str = "greenroom.opsToken";
    type Scope = scope::Root;
}

impl OpsToken {
    /// A token of one's own.
    pub fn given(token: &str) -> Self {
        Self(Arc::new(Known::Is { digest: Digest::of(token), file: None }))
    }

    fn absent(why: String) -> Self {
        Self(Arc::new(Known::Absent { why }))
    }

    /// The default factory: the token of the environment or the config, else that of the data directory, which is made at the
    /// first start. In production, as `node_env` says, one must be given.
    pub fn factory(environment: OpsEnvironment, node_env: Option<String>) -> ServiceFactory {
        let read = environment.clone();
        service(async move |config: RootConfig, logger: RootLogger, data: DataDirectory| {
            if let Some(token) = environment.given(&config)? {
                logger.add_redactions([token.clone()]);
                return Ok(Self::given(&token));
            }
            if node_env.as_deref() == Some("production") {
                let why = format!(
                    "NODE_ENV is production, and neither {} nor {KEY} is set",
                    OpsEnvironment::VARIABLE
                );
                return Ok(Self::absent(why));
            }
            let file = data.path().join(TOKEN_FILE);
            match kept_or_made(&file) {
                Ok(token) => {
                    logger.add_redactions([token.clone()]);
                    Ok(Self(Arc::new(Known::Is { digest: Digest::of(&token), file: Some(file) })))
                }
                Err(error) => Ok(Self::absent(format!("cannot keep a token in {}: {error}", file.display()))),
            }
        })
        .reads(move |config| read.given(config))
    }

    /// What a program beside the backend finds: the token that was given, else that of the data directory.
    ///
    /// # Errors
    /// When there is none that it may read.
    pub fn known_to_programs(
        environment: &OpsEnvironment,
        config: &RootConfig,
        data_dir: &Path,
    ) -> Result<String, Error> {
        if let Some(token) = environment.given(config).map_err(Error::from)? {
            return Ok(token);
        }
        let file = data_dir.join(TOKEN_FILE);
        kept(&file).map_err(|why| {
            let (variable, file) = (OpsEnvironment::VARIABLE, file.display());
            Error::new(format!(
                "No ops token is known here: {variable} and {KEY} are not set, and {file}: {why}"
            ))
        })
    }

    /// The file that holds it, if it was made here.
    pub fn file(&self) -> Option<&Path> {
        match &*self.0 {
            Known::Is { file, .. } => file.as_deref(),
            Known::Absent { .. } => None,
        }
    }

    /// A line that says how operators come in; it holds no token.
    pub fn told(&self) -> String {
        match &*self.0 {
            Known::Absent { why } => format!("The pages at {ROOT} are off: {why}"),
            Known::Is { file: None, .. } => format!("Operators sign in at {ROOT}/ with the configured token"),
            Known::Is { file: Some(file), .. } => {
                format!("Operators sign in at {ROOT}/ with the token in {}", file.display())
            }
        }
    }

    /// Why there is none.
    pub fn why_absent(&self) -> Option<&str> {
        match &*self.0 {
            Known::Absent { why } => Some(why),
            Known::Is { .. } => None,
        }
    }

    /// Whether this is the token; how long it takes to say so tells nothing of it.
    pub(crate) fn is(&self, said: &str) -> bool {
        match &*self.0 {
            Known::Is { digest, .. } => Digest::of(said).bytes().ct_eq(digest.bytes()).into(),
            Known::Absent { .. } => false,
        }
    }
}

/// The text of the file, if nobody but its owner could have read or written it.
fn kept(file: &Path) -> io::Result<String> {
    let text = PrivateFile::read(file)?;
    let token = text.trim();
    if token.len() < SHORTEST {
        return Err(io::Error::other("it holds no token; remove it, and the next start makes one"));
    }
    Ok(token.to_owned())
}

/// Backends that start at once on one directory come to one token: who is first makes it.
fn kept_or_made(file: &Path) -> io::Result<String> {
    match kept(file) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        known => return known,
    }
    let token = secret::random()?;
    match PrivateFile::write(file, &format!("{token}\n"))?.publish_first()? {
        true => Ok(token),
        false => kept(file),
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn a_token_is_made_once_and_kept() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("state").join(TOKEN_FILE);
        let threads: Vec<_> = (0..8)
            .map(|_| {
                let file = file.clone();
                greenroom_context::spawn_thread("token", move || kept_or_made(&file).unwrap()).unwrap()
            })
            .collect();
        let made: Vec<_> = threads.into_iter().map(|thread| thread.join().unwrap()).collect();
        assert!(made.iter().all(|token| *token == made[0]), "{made:?}");
        assert_eq!(std::fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
    }

    #[test]
    fn a_file_that_others_could_read_is_not_taken() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join(TOKEN_FILE);
        kept_or_made(&file).unwrap();
        std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o640)).unwrap();
        let refused = kept_or_made(&file).unwrap_err().to_string();
        assert!(refused.contains("0600"), "{refused}");
    }

    #[test]
    fn a_token_that_could_be_guessed_is_refused() {
        let given = |variable: Option<&str>, yaml: &str| {
            let environment = OpsEnvironment::of(variable.map(str::to_owned));
            environment.given(&RootConfig::from_yaml(yaml).unwrap())
        };
        let long = "0123456789-0123456789";
        assert_eq!(given(None, "").unwrap(), None);
        assert_eq!(given(Some(long), "greenroom: {ops: {token: short}}").unwrap().as_deref(), Some(long));
        let configured = "greenroom: {ops: {token: short}}";
        let refused = |variable: Option<&str>, yaml: &str| {
            let error = given(variable, yaml).unwrap_err();
            assert!(error.message().contains("could be guessed"), "{error}");
            (error.message().split(' ').next().unwrap().to_owned(), error.place().is_some())
        };
        assert_eq!(refused(None, configured), ("greenroom.ops.token".to_owned(), true));
        for yaml in ["", configured, "greenroom: {demo: true}"] {
            assert_eq!(refused(Some("short"), yaml), (OpsEnvironment::VARIABLE.to_owned(), false), "{yaml}");
        }
    }
}
