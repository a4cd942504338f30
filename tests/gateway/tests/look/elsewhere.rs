//! Greenroom itself, and what is no Backstage.

use std::{net::Ipv4Addr, time::Duration};

use greenroom_conformance::ports::free_port;
use greenroom_look::Verdict;
use greenroom_page::Program;
use tokio::time::Instant;

use crate::{
    ingress::Ingress,
    look::{Run, named, problems},
};

const HERE: Ipv4Addr = Ipv4Addr::LOCALHOST;

#[tokio::test]
async fn greenroom_itself_shows_what_a_portal_without_a_front_end_does() {
    let server = Program::greenroom().start().await;
    let url = format!("http://localhost:{}", server.port());
    let report = Run::at(&*url).quickly().await;
    assert_eq!(problems(&report).into_iter().collect::<Vec<_>>(), [""; 0], "{}", report.text(true));
    assert_eq!(report.verdict(), Verdict::NothingFound);
}

/// The page of Debian's package says the same.
#[tokio::test]
async fn a_bare_nginx_is_no_backstage_and_is_left_alone_soon() {
    let port = free_port().expect("a port");
    let server = format!(
        "server {{ listen {HERE}:{port}; default_type text/html; location = / {{ return 200 '<title>Welcome to nginx!</title>'; }}\n\
         location / {{ return 404; }} }}"
    );
    let ingress = Ingress::start(&server, HERE, port).await;
    let run = Run::at(format!("http://{HERE}:{port}"));
    let (code, told) = run.by_the_command(&[]).await;
    assert_eq!(code, 3, "{told}");
    assert!(told.contains("is not a Backstage: its page is titled 'Welcome to nginx!'"), "{told}");
    assert_eq!(ingress.log(4).await.len(), 4);
}

#[tokio::test]
async fn a_port_at_which_nobody_listens_is_not_reachable() {
    let port = free_port().expect("a port");
    let (code, told) = Run::at(format!("http://{HERE}:{port}")).by_the_command(&[]).await;
    assert_eq!(code, 3, "{told}");
    assert!(told.contains("is not reachable") && told.contains("Connection refused"), "{told}");
}

/// An nginx that redirects everything elsewhere, and one whose files do not end.
#[tokio::test]
async fn a_server_that_leads_elsewhere_and_one_without_an_end_hold_nobody() {
    let (port, other) = (free_port().expect("a port"), free_port().expect("a port"));
    let servers = format!(
        "server {{ listen {HERE}:{port}; return 302 http://{HERE}:{other}/login; }}\n\
         server {{ listen {HERE}:{other}; location / {{ root {{root}}; try_files /large =404; }} }}"
    );
    let files = tempfile::tempdir().expect("a directory");
    // As long as it says, and on no disk.
    let large = std::fs::File::create(files.path().join("large")).expect("a file");
    large.set_len(1_000_000_000).expect("a length");
    let servers = servers.replace("{root}", &files.path().display().to_string());
    let ingress = Ingress::start(&servers, HERE, port).await;
    let (origin, began) = (format!("http://{HERE}:{port}"), Instant::now());
    let report = Run { token: Some("a-token-of-mine"), ..Run::at(&*origin) }.quickly().await;
    assert_eq!((report.verdict(), report.exit_code()), (Verdict::NotABackstage, 3));
    assert!(report.text(false).contains(&format!("http://{HERE}:{other}/login")), "{}", report.text(false));
    let asked = named(&report, &origin);
    assert_eq!(ingress.log(asked.len()).await, asked, "nothing was asked elsewhere");
    let endless = Run::at(format!("http://{HERE}:{other}")).quickly().await;
    assert_eq!(endless.exit_code(), 3, "{}", endless.text(true));
    assert!(began.elapsed() < Duration::from_secs(20), "{:?}", began.elapsed());
}
