//! The forms of credentials that others see, and what an auth service does without being told.

use std::time::{Duration, UNIX_EPOCH};

use greenroom_auth::{
    AccessRestrictions, Auth, AuthService, AuthenticateOptions, BoxFuture, Credentials, ExternalTokens,
    Principal,
};
use greenroom_config::RootConfig;
use greenroom_errors::describe;
use serde_json::json;

fn obo() -> Credentials {
    let principal =
        Principal::User { user_entity_ref: "user:default/ada".into(), actor: Some("plugin:catalog".into()) };
    Credentials::of(principal)
        .with_token("a.secret.token")
        .expiring_at(UNIX_EPOCH + Duration::from_secs(1_795_336_468))
}

fn restricted() -> Credentials {
    let access_restrictions = Some(AccessRestrictions {
        permission_names: vec!["catalog.entity.read".into()],
        actions: vec!["read".into()],
    });
    Credentials::of(Principal::Service { subject: "ci".into(), access_restrictions })
}

#[test]
fn auth_13_credentials_as_json_are_backstages_without_the_token() {
    let text = |credentials: &Credentials| serde_json::to_string(credentials).unwrap();
    assert_eq!(
        text(&obo()),
        r#"{"$$type":"@backstage/BackstageCredentials","version":"v1","expiresAt":"2026-11-22T08:34:28.000Z","principal":{"type":"user","userEntityRef":"user:default/ada","actor":{"type":"service","subject":"plugin:catalog"}}}"#
    );
    assert_eq!(
        text(&restricted()),
        r#"{"$$type":"@backstage/BackstageCredentials","version":"v1","principal":{"type":"service","subject":"ci","accessRestrictions":{"permissionNames":["catalog.entity.read"],"permissionAttributes":{"action":["read"]}}}}"#
    );
    assert_eq!(
        text(&Credentials::none()),
        r#"{"$$type":"@backstage/BackstageCredentials","version":"v1","principal":{"type":"none"}}"#
    );
}

#[test]
fn auth_14_credentials_as_text_are_backstages_without_the_token() {
    assert_eq!(
        obo().to_string(),
        "backstageCredentials{userPrincipal{user:default/ada,actor={servicePrincipal{plugin:catalog}}}}"
    );
    assert_eq!(
        Credentials::of(Principal::service("plugin:catalog")).to_string(),
        "backstageCredentials{servicePrincipal{plugin:catalog}}"
    );
    // The base64 SHA-256 of what the JSON says of the restrictions.
    assert_eq!(
        restricted().to_string(),
        "backstageCredentials{servicePrincipal{ci,accessRestrictions=wmXfz2jQVHZRKXqf1KgTbSlf5JyB9TMAvHHksvAXpxI}}"
    );
    assert_eq!(Credentials::none().to_string(), "backstageCredentials{nonePrincipal}");
    assert!(!format!("{:?}", obo()).contains("secret"), "{:?}", obo());
}

#[tokio::test]
async fn what_is_not_there_yet_says_so_in_words() {
    let config = |open: bool| {
        let yaml = format!("backend: {{auth: {{dangerouslyDisableDefaultAuthPolicy: {open}}}}}");
        ExternalTokens::from_config(&RootConfig::from_yaml(&yaml).unwrap()).unwrap()
    };
    let auth = Auth::external(config(false), "catalog");
    let told = async |auth: &Auth, credentials: &Credentials| {
        let token = auth.plugin_request_token(credentials, "search").await;
        token.map_err(|error| (describe(&*error).status(), error.to_string()))
    };
    let own = auth.own_service_credentials().unwrap();
    assert_eq!(own.require_service().unwrap(), "plugin:catalog");
    assert_eq!(
        told(&auth, &own).await,
        Err((
            501,
            "The plugin 'catalog' cannot call the plugin 'search' on behalf of a service: this backend does not issue \
             tokens between plugins yet"
                .into()
        ))
    );
    assert_eq!(auth.public_service_keys().await.unwrap().len(), 0);
    // These are final already.
    let refused = "Refused to issue service token for credential type 'none'";
    assert_eq!(told(&auth, &auth.none_credentials()).await, Err((401, refused.into())));
    assert_eq!(told(&Auth::external(config(true), "catalog"), &Credentials::none()).await, Ok(String::new()));
}

#[tokio::test]
async fn a_fake_auth_service_is_one_function() {
    struct Everybody;
    impl AuthService for Everybody {
        fn authenticate<'a>(
            &'a self,
            token: &'a str,
            _: AuthenticateOptions,
        ) -> BoxFuture<'a, greenroom_errors::Result<Credentials>> {
            Box::pin(async move { Ok(Credentials::of(Principal::user(token))) })
        }
    }
    let auth = Auth::new(Everybody);
    let credentials = auth.authenticate("user:default/ada").await.unwrap();
    let error = auth.plugin_request_token(&credentials, "search").await.unwrap_err();
    assert_eq!(describe(&*error).status(), 501, "{error}");
    assert_eq!(json!(credentials)["principal"]["userEntityRef"], "user:default/ada");
}
