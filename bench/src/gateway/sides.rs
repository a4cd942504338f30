//! What stands behind, what stands in front of it, and what is asked.

use std::fs;
use std::io::{self, ErrorKind};
use std::path::Path;
use std::time::{Duration, SystemTime};

use greenroom::auth::{SigningAlgorithm, SigningKey, UserClaims, UserTokenIssuer};
use serde_json::json;

use crate::figures::Route;
use crate::process::{Core, Process};
use crate::server::{Server, free_port};
use crate::subject::{Places, Subject, command};

/// Where Greenroom finds the keys of users' tokens.
const USERS: &str = "http://127.0.0.1/api/auth";
const LIFETIME: Duration = Duration::from_secs(24 * 3600);
const PATIENCE: Duration = Duration::from_secs(10);

/// What stands behind.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Behind {
    Floor,
    Node,
}

/// What stands in front of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Front {
    Nobody,
    Greenroom,
    Nginx,
}

/// What stands behind, and whom it believes.
pub(super) struct Upstream {
    pub(super) server: Server,
    /// Who asks, as Greenroom's line is to say it.
    principal: &'static str,
    token: String,
}

impl Behind {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Floor => "a server of hyper alone, 1 kB",
            Self::Node => "Node",
        }
    }

    /// The core of what stands behind, and of what stands in front: who works most has one alone.
    fn cores(self) -> (Core, Core) {
        match self {
            Self::Floor => (Core::Load, Core::Server),
            Self::Node => (Core::Server, Core::Load),
        }
    }

    pub(super) fn start(self, places: &Places, scratch: &Path) -> io::Result<Upstream> {
        let scratch = &directory(scratch, "behind")?;
        let port = free_port()?;
        let (core, _) = self.cores();
        let (started, principal, token) = match self {
            Self::Floor => {
                let keys = scratch.join("jwks.json");
                let token = user_token(&keys)?;
                let mut floor = command(places.target.join("release/bench-floors"));
                floor.arg("behind").arg(port.to_string()).arg(keys);
                (floor, "user", token)
            }
            Self::Node => {
                let config = directory(scratch, "config")?.join("app-config.yaml");
                places.write_config(&config, port)?;
                let mut token = places.plugin_token("tasks");
                token.stdout(std::process::Stdio::piped());
                let token = Process::start(&mut token, Core::Load)?.output(PATIENCE)?;
                (places.server(Subject::Node, port, &config), "service", token.trim().to_owned())
            }
        };
        let server = Server::launch_on(core, started, port, Route::Readiness.path(), scratch)?;
        Ok(Upstream { server, principal, token })
    }
}

impl Upstream {
    /// What says who asks.
    pub(super) fn authorization(&self) -> String {
        format!("Authorization: Bearer {}", self.token)
    }

    /// A request.
    pub(super) fn request(&self, path: &str, accepts: &str) -> String {
        let authorization = self.authorization();
        format!("GET {path} HTTP/1.1\r\nHost: localhost\r\nAccept: {accepts}\r\n{authorization}\r\n\r\n")
    }

    /// Fails unless the last line of Greenroom's log says who has asked.
    pub(super) fn check_label(&self, greenroom: &Server) -> io::Result<()> {
        let line = greenroom.last_line()?;
        match line.contains(&format!("\"principalType\":\"{}\"", self.principal)) {
            true => Ok(()),
            false => {
                Err(io::Error::new(ErrorKind::InvalidData, format!("its line tells not who asks: {line}")))
            }
        }
    }
}

impl Front {
    pub(super) const ALL: [Self; 3] = [Self::Nobody, Self::Greenroom, Self::Nginx];

    /// Starts it in front of `upstream`, and waits until that answers; `None` if there is nothing to start.
    pub(super) fn start(
        self,
        behind: Behind,
        upstream: &Upstream,
        places: &Places,
        scratch: &Path,
    ) -> io::Result<Option<Server>> {
        let (port, from) = (free_port()?, upstream.server.port());
        let (command, scratch) = match self {
            Self::Nobody => return Ok(None),
            Self::Greenroom => {
                let scratch = directory(scratch, "greenroom")?;
                (greenroom(places, port, from, &scratch)?, scratch)
            }
            Self::Nginx => {
                let scratch = directory(scratch, "nginx")?;
                (nginx(port, from, &scratch)?, scratch)
            }
        };
        let (_, core) = behind.cores();
        Server::launch_on(core, command, port, Route::Readiness.path(), &scratch).map(Some)
    }
}

fn directory(parent: &Path, name: &str) -> io::Result<std::path::PathBuf> {
    let directory = parent.join(name);
    fs::create_dir_all(&directory)?;
    Ok(directory)
}

/// The token of a user, as Backstage's plugin `auth` issues one, whose key is written to a file.
fn user_token(keys: &Path) -> io::Result<String> {
    let key = SigningKey::generate(SigningAlgorithm::Es256).map_err(io::Error::other)?;
    fs::write(keys, json!({ "keys": [key.public()] }).to_string())?;
    let issuer = UserTokenIssuer { issuer: USERS.to_owned(), lifetime: LIFETIME, omits_ownership: false };
    let claims = UserClaims::new("user:default/anna", ["user:default/anna", "group:default/platform"]);
    issuer.issue(&key, &claims, SystemTime::now()).map_err(io::Error::other)
}

fn greenroom(places: &Places, port: u16, from: u16, scratch: &Path) -> io::Result<std::process::Command> {
    let config = format!(
        "app: {{title: Benchmark, baseUrl: 'http://localhost:{port}'}}\n\
         backend: {{baseUrl: 'http://localhost:{port}', listen: '127.0.0.1:{port}'}}\n\
         greenroom: {{dataDir: '{}'}}\n",
        scratch.join("data").display()
    );
    let file = directory(scratch, "config")?.join("app-config.yaml");
    fs::write(&file, config)?;
    let mut greenroom = command(places.target.join("release/greenroom"));
    greenroom.arg("gateway").arg("--upstream").arg(format!("http://127.0.0.1:{from}"));
    greenroom.arg("--config").arg(file);
    Ok(greenroom)
}

fn nginx(port: u16, from: u16, scratch: &Path) -> io::Result<std::process::Command> {
    let here = scratch.display();
    let config = format!(
        "daemon off; master_process off; pid {here}/nginx.pid; error_log stderr;\n\
         events {{ worker_connections 16384; }}\n\
         http {{\n\
         access_log /dev/stdout combined; keepalive_requests 100000000;\n\
         client_body_temp_path {here}/body; proxy_temp_path {here}/proxy;\n\
         upstream behind {{ server 127.0.0.1:{from}; keepalive 64; keepalive_requests 100000000; }}\n\
         server {{\n\
         listen 127.0.0.1:{port};\n\
         proxy_http_version 1.1; proxy_set_header Connection ''; proxy_set_header Host $http_host;\n\
         proxy_set_header X-Forwarded-For $remote_addr; proxy_set_header X-Forwarded-Proto $scheme;\n\
         location / {{ proxy_pass http://behind; }}\n\
         location /api/events {{ proxy_pass http://behind; proxy_buffering off; proxy_read_timeout 1h; }}\n\
         }}\n}}\n"
    );
    let file = scratch.join("nginx.conf");
    fs::write(&file, config)?;
    let program =
        ["/usr/sbin/nginx", "/usr/local/sbin/nginx"].into_iter().find(|path| Path::new(path).exists());
    let mut nginx = command(program.unwrap_or("nginx"));
    nginx.arg("-c").arg(file).arg("-e").arg("stderr");
    Ok(nginx)
}
