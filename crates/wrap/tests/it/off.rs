//! The kill switch.

use std::{ffi::OsString, process::Command};

use greenroom_wrap::{Switch, exec_if_off};

use crate::kit::this_program;

fn words(line: &str) -> impl Iterator<Item = OsString> {
    line.split(' ').map(Into::into)
}

#[test]
fn off_gives_our_place_to_the_child() {
    let program = this_program("off::as_one_that_is_switched_off");
    let child = Command::new(&program[0])
        .args(&program[1..])
        .env("GREENROOM", "off")
        .env("SAID", "a b")
        .stdout(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    let pid = child.id();
    let ended = child.wait_with_output().unwrap();
    let said = String::from_utf8(ended.stdout).unwrap();
    assert!(said.contains(&format!("{pid} off a b 1 --config")), "{said}");
    assert_eq!(ended.status.code(), Some(6));
}

#[test]
#[ignore = "a process of its own, started by the test above"]
fn as_one_that_is_switched_off() {
    // A test has threads already; what counts is that none of them is left.
    let script = "echo \"$$ $GREENROOM $SAID $(ls /proc/$$/task | wc -l | tr -d ' ') $1\"; exit 6";
    let args = [
        "greenroom",
        "--no-such",
        "run",
        "--gateway",
        "--no-such-option",
        "--",
        "sh",
        "-c",
        script,
        "sh",
        "--config",
    ];
    let error = exec_if_off(args.into_iter().map(Into::into), |name| std::env::var_os(name));
    panic!("{error:?}");
}

#[test]
fn only_off_is_off_and_only_for_a_command_that_runs_a_child() {
    let off = |line: &str, switch: &str| exec_if_off(words(line), |_| Some(switch.into()));
    assert!(off("greenroom run -- no-such-program", "pass").is_none());
    assert!(off("greenroom run -- no-such-program", "on").is_none());
    assert!(off("greenroom config check", "off").is_none());
    assert!(off("greenroom", "off").is_none());
    assert!(exec_if_off(words("greenroom run -- no-such-program"), |_| None).is_none());
    let error = |line: &str| off(line, "off").unwrap().to_string();
    assert!(
        error("greenroom run -- no-such-program")
            .starts_with("GREENROOM=off: cannot run no-such-program: No such")
    );
    assert_eq!(
        error("greenroom run --gateway"),
        "GREENROOM=off needs a program to run: greenroom run -- node packages/backend"
    );
}

#[test]
fn a_switch_that_is_misspelt_is_told() {
    let parse = |text: &str| Switch::parse(Some(text.as_ref()));
    assert_eq!((Switch::parse(None), parse("")), (Ok(Switch::On), Ok(Switch::On)));
    assert_eq!(
        (parse("off"), parse("pass"), parse("on")),
        (Ok(Switch::Off), Ok(Switch::Pass), Ok(Switch::On))
    );
    // As people write it at night.
    for off in ["OFF", " off", "false", "0"] {
        assert_eq!(parse(off), Ok(Switch::Off), "{off}");
    }
    assert_eq!((parse("PASS"), parse("1")), (Ok(Switch::Pass), Ok(Switch::On)));
    let error = parse("of").unwrap_err();
    assert_eq!(error, "GREENROOM=of is unknown: write GREENROOM=off, GREENROOM=pass or GREENROOM=on");
}
