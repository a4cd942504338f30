#![allow(unused)]
extern crate greenroom_core as greenroom;
use greenroom_core::{Service, plugin, scope, service};

#[derive(Clone)]
struct Clock;
impl Service for Clock {
    const ID: &'static str = "root.clock";
    type Scope = scope::Root;
}

#[derive(Clone)]
struct Db;
impl Service for Db {
    const ID: &'static str = "core.database";
    type Scope = scope::Plugin;
}

#[derive(Clone)]
struct Points;
impl Service for Points {
    const ID: &'static str = "catalog.points";
    type Scope = scope::Extension;
}

struct NotAService;

#[derive(Debug)]
struct OwnError;

fn main() {
    service(async |_db: Db| Ok(Clock));
}
