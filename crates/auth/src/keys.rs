//! Key pairs that sign tokens, and their public halves.

use std::{fmt, sync::Arc};

use aws_lc_rs::{
    rand::SystemRandom,
    signature::{
        ECDSA_P256_SHA256_FIXED_SIGNING, ECDSA_P384_SHA384_FIXED_SIGNING, EcdsaKeyPair,
        EcdsaSigningAlgorithm, Ed25519KeyPair, KeyPair,
    },
};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use greenroom_errors::Error;
use jsonwebtoken::{
    Algorithm, DecodingKey, EncodingKey,
    crypto::{aws_lc, sign},
};
use serde::{Serialize, Serializer};
use serde_json::{Value, json};

/// How tokens are signed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum SigningAlgorithm {
    /// ECDSA on P-256: Backstage's default.
    #[default]
    Es256,
    /// ECDSA on P-384.
    Es384,
    /// Ed25519.
    EdDsa,
}

impl SigningAlgorithm {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Es256, Self::Es384, Self::EdDsa];

    /// The name in a token's header and in config.
    pub fn name(self) -> &'static str {
        match self {
            Self::Es256 => "ES256",
            Self::Es384 => "ES384",
            Self::EdDsa => "EdDSA",
        }
    }

    /// The one of that name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|algorithm| algorithm.name() == name)
    }

    /// What a DER document of a public key has before the key's own bytes, of which there are so many: of an uncompressed point
    /// on a named curve by RFC 5480, of Ed25519 by RFC 8410.
    fn spki(self) -> (&'static [u8], usize) {
        match self {
            Self::Es256 => (
                &[
                    0x30, 0x59, 0x30, 0x13, 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01, 0x06, 0x08,
                    0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07, 0x03, 0x42, 0x00,
                ],
                65,
            ),
            Self::Es384 => (
                &[
                    0x30, 0x76, 0x30, 0x10, 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01, 0x06, 0x05,
                    0x2b, 0x81, 0x04, 0x00, 0x22, 0x03, 0x62, 0x00,
                ],
                97,
            ),
            Self::EdDsa => (&[0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x21, 0x00], 32),
        }
    }

    pub(crate) fn algorithm(self) -> Algorithm {
        match self {
            Self::Es256 => Algorithm::ES256,
            Self::Es384 => Algorithm::ES384,
            Self::EdDsa => Algorithm::EdDSA,
        }
    }
}

/// Names the crypto provider, so that none is guessed from what other crates of a program have turned on. One that the
/// program has installed itself stays.
pub(crate) fn install_provider() {
    static INSTALLED: std::sync::Once = std::sync::Once::new();
    INSTALLED.call_once(|| {
        let _ = aws_lc::DEFAULT_PROVIDER.install_default();
    });
}

/// That of an algorithm of ECDSA.
fn curve(algorithm: SigningAlgorithm) -> &'static EcdsaSigningAlgorithm {
    match algorithm {
        SigningAlgorithm::Es384 => &ECDSA_P384_SHA384_FIXED_SIGNING,
        _ => &ECDSA_P256_SHA256_FIXED_SIGNING,
    }
}

/// A key pair. The private half never leaves it.
#[derive(Clone)]
pub struct SigningKey {
    public: PublicKey,
    private: EncodingKey,
}

impl SigningKey {
    /// A new pair, named by a new UUID.
    pub fn generate(algorithm: SigningAlgorithm) -> Result<Self, Error> {
        let made = |_| Error::new("No key pair could be made");
        let random = SystemRandom::new();
        let (private, public) = match algorithm {
            SigningAlgorithm::Es256 | SigningAlgorithm::Es384 => {
                let curve = curve(algorithm);
                let pkcs8 = EcdsaKeyPair::generate_pkcs8(curve, &random).map_err(made)?;
                let pair = EcdsaKeyPair::from_pkcs8(curve, pkcs8.as_ref())
                    .map_err(|why| Error::new(format!("No key pair could be made: {why}")))?;
                (EncodingKey::from_ec_der(pkcs8.as_ref()), pair.public_key().as_ref().to_vec())
            }
            SigningAlgorithm::EdDsa => {
                let pkcs8 = Ed25519KeyPair::generate_pkcs8(&random).map_err(made)?;
                let pair = Ed25519KeyPair::from_pkcs8(pkcs8.as_ref())
                    .map_err(|why| Error::new(format!("No key pair could be made: {why}")))?;
                (EncodingKey::from_ed_der(pkcs8.as_ref()), pair.public_key().as_ref().to_vec())
            }
        };
        Ok(Self { public: PublicKey::new(uuid()?.into(), algorithm, &public), private })
    }

    /// The pair of that public key, of its private half in PKCS#8; `None` if they are no pair.
    pub(crate) fn from_pkcs8(public: PublicKey, pkcs8: &[u8]) -> Option<Self> {
        let found = match public.algorithm {
            SigningAlgorithm::Es256 | SigningAlgorithm::Es384 => {
                let pair = EcdsaKeyPair::from_pkcs8(curve(public.algorithm), pkcs8).ok()?;
                pair.public_key().as_ref().to_vec()
            }
            SigningAlgorithm::EdDsa => Ed25519KeyPair::from_pkcs8(pkcs8).ok()?.public_key().as_ref().to_vec(),
        };
        let private = match public.algorithm {
            SigningAlgorithm::EdDsa => EncodingKey::from_ed_der(pkcs8),
            _ => EncodingKey::from_ec_der(pkcs8),
        };
        let theirs = PublicKey::new(public.kid.clone(), public.algorithm, &found);
        (theirs.jwk == public.jwk).then_some(Self { public, private })
    }

