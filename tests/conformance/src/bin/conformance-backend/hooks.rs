//! Hooks of every phase; what they print goes beside the log, as in the recordings.

use std::time::Duration;

use greenroom::prelude::*;

#[expect(clippy::print_stdout, reason = "the recorded backend prints these lines past its logger")]
fn say(line: &str) {
    println!("HOOK {line}");
}

async fn slowly(name: &'static str) -> Result {
    say(&format!("{name} begin"));
    let millis = std::env::var("HOOK_MS").ok().and_then(|millis| millis.parse().ok());
    tokio::time::sleep(Duration::from_millis(millis.unwrap_or(300))).await;
    say(&format!("{name} end"));
    Ok(())
}

pub(crate) fn hooks() -> Plugin {
    plugin("hooks", |env| {
        env.register_init(async |lifecycle: Lifecycle, root: RootLifecycle| {
            lifecycle.add_startup_hook("says", async || {
                say("plugin startup");
                Ok(())
            })?;
            root.add_startup_hook("says", async || {
                say("root startup");
                Ok(())
            })?;
            root.add_startup_hook("throws", async || Err(Error::new("startup hook boom").into()))?;
            root.add_before_shutdown_hook("slow", async || slowly("root beforeShutdown").await)?;
            lifecycle.add_shutdown_hook("slow", async || slowly("plugin shutdown").await)?;
            lifecycle.add_shutdown_hook("x", async || Err(Error::new("shutdown hook boom").into()))?;
            root.add_shutdown_hook("slow", async || slowly("root shutdown").await)
        });
    })
}

pub(crate) fn hang() -> Plugin {
    plugin("hang", |env| {
        env.register_init(async |root: RootLifecycle| {
            root.add_shutdown_hook("hang", async || {
                say("hanging");
                tokio::time::sleep(Duration::from_secs(6)).await;
                say("hang end");
                Ok(())
            })
        });
    })
}
