//! `Auth` and `HttpAuth` that know the tokens of [`mock_credentials`], and those that the plugin `auth` has issued if the
//! backend under test has it.

use greenroom::{
    auth::{
        AllowedPrincipals, AuthService, AuthenticateOptions, BoxFuture, Credentials, HttpAuth,
        HttpAuthService, Principal, UserCookie, UserTokens,
    },
    errors::{Error, Result},
};
use http::{HeaderMap, header::AUTHORIZATION};
use serde_json::Value;

use crate::mock_credentials::{
    self, INVALID_LIMITED_USER_TOKEN, INVALID_SERVICE_TOKEN, INVALID_USER_TOKEN, NONE_TOKEN, SERVICE_TOKEN,
    USER_TOKEN,
};

/// Reads tokens sent to one plugin.
pub(crate) struct MockAuth {
    pub(crate) plugin: String,
    /// Of the backend under test, if there is one.
    pub(crate) users: Option<UserTokens>,
}

impl AuthService for MockAuth {
    fn authenticate<'a>(
        &'a self,
        token: &'a str,
        options: AuthenticateOptions,
    ) -> BoxFuture<'a, Result<Credentials>> {
        Box::pin(async move {
            if let Some(users) = &self.users
                && let Some(user) = users.authenticate(token, options, None).await?
            {
                return Ok(user);
            }
            Ok(self.read(token)?)
        })
    }

    fn own_service_credentials(&self) -> Result<Credentials> {
        Ok(Credentials::of(Principal::service(format!("plugin:{}", self.plugin))))
    }

    fn plugin_request_token<'a>(
        &'a self,
        on_behalf_of: &'a Credentials,
        target_plugin_id: &'a str,
    ) -> BoxFuture<'a, Result<String>> {
        Box::pin(async move { Ok(mock_credentials::token_for(on_behalf_of, target_plugin_id)) })
    }
}

impl MockAuth {
    fn read(&self, token: &str) -> Result<Credentials, Error> {
        match token {
            USER_TOKEN => return Ok(mock_credentials::user().credentials()),
            SERVICE_TOKEN => return Ok(mock_credentials::service().credentials()),
            INVALID_USER_TOKEN => return Err(Error::authentication("User token is invalid")),
            INVALID_LIMITED_USER_TOKEN => return Err(Error::authentication("Limited user token is invalid")),
            INVALID_SERVICE_TOKEN => return Err(Error::authentication("Service token is invalid")),
            "" => return Err(Error::authentication("Token is empty")),
            _ => {}
        }
        let unknown = || Error::authentication(format!("Unknown mock token '{token}'"));
        let (kind, claims) = token.split_once(':').ok_or_else(unknown)?;
        let claims: Value = serde_json::from_str(claims).map_err(|_| unknown())?;
        let claim = |name: &str| claims[name].as_str();
        match (kind, claim("sub"), claim("obo")) {
            (USER_TOKEN, Some(user), _) => self.user(user),
            (SERVICE_TOKEN, subject, on_behalf_of) => {
                self.check_target(claim("target"))?;
                match on_behalf_of {
                    Some(user) => self.user(user),
                    None => {
                        let subject = subject.unwrap_or(mock_credentials::DEFAULT_SERVICE);
                        Ok(mock_credentials::service_of(subject).credentials())
                    }
                }
            }
            _ => Err(unknown()),
        }
    }

    fn user(&self, entity_ref: &str) -> Result<Credentials, Error> {
        if !mock_credentials::is_full_ref(entity_ref) {
            return Err(Error::authentication(format!(
                "Invalid user entity reference '{entity_ref}', expected <kind>:<namespace>/<name>"
            )));
        }
        Ok(mock_credentials::user_of(entity_ref).credentials())
    }

    fn check_target(&self, target: Option<&str>) -> Result<(), Error> {
        match target.filter(|target| *target != self.plugin) {
            None => Ok(()),
            Some(target) => Err(Error::authentication(format!(
                "Invalid mock token target plugin ID, got '{target}' but expected '{}'",
                self.plugin
            ))),
        }
    }
}

/// Reads requests; those without a token come from `default`.
pub(crate) struct MockHttpAuth {
    pub(crate) real: HttpAuth,
    pub(crate) default: Credentials,
}

impl HttpAuthService for MockHttpAuth {
    fn credentials<'a>(
        &'a self,
        headers: &'a HeaderMap,
        options: AuthenticateOptions,
    ) -> BoxFuture<'a, Result<Credentials>> {
        Box::pin(async move {
            let authorization = headers.get(AUTHORIZATION).and_then(|value| value.to_str().ok());
            if authorization.is_some_and(|value| value.split(' ').next_back() == Some(NONE_TOKEN)) {
                return Ok(Credentials::none());
            }
            let read = self.real.credentials_with(headers, AllowedPrincipals::ANY, options).await?;
            Ok(if read == Credentials::none() { self.default.clone() } else { read })
        })
    }

    fn issue_user_cookie<'a>(
        &'a self,
        headers: &'a HeaderMap,
        credentials: &'a Credentials,
    ) -> BoxFuture<'a, Result<UserCookie>> {
        Box::pin(self.real.issue_user_cookie(headers, credentials))
    }
}
