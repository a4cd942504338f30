//! A signal reaches every backend of a process.

use std::process::ExitCode;

use greenroom_core::{Backend, Lifecycle, plugin};
use tokio::sync::mpsc;

fn backend(name: &'static str, tell: mpsc::UnboundedSender<(&'static str, &'static str)>) -> Backend {
    Backend::new([]).add(plugin(name, move |env| {
        env.register_init(async move |lifecycle: Lifecycle| {
            let (up, down) = (tell.clone(), tell);
            lifecycle.add_startup_hook("tell", async move || Ok(up.send((name, "up"))?))?;
            lifecycle.add_shutdown_hook("tell", async move || Ok(down.send((name, "down"))?))
        })
    }))
}

#[tokio::test]
async fn plugin_108_two_backends_in_one_process_both_stop_on_a_signal() {
    let (tell, mut told) = mpsc::unbounded_channel();
    let run = |name| backend(name, tell.clone()).run_with(async |_| {}, |_| {});
    let both = async { tokio::join!(run("one"), run("two")) };
    let signal = async {
        let up = [told.recv().await.unwrap(), told.recv().await.unwrap()];
        assert!(up.iter().all(|(_, what)| *what == "up"), "{up:?}");
        rustix::process::kill_process(rustix::process::getpid(), rustix::process::Signal::TERM).unwrap();
        let mut down = [told.recv().await.unwrap(), told.recv().await.unwrap()];
        down.sort_unstable();
        assert_eq!(down, [("one", "down"), ("two", "down")]);
    };
    let ((one, two), ()) = tokio::join!(both, signal);
    assert_eq!((one, two), (ExitCode::SUCCESS, ExitCode::SUCCESS));
}
