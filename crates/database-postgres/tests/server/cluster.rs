//! A server of these tests' own. It ends with the process of the tests, however that ends.

use std::{
    io::{BufRead, BufReader, Lines, Write},
    net::TcpListener,
    process::{Child, ChildStdin, ChildStdout, Command, Stdio},
    sync::{Mutex, OnceLock},
};

use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair};

pub(crate) struct Cluster {
    pub(crate) port: u16,
    /// The authority that its certificate is by.
    pub(crate) ca: String,
    /// A certificate of the user `by_certificate`, and its key.
    pub(crate) client: (String, String),
    talk: Mutex<Option<(ChildStdin, Lines<BufReader<ChildStdout>>)>>,
    shell: Child,
}

/// The one that tests share ends with them: its stdin does.
impl Drop for Cluster {
    fn drop(&mut self) {
        *self.talk.lock().unwrap() = None;
        let _ = self.shell.wait();
    }
}

/// The one that tests share, each with plugins of its own.
pub(crate) fn cluster() -> &'static Cluster {
    static SHARED: OnceLock<Cluster> = OnceLock::new();
    SHARED.get_or_init(Cluster::start)
}

impl Cluster {
    /// One that a test may stop.
    pub(crate) fn start() -> Self {
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let (ca_key, key) = (KeyPair::generate().unwrap(), KeyPair::generate().unwrap());
        let mut authority = CertificateParams::new(vec![]).unwrap();
        authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let ca = authority.self_signed(&ca_key).unwrap().pem();
        let issuer = Issuer::new(authority, ca_key);
        let names = vec!["localhost".to_owned()];
        let certificate = CertificateParams::new(names).unwrap().signed_by(&key, &issuer).unwrap();
        let (mut user, user_key) = (CertificateParams::new(vec![]).unwrap(), KeyPair::generate().unwrap());
        user.distinguished_name.push(DnType::CommonName, "by_certificate");
        let client = (user.signed_by(&user_key, &issuer).unwrap().pem(), user_key.serialize_pem());
        let mut shell = Command::new("sh")
            .arg(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/server/cluster.sh"))
            .env("PORT", port.to_string())
            .env("CERT", certificate.pem())
            .env("KEY", key.serialize_pem())
            .env("CA", &ca)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let (stdin, stdout) = (shell.stdin.take().unwrap(), shell.stdout.take().unwrap());
        let cluster =
            Self { port, ca, client, talk: Mutex::new(Some((stdin, BufReader::new(stdout).lines()))), shell };
        cluster.hear("ready");
        cluster
    }

    /// Stops at once, as a crash does.
    pub(crate) fn stop(&self) {
        self.say("stop");
    }

    pub(crate) fn start_again(&self) {
        self.say("start");
    }

    /// Stands still, with all its connections open.
    pub(crate) fn pause(&self) {
        self.say("pause");
    }

    /// Goes on.
    pub(crate) fn resume(&self) {
        self.say("resume");
    }

    fn say(&self, word: &str) {
        writeln!(self.talk.lock().unwrap().as_mut().unwrap().0, "{word}").unwrap();
        self.hear("done");
    }

    fn hear(&self, expected: &str) {
        let heard = self.talk.lock().unwrap().as_mut().unwrap().1.next();
        assert_eq!(heard.and_then(Result::ok).as_deref(), Some(expected), "the server did not start");
    }
}
