//! A certificate that is renewed on disk, as it comes to be renewed, while the backend runs.

use std::{
    fs, io,
    net::Ipv4Addr,
    os::unix::fs::symlink,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use greenroom_core::{Running, service};
use greenroom_defaults::create_backend_in;
use greenroom_http::RootHttpRouter;
use greenroom_logging::{CaptureSink, Emitted, LogEnvironment, RootLogger, Sink};
use rustls::{
    ClientConfig, RootCertStore,
    crypto::aws_lc_rs::default_provider,
    pki_types::{CertificateDer, ServerName, pem::PemObject},
};
use tempfile::TempDir;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    sync::Notify,
    time::timeout,
};
use tokio_rustls::{TlsConnector, client::TlsStream};

use crate::support::{surroundings, written};

/// A self-signed certificate and its key.
struct Pair {
    cert: String,
    key: String,
}

impl Pair {
    fn new() -> Self {
        let key = rcgen::KeyPair::generate().unwrap();
        let params = rcgen::CertificateParams::new(["localhost".to_owned()]).unwrap();
        Self { cert: params.self_signed(&key).unwrap().pem(), key: key.serialize_pem() }
    }

    fn write(&self, dir: &Path) {
        fs::create_dir_all(dir).unwrap();
        fs::write(dir.join("tls.crt"), &self.cert).unwrap();
        fs::write(dir.join("tls.key"), &self.key).unwrap();
    }

    /// Connects as who trusts this certificate alone.
    async fn connect(&self, port: u16) -> io::Result<TlsStream<TcpStream>> {
        let mut roots = RootCertStore::empty();
        roots.add(CertificateDer::from_pem_slice(self.cert.as_bytes()).unwrap()).unwrap();
        let config = ClientConfig::builder_with_provider(Arc::new(default_provider()))
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_root_certificates(roots)
            .with_no_client_auth();
        let stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port)).await?;
        let name = ServerName::try_from("localhost").unwrap();
        TlsConnector::from(Arc::new(config)).connect(name, stream).await
    }

    /// Waits until new connections are shown this certificate, which the log tells.
    async fn is_shown(&self, up: &Up) {
        let shown = async {
            while self.connect(up.port).await.is_err() {
                up.logged.notified().await;
            }
        };
        let shown = timeout(Duration::from_secs(30), Box::pin(shown)).await;
        assert!(shown.is_ok(), "{:#?}", up.lines.lines());
    }
}

/// A backend whose config holds `tls/tls.crt` and `tls/tls.key` by `$file`.
struct Up {
    running: Running,
    port: u16,
    lines: CaptureSink,
    logged: Arc<Notify>,
    dir: TempDir,
}

/// Tells that there is another line.
struct Announce(Arc<Notify>);

impl Sink for Announce {
    fn emit(&self, _: &Emitted<'_>) {
        self.0.notify_one();
    }
}

/// Starts it once the files have been put into the directory.
async fn up(put: impl FnOnce(&Path)) -> Up {
    let dir = tempfile::tempdir().unwrap();
    put(&dir.path().join("tls"));
    let text = "backend:\n  listen: 127.0.0.1:0\n  server: {headersTimeout: 0, requestTimeout: 0}\n  https:\n    certificate:\n      \
                cert: {$file: tls/tls.crt}\n      key: {$file: tls/tls.key}\n";
    let surroundings = surroundings(written(dir.path(), text, &[]), LogEnvironment::default());
    let lines = CaptureSink::new();
    let logged = Arc::new(Notify::new());
    let (sink, announced) = (lines.clone(), logged.clone());
    let root_logger = service(async move || {
        Ok(RootLogger::builder().sink(sink.clone()).sink(Announce(announced.clone())).build())
    });
    let running = create_backend_in(surroundings).add(root_logger).start().await.unwrap();
    let port = running.service::<RootHttpRouter>().await.unwrap().local_addr().tcp().unwrap().port();
    Up { running, port, lines, logged, dir }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_certificate_rewritten_or_replaced_on_disk_is_shown_to_new_connections() {
    let (first, second, third) = (Pair::new(), Pair::new(), Pair::new());
    let up = up(|dir| first.write(dir)).await;
    let mut open = first.connect(up.port).await.unwrap();

    second.write(&up.dir.path().join("tls"));
    second.is_shown(&up).await;
    assert!(first.connect(up.port).await.is_err());

    // As who renews certificates does: written beside, renamed over.
    let beside = up.dir.path().join("beside");
    third.write(&beside);
    for name in ["tls.crt", "tls.key"] {
        fs::rename(beside.join(name), up.dir.path().join("tls").join(name)).unwrap();
    }
    third.is_shown(&up).await;
    assert!(second.connect(up.port).await.is_err());

    let request =
        "GET /.backstage/health/v1/liveness HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
    open.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    open.read_to_string(&mut answer).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 200 OK\r\n"), "what is open stays open: {answer}");
    up.running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mounted_secret_that_is_swapped_by_a_link_is_shown_to_new_connections() {
    let (first, second) = (Pair::new(), Pair::new());
    // As Kubernetes mounts one: the files are links through `..data`, which is replaced as a whole.
    let up = up(|dir| {
        first.write(&dir.join("..1"));
        symlink("..1", dir.join("..data")).unwrap();
        for name in ["tls.crt", "tls.key"] {
            symlink(PathBuf::from("..data").join(name), dir.join(name)).unwrap();
        }
    })
    .await;
    first.is_shown(&up).await;

    let dir = up.dir.path().join("tls");
    second.write(&dir.join("..2"));
    symlink("..2", dir.join("..data_tmp")).unwrap();
    fs::rename(dir.join("..data_tmp"), dir.join("..data")).unwrap();
    fs::remove_dir_all(dir.join("..1")).unwrap();
    second.is_shown(&up).await;
    assert!(first.connect(up.port).await.is_err());
    up.running.stop().await;
}
