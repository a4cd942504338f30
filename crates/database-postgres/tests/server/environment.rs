//! Which variables of the environment count.

use std::env;

use crate::{
    ask,
    cluster::cluster,
    open,
    processes::{Process, told},
};

#[tokio::test]
async fn the_user_and_the_password_may_be_variables_and_the_place_may_not() {
    let port = cluster().port.to_string();
    let variables = [
        ("PGUSER", "admin"),
        ("PGPASSWORD", "secret"),
        ("PGHOST", "nowhere.invalid"),
        ("PGPORT", "1"),
        ("PGSSLMODE", "verify-full"),
        ("PGOPTIONS", "-c geqo=off"),
        ("TEST_PORT", &port),
    ];
    let said = Process::start("environment::child_by_variables", &variables).end();
    assert_eq!(told(&said), "admin off false");
}

#[tokio::test]
#[ignore = "a process of the test above"]
async fn child_by_variables() {
    let port = env::var("TEST_PORT").unwrap();
    let yaml =
        format!("backend: {{database: {{client: pg, connection: {{host: localhost, port: {port}}}}}}}");
    let client = open(&yaml, "by-variables").await.unwrap();
    let query = "select current_user || ' ' || current_setting('geqo') || ' ' || ssl::text
        from pg_stat_ssl where pid = pg_backend_pid()";
    crate::processes::tell(&ask(&client, query).await);
}
