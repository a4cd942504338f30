//! What is told of a child's memory, and of who ends without a word.

use super::*;

#[tokio::test]
async fn memory_is_told_once_at_each_share_and_who_ends_without_goodbye_by_the_next_start() {
    let place = Place::new();
    let mut words = place.words();
    let mut told = Told::new();
    let supervisor = words.supervise(RestartPolicy::Never, told.shell("tell $$; sleep 60"));
    let pid = told.number().await;
    for (used, level) in [(850, 80), (970, 90)] {
        place.uses(used);
        match words.event().await {
            Event::MemoryHigh { level: told, memory } => {
                assert_eq!((told, memory.used_bytes, memory.limit_bytes), (level, Some(used), Some(1000)));
                assert!(memory.rss_bytes > 0);
            }
            other => panic!("{other:?}"),
        }
    }
    // The kernel ends all at once: nobody notes anything any more.
    drop((supervisor, words));

    // The file is free once the last look is over.
    let next = loop {
        tokio::task::yield_now().await;
        let mut next = place.words();
        match next.event().await {
            Event::NoHeartbeat(why) => assert!(why.contains("another process"), "{why}"),
            Event::Previous(exit) => break (next, exit),
            other => panic!("{other:?}"),
        }
    };
    let (next, exit) = next;
    assert_eq!((exit.cause, exit.pid), (Cause::NoGoodbye, Some(pid)));
    let sentence = "The previous run ended without goodbye at 97 % of the memory limit";
    assert!(exit.sentence.starts_with(sentence), "{}", exit.sentence);
    assert_eq!(next.words.previous(), Some(&exit));
    assert_eq!(kept(&place), exit);
}

#[tokio::test]
async fn without_a_place_for_it_there_is_no_heartbeat_and_the_rest_goes_on() {
    let place = Place::new();
    place.write("state", "a file stands where the directory should");
    let mut words = place.words();
    assert!(matches!(words.event().await, Event::NoHeartbeat(_)));
    words.supervise(RestartPolicy::Never, command(&["sh", "-c", "exit 7"])).end().await;
    assert_eq!(words.end().code, Some(7));
    assert!(matches!(words.event().await, Event::NotWritten(_)));
    assert!(Path::new(&place.path("termination-log")).metadata().unwrap().len() > 0);
}

#[tokio::test]
async fn a_heap_as_large_as_the_limit_is_told_once_with_what_node_runs_with() {
    let place = Place::new();
    place.write("sys/fs/cgroup/memory.max", "536870912\n");
    let mut words = place.words();
    let options = "--max-old-space-size=900 --require=/x?token=abc";
    let env = Environment::from_iter([("NODE_OPTIONS".into(), options.into())]);
    let node = ChildCommand::new(["node", "x.js"].map(Into::into), "/", env).unwrap();
    for _ in 0..2 {
        words.words.launching(&node);
    }
    let shown = "--max-old-space-size=900 --require=/x?token=***";
    assert_eq!(words.event().await, Event::NodeOptions(shown.to_owned()));
    let told = words.event().await;
    assert_eq!(told, Event::HeapAboveLimit { heap: 900 << 20, limit: 512 << 20 });
    assert!(told.to_string().ends_with("--max-old-space-size=384"), "{told}");
    assert!(words.events.try_recv().is_err(), "once");
}
