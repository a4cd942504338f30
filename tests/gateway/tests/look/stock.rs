//! What the command says of a portal as create-app has made it.

use std::{fs, path::Path};

use greenroom_conformance::peer;
use greenroom_gateway_tests::Setup;

use crate::{
    cluster::Cluster,
    hardened::{WHOLE, database, packages},
    look::Run,
};

#[tokio::test]
async fn a_portal_as_create_app_has_made_it_is_told_what_it_shows() {
    let cluster = Cluster::start();
    let project = peer::target().join("app/project.yaml");
    let config = fs::read_to_string(&project).unwrap_or_else(|error| panic!("cargo xtask app: {error}"));
    // As its own config for production has it.
    let config = config.replace("baseUrl: http://localhost:3000", "baseUrl: http://localhost:17041");
    let guest = "@backstage/plugin-auth-backend-module-guest-provider";
    let logs = "@backstage/plugin-catalog-backend-module-logs";
    // Where it listens is an object in what create-app has written, which no text can be laid over.
    let backend = format!(
        "listen: {{port: 17041}}, baseUrl: 'http://localhost:17041', database: {}",
        database(&cluster, "stock_")
    );
    let setup = Setup::whole(&packages(WHOLE, &[guest, logs])).config(&config).listen(&backend);
    let node = setup.node_alone().await;

    let (code, told) = Run::at(format!("http://localhost:{}", node.port())).by_the_command(&[]).await;
    assert_eq!(code, 1, "{told}");
    let told = masked(&told, node.port());
    let fixture = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/look/stock.txt");
    if std::env::var_os("UPDATE_DOCS").is_some() {
        fs::write(&fixture, &told).expect("a file");
    }
    let expected = fs::read_to_string(&fixture).unwrap_or_default();
    assert_eq!(told, expected, "UPDATE_DOCS=1 writes {}", fixture.display());
}

/// Without what is another in each run: the port, the time, the names of files and their lengths.
fn masked(told: &str, port: u16) -> String {
    let told = told.replace(&port.to_string(), "7007");
    let word = |word: &str| {
        let hash = word.len() > 20 && word.contains("/static/");
        if hash {
            word.rsplit_once('/').map_or(String::new(), |(path, _)| format!("{path}/…"))
        } else {
            word.to_owned()
        }
    };
    let line = |line: &str| match line.split_once(" in ") {
        Some((asked, _)) if asked.contains(" requests to ") => format!("{asked} in … s"),
        _ if line.contains(" kB in all") => "  [ok]   A first page loads …".to_owned(),
        _ => line.split(' ').map(word).collect::<Vec<_>>().join(" "),
    };
    told.lines().map(|text| line(text) + "\n").collect()
}
