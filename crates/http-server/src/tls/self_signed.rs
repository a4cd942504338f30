//! The certificate of `backend.https: true`: made once, kept in the data directory, made anew when it is about to end.

use std::{
    fs::OpenOptions,
    io::{self, Read},
    path::Path,
    time::{Duration, SystemTime},
};

use greenroom_data_dir::PrivateFile;
use greenroom_errors::Error;
use greenroom_logging::{Logger, warn};
use rcgen::{
    CertificateParams, DistinguishedName, DnType, ExtendedKeyUsagePurpose, KeyPair, KeyUsagePurpose,
};
use rustls::pki_types::UnixTime;

use super::Certificate;

/// Its name in the data directory.
pub const SELF_SIGNED_FILE: &str = "dev-cert.pem";

const DAY: Duration = Duration::from_secs(24 * 60 * 60);
const VALID: Duration = DAY.saturating_mul(30);
/// One that ends sooner is made anew.
const SPARE: Duration = DAY.saturating_mul(5);

/// The names that every such certificate has.
const NAMES: [&str; 5] = ["localhost", "localhost.localdomain", "127.0.0.1", "::1", "fe80::1"];

/// No certificate and key are longer.
const LONGEST: u64 = 64 * 1024;

/// The kept one, or a new one, which is kept if there is a place to keep it.
pub(super) fn obtain(hostname: &str, dir: Option<&Path>, logger: &Logger) -> Result<Certificate, Error> {
    let file = dir.map(|dir| dir.join(SELF_SIGNED_FILE));
    match file.as_deref().map(read) {
        Some(Ok(Some(kept))) if is_good(&kept, hostname) => {
            logger.info("Using existing self-signed certificate");
            return Ok(kept);
        }
        Some(Err(reason)) => warn!(logger, "Unable to use existing self-signed certificate, {reason}"),
        _ => {}
    }
    logger.info("Generating new self-signed certificate");
    let made = generate(hostname).map_err(|error| {
        Error::new(format!(
            "Cannot make a self-signed certificate for '{hostname}', the host of backend.baseUrl: {error}"
        ))
    })?;
    if let Some(Err(error)) = file.as_deref().map(|file| PrivateFile::write(file, &made)?.publish()) {
        warn!(
            logger,
            error = &error,
            "The self-signed certificate is not kept, the next start makes another"
        );
    }
    Certificate::from_pem(&made, &made).map_err(|fault| Error::new(fault.text))
}

fn read(file: &Path) -> Result<Option<Certificate>, String> {
    let opened = match OpenOptions::new().read(true).open(file) {
        Ok(opened) => opened,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error.to_string()),
    };
    let mut text = String::new();
    opened.take(LONGEST).read_to_string(&mut text).map_err(|error| error.to_string())?;
    Certificate::from_pem(&text, &text).map(Some).map_err(|fault| fault.text)
}

fn is_good(kept: &Certificate, hostname: &str) -> bool {
    let then = SystemTime::now() + SPARE;
    let then = then.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    kept.vouches_for(hostname, UnixTime::since_unix_epoch(then)).is_ok()
}

/// Certificate and key, as PEM.
fn generate(hostname: &str) -> Result<String, rcgen::Error> {
    let mut names: Vec<_> = NAMES.map(str::to_owned).into();
    if !names.iter().any(|name| name == hostname) {
        names.push(hostname.to_owned());
    }
    let mut params = CertificateParams::new(names)?;
    params.distinguished_name = DistinguishedName::new();
    params.distinguished_name.push(DnType::CommonName, "dev-cert");
    params.not_before = SystemTime::now().into();
    params.not_after = (SystemTime::now() + VALID).into();
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    let key = KeyPair::generate()?;
    Ok(params.self_signed(&key)?.pem() + &key.serialize_pem())
}
