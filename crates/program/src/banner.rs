//! What a person at a terminal sees once the backend is up: where to look, and three lines to paste.

use std::{borrow::Cow, fmt::Write, time::Duration};

use greenroom::http::LocalAddr;

use crate::{Access, Example, WorthOpening};

/// Everything that the banner tells.
pub(crate) struct Banner<'a> {
    pub(crate) name: &'a str,
    pub(crate) version: &'a str,
    pub(crate) hint: Option<&'a str>,
    /// Those that work with the config.
    pub(crate) examples: &'a [Example],
    pub(crate) worth_opening: &'a [WorthOpening],
    pub(crate) config: &'a str,
    pub(crate) ready_in: Duration,
    /// Why it is not ready although it is up.
    pub(crate) waits: Option<&'a str>,
    pub(crate) address: &'a LocalAddr,
    pub(crate) encryption: Encryption,
    pub(crate) plugins: &'a [String],
    /// Plugins that the config names and the program lacks.
    pub(crate) lacking: &'a [String],
    /// The file with the demo's header line.
    pub(crate) demo: Option<&'a str>,
    /// The link to the pages for operators, or why there is none.
    pub(crate) observatory: &'a str,
}

/// How the server encrypts, and what makes a client believe it.
pub(crate) enum Encryption {
    None,
    /// The certificate may be for another name than the printed one.
    Given,
    /// The certificate is in this file.
    SelfSigned(String),
}

impl Banner<'_> {
    /// The text, with a blank line before and after.
    pub(crate) fn text(&self) -> String {
        let mut out = String::from("\n");
        let build = if cfg!(debug_assertions) { " (debug build)" } else { "" };
        let mut row = |name: &str, value: &str| {
            let _ = writeln!(out, "  {name:<13}{value}");
        };
        if self.name != "greenroom" {
            row("Program", &format!("{} {}", self.name, self.version));
        }
        row("Greenroom", &format!("{}{build}", env!("CARGO_PKG_VERSION")));
        row("Config", self.config);
        let took = format!("{} ms", self.ready_in.as_millis());
        match self.waits {
            None => row("Ready in", &took),
            Some(why) => {
                row("Started in", &took);
                row("Not ready", &format!("{why}; a line below tells when it is ready"));
            }
        }
        row("Plugins", &listed(self.plugins));
        if !self.lacking.is_empty() {
            let lacking = listed(self.lacking);
            row("Not here", &format!("{lacking} (named in the config, not in this program)"));
        }
        if let Some(url) = self.url_for_browsers() {
            for page in self.worth_opening.iter().filter(|page| self.has(page.plugin)) {
                row(page.name, &format!("{url}{}", page.path));
            }
        }
        if let Some(header) = self.demo {
            row("Token", &format!("curl -H @{header} opens what needs credentials, on this machine"));
        }
        row("Observatory", self.observatory);
        out.push('\n');
        for line in self.commands() {
            let _ = writeln!(out, "    {line}");
        }
        if let Some(hint) = self.hint {
            let _ = writeln!(out, "\n  {hint}");
        }
        out.push('\n');
        out
    }

    /// Three lines that work when pasted.
    pub(crate) fn commands(&self) -> Vec<String> {
        let (curl, url) = self.curl();
        let probe = |path: &str| format!("{curl} {}", quoted(&format!("{url}/.backstage/health/v1/{path}")));
        let runs = |example: &&Example| self.has(example.plugin);
        let examples = self.examples.iter().filter(runs).filter_map(|example| {
            let arguments = example.arguments.replace("{url}", &url);
            match (example.access, self.demo) {
                (Access::Open, _) => Some(format!("{curl} {arguments}")),
                (Access::Credentials, Some(header)) => Some(format!("{curl} -H @{header} {arguments}")),
                (Access::Credentials, None) => None,
            }
        });
        let more = [probe("liveness"), probe("readiness?verbose")];
        [probe("readiness")].into_iter().chain(examples).chain(more).take(3).collect()
    }
}

