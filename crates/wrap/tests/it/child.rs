//! A child's start and end.

use std::time::{Duration, Instant};

use greenroom_wrap::{Child, ChildCommand, Exit, Input, Target};

use crate::kit::{Told, command, lives, until_gone};

fn start(command: &ChildCommand) -> Child {
    Child::start(command, &Target::default(), None).unwrap()
}

#[tokio::test]
async fn our_exit_code_is_the_childs_and_128_with_the_number_of_a_signal() {
    for (script, exit, code, text) in [
        ("exit 0", Exit::Code(0), 0, "exit code 0"),
        ("exit 7", Exit::Code(7), 7, "exit code 7"),
        ("kill -ABRT $$", Exit::Signal(6), 134, "killed by SIGABRT"),
        ("kill -KILL $$", Exit::Signal(9), 137, "killed by SIGKILL"),
    ] {
        let mut child = start(&command(&["sh", "-c", script]));
        let ended = child.wait().await;
        assert_eq!((ended.exit, ended.exit_code(), &*ended.exit.to_string()), (exit, code, text));
        assert_eq!(child.wait().await, ended);
    }
}

#[tokio::test]
async fn what_cannot_be_run_is_named() {
    let start =
        |command: &ChildCommand| Child::start(command, &Target::default(), None).unwrap_err().to_string();
    assert_eq!(start(&command(&["no-such-program"])), "cannot run no-such-program: there is no such program");
    let elsewhere = ChildCommand { cwd: "/no/such".into(), ..command(&["sh"]) };
    assert_eq!(start(&elsewhere), "cannot run sh: there is no directory /no/such");
    assert!(start(&command(&["/etc/passwd"])).starts_with("cannot run /etc/passwd: Permission denied"));
}

#[tokio::test]
async fn a_child_has_a_group_of_its_own_and_nothing_to_read() {
    let mut told = Told::new();
    let mut child = start(&told.shell("read -r line; tell \"read $?\"; ps -o pgid= -p $$ > \"$OUT\" || cut -d' ' -f5 /proc/$$/stat > \"$OUT\""));
    assert_eq!(told.line().await, "read 1");
    assert_eq!(told.line().await.trim().parse(), Ok(child.pid()));
    assert_eq!(child.wait().await.exit_code(), 0);
}

#[tokio::test]
async fn a_child_gets_the_environment_and_the_directory_of_its_command_and_no_other() {
    let mut told = Told::new();
    let mut command = told.shell("tell \"$PWD ${CARGO_MANIFEST_DIR-none} $OWN\"");
    command.cwd = "/tmp".into();
    command.env.insert("OWN".into(), "a b".into());
    let mut child = start(&command);
    assert_eq!(told.line().await, "/tmp none a b");
    child.wait().await;
}

#[tokio::test]
async fn who_drops_a_child_leaves_nobody_behind() {
    let mut told = Told::new();
    let script = "trap '' TERM; sh -c 'trap \"\" TERM; echo $$ > \"$OUT\"; while :; do sleep 1; done' & wait";
    let child = start(&told.shell(script));
    let (own, of_child) = (child.pid(), told.number().await);
    assert!(lives(own) && lives(of_child));
    drop(child);
    until_gone(own).await;
    until_gone(of_child).await;
}

#[tokio::test]
async fn nobody_gets_a_signal_after_the_childs_end() {
    let target = Target::default();
    let mut child = Child::start(&command(&["sh", "-c", "exit 0"]), &target, None).unwrap();
    assert_eq!(target.pid(), Some(child.pid()));
    child.wait().await;
    assert_eq!(target.pid(), None);
    assert!(!target.signal(greenroom_wrap::Signal::USR1) && !target.kill_group());
}

#[tokio::test]
async fn a_target_that_was_killed_is_nobodys_any_more() {
    let target = Target::default();
    assert!(!target.kill_group());
    let error = Child::start(&command(&["sh", "-c", "exit 0"]), &target, None).unwrap_err();
    assert_eq!((error.to_string().as_str(), target.pid()), ("this process is about to end", None));
}

#[tokio::test]
async fn what_is_left_after_a_childs_end_is_asked_to_end_and_then_killed() {
    let mut told = Told::new();
    let script = |trap: &str| {
        format!("sh -c 'trap \"{trap}\" TERM; echo $$ > \"$OUT\"; while :; do sleep 0.02; done' & exit 3")
    };
    for (trap, is_killed) in [("exit 0", false), ("", true)] {
        let mut child = start(&told.shell(&script(trap)));
        assert_eq!(child.wait().await.exit_code(), 3);
        let left = told.number().await;
        let (grace, began) = (Duration::from_millis(if is_killed { 100 } else { 20_000 }), Instant::now());
        child.end_rest(grace).await;
        assert_eq!(began.elapsed() >= grace, is_killed);
        until_gone(left).await;
    }
}

#[tokio::test]
async fn what_is_read_goes_to_the_child_that_runs_now_and_ends_for_it_too() {
    let mut told = Told::new();
    let (reader, writer) = std::io::pipe().unwrap();
    let input = Input::copy(reader).unwrap();
    let target = Target::default();
    let script = told.shell("tell ready; read -r line; tell \"$line\"; read -r line; tell \"end $?\"");
    let mut first = Child::start(&script, &target, Some(&input)).unwrap();
    assert_eq!(told.line().await, "ready");
    std::io::Write::write_all(&mut &writer, b"one\n").unwrap();
    assert_eq!(told.line().await, "one");
    // A new child: the first one reads nothing more.
    let mut second = Child::start(&script, &Target::default(), Some(&input)).unwrap();
    let mut lines = [told.line().await, told.line().await];
    lines.sort_unstable();
    assert_eq!(lines, ["end 1", "ready"]);
    first.wait().await;
    std::io::Write::write_all(&mut &writer, b"two\n").unwrap();
    assert_eq!(told.line().await, "two");
    drop(writer);
    assert_eq!(told.line().await, "end 1");
    second.wait().await;
}
