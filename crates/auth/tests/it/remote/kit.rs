//! A backend elsewhere: it signs tokens as Node does, and tells its public keys when it is asked.

use std::{
    collections::HashMap,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    thread,
    time::{Duration, UNIX_EPOCH},
};

use aws_lc_rs::{
    rand::SystemRandom,
    signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair},
};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use greenroom_auth::{
    BoxFuture, Clock, ExternalTokens, Issuer, KeysFault, RemoteKeys, TokenLabel, TokenLabels,
};
use http::HeaderMap;
use parking_lot::Mutex;
use serde_json::{Value, json};
use tokio::sync::{oneshot, watch};

pub(super) const NOW: u64 = 1_795_332_868;

/// Signs what it is given.
pub(super) struct Signer {
    pair: EcdsaKeyPair,
    kid: String,
}

impl Signer {
    pub(super) fn named(kid: &str) -> Self {
        let pkcs8 =
            EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &SystemRandom::new()).unwrap();
        let pair = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, pkcs8.as_ref()).unwrap();
        Self { pair, kid: kid.to_owned() }
    }

    pub(super) fn jwk(&self) -> Value {
        let (x, y) = self.pair.public_key().as_ref()[1..].split_at(32);
        let [x, y] = [x, y].map(|half| URL_SAFE_NO_PAD.encode(half));
        json!({"kty": "EC", "x": x, "y": y, "crv": "P-256", "kid": self.kid, "alg": "ES256"})
    }

    /// A token of a type with these claims; members of `header` are laid over its header, null takes one away.
    pub(super) fn token(&self, typ: &str, header: Value, claims: Value) -> String {
        let whole = json!({"typ": typ, "alg": "ES256", "kid": self.kid});
        let timed = over(json!({"iat": NOW, "exp": NOW + 3600}), claims);
        self.sign(&without_null(over(whole, header)), &without_null(timed))
    }

    pub(super) fn sign(&self, header: &Value, claims: &Value) -> String {
        let part = |json: &Value| URL_SAFE_NO_PAD.encode(json.to_string());
        let content = format!("{}.{}", part(header), part(claims));
        let signature = self.pair.sign(&SystemRandom::new(), content.as_bytes()).unwrap();
        format!("{content}.{}", URL_SAFE_NO_PAD.encode(signature))
    }

    pub(super) fn user(&self, claims: Value) -> String {
        let user = json!({"iss": "http://node/api/auth", "sub": "user:default/ada", "aud": "backstage"});
        self.token("vnd.backstage.user", json!({}), over(user, claims))
    }

    pub(super) fn limited(&self) -> String {
        self.token("vnd.backstage.limited-user", json!({}), json!({"sub": "user:default/ada"}))
    }

    pub(super) fn plugin(&self, claims: Value) -> String {
        let plugin = json!({"sub": "catalog", "aud": "search"});
        self.token("vnd.backstage.plugin", json!({}), over(plugin, claims))
    }
}

fn over(mut whole: Value, members: Value) -> Value {
    for (name, value) in members.as_object().unwrap() {
        whole[name] = value.clone();
    }
    whole
}

fn without_null(mut whole: Value) -> Value {
    whole.as_object_mut().unwrap().retain(|_, value| !value.is_null());
    whole
}

/// What the backend answers by path, how often it was asked, and what time it is.
#[derive(Clone)]
pub(super) struct Remote(Arc<Inner>);

struct Inner {
    answers: Mutex<HashMap<String, Vec<u8>>>,
    /// By path.
    asked: Mutex<HashMap<String, usize>>,
    /// While it is held, no answer comes.
    held: watch::Sender<bool>,
    down: Mutex<bool>,
    now: AtomicU64,
}

impl Remote {
    pub(super) fn new() -> Self {
        Self(Arc::new(Inner {
            answers: Mutex::default(),
            asked: Mutex::default(),
            held: watch::Sender::new(false),
            down: Mutex::new(false),
            now: AtomicU64::new(NOW),
        }))
    }

