//! Who is asked before a change comes into force.

use std::sync::mpsc::channel;

use greenroom_config::{RootConfig, Subscription};

use crate::{
    support::yaml,
    watching::{Told, watch, write},
};

/// Refuses a config whose `a` is no number.
fn demand_a_number(config: &RootConfig) -> Subscription {
    config.before_change(|next| next.number("a").err().map(Into::into).into_iter().collect())
}

#[test]
fn what_is_refused_is_told_once_and_all_stays_until_it_is_mended() {
    let world = yaml("a: 1\nb: {$include: x.yaml}").file("x.yaml", "c: 1");
    let watched = watch(&world);
    // In the same words, as whoever reads a value in several places does.
    let _judges = [demand_a_number(&watched.config), demand_a_number(&watched.config)];
    write(&world, "app-config.yaml", "\na: one\nb: {$include: x.yaml}");
    let Told::Refused(text) = watched.next() else { panic!("nothing is refused") };
    assert!(text.ends_with("in 'app-config.yaml' to a number (app-config.yaml:2:4)"), "{text}");
    assert_eq!(watched.next(), Told::Read(false), "once");
    // Another file changes: what is wrong is known already, and nothing is in force.
    write(&world, "x.yaml", "c: 2");
    assert_eq!(watched.next(), Told::Read(false));
    assert_eq!((watched.config.number("a").unwrap(), watched.config.number("b.c").unwrap()), (1.0, 1.0));
    assert_eq!(watched.config.place("a").unwrap().line, 1);
    write(&world, "app-config.yaml", "a: 3\nb: {$include: x.yaml}");
    watched.until(&Told::Read(true));
    assert_eq!((watched.config.number("a").unwrap(), watched.config.number("b.c").unwrap()), (3.0, 2.0));
    assert_eq!(watched.notified(), 1);
}

#[test]
fn a_refused_change_is_read_again_with_the_next_one_of_any_file() {
    let world = yaml("a: {$include: x.yaml}").file("x.yaml", "1").file("y.yaml", "one");
    let config = world.load();
    let judge = demand_a_number(&config);
    write(&world, "app-config.yaml", "a: {$include: y.yaml}");
    let refused = config.reload().unwrap_err();
    assert!(refused.to_string().ends_with("(y.yaml:1:1)"), "{refused}");
    assert_eq!(config.number("a").unwrap(), 1.0);
    // The file that it was made of is followed.
    assert!(config.files().contains(&world.path("y.yaml")));
    write(&world, "y.yaml", "2");
    assert!(config.reload().unwrap());
    assert_eq!(config.number("a").unwrap(), 2.0);
    // Who cannot read it refuses it; who is gone does not.
    let panics = config.before_change(|_| panic!("cannot be read"));
    write(&world, "y.yaml", "three");
    assert!(config.reload().is_err());
    drop((judge, panics));
    assert!(config.reload().unwrap());
}

#[test]
fn a_change_is_judged_before_anybody_can_read_it() {
    let world = yaml("a: 1");
    let config = world.load();
    let (tell, told) = channel();
    let now = config.clone();
    let _judge = config.before_change(move |next| {
        tell.send((now.number("a").unwrap(), next.number("a").unwrap())).unwrap();
        vec![]
    });
    write(&world, "app-config.yaml", "a: 2");
    assert!(config.reload().unwrap());
    assert_eq!(told.try_iter().collect::<Vec<_>>(), [(1.0, 2.0)]);
}
