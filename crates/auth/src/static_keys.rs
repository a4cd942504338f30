//! Key pairs that the config names, in files of their own: the same in each replica, and after a restart.
//!
//! `auth.keyStore.static.keys` has those of user tokens, `backend.auth.pluginKeyStore.static.keys` those of plugins. No error
//! tells what a file holds.

use std::{
    fs::{self, File},
    io::Read,
    sync::Arc,
};

use greenroom_config::{Config, ConfigError, DeclareConfig, RootConfig, all, each};
use greenroom_core::{Service, ServiceFactory, scope, service};
use rustls_pki_types::{PrivatePkcs8KeyDer, SubjectPublicKeyInfoDer, pem::PemObject};

use crate::{PublicKey, SigningAlgorithm, SigningKey};

const PLUGIN_KEYS: &str = "backend.auth.pluginKeyStore";
/// No key is longer.
const LONGEST_FILE: u64 = 64 * 1024;

/// Which entries need a private key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PrivateKeys {
    /// The first, which signs. The others are keys of before, or of tomorrow.
    OfTheFirst,
    /// All of them.
    OfEach,
}

/// Key pairs from files: the first signs, all are published.
#[derive(Clone, Debug)]
pub struct StaticKeys {
    signing: SigningKey,
    public: Arc<[PublicKey]>,
}

impl StaticKeys {
    /// Reads the list of `{publicKeyFile, privateKeyFile, keyId, algorithm}` at `key`, and the files. A path counts from the
    /// directory in which the backend was started.
    pub fn from_config(config: &RootConfig, key: &str, private: PrivateKeys) -> Result<Self, ConfigError> {
        let entries = config.config_array(key)?;
        let needed = |index| index == 0 || private == PrivateKeys::OfEach;
        let read = each(entries.iter().enumerate().map(|(index, entry)| key_pair(entry, needed(index))))?;
        let public: Arc<[PublicKey]> = read.iter().map(|(public, _)| public.clone()).collect();
        each(entries.iter().zip(&*public).enumerate().map(|(index, (entry, one))| {
            // A token names the key that verifies it.
            match public[..index].iter().any(|other| other.kid() == one.kid()) {
                true => Err(ConfigError::invalid(
                    entry,
                    "keyId",
                    format!("Another key of {key} has the keyId '{}' already", one.kid()),
                )),
                false => Ok(()),
            }
        }))?;
        match read.into_iter().next() {
            Some((_, Some(signing))) => Ok(Self { signing, public }),
            _ => Err(ConfigError::invalid(
                config,
                key,
                format!("{key} has no key pair, at least one is needed"),
            )),
        }
    }

    /// What signs.
    pub fn signing(&self) -> &SigningKey {
        &self.signing
    }

    /// What verifies.
    pub fn public(&self) -> &[PublicKey] {
        &self.public
    }
}

/// One entry: the half that verifies, and the one that signs if it is named.
fn key_pair(entry: &Config, needs_private: bool) -> Result<(PublicKey, Option<SigningKey>), ConfigError> {
    let private_file = || match needs_private {
        true => entry.string("privateKeyFile").map(Some),
        false => entry.optional_string("privateKeyFile"),
    };
    let (public_file, private_file, id, algorithm) =
        all((entry.string("publicKeyFile"), private_file(), entry.string("keyId"), algorithm(entry)))?;
    let invalid = |key: &str, text: String| ConfigError::invalid(entry, key, text);
    let kind = algorithm.name();
    let public: SubjectPublicKeyInfoDer<'_> =
        pem(&public_file, "PUBLIC KEY").map_err(|why| invalid("publicKeyFile", why))?;
    let public = PublicKey::from_spki(id.into(), algorithm, &public).ok_or_else(|| {
        invalid("publicKeyFile", format!("The public key in '{public_file}' is none for {kind}"))
    })?;
    let Some(private_file) = private_file else { return Ok((public, None)) };
    let private: PrivatePkcs8KeyDer<'_> =
        pem(&private_file, "PRIVATE KEY").map_err(|why| invalid("privateKeyFile", why))?;
    let signing = SigningKey::from_pkcs8(public.clone(), private.secret_pkcs8_der()).ok_or_else(|| {
        let text = format!(
            "The private key in '{private_file}' is none for {kind}, or not that of the public key in '{public_file}'"
        );
        invalid("privateKeyFile", text)
    })?;
    Ok((public, Some(signing)))
}

fn algorithm(entry: &Config) -> Result<SigningAlgorithm, ConfigError> {
    let Some(name) = entry.optional_string("algorithm")? else { return Ok(SigningAlgorithm::default()) };
    SigningAlgorithm::named(&name).ok_or_else(|| {
        let text = format!("Unsupported algorithm '{name}', expected one of 'ES256', 'ES384', 'EdDSA'");
        ConfigError::invalid(entry, "algorithm", text)
    })
}

/// The first section of this kind in a file of PEM.
fn pem<T: PemObject>(file: &str, kind: &str) -> Result<T, String> {
    // To open a pipe is to wait for who writes to it.
    let kind_of = fs::metadata(file).map_err(|why| format!("'{file}' cannot be read: {why}"))?;
    if !kind_of.is_file() {
        return Err(format!("'{file}' is no regular file"));
    }
    let mut text = Vec::new();
    let read = File::open(file).and_then(|open| open.take(LONGEST_FILE).read_to_end(&mut text));
    read.map_err(|why| format!("'{file}' cannot be read: {why}"))?;
    T::from_pem_slice(&text).map_err(|_| format!("'{file}' has no '{kind}' in PEM, as openssl writes it"))
}

/// The public keys of tokens between plugins, as far as the config names them: `backend.auth.pluginKeyStore`.
#[derive(Clone, Debug, Default)]
pub struct PluginKeys(Arc<[PublicKey]>);

impl Service for PluginKeys {
    const ID: &'static str = "greenroom.pluginKeys";
    type Scope = scope::Root;

    fn default_factory() -> Option<ServiceFactory> {
        Some(Self::factory())
    }
}

impl PluginKeys {
    /// Reads them. Without any, or with those of a database, there are none so far.
    pub fn from_config(config: &RootConfig) -> Result<Self, ConfigError> {
        let kind = format!("{PLUGIN_KEYS}.type");
        match config.optional_string(&kind)?.as_deref() {
            None | Some("database") => Ok(Self::default()),
            Some("static") => {
                let list = format!("{PLUGIN_KEYS}.static.keys");
                let keys = StaticKeys::from_config(config, &list, PrivateKeys::OfTheFirst)?;
                Ok(Self(keys.public))
            }
            Some(other) => {
                let text = format!(
                    "Unsupported config value {kind} '{other}'; expected one of 'database', 'static'"
                );
                Err(ConfigError::invalid(config, &kind, text))
            }
        }
    }

    /// The default factory.
    pub fn factory() -> ServiceFactory {
        service(async |config: RootConfig| Ok(Self::from_config(&config)?)).reads(Self::from_config)
    }

    pub(crate) fn listed(&self) -> &[PublicKey] {
        &self.0
    }
}
