//! Panics in the log, in a process of their own: the hook is everybody's.

use greenroom_logging::RootLogger;

use crate::sinks::{child, lines};

#[test]
#[ignore = "run by the test below, in a process of its own"]
fn in_child_panics() {
    let root = RootLogger::builder().build();
    let hook = root.log_panics();
    #[expect(clippy::disallowed_methods, reason = "a panic on a plain thread is what is tested")]
    std::thread::spawn(|| panic!("on a thread {}", 1)).join().unwrap_err();
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).build().unwrap();
    let work = greenroom_context::Context::default().with_plugin("catalog");
    runtime.block_on(runtime.spawn(work.scope(async { panic!("in a task") }))).unwrap_err();
    // Whoever catches one tells of it.
    let caught = runtime.block_on(greenroom_context::catch_panic(async { panic!("told by another") }));
    assert_eq!(caught.unwrap_err().text, "told by another");
    root.info("still here");
    drop(hook);
    // No flush: what is left goes out with the last handle.
}

#[test]
fn panics_are_logged_as_node_logs_them_and_the_process_goes_on() {
    let output = child("panics::in_child_panics").output().unwrap();
    assert!(output.status.success());
    let lines = lines(&output);
    assert_eq!(lines.len(), 3, "{lines:?}");
    assert_eq!(lines[0]["message"], "Uncaught exception on a thread 1");
    assert_eq!(lines[0]["type"], "uncaughtException");
    assert_eq!(lines[0]["level"], "error");
    let stack = lines[0]["stack"].as_str().unwrap();
    assert!(stack.starts_with("Error: on a thread 1\n    at ") && stack.contains("panics.rs"), "{stack}");
    assert_eq!(lines[1]["message"], "Unhandled rejection in a task");
    assert_eq!(lines[1]["type"], "unhandledRejection");
    assert_eq!(lines[2]["message"], "still here");
}

#[test]
#[ignore = "run by the test below, in a process of its own"]
fn in_child_panic_ends_the_process() {
    let root = RootLogger::builder().build();
    root.log_panics().forever();
    // Statics are not dropped at exit, as the handle of a real backend is not.
    std::mem::forget(root);
    let _abort = Abort;
    panic!("the last line");
}

/// Ends the process while the stack unwinds, before anyone could flush.
struct Abort;

impl Drop for Abort {
    fn drop(&mut self) {
        std::process::abort();
    }
}

#[test]
fn the_line_of_a_panic_is_out_before_the_stack_unwinds() {
    let output = child("panics::in_child_panic_ends_the_process").output().unwrap();
    assert!(!output.status.success());
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(text.contains("Uncaught exception the last line"), "{text}");
}
