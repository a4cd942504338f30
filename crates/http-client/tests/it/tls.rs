//! Encrypted calls: whom one trusts, and what is said of whom one does not.

use std::fs;

use greenroom_http_client::{Call, CallError, Fault, HttpClient, TlsFault};

use crate::{
    certificates::{Authority, encrypted, mutual},
    kit::{Names, Reply, Server, environment, ok},
};

/// What a client says of a server under that name.
async fn fails(client: HttpClient, server: &Server, name: &str) -> CallError {
    client.send(Call::get(&server.url_as("https", name, "/")).unwrap()).await.unwrap_err()
}

#[tokio::test]
async fn an_authority_of_the_extra_file_is_trusted_and_connections_are_kept() {
    let authority = Authority::new();
    let server = encrypted(authority.acceptor(&["idp.example"], -1, 9), |_| ok("keys")).await;
    let client = authority.client().build();
    for _ in 0..2 {
        let answer = client
            .send(Call::get(&server.url_as("https", "idp.example", "/jwks.json")).unwrap())
            .await
            .unwrap();
        assert_eq!(answer.body(), "keys");
    }
    assert_eq!(server.connections(), 1);
    assert_eq!(server.seen().await.header("host"), Some(&*format!("idp.example:{}", server.address.port())));
}

#[tokio::test]
async fn an_address_is_trusted_if_the_certificate_names_it() {
    let authority = Authority::new();
    let server = encrypted(authority.acceptor(&["127.0.0.1"], -1, 9), |_| ok("")).await;
    authority
        .client()
        .build()
        .send(Call::get(&server.url_as("https", "127.0.0.1", "/")).unwrap())
        .await
        .unwrap();
}

#[tokio::test]
async fn an_unknown_authority_is_told_with_the_way_to_trust_it() {
    let trusted = Authority::new();
    // The second one is called like the one that is trusted.
    for other in [Authority::named("Other Authority"), Authority::new()] {
        let server = encrypted(other.acceptor(&["idp.example"], -1, 9), |_| ok("")).await;
        let error = fails(trusted.client().build(), &server, "idp.example").await;
        assert_eq!(error.fault(), &Fault::Tls(TlsFault::UnknownIssuer));
        let text = "its certificate is not issued by an authority that this machine trusts: if it should be, name a PEM file \
                    with the authority's certificate in NODE_EXTRA_CA_CERTS";
        let to = format!("idp.example:{}", server.address.port());
        assert_eq!(error.to_string(), format!("No encrypted connection to {to}: {text}"));
    }
}

#[tokio::test]
async fn a_certificate_for_others_is_told_with_their_names() {
    let authority = Authority::new();
    let server =
        encrypted(authority.acceptor(&["a.example", "*.b.example", "10.0.0.1"], -1, 9), |_| ok("")).await;
    let error = fails(authority.client().build(), &server, "idp.example").await;
    let names = ["a.example", "*.b.example", "10.0.0.1"].map(str::to_owned).to_vec();
    assert_eq!(error.fault(), &Fault::Tls(TlsFault::OtherName(names)));
    let text = "its certificate is for another host (a.example, *.b.example, 10.0.0.1)";
    assert!(error.to_string().ends_with(text), "{error}");
}

#[tokio::test]
async fn a_certificate_out_of_its_time_is_told_with_the_date() {
    let authority = Authority::new();
    let expired = encrypted(authority.acceptor(&["idp.example"], -9, -2), |_| ok("")).await;
    let error = fails(authority.client().build(), &expired, "idp.example").await;
    assert!(matches!(error.fault(), Fault::Tls(TlsFault::Expired(Some(_)))), "{error:?}");
    assert!(error.to_string().contains("its certificate has expired, it was valid until 20"), "{error}");
    let early = encrypted(authority.acceptor(&["idp.example"], 2, 9), |_| ok("")).await;
    let error = fails(authority.client().build(), &early, "idp.example").await;
    assert!(matches!(error.fault(), Fault::Tls(TlsFault::NotYetValid(Some(_)))), "{error:?}");
    assert!(error.to_string().ends_with("Z: is this machine's clock right?"), "{error}");
}

#[tokio::test]
async fn a_self_signed_certificate_is_trusted_if_it_is_in_the_extra_file() {
    let own = Authority::self_signed(&["idp.example"]);
    let server = encrypted(own.acceptor_of_itself(), |_| ok("")).await;
    let url = server.url_as("https", "idp.example", "/");
    own.client().build().send(Call::get(&url).unwrap()).await.unwrap();
    let error = fails(Authority::new().client().build(), &server, "idp.example").await;
    assert_eq!(error.fault(), &Fault::Tls(TlsFault::UnknownIssuer));
}

#[tokio::test]
async fn a_trusted_authority_that_serves_with_its_own_certificate_is_told_as_that() {
    let authority = Authority::new();
    let server = encrypted(authority.acceptor_of_itself(), |_| ok("")).await;
    let error = fails(authority.client().build(), &server, "idp.example").await;
    assert_eq!(error.fault(), &Fault::Tls(TlsFault::AuthorityAsServer));
    assert!(error.to_string().ends_with("make one with basicConstraints=CA:FALSE"), "{error}");
}

