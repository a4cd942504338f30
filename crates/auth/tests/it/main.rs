//! Tokens, restrictions, and what a request's header says.

mod credentials;
mod remote;

use greenroom_auth::{AllowedPrincipals, Auth, Clock, ExternalTokens, HttpAuth, Principal};
use greenroom_config::RootConfig;
use http::HeaderMap;

const CONFIG: &str = "
backend:
  auth:
    externalAccess:
      - type: static
        options: { token: static-token-abc123, subject: ci-runner }
      - type: static
        options: { token: restricted-token-abc, subject: restricted }
        accessRestrictions:
          - { plugin: catalog, permission: 'catalog.entity.read, catalog.entity.refresh' }
          - { plugin: search }
      - type: legacy
        options: { secret: c2VjcmV0c2VjcmV0c2VjcmV0, subject: legacy-sub }
";

fn tokens(yaml: &str) -> Result<ExternalTokens, String> {
    let config = RootConfig::from_yaml(yaml).unwrap();
    ExternalTokens::from_config(&config).map_err(|error| error.to_string())
}

async fn status_of(header: Option<&str>, plugin: &str) -> (u16, String) {
    let auth = Auth::external(tokens(CONFIG).unwrap(), plugin.to_owned());
    let mut headers = HeaderMap::new();
    if let Some(header) = header {
        headers.insert("authorization", header.parse().unwrap());
    }
    let config = RootConfig::from_yaml(CONFIG).unwrap();
    let http_auth = HttpAuth::of_plugin(auth, config, Clock::default());
    match http_auth.credentials(&headers, AllowedPrincipals::AUTHENTICATED).await {
        Ok(credentials) => (200, credentials.principal().as_service().unwrap_or_default().to_owned()),
        Err(error) => (greenroom_errors::describe(&*error).status(), error.to_string()),
    }
}

#[tokio::test]
async fn auth_9_a_static_token_is_a_service_of_the_configured_subject() {
    assert_eq!(status_of(Some("Bearer static-token-abc123"), "tasks").await, (200, "ci-runner".into()));
}

#[tokio::test]
async fn auth_10_a_restricted_token_works_where_it_is_listed() {
    assert_eq!(status_of(Some("Bearer restricted-token-abc"), "catalog").await, (200, "restricted".into()));
    assert_eq!(
        status_of(Some("Bearer restricted-token-abc"), "tasks").await,
        (403, "This token's access is restricted to plugin(s) 'catalog', 'search'".into())
    );
    let principal = tokens(CONFIG).unwrap().verify("restricted-token-abc", "catalog").unwrap().unwrap();
    let Principal::Service { access_restrictions: Some(restrictions), .. } = principal else {
        panic!("{principal:?}")
    };
    assert_eq!(restrictions.permission_names, ["catalog.entity.read", "catalog.entity.refresh"]);
}

#[tokio::test]
async fn auth_1_2_no_token_is_missing_credentials() {
    for header in [None, Some("Basic abc"), Some("Bearer "), Some("Bearer"), Some("Bearer a b")] {
        assert_eq!(status_of(header, "tasks").await, (401, "Missing credentials".into()), "{header:?}");
    }
}

#[tokio::test]
async fn auth_3_the_scheme_is_read_in_any_case_with_any_spaces() {
    assert_eq!(status_of(Some("bEARER   static-token-abc123"), "tasks").await.0, 200);
}

#[tokio::test]
async fn auth_4_a_token_that_is_nobodys_is_illegal() {
    assert_eq!(status_of(Some("Bearer nope"), "tasks").await, (401, "Illegal token".into()));
}

#[test]
fn auth_11_a_bad_entry_is_refused_in_backstages_words() {
    let entry = |text: &str| format!("backend: {{auth: {{externalAccess: [{text}]}}}}");
    for (yaml, expected) in [
        (
            "{type: other}",
            "Unknown type 'other' in backend.auth.externalAccess, expected one of 'static', 'legacy', 'jwks'",
        ),
        (
            "{type: static, options: {token: short, subject: s}}",
            "Illegal token, must be at least 8 characters length",
        ),
        (
            "{type: static, options: {token: 'has a space', subject: s}}",
            "Illegal token, must be a set of non-space characters",
        ),
        (
            "{type: static, options: {token: long-enough, subject: 'a b'}}",
            "Illegal subject, must be a set of non-space characters",
        ),
    ] {
        let error = tokens(&entry(yaml)).unwrap_err();
        assert!(error.starts_with(expected), "{error}");
    }
}

#[test]
fn what_narrows_a_token_is_read_strictly() {
    let entry = |kind: &str, restrictions: &str| {
        format!(
            "backend: {{auth: {{externalAccess: [{{type: {kind}, options: {{}}, accessRestrictions: {restrictions}}}]}}}}"
        )
    };
    let keys = "expected one of 'plugin', 'permission', 'permissionAttribute'";
    let actions = "valid values are 'create', 'read', 'update', 'delete'";
    let expected = [
        (
            "[{plugin: tasks, permissionAttributes: {action: read}}]",
            format!("Invalid key 'permissionAttributes' in 'accessRestrictions' config, {keys}"),
        ),
        (
            "[{plugin: tasks, permissions: [a]}]",
            format!("Invalid key 'permissions' in 'accessRestrictions' config, {keys}"),
        ),
        (
            "[{plugin: tasks, permissionAttribute: {actions: read}}]",
            "Invalid key 'actions' in 'permissionAttribute' config, expected one of 'action'".to_owned(),
        ),
        (
            "[{plugin: tasks, permissionAttribute: {action: reed}}]",
            format!("Invalid value 'reed' at 'action' in 'permissionAttributes' config, {actions}"),
        ),
        (
            "[{plugin: tasks, permissionAttribute: {action: ['read, reed']}}]",
            format!("Invalid value 'reed' at 'action' in 'permissionAttributes' config, {actions}"),
        ),
        (
            "[{plugin: tasks}, {plugin: tasks, permission: a}]",
            "Attempted to declare 'accessRestrictions' twice for plugin 'tasks', which is not permitted"
                .to_owned(),
        ),
        (
            "[{plugin: tasks, permission: []}]",
            "Invalid value at 'permission', a restriction that is written must name something".to_owned(),
        ),
    ];
    // What is not verified yet is narrowed by the same words.
    for kind in ["static", "legacy"] {
        let valid =
            entry(kind, "[{plugin: tasks, permission: 'a, b', permissionAttribute: {action: [read]}}]")
                .replace("{}", "{token: long-enough, subject: s}");
        assert!(tokens(&valid).is_ok(), "{valid}");
        for (restrictions, expected) in &expected {
            let yaml = entry(kind, restrictions).replace("{}", "{token: long-enough, subject: s}");
            let error = tokens(&yaml).unwrap_err();
            assert!(error.starts_with(expected), "{error}");
        }
    }
    let misspelt = "backend: {auth: {externalAccess: [{type: static, options: {token: long-enough, subject: s}, \
                    accessRestriction: [{plugin: a}]}]}}";
    assert!(tokens(misspelt).unwrap_err().starts_with("Invalid key 'accessRestriction' in"));
}

#[test]
fn what_cannot_be_verified_yet_is_told_with_its_place() {
    let tokens = tokens(CONFIG).unwrap();
    let [line] = tokens.unsupported() else { panic!("{:?}", tokens.unsupported()) };
    assert!(line.starts_with("External access of type 'legacy' is not supported yet"), "{line}");
    assert!(!format!("{tokens:?}").contains("static-token"), "{tokens:?}");
}
