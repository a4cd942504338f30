//! How an operator gets in: what a start says, and the command that prints a link.

use std::{
    fs,
    io::{Read, Write},
    net::{Ipv4Addr, TcpStream},
    os::unix::fs::PermissionsExt,
};

use greenroom_page::{Program, Request, Server};

/// Exchanges the code of a link for a session, as the page's script does: what is answered.
fn open(link: &str, port: u16) -> String {
    let code = link.trim().split_once("/.greenroom/sign-in#").unwrap_or_else(|| panic!("no link: {link}")).1;
    let body = format!("{{\"code\":\"{code}\"}}");
    let head = format!(
        "POST /.greenroom/v1/session HTTP/1.1\r\nHost: localhost:{port}\r\nOrigin: http://localhost:{port}\r\n\
         Content-Type: application/json\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}",
        body.len()
    );
    let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port)).unwrap();
    stream.write_all(head.as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer
}

/// The command, with the config, the place and the token of a backend that runs.
fn link(server: &Server) -> Program {
    let data = server.directory().join("state");
    let config = format!("greenroom: {{dataDir: {}}}\n", data.display());
    let program = Program::greenroom().config(&config).args("ops link");
    program.env("APP_CONFIG_backend_listen", &format!("127.0.0.1:{}", server.port()))
}

async fn start() -> Server {
    Program::greenroom().config("greenroom: {dataDir: state}\n").env("LOG_FORMAT", "backstage").start().await
}

#[tokio::test]
async fn a_start_makes_a_token_that_only_its_owner_reads_and_says_where_it_is() {
    let server = start().await;
    let file = server.directory().join("state/ops.token");
    let line = server.json_line("Operators sign in at /.greenroom/").await;
    assert!(line["message"].as_str().unwrap().ends_with("state/ops.token"), "{line}");
    assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
    let token = fs::read_to_string(&file).unwrap();
    let ask =
        Request::new("GET", "/.greenroom/v1/info").header(&format!("Authorization: Bearer {}", token.trim()));
    let answer = server.send(&ask).await;
    assert_eq!(answer.status, 200);
    let ended = server.stop().await;
    assert!(!ended.stdout.contains(token.trim()) && !ended.stderr.contains("sign-in#"), "{ended:?}");
}

#[tokio::test]
async fn the_command_prints_a_link_that_opens_the_pages_once() {
    let server = start().await;
    let printed = link(&server).run().await;
    assert_eq!(printed.code, Some(0), "{printed:?}");
    let url = format!("http://127.0.0.1:{}/.greenroom/sign-in#", server.port());
    assert!(printed.stdout.starts_with(&url), "{printed:?}");
    let first = open(&printed.stdout, server.port());
    assert!(first.starts_with("HTTP/1.1 204 ") && first.contains("HttpOnly; SameSite=Strict"), "{first}");
    assert!(open(&printed.stdout, server.port()).starts_with("HTTP/1.1 401 "));
    let code = printed.stdout.trim().rsplit('#').next().unwrap().to_owned();
    let ended = server.stop().await;
    assert!(ended.stdout.contains("\"action\":\"link.make\"") && !ended.stdout.contains(&code), "{ended:?}");
}

#[tokio::test]
async fn the_command_says_what_is_in_its_way() {
    let server = start().await;
    let with_wrong_token = link(&server).env("GREENROOM_OPS_TOKEN", "another-token-altogether").run().await;
    assert_eq!(with_wrong_token.code, Some(1));
    assert!(with_wrong_token.stderr.contains("has another ops token"), "{with_wrong_token:?}");
    let without_token = link(&server).config("greenroom: {dataDir: nothing-here}\n").run().await;
    assert!(without_token.stderr.contains("No ops token is known here"), "{without_token:?}");
    let away = link(&server).env("APP_CONFIG_backend_listen", "127.0.0.1:1").run().await;
    assert!(away.stderr.contains("start it first"), "{away:?}");
}

#[tokio::test]
async fn in_production_without_a_token_one_line_says_why_the_pages_are_off() {
    let server = Program::greenroom().env("NODE_ENV", "production").start().await;
    let line = server.json_line("The pages at /.greenroom are off").await;
    assert_eq!(line["level"], "info");
    assert!(line["message"].as_str().unwrap().contains("GREENROOM_OPS_TOKEN"), "{line}");
    assert_eq!(server.get("/.greenroom/").await.status, 404);
}
