//! Multitons, root contexts and types' own default factories (P21, P31–P38, P46).

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering::SeqCst},
};

use greenroom_core::{
    Backend, Multiton, Plugin, PluginMetadata, Service, ServiceFactory, feature_loader, multiton, plugin,
    scope, service, service_with_root,
};
use greenroom_errors::Error;

use crate::kit::{Db, Journal};

#[derive(Clone, Debug)]
struct Reader(&'static str);
impl Multiton for Reader {
    const ID: &'static str = "core.urlReader.factories";
    type Scope = scope::Plugin;
}

/// A multiton with a default of its own.
#[derive(Clone)]
struct Handler(&'static str);
impl Multiton for Handler {
    const ID: &'static str = "core.auth.externalTokenHandlers";
    type Scope = scope::Root;
    fn default_factory() -> Option<ServiceFactory> {
        Some(multiton(async || Ok(Handler("default"))))
    }
}

fn reader(name: &'static str) -> ServiceFactory {
    multiton(async move || Ok(Reader(name)))
}

fn expects(readers: &'static [&'static str]) -> Plugin {
    plugin("p", move |env| {
        env.register_init(async move |all: Vec<Reader>| {
            assert_eq!(all.iter().map(|reader| reader.0).collect::<Vec<_>>(), readers);
            Ok(())
        })
    })
}

#[tokio::test]
async fn plugin_31_all_implementations_in_order_defaults_added_loaded() {
    let loader = feature_loader(async || Ok(vec![reader("loaded 1").into(), reader("loaded 2").into()]));
    let asks = expects(&["default", "added", "loaded 1", "loaded 2"]);
    Backend::new([reader("default")]).add(loader).add(reader("added")).add(asks).start().await.unwrap();
}

#[tokio::test]
async fn plugin_32_without_implementations_there_is_an_empty_list() {
    Backend::new([]).add(expects(&[])).start().await.unwrap();
}

#[tokio::test]
async fn plugin_33_a_default_counts_only_when_nothing_is_installed() {
    for (added, expected) in [(None, "default"), (Some("added"), "added")] {
        let asks = plugin("p", move |env| {
            env.register_init(async move |all: Vec<Handler>| {
                assert_eq!(all.iter().map(|handler| handler.0).collect::<Vec<_>>(), [expected]);
                Ok(())
            })
        });
        let mut backend = Backend::new([]).add(asks);
        if let Some(name) = added {
            backend = backend.add(multiton(async move || Ok(Handler(name))));
        }
        backend.start().await.unwrap();
    }
}

#[tokio::test]
async fn plugin_46_each_factory_of_a_multiton_is_eager_or_not_by_itself() {
    let journal = Journal::default();
    let made = |name: &'static str, journal: Journal| {
        multiton(async move || {
            journal.write(name);
            Ok(Handler(name))
        })
    };
    let (lazy, always) = (made("lazy", journal.clone()).lazy(), made("always", journal.clone()).always());
    Backend::new([]).add(lazy).add(always).start().await.unwrap();
    assert_eq!(journal.lines(), ["always"]);
}

#[tokio::test]
async fn plugin_21_a_root_context_is_made_once_and_given_to_each_plugin() {
    let made = Arc::new(AtomicUsize::new(0));
    let count = made.clone();
    let db = service_with_root(
        async move || Ok(count.fetch_add(1, SeqCst)),
        async |pool: usize, me: PluginMetadata| Ok(Db(format!("{} on pool {pool}", me.id()))),
    );
    let asks = |id: &'static str| {
        plugin(id, move |env| {
            env.register_init(async move |db: Db| {
                assert_eq!(db.0, format!("{id} on pool 0"));
                Ok(())
            })
        })
    };
    Backend::new([db]).add(asks("a")).add(asks("b")).start().await.unwrap();
    assert_eq!(made.load(SeqCst), 1);
}

#[tokio::test]
async fn plugin_38_a_failing_root_context_is_attempted_once_and_fails_each_plugin() {
    let made = Arc::new(AtomicUsize::new(0));
    let count = made.clone();
    let db = service_with_root(
        async move || {
            count.fetch_add(1, SeqCst);
            Err::<u8, _>(Error::new("no pool").into())
        },
        async |_pool: u8| Ok(Db(String::new())),
    );
    let asks = |id: &'static str| plugin(id, |env| env.register_init(async |_: Db| Ok(())));
    let text = Backend::new([db]).add(asks("a")).add(asks("b")).start().await.unwrap_err().to_string();
    let expected = "Failed to instantiate service 'core.database' because createRootContext threw an error, Error: no pool";
    assert_eq!(text.matches(expected).count(), 2, "{text}");
    assert_eq!(made.load(SeqCst), 1);
}

#[derive(Clone)]
struct Greeting(String);
static MADE: AtomicUsize = AtomicUsize::new(0);
impl Service for Greeting {
    const ID: &'static str = "demo.greeting";
    type Scope = scope::Root;
    fn default_factory() -> Option<ServiceFactory> {
        Some(service(async || {
            MADE.fetch_add(1, SeqCst);
            Ok(Greeting("by default".into()))
        }))
    }
}

#[tokio::test]
async fn plugin_34_35_47_a_types_default_is_made_once_when_asked_for_and_not_when_installed() {
    let asks = |id: &'static str, expected: &'static str| {
        plugin(id, move |env| {
            env.register_init(async move |greeting: Greeting| {
                assert_eq!(greeting.0, expected);
                Ok(())
            })
        })
    };
    Backend::new([]).start().await.unwrap();
    assert_eq!(MADE.load(SeqCst), 0);
    Backend::new([]).add(asks("a", "by default")).add(asks("b", "by default")).start().await.unwrap();
    assert_eq!(MADE.load(SeqCst), 1);
    let ours = service(async || Ok(Greeting("ours".into())));
    Backend::new([ours]).add(asks("a", "ours")).start().await.unwrap();
    assert_eq!(MADE.load(SeqCst), 1);
}
