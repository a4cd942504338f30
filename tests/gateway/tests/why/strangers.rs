//! Nobody, and who is no Backstage.

use std::net::Ipv4Addr;

use greenroom_conformance::{ports::free_port, version::Version};
use greenroom_gateway_tests::Setup;
use tokio::{
    io::AsyncWriteExt,
    net::{TcpListener, TcpStream},
};

use crate::{
    ingress::Ingress,
    told::{at, why},
};

const HERE: Ipv4Addr = Ipv4Addr::LOCALHOST;

/// Takes connections and does this with each.
#[expect(clippy::disallowed_methods, reason = "it belongs to a test, and to no backend")]
async fn socket<F: Future<Output = ()> + Send + 'static>(does: fn(TcpStream) -> F) -> u16 {
    let listener = TcpListener::bind((HERE, 0)).await.expect("a port");
    let port = listener.local_addr().expect("it listens").port();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(does(stream));
        }
    });
    port
}

#[tokio::test]
async fn why_1_who_cannot_be_reached_is_told_with_the_reason() {
    let free = free_port().expect("a port");
    why(&[&at(free)], None).await.names(3, "refused", &["Nobody listens at 127.0.0.1", "start the backend"]);
    why(&["http://no-such-host.invalid:7007"], None).await.names(
        3,
        "nameUnknown",
        &["no-such-host.invalid", "DNS"],
    );
    let closes = socket(|stream| async move { drop(stream) }).await;
    why(&[&at(closes)], None).await.names(3, "closedEarly", &["closes it without an answer"]);
    let silent = socket(|stream| async move {
        let _held = stream;
        std::future::pending::<()>().await;
    })
    .await;
    why(&[&at(silent)], None).await.names(3, "noAnswer", &["answers nothing within 2 s"]);
    let other = socket(|mut stream| async move {
        let _ = stream.write_all(b"SSH-2.0-OpenSSH_9.2\r\n\r\n").await;
        std::future::pending::<()>().await;
    })
    .await;
    why(&[&at(other)], None).await.names(3, "notHttp", &["is no web server"]);
}

/// A certificate of nobody's, and its key.
fn certificate(directory: &std::path::Path) -> (String, String) {
    let made = rcgen::generate_simple_self_signed(vec!["localhost".to_owned()]).expect("a certificate");
    let (certificate, key) = (directory.join("cert.pem"), directory.join("key.pem"));
    std::fs::write(&certificate, made.cert.pem()).expect("a file");
    std::fs::write(&key, made.signing_key.serialize_pem()).expect("a file");
    (certificate.display().to_string(), key.display().to_string())
}

#[tokio::test]
async fn why_2_what_answers_in_place_of_a_backend_is_told_apart() {
    let [page, dead, login, tls, nobody] = std::array::from_fn(|_| free_port().expect("a port"));
    let files = tempfile::tempdir().expect("a directory");
    let (certificate, key) = certificate(files.path());
    let servers = format!(
        "server {{ listen {HERE}:{page}; location / {{ default_type text/html; return 200 '<title>Welcome to nginx!</title>'; }} }}\n\
         server {{ listen {HERE}:{dead}; location / {{ proxy_pass http://{HERE}:{nobody}; }} }}\n\
         server {{ listen {HERE}:{login}; location / {{ return 302 https://idp.example/oauth2/start?rd=secret; }} }}\n\
         server {{ listen {HERE}:{tls} ssl; ssl_certificate {certificate}; ssl_certificate_key {key}; location / {{ return 200 ok; }} }}\n"
    );
    let _ingress = Ingress::start(&servers, HERE, page).await;
    why(&[&at(page)], None).await.names(3, "notBackstage", &["is no Backstage", "Welcome to nginx!"]);
    why(&[&at(dead)], None).await.names(
        3,
        "ingress",
        &["answers 502", "does not reach the backend behind it"],
    );
    let told = why(&[&at(login)], None).await;
    told.names(3, "loginPage", &["sign-in at https://idp.example/oauth2/start,"]);
    assert!(!told.json()["sentence"].as_str().unwrap_or_default().contains("secret"), "{told:?}");
    why(&[&at(tls)], None).await.names(3, "plainToTls", &["speaks TLS", "ask https://"]);
    let wrong = format!("https://127.0.0.1:{page}");
    why(&[&wrong], None).await.names(3, "notTls", &["does not speak TLS", "ask http://"]);
    let untrusted = format!("https://localhost:{tls}");
    why(&[&untrusted], None).await.names(3, "certificate", &["certificate", "NODE_EXTRA_CA_CERTS"]);
}

#[tokio::test]
async fn why_2_an_api_that_goes_elsewhere_and_a_path_below_which_nothing_is_are_told() {
    let node = Setup::new(Version::newest()).node_alone().await;
    let well = why(&[&at(node.port()), "--plugin", "gw"], None).await;
    let told = well.json();
    assert_eq!((well.code, &told["verdict"]), (Some(0), &"well".into()), "{told}");
    assert!(
        told["sentence"].as_str().is_some_and(|said| said.contains("is ready") && said.contains("'gw'")),
        "{told}"
    );
    let below = format!("{}/portal", at(node.port()));
    why(&[&below], None).await.names(3, "wrongPath", &["/portal, but there is one at http://127.0.0.1"]);

    let port = free_port().expect("a port");
    let servers = format!(
        "server {{ listen {HERE}:{port}; location /.backstage/ {{ proxy_pass http://{HERE}:{}; }}\n\
         location / {{ default_type text/html; return 200 '<title>Our portal</title>'; }} }}\n",
        node.port()
    );
    let _ingress = Ingress::start(&servers, HERE, port).await;
    why(&[&at(port)], None).await.names(1, "apiNotRouted", &["/api goes elsewhere", "every plugin"]);
}
