//! Pages for operators as a browser shows them: in every state, light and dark, on a desk and on a phone.

mod demo;
mod gateway;
mod gateway_child;
mod looks;
mod now;
mod uses;
mod visits;
