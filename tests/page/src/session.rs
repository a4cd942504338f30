//! Does what a document says, block by block, and compares what comes out with what the document shows.
//!
//! | mark | block |
//! | --- | --- |
//! | `start` | a command line that starts a backend; the one before is stopped |
//! | `run` | a command line that ends by itself |
//! | `output`, `output: <text>` | what the last `run` printed, or the lines of it that hold the text |
//! | `request` | `curl` lines, and `touch` |
//! | `answer` | what curl printed |
//! | `log: <text>` | the log lines that hold the text |
//!
//! Times and ids are written as one and the same, the port as 7007, and quick durations as none.

use std::{fs, io};

use greenroom_examples::document::{blocks, root, settle};
use regress::Regex;

use crate::{Finished, Program, Request, Server};

const TIME: &str = "2026-01-01T12:00:00.000Z";
/// In place of ids of requests and traces.
const ID: &str = "4bf92f3577b34da6a3ce929d0e0e4736";
/// What examples may read.
const FILES: [&str; 3] = ["app-config.yaml", "examples/metadata.yaml", "examples/rum.yaml"];

/// Plays a document; under `UPDATE_DOCS=1` writes down what it saw.
///
/// # Errors
/// When the document shows something else.
pub async fn play(document: &str) -> io::Result<()> {
    let text = fs::read_to_string(root().join(document))?;
    let mut session = Session::default();
    let mut seen = vec![];
    for (number, block) in blocks(&text).iter().enumerate() {
        if let Some(output) = session.step(&block.mark, &block.text).await? {
            seen.push((number, output));
        }
    }
    session.stop().await;
    settle(document, &seen)
}

#[derive(Default)]
struct Session {
    server: Option<Server>,
    ran: Option<Finished>,
    printed: String,
}

impl Session {
    /// What the block should hold, if it is one that shows something.
    async fn step(&mut self, mark: &str, text: &str) -> io::Result<Option<String>> {
        let (what, of) = mark.split_once(": ").unwrap_or((mark, ""));
        match what {
            "start" => {
                self.stop().await;
                self.server = Some(program(text)?.start().await);
            }
            "run" => {
                self.ran = Some(program(text)?.env("APP_CONFIG_backend_listen", "127.0.0.1:0").run().await)
            }
            "output" => {
                let ran = self.ran.as_ref().ok_or_else(|| io::Error::other("nothing was run"))?;
                return Ok(Some(masked(&lines_with(ran.stdout.lines(), of), 0)));
            }
            "request" => self.printed = self.request(text).await?,
            "answer" => return Ok(Some(masked(&self.printed, self.server()?.port()))),
            "log" => {
                let server = self.server()?;
                // The log is in order: once this request's line is there, so are all before it.
                let last = format!("/end-of-{}", of.replace(|c: char| !c.is_alphanumeric(), "-"));
                server.get(&last).await;
                server.line(&last).await;
                let lines = lines_with(server.log().iter().map(String::as_str), of);
                return Ok(Some(masked(&lines, server.port())));
            }
            _ => {}
        }
        Ok(None)
    }

    async fn request(&self, text: &str) -> io::Result<String> {
        let server = self.server()?;
        let mut printed = String::new();
        for line in text.lines() {
            let words = words(line);
            let [program, rest @ ..] = &*words else { continue };
            match (program.as_str(), rest) {
                ("touch", [file]) => fs::write(server.directory().join(file), "")?,
                ("curl", rest) => {
                    let request = Request::of_curl(rest, server.directory())?;
                    printed += &ended(&request.printed(&server.send(&request).await));
                }
                _ => return Err(io::Error::other(format!("not a line for this test: {line}"))),
            }
        }
        Ok(printed)
    }

    fn server(&self) -> io::Result<&Server> {
        self.server.as_ref().ok_or_else(|| io::Error::other("nothing was started"))
    }

    async fn stop(&mut self) {
        if let Some(server) = self.server.take() {
            server.stop().await;
        }
    }
}

/// `NAME=value … cargo run [-q] [-p <package> [--bin <name>]] [-- <arguments>]`, in a directory of its own.
fn program(line: &str) -> io::Result<Program> {
    let words = words(line.trim());
    let not_understood = || io::Error::other(format!("not a command for this test: {line}"));
    let is_variable = |word: &&String| word.split_once('=').is_some_and(|(name, _)| !name.contains('-'));
    let variables: Vec<_> = words.iter().take_while(is_variable).collect();
    let command: Vec<&str> = words[variables.len()..].iter().map(String::as_str).collect();
    let (cargo, arguments) = match command.iter().position(|word| *word == "--") {
        Some(at) => (&command[..at], &command[at + 1..]),
        None => (&*command, &[][..]),
    };
    let mut program = match cargo {
        ["cargo", "run"] => Program::greenroom(),
        ["cargo", "run", "-p", package] => Program::of(package, package),
        ["cargo", "run", "-q", "-p", "greenroom-examples", "--bin", name]
        | ["cargo", "run", "-p", "greenroom-examples", "--bin", name] => Program::example(name),
        _ => return Err(not_understood()),
    };
    for file in FILES {
        program = program.file(file, &fs::read_to_string(root().join(file))?);
    }
    for (name, value) in variables.iter().filter_map(|word| word.split_once('=')) {
        program = program.env(name, value);
    }
    Ok(arguments.iter().fold(program, |program, argument| program.arg(argument)))
}

/// Words as a shell splits them; single quotes hold together, `#` begins a comment.
fn words(line: &str) -> Vec<String> {
    let (mut words, mut word, mut quoted, mut begun) = (vec![], String::new(), false, false);
    for c in line.chars() {
        match c {
            '\'' => (quoted, begun) = (!quoted, true),
            '#' if !quoted && !begun => break,
            c if c.is_whitespace() && !quoted => {
                if begun {
                    words.push(std::mem::take(&mut word));
                }
                begun = false;
            }
            c => {
                word.push(c);
                begun = true;
            }
        }
    }
    if begun {
        words.push(word);
    }
    words
}

fn lines_with<'a>(lines: impl Iterator<Item = &'a str>, text: &str) -> String {
    lines.filter(|line| line.contains(text)).map(|line| format!("{}\n", line.trim_end())).collect()
}

fn ended(text: &str) -> String {
    if text.ends_with('\n') { text.to_owned() } else { format!("{text}\n") }
}

fn masked(text: &str, port: u16) -> String {
    let replace = |text: &str, pattern: &str, by: &str| match Regex::new(pattern) {
        Ok(pattern) => pattern.replace_all(text, by),
        Err(error) => panic!("{pattern}: {error}"),
    };
    let text = replace(text, r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", TIME);
    let text = replace(&text, r"durationMs=[\d.]+", "durationMs=0");
    let text = replace(&text, r#""durationMs":[\d.]+"#, r#""durationMs":0"#);
    let text = replace(&text, r"\b[0-9a-f]{32}\b", ID);
    let text = replace(&text, r#""span_id":"[0-9a-f]{16}""#, r#""span_id":"00f067aa0ba902b7""#);
    if port == 0 { text } else { text.replace(&format!(":{port}"), ":7007") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_split_as_a_shell_splits_it() {
        assert_eq!(words("curl -w '  %{http_code}\\n' x  # why"), ["curl", "-w", "  %{http_code}\\n", "x"]);
        assert_eq!(words("A='' b"), ["A=", "b"]);
    }

    #[test]
    fn what_changes_by_nature_is_masked() {
        assert_eq!(
            masked("2031-02-03T04:05:06.789Z on :4711 durationMs=1.25", 4711),
            format!("{TIME} on :7007 durationMs=0")
        );
    }
}
