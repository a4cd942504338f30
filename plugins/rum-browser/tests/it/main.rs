//! Pages and lists of browser sessions, as operators and programs get them.

mod api;
mod captures;
mod deleted;
mod failed;
mod hostile;
mod lines;
mod live;
mod pages;
mod refused;
mod support;