    /// The half that verifies.
    pub fn public(&self) -> &PublicKey {
        &self.public
    }

    /// The base64url signature of a text.
    pub(crate) fn sign(&self, text: &str) -> Result<String, Error> {
        install_provider();
        sign(text.as_bytes(), &self.private, self.public.algorithm.algorithm())
            .map_err(|why| Error::new(format!("A token could not be signed: {why}")))
    }
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SigningKey").field("public", &self.public).finish_non_exhaustive()
    }
}

/// A key that verifies tokens. As JSON it is the JWK that Backstage publishes.
#[derive(Clone)]
pub struct PublicKey {
    kid: Arc<str>,
    algorithm: SigningAlgorithm,
    jwk: Arc<Value>,
    verifies: DecodingKey,
}

impl PublicKey {
    pub(crate) fn new(kid: Arc<str>, algorithm: SigningAlgorithm, bytes: &[u8]) -> Self {
        let text = |bytes: &[u8]| URL_SAFE_NO_PAD.encode(bytes);
        // Node's order of members.
        let (mut jwk, verifies) = match algorithm {
            SigningAlgorithm::Es256 | SigningAlgorithm::Es384 => {
                // An uncompressed point: a byte that says so, then both coordinates.
                let point = bytes.get(1..).unwrap_or_default();
                let (x, y) = point.split_at(point.len() / 2);
                let curve = if algorithm == SigningAlgorithm::Es384 { "P-384" } else { "P-256" };
                let jwk = json!({"kty": "EC", "x": text(x), "y": text(y), "crv": curve});
                (jwk, DecodingKey::from_ec_der(bytes))
            }
            SigningAlgorithm::EdDsa => {
                let jwk = json!({"crv": "Ed25519", "x": text(bytes), "kty": "OKP"});
                (jwk, DecodingKey::from_ed_der(bytes))
            }
        };
        jwk["kid"] = json!(&*kid);
        jwk["alg"] = json!(algorithm.name());
        Self { kid, algorithm, jwk: Arc::new(jwk), verifies }
    }

    /// That of a JWK; `None` if it is malformed, for something else than signatures, or of an algorithm that is not verified
    /// here.
    pub(crate) fn from_jwk(jwk: &Value) -> Option<Self> {
        let text = |name: &str| jwk.get(name).and_then(Value::as_str);
        let (algorithm, size) = match (text("kty")?, text("crv")?) {
            ("EC", "P-256") => (SigningAlgorithm::Es256, 32),
            ("EC", "P-384") => (SigningAlgorithm::Es384, 48),
            ("OKP", "Ed25519") => (SigningAlgorithm::EdDsa, 32),
            _ => return None,
        };
        let is_for_signatures = text("use").is_none_or(|usage| usage == "sig");
        let alg_fits = jwk.get("alg").is_none_or(|alg| alg.as_str() == Some(algorithm.name()));
        if !(is_for_signatures && alg_fits) {
            return None;
        }
        let half = |name: &str| {
            let bytes = URL_SAFE_NO_PAD.decode(text(name)?).ok()?;
            (bytes.len() == size).then_some(bytes)
        };
        let bytes = match algorithm {
            SigningAlgorithm::EdDsa => half("x")?,
            _ => [vec![4], half("x")?, half("y")?].concat(),
        };
        Some(Self::new(text("kid")?.into(), algorithm, &bytes))
    }

    /// That of a DER document, as it stands in a file of PEM; `None` if it is of another algorithm.
    pub(crate) fn from_spki(kid: Arc<str>, algorithm: SigningAlgorithm, spki: &[u8]) -> Option<Self> {
        let (head, length) = algorithm.spki();
        let bytes = spki.strip_prefix(head).filter(|bytes| bytes.len() == length)?;
        // Another first byte is another way to write a point.
        let is_read = algorithm == SigningAlgorithm::EdDsa || bytes[0] == 4;
        is_read.then(|| Self::new(kid, algorithm, bytes))
    }

    /// The same, published as a key that is for signatures.
    #[must_use]
    pub fn for_signatures(self) -> Self {
        let mut jwk = Value::clone(&self.jwk);
        jwk["use"] = json!("sig");
        Self { jwk: Arc::new(jwk), ..self }
    }

    /// Its name.
    pub fn kid(&self) -> &str {
        &self.kid
    }

    /// What it verifies, whatever a token says of itself.
    pub fn algorithm(&self) -> SigningAlgorithm {
        self.algorithm
    }

    pub(crate) fn verifies(&self) -> &DecodingKey {
        &self.verifies
    }
}

impl fmt::Debug for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.jwk)
    }
}

impl Serialize for PublicKey {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.jwk.serialize(serializer)
    }
}

/// A random UUID.
fn uuid() -> Result<String, Error> {
    let mut bytes = [0; 16];
    getrandom::fill(&mut bytes).map_err(|why| Error::new(format!("No key can be named: {why}")))?;
    bytes[6] = bytes[6] & 0x0f | 0x40;
    bytes[8] = bytes[8] & 0x3f | 0x80;
    let hex: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    Ok([&hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..]].join("-"))
}