    pub(super) fn publish(&self, issuer: &Issuer, signers: &[&Signer]) {
        let keys: Vec<_> = signers.iter().map(|signer| signer.jwk()).collect();
        self.answer(issuer, json!({ "keys": keys }).to_string().into_bytes());
    }

    pub(super) fn answer(&self, issuer: &Issuer, body: Vec<u8>) {
        self.0.answers.lock().insert(issuer.path(), body);
    }

    pub(super) fn hold(&self, held: bool) {
        self.0.held.send_replace(held);
    }

    pub(super) fn set_down(&self, down: bool) {
        *self.0.down.lock() = down;
    }

    pub(super) fn advance(&self, seconds: u64) {
        self.0.now.fetch_add(seconds, Ordering::Relaxed);
    }

    pub(super) fn set_back(&self, seconds: u64) {
        self.0.now.fetch_sub(seconds, Ordering::Relaxed);
    }

    pub(super) fn asked(&self) -> usize {
        self.0.asked.lock().values().sum()
    }

    pub(super) fn asked_for(&self, issuer: &Issuer) -> usize {
        self.0.asked.lock().get(&issuer.path()).copied().unwrap_or(0)
    }

    pub(super) fn clock(&self) -> Clock {
        let inner = self.0.clone();
        Clock::new(move || UNIX_EPOCH + Duration::from_secs(inner.now.load(Ordering::Relaxed)))
    }

    pub(super) fn keys(&self) -> RemoteKeys {
        let remote = self.clone();
        RemoteKeys::new(move |issuer| remote.clone().fetch(issuer.path()), self.clock())
    }

    fn fetch(self, path: String) -> BoxFuture<'static, Result<Vec<u8>, KeysFault>> {
        *self.0.asked.lock().entry(path.clone()).or_default() += 1;
        Box::pin(async move {
            let mut held = self.0.held.subscribe();
            held.wait_for(|held| !held).await.unwrap();
            if *self.0.down.lock() {
                return Err(KeysFault::Unavailable("connection refused".into()));
            }
            self.0.answers.lock().get(&path).cloned().ok_or(KeysFault::NoSuchPlugin)
        })
    }

    /// Labels with these static tokens.
    pub(super) fn labels(&self, external: ExternalTokens) -> Labels {
        Labels(TokenLabels::new(self.keys(), external).unwrap())
    }
}

pub(super) struct Labels(pub(super) TokenLabels);

impl Labels {
    /// What is told of a request with these headers.
    pub(super) async fn of(&self, lines: &[(&'static str, &str)]) -> TokenLabel {
        let mut headers = HeaderMap::new();
        for (name, value) in lines {
            headers.append(*name, value.parse().unwrap());
        }
        let (tell, told) = oneshot::channel();
        self.0.look(&headers, move |label| tell.send(label).unwrap());
        told.await.unwrap()
    }

    pub(super) async fn bearer(&self, token: &str) -> TokenLabel {
        self.of(&[("authorization", &format!("Bearer {token}"))]).await
    }

    /// What is told before `look` has returned, if anything is.
    pub(super) fn at_once(&self, token: &str) -> Option<TokenLabel> {
        let mut headers = HeaderMap::new();
        headers.insert("authorization", format!("Bearer {token}").parse().unwrap());
        let told = Arc::new(Mutex::new(None));
        let (tell, here) = (told.clone(), thread::current().id());
        self.0.look(&headers, move |label| {
            if thread::current().id() == here {
                *tell.lock() = Some(label);
            }
        });
        *told.lock()
    }

    /// The label once an answer about keys has come.
    pub(super) async fn settled(&self, token: &str) -> TokenLabel {
        loop {
            match self.bearer(token).await {
                TokenLabel::Unverified => tokio::task::yield_now().await,
                label => return label,
            }
        }
    }
}
