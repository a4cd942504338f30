//! Who vouches for people, and the extension point by which modules add others.

use std::{collections::BTreeMap, fmt, future::Future, pin::Pin, sync::Arc};

use greenroom::{core::Declarations, prelude::*};
use http::request::Parts;
use parking_lot::RwLock;
use serde_json::{Map, Value};

use crate::remarks::DeclaredProvider;

/// Whom a provider vouches for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SignIn {
    /// Such as `user:default/ada`.
    pub user_entity_ref: String,
    /// On whose behalf they own what they own: themselves and their groups.
    pub ownership_entity_refs: Vec<String>,
    /// What the front end shows of them: `email`, `displayName`, `picture`.
    pub profile: Map<String, Value>,
}

impl SignIn {
    /// Somebody who owns what is their own.
    pub fn new(user_entity_ref: impl Into<String>) -> Self {
        let user_entity_ref = user_entity_ref.into();
        Self { ownership_entity_refs: vec![user_entity_ref.clone()], user_entity_ref, ..Self::default() }
    }
}

/// Vouches for people by what their requests say.
///
/// ```
/// use greenroom::prelude::*;
/// use greenroom_plugin_auth::{AuthProvider, SignIn};
/// use http::request::Parts;
///
/// /// Believes the proxy in front, which removes this header from what it gets.
/// struct Proxy;
///
/// impl AuthProvider for Proxy {
///     async fn sign_in(&self, request: &Parts) -> Result<SignIn> {
///         let name = request.headers.get("x-forwarded-user").and_then(|name| name.to_str().ok());
///         let name = name.ok_or_else(|| Error::authentication("The proxy names nobody"))?;
///         Ok(SignIn::new(format!("user:default/{name}")))
///     }
/// }
/// ```
pub trait AuthProvider: Send + Sync + 'static {
    /// Whose request it is. Asked at each refresh of a session too.
    fn sign_in(&self, request: &Parts) -> impl Future<Output = Result<SignIn>> + Send;
}

/// The same, for a map of all.
pub(crate) trait AnyProvider: Send + Sync {
    fn sign_in_boxed<'a>(
        &'a self,
        request: &'a Parts,
    ) -> Pin<Box<dyn Future<Output = Result<SignIn>> + Send + 'a>>;
}

impl<P: AuthProvider> AnyProvider for P {
    fn sign_in_boxed<'a>(
        &'a self,
        request: &'a Parts,
    ) -> Pin<Box<dyn Future<Output = Result<SignIn>> + Send + 'a>> {
        Box::pin(self.sign_in(request))
    }
}

/// The extension point `auth.providers`: modules add providers, which serve once `auth.providers.<id>` is configured.
///
/// ```
/// # use greenroom::prelude::*;
/// # use greenroom_plugin_auth::{AuthProvider, AuthProviders, DeclareAuthProvider, SignIn};
/// # struct Proxy;
/// # impl AuthProvider for Proxy {
/// #     async fn sign_in(&self, _: &http::request::Parts) -> Result<SignIn> { Ok(SignIn::new("user:default/ada")) }
/// # }
/// pub fn proxy_provider() -> Module {
///     module("auth", "proxy-provider", |env| {
///         env.register_init(async |providers: AuthProviders| providers.register("proxy", Proxy));
///     })
///     .auth_provider("proxy")
/// }
/// ```
#[derive(Clone, Default)]
pub struct AuthProviders(Arc<RwLock<BTreeMap<String, Arc<dyn AnyProvider>>>>);

impl Service for AuthProviders {
    const ID: &'static str = "auth.providers";
    type Scope = scope::Extension;
}

impl AuthProviders {
    /// Adds a provider. Errors if there is one of that id: `Auth provider '…' was already registered`.
    pub fn register(&self, id: impl Into<String>, provider: impl AuthProvider) -> Result {
        let id = id.into();
        let mut providers = self.0.write();
        if providers.contains_key(&id) {
            return Err(Error::new(format!("Auth provider '{id}' was already registered")).into());
        }
        providers.insert(id, Arc::new(provider));
        Ok(())
    }

    /// That a check of the config knows of them all.
    pub(crate) fn are_declared(&self, declarations: &Declarations) -> Result<(), Error> {
        let declared = declarations.of::<DeclaredProvider>();
        let providers = self.0.read();
        match providers.keys().find(|id| !declared.iter().any(|(_, provider)| provider.0 == **id)) {
            None => Ok(()),
            Some(id) => Err(Error::new(format!(
                "Auth provider '{id}' is registered and not declared, so that a check of the config would take it for \
                 unknown: add .auth_provider(\"{id}\") to its module"
            ))),
        }
    }

    pub(crate) fn has(&self, id: &str) -> bool {
        self.0.read().contains_key(id)
    }

    /// All of them, those in service with what they do.
    pub(crate) fn configured(&self, configured: &[(String, String)]) -> Registered {
        let is_configured = |id: &str| configured.iter().any(|(name, _)| name == id);
        let all = self.0.read();
        let all = all.iter().map(|(id, provider)| (id.clone(), is_configured(id).then(|| provider.clone())));
        Registered(Arc::new(all.collect()))
    }
}

impl fmt::Debug for AuthProviders {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("AuthProviders").field(&self.0.read().keys().collect::<Vec<_>>()).finish()
    }
}

/// What is registered once the plugin has started; `None` for what the config does not ask for.
#[derive(Clone)]
pub(crate) struct Registered(Arc<BTreeMap<String, Option<Arc<dyn AnyProvider>>>>);

impl Registered {
    /// The provider in service.
    ///
    /// # Errors
    /// 404, in Backstage's words.
    pub(crate) fn get(&self, id: &str) -> Result<Arc<dyn AnyProvider>, Error> {
        match self.0.get(id) {
            Some(Some(provider)) => Ok(provider.clone()),
            Some(None) => Err(Error::not_found(format!("No auth provider registered for '{id}'"))),
            None => Err(Error::not_found(format!("Unknown auth provider '{id}'"))),
        }
    }
}