impl Banner<'_> {
    fn has(&self, plugin: &str) -> bool {
        self.plugins.iter().any(|runs| runs == plugin)
    }

    /// The URL that a browser on this machine opens; `None` for a socket of the file system. It has the host of the link to the
    /// pages: who has signed in at `localhost` is unknown at `127.0.0.1`.
    fn url_for_browsers(&self) -> Option<String> {
        self.address.tcp().map(|_| self.address.url(!matches!(self.encryption, Encryption::None)))
    }

    /// The command and the URL that reach the server from this machine.
    fn curl(&self) -> (String, String) {
        let (scheme, trust) = match &self.encryption {
            Encryption::None => ("http", String::new()),
            Encryption::Given => ("https", " -k".to_owned()),
            Encryption::SelfSigned(file) => ("https", format!(" --cacert {file}")),
        };
        match self.address {
            LocalAddr::Unix(path) => {
                (format!("curl{trust} --unix-socket {}", path.display()), format!("{scheme}://localhost"))
            }
            LocalAddr::Tcp(address) => {
                let host = match address.ip() {
                    ip if ip.is_unspecified() => "localhost".to_owned(),
                    std::net::IpAddr::V6(ip) => format!("[{ip}]"),
                    ip => ip.to_string(),
                };
                (format!("curl{trust}"), format!("{scheme}://{host}:{}", address.port()))
            }
        }
    }
}

/// As a shell takes it for one word: `?` is a pattern, which some refuse when no file fits.
pub(crate) fn quoted(word: &str) -> Cow<'_, str> {
    let is_plain = |c: char| c.is_alphanumeric() || "/:.,_-+=@%".contains(c);
    if !word.is_empty() && word.chars().all(is_plain) {
        return word.into();
    }
    format!("'{}'", word.replace('\'', r"'\''")).into()
}

