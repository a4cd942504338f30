//! A real nginx, and its access log.

use std::{
    fs,
    net::Ipv4Addr,
    path::{Path, PathBuf},
    process::Stdio,
    time::Duration,
};

use greenroom_gateway_tests::in_time;
use tempfile::TempDir;
use tokio::{
    net::TcpStream,
    process::{Child, Command},
    time::sleep,
};

/// How often a state of the foreign process is looked at.
const POLL: Duration = Duration::from_millis(10);

/// A running nginx; killed when dropped, and by the system when the thread that has started it ends otherwise.
pub(crate) struct Ingress {
    child: Child,
    directory: TempDir,
}

impl Ingress {
    /// One with these servers, which listens there.
    pub(crate) async fn start(servers: &str, address: Ipv4Addr, port: u16) -> Self {
        let directory = tempfile::tempdir().expect("a directory");
        let conf = directory.path().join("nginx.conf");
        fs::write(&conf, conf_of(servers, directory.path())).expect("a file");
        // Of Debian's package, which is in no user's PATH.
        let usual = PathBuf::from("/usr/sbin/nginx");
        let program = if usual.is_file() { usual } else { PathBuf::from("nginx") };
        let errors = directory.path().join("errors");
        // A test that is killed drops nothing.
        let mut command = Command::new("setpriv");
        command.args(["--pdeathsig", "KILL"]).arg(program);
        command.arg("-c").arg(conf).arg("-p").arg(directory.path()).arg("-e").arg(errors);
        command.stdin(Stdio::null()).stdout(Stdio::null()).kill_on_drop(true);
        let child = command.spawn().expect("setpriv: apt-get install util-linux");
        let mut ingress = Self { child, directory };
        in_time("nginx", ingress.listens(address, port)).await;
        ingress
    }

    async fn listens(&mut self, address: Ipv4Addr, port: u16) {
        while TcpStream::connect((address, port)).await.is_err() {
            let ended = self.child.try_wait().expect("a process");
            assert!(ended.is_none(), "{ended:?}: {}", self.text("errors"));
            sleep(POLL).await;
        }
    }

    fn text(&self, name: &str) -> String {
        fs::read_to_string(self.directory.path().join(name)).unwrap_or_default()
    }

    /// Method and URL of all requests, sorted, once there are so many: a line is written when a request has ended.
    pub(crate) async fn log(&self, count: usize) -> Vec<String> {
        let written = async {
            while self.text("access").lines().count() < count {
                sleep(POLL).await;
            }
        };
        // Fewer than that are for whoever compares.
        let _ = tokio::time::timeout(Duration::from_secs(5), written).await;
        let mut lines: Vec<_> = self.text("access").lines().map(str::to_owned).collect();
        lines.sort();
        lines
    }

    /// Ends it, so that another may listen there.
    pub(crate) async fn stop(mut self) {
        self.child.kill().await.expect("a process");
    }
}

fn conf_of(servers: &str, directory: &Path) -> String {
    let temporary: String = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
        .map(|name| format!("  {name}_temp_path {}/{name};\n", directory.display()))
        .concat();
    format!(
        "daemon off;\nmaster_process off;\npid {0}/pid;\nevents {{ worker_connections 256; }}\n\
         http {{\n{temporary}  \
           log_format asked '$request_method $request_uri';\n  access_log {0}/access asked;\n  \
           map $http_upgrade $upgrade {{ default upgrade; '' close; }}\n\
         {servers}\n}}\n",
        directory.display()
    )
}

/// Whoever kills the tests, by a signal or a limit of time, leaves no server behind.
#[tokio::test]
async fn an_nginx_ends_with_the_thread_that_has_started_it() {
    let port = greenroom_conformance::ports::free_port().expect("a port");
    let here = Ipv4Addr::LOCALHOST;
    let start = move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
        let server = format!("server {{ listen {here}:{port}; return 204; }}");
        runtime.block_on(Ingress::start(&server, here, port))
    };
    // It is not dropped before its end has been seen.
    #[expect(clippy::disallowed_methods, reason = "the end of a thread is what is looked at")]
    let _ingress = std::thread::spawn(start).join().expect("an nginx");
    let ended = async {
        while TcpStream::connect((here, port)).await.is_ok() {
            sleep(POLL).await;
        }
    };
    in_time("the end of nginx", ended).await;
}
