//! What each connection is.

use greenroom_database::DatabaseError;
use greenroom_database_postgres::{PgPool, sqlx};

use crate::{ask, cluster::cluster, config, open, run};

#[tokio::test]
async fn database_16_each_connection_takes_on_the_role() {
    let admin = open(&config(cluster(), ""), "admin").await.unwrap();
    run(&admin, "create role \"The Role\"").await;
    let more = "role: The Role\nknexConfig: {pool: {max: 2}}";
    let client = open(&config(cluster(), more), "admin").await.unwrap();
    let pool: PgPool = client.pool().unwrap();
    let mut both = [pool.acquire().await.unwrap(), pool.acquire().await.unwrap()];
    for connection in &mut both {
        let role: String =
            sqlx::query_scalar("select current_user::text").fetch_one(&mut **connection).await.unwrap();
        assert_eq!(role, "The Role");
    }
    let error = open(&config(cluster(), "role: nobody-of-this-name\nensureExists: false"), "admin")
        .await
        .unwrap_err();
    assert!(matches!(error, DatabaseError::Refused { .. }), "{error:?}");
    assert!(error.to_string().ends_with("role \"nobody-of-this-name\" does not exist"), "{error}");
}

#[tokio::test]
async fn database_11_the_server_shows_whose_connection_it_is() {
    let yaml = config(cluster(), "").replace("secret}", "secret, statement_timeout: 4000}");
    let client = open(&yaml, "shown").await.unwrap();
    assert_eq!(ask(&client, "show application_name").await, "backstage_plugin_shown");
    assert_eq!(ask(&client, "show statement_timeout").await, "4s");
}

#[tokio::test]
async fn a_server_is_believed_only_by_its_authority_unless_the_config_says_otherwise() {
    let with = |ssl: &str| config(cluster(), "").replace("secret}", &format!("secret, ssl: {ssl}}}"));
    let encrypted = "select ssl::text from pg_stat_ssl where pid = pg_backend_pid()";
    let ca = cluster().ca.replace('\n', "\\n");
    let client = open(&with(&format!("{{ca: \"{ca}\"}}")), "tls").await.unwrap();
    assert_eq!(ask(&client, encrypted).await, "true");
    let client = open(&with("{rejectUnauthorized: false}"), "tls").await.unwrap();
    assert_eq!(ask(&client, encrypted).await, "true");
    let client = open(&with("false"), "tls").await.unwrap();
    assert_eq!(ask(&client, encrypted).await, "false");
    let error = open(&with("true"), "tls").await.unwrap_err();
    assert!(!matches!(error, DatabaseError::NotEnsured { is_away: true, .. }), "somebody is there: {error}");
    let error = error.to_string();
    assert!(
        error.contains("invalid peer certificate: UnknownIssuer; name its authority by `ssl.ca`"),
        "{error}"
    );
    let other_name = with(&format!("{{ca: \"{ca}\"}}")).replace("localhost", "127.0.0.1");
    let error = open(&other_name, "tls").await.unwrap_err().to_string();
    assert!(error.contains("certificate not valid for name \"127.0.0.1\""), "{error}");
}

#[tokio::test]
async fn a_certificate_of_ones_own_is_as_good_as_a_password() {
    let admin = open(&config(cluster(), ""), "certificates").await.unwrap();
    run(&admin, "create role by_certificate login").await;
    run(&admin, "create database certified").await;
    let pem = |text: &str| text.replace('\n', "\\n");
    let (cert, key) = &cluster().client;
    let with = |ssl: &str| {
        config(cluster(), "ensureExists: false").replace(
            "user: admin, password: secret}",
            &format!("user: by_certificate, ssl: {ssl}}}\n    plugin: {{me: {{connection: {{database: certified}}}}}}"),
        )
    };
    let own = format!("cert: \"{}\", key: \"{}\"", pem(cert), pem(key));
    for ssl in [
        format!("{{ca: \"{}\", {own}}}", pem(&cluster().ca)),
        format!("{{rejectUnauthorized: false, {own}}}"),
    ] {
        let client = open(&with(&ssl), "me").await.unwrap();
        assert_eq!(ask(&client, "select current_user::text").await, "by_certificate");
    }
    let error = open(&with("{rejectUnauthorized: false}"), "me").await.unwrap_err();
    assert!(matches!(error, DatabaseError::Refused { .. }), "{error}");
    assert!(error.to_string().contains("connection requires a valid client certificate"), "{error}");
}

#[tokio::test]
async fn a_url_is_as_good_as_an_object() {
    let url = format!("postgres://admin:secret@localhost:{}/ignored?sslmode=no-verify", cluster().port);
    let yaml = format!("backend: {{database: {{client: pg, connection: '{url}'}}}}");
    let client = open(&yaml, "by-url").await.unwrap();
    assert_eq!(ask(&client, "select current_database()::text").await, "backstage_plugin_by-url");
}