fn listed(ids: &[String]) -> String {
    if ids.is_empty() { "none".to_owned() } else { ids.join(", ") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_shell_would_split_or_expand_is_quoted() {
        for (word, shown) in [
            ("--config=a.yaml", "--config=a.yaml"),
            ("http://[::1]:7007/", "'http://[::1]:7007/'"),
            ("http://h/x?y=1", "'http://h/x?y=1'"),
            ("a b.yaml", "'a b.yaml'"),
            ("it's", r"'it'\''s'"),
            ("$HOME", "'$HOME'"),
            ("", "''"),
        ] {
            assert_eq!(quoted(word), shown);
        }
    }

    const EXAMPLES: [Example; 3] = [
        example("tasks", Access::Credentials, "-X POST {url}/api/tasks/task/1/queue"),
        example("tasks", Access::Credentials, "{url}/api/tasks/task/1/results"),
        example("healthcheck", Access::Open, "{url}/healthcheck"),
    ];

    const fn example(plugin: &'static str, access: Access, arguments: &'static str) -> Example {
        Example { plugin, access, arguments, works: |_, _| true }
    }

    fn banner(name: &str, address: &str, plugins: &[&str], lacking: &[&str], demo: Option<&str>) -> String {
        let owned = |ids: &[&str]| ids.iter().map(ToString::to_string).collect::<Vec<_>>();
        let (plugins, lacking) = (owned(plugins), owned(lacking));
        let address = &LocalAddr::Tcp(address.parse().unwrap());
        let banner = Banner {
            name,
            version: "1.2.3",
            hint: (name == "greenroom").then_some("What you see is explained in docs/observability.md"),
            examples: &EXAMPLES,
            worth_opening: &[WorthOpening { plugin: "demo", name: "Demo", path: "/demo" }],
            config: "app-config.yaml",
            ready_in: Duration::from_millis(12),
            waits: (name == "waiting").then_some("The Node backend has not listened yet"),
            address,
            encryption: Encryption::None,
            plugins: &plugins,
            lacking: &lacking,
            demo,
            observatory: "http://localhost:7007/.greenroom/sign-in#… (good for one sign-in, for 10 minutes)",
        };
        banner.text().replace(env!("CARGO_PKG_VERSION"), "<version>")
    }

    #[test]
    fn the_demo_gets_lines_with_its_header_file() {
        let plugins = ["healthcheck", "tasks", "demo"];
        let text = banner("greenroom", "127.0.0.1:7007", &plugins, &[], Some(".greenroom/demo.header"));
        insta::assert_snapshot!(text, @r"
          Greenroom    <version> (debug build)
          Config       app-config.yaml
          Ready in     12 ms
          Plugins      healthcheck, tasks, demo
          Demo         http://localhost:7007/demo
          Token        curl -H @.greenroom/demo.header opens what needs credentials, on this machine
          Observatory  http://localhost:7007/.greenroom/sign-in#… (good for one sign-in, for 10 minutes)

            curl http://127.0.0.1:7007/.backstage/health/v1/readiness
            curl -H @.greenroom/demo.header -X POST http://127.0.0.1:7007/api/tasks/task/1/queue
            curl -H @.greenroom/demo.header http://127.0.0.1:7007/api/tasks/task/1/results

          What you see is explained in docs/observability.md
        ");
    }

    #[test]
    fn ones_own_config_gets_lines_without_credentials_and_what_is_missing() {
        let text = banner("greenroom", "[::]:7007", &["healthcheck"], &["catalog", "techdocs"], None);
        insta::assert_snapshot!(text, @r"
          Greenroom    <version> (debug build)
          Config       app-config.yaml
          Ready in     12 ms
          Plugins      healthcheck
          Not here     catalog, techdocs (named in the config, not in this program)
          Observatory  http://localhost:7007/.greenroom/sign-in#… (good for one sign-in, for 10 minutes)

            curl http://localhost:7007/.backstage/health/v1/readiness
            curl http://localhost:7007/healthcheck
            curl http://localhost:7007/.backstage/health/v1/liveness

          What you see is explained in docs/observability.md
        ");
    }

    #[test]
    fn a_program_of_ones_own_is_named() {
        let text = banner("my-backend", "127.0.0.1:7007", &["greetings"], &[], None);
        insta::assert_snapshot!(text, @r"
          Program      my-backend 1.2.3
          Greenroom    <version> (debug build)
          Config       app-config.yaml
          Ready in     12 ms
          Plugins      greetings
          Observatory  http://localhost:7007/.greenroom/sign-in#… (good for one sign-in, for 10 minutes)

            curl http://127.0.0.1:7007/.backstage/health/v1/readiness
            curl http://127.0.0.1:7007/.backstage/health/v1/liveness
            curl 'http://127.0.0.1:7007/.backstage/health/v1/readiness?verbose'
        ");
    }

    #[test]
    fn what_it_waits_for_is_told_and_that_it_is_ready_is_not() {
        let text = banner("waiting", "127.0.0.1:7007", &["gateway"], &[], None);
        let rows: Vec<_> =
            text.lines().filter(|line| line.contains("ready") || line.contains(" ms")).collect();
        assert_eq!(
            rows[..2],
            [
                "  Started in   12 ms",
                "  Not ready    The Node backend has not listened yet; a line below tells when it is ready"
            ]
        );
        assert!(!text.contains("Ready in"), "{text}");
    }

    #[test]
    fn lines_reach_an_encrypted_server_and_a_unix_socket() {
        let first = |address: LocalAddr, encryption| {
            let (name, version, config, ready_in) = ("greenroom", "", "", Duration::ZERO);
            let (address, plugins, lacking, demo) = (&address, &[][..], &[][..], None);
            let (hint, examples) = (None, &[][..]);
            let banner = Banner {
                name,
                version,
                hint,
                examples,
                worth_opening: &[],
                config,
                ready_in,
                waits: None,
                address,
                encryption,
                plugins,
                lacking,
                demo,
                observatory: "",
            };
            banner.commands().swap_remove(0).replace("/.backstage/health/v1/readiness", "/…")
        };
        let tcp = || LocalAddr::Tcp(([0, 0, 0, 0], 7007).into());
        let own = Encryption::SelfSigned(".greenroom/dev-cert.pem".to_owned());
        assert_eq!(first(tcp(), own), "curl --cacert .greenroom/dev-cert.pem https://localhost:7007/…");
        assert_eq!(first(tcp(), Encryption::Given), "curl -k https://localhost:7007/…");
        let unix = LocalAddr::Unix("/run/x.sock".into());
        assert_eq!(first(unix, Encryption::None), "curl --unix-socket /run/x.sock http://localhost/…");
    }
}