#[tokio::test]
async fn a_server_that_does_not_encrypt_is_told_as_that() {
    let server = Server::listen(
        [127, 0, 0, 1].into(),
        |_| ok(""),
        async |mut stream: tokio::net::TcpStream| {
            // What such a server says to the first bytes of a handshake.
            let bad = b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n";
            tokio::io::AsyncWriteExt::write_all(&mut stream, bad).await.ok()?;
            Some(stream)
        },
    );
    let server = server.await;
    let error = fails(Authority::new().client().build(), &server, "idp.example").await;
    assert_eq!(error.fault(), &Fault::Tls(TlsFault::NotTls));
    assert!(
        error.to_string().ends_with("it does not speak TLS: should the URL begin with http://?"),
        "{error}"
    );
}

#[tokio::test]
async fn a_machine_without_roots_calls_in_the_open_and_tells_what_it_lacks_otherwise() {
    let names = Names::of(&[("idp.example", &["127.0.0.1"])]);
    let none = environment(&[("SSL_CERT_FILE", "/no/such/file.pem")]);
    assert_eq!(none.warnings(), &[] as &[String]);
    let client = HttpClient::builder(none).resolver(names).build();
    let server = Server::start(|_| ok("")).await;
    client.send(Call::get(&server.url("/")).unwrap()).await.unwrap();

    let authority = Authority::new();
    let server = encrypted(authority.acceptor(&["idp.example"], -1, 9), |_| ok("")).await;
    let error = fails(client, &server, "idp.example").await;
    assert!(matches!(error.fault(), Fault::Tls(TlsFault::NoRoots(Some(_)))), "{error:?}");
    let text = error.to_string();
    for part in [
        "this machine has no root certificates (",
        "'/no/such/file.pem'",
        "name a PEM file in SSL_CERT_FILE or",
    ] {
        assert!(text.contains(part), "{text}");
    }
}

#[tokio::test]
async fn what_is_named_for_the_system_is_trusted_in_its_place() {
    let authority = Authority::new();
    let server = encrypted(authority.acceptor(&["idp.example"], -1, 9), |_| ok("")).await;
    let (file, dir) = (authority.file(), authority.file().parent().unwrap().to_owned());
    let dirs = format!("/no/such/dir:{}", dir.display());
    for variable in [("SSL_CERT_FILE", file.to_str().unwrap()), ("SSL_CERT_DIR", &dirs)] {
        let names = Names::of(&[("idp.example", &["127.0.0.1"])]);
        let client = HttpClient::builder(environment(&[variable])).resolver(names).build();
        client.send(Call::get(&server.url_as("https", "idp.example", "/")).unwrap()).await.unwrap();
    }
}

#[test]
fn an_extra_file_that_cannot_be_used_is_warned_of() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("extra.pem");
    let warnings = || environment(&[("NODE_EXTRA_CA_CERTS", path.to_str().unwrap())]).warnings().to_vec();
    let shown = path.display();
    let missing =
        format!("Ignoring extra certs from `{shown}`, load failed: No such file or directory (os error 2)");
    assert_eq!(warnings(), [missing]);
    fs::write(&path, "no PEM").unwrap();
    assert_eq!(
        warnings(),
        [format!("Ignoring extra certs from `{shown}`, load failed: it holds no certificate in PEM")]
    );
    let broken = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
    fs::write(&path, fs::read_to_string(Authority::new().file()).unwrap() + broken).unwrap();
    assert_eq!(warnings(), [format!("1 certificates in `{shown}` cannot be read")]);
}

#[tokio::test]
async fn only_a_regular_end_of_an_encrypted_connection_ends_an_answer_without_a_length() {
    const ANSWER: &str = "HTTP/1.1 200 OK\r\n\r\nabc";
    let authority = Authority::new();
    let regular =
        encrypted(authority.acceptor(&["idp.example"], -1, 9), |_| Reply::Close(ANSWER.into())).await;
    let url = regular.url_as("https", "idp.example", "/");
    assert_eq!(authority.client().build().send(Call::get(&url).unwrap()).await.unwrap().body(), "abc");
    let cut = encrypted(authority.acceptor(&["idp.example"], -1, 9), |_| Reply::Cut(ANSWER.into())).await;
    let error = fails(authority.client().build(), &cut, "idp.example").await;
    assert_eq!(error.fault(), &Fault::ClosedEarly);
}

#[tokio::test]
async fn a_server_that_wants_the_clients_certificate_is_told_in_its_alert() {
    let authority = Authority::new();
    let server = encrypted(mutual(&authority), |_| ok("")).await;
    let error = fails(authority.client().build(), &server, "idp.example").await;
    // With TLS 1.3 it comes after the handshake.
    assert_eq!(
        error.fault(),
        &Fault::Tls(TlsFault::Other("received fatal alert: CertificateRequired".to_owned()))
    );
}
