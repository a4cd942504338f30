//! Where a service lives, where something is injected, and who sees whom: compile-time facts.

/// How many instances of a service there are, and who owns them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ScopeKind {
    /// One per backend.
    Root,
    /// One per plugin.
    Plugin,
    /// Offered by a plugin to its modules: an extension point.
    Extension,
}

/// A scope as a type. See [`Root`], [`Plugin`] and [`Extension`].
pub trait Scope: 'static {
    /// The same as a value.
    const KIND: ScopeKind;
}

/// A place where services are injected: a factory of a scope, a plugin's init, a module's init.
pub trait Site: 'static {}

/// One instance per backend.
#[derive(Debug)]
pub enum Root {}

/// One instance per plugin; modules see their plugin's.
#[derive(Debug)]
pub enum Plugin {}

/// Offered by a plugin (or a module) to the plugin's modules alone.
#[derive(Debug)]
pub enum Extension {}

/// The init function of a plugin.
#[derive(Debug)]
pub enum PluginInit {}

/// The init function of a module.
#[derive(Debug)]
pub enum ModuleInit {}

impl Scope for Root {
    const KIND: ScopeKind = ScopeKind::Root;
}
impl Scope for Plugin {
    const KIND: ScopeKind = ScopeKind::Plugin;
}
impl Scope for Extension {
    const KIND: ScopeKind = ScopeKind::Extension;
}

impl Site for Root {}
impl Site for Plugin {}
impl Site for PluginInit {}
impl Site for ModuleInit {}

/// Says that a service of this scope may be asked for at site `S`.
#[diagnostic::on_unimplemented(
    message = "a `{Self}`-scoped service cannot be used in a `{S}` site",
    label = "not visible here",
    note = "root factories see root services; plugin factories and inits see root and plugin services; only module inits see extension points"
)]
pub trait VisibleFrom<S: Site> {}
impl<S: Site> VisibleFrom<S> for Root {}
impl VisibleFrom<Plugin> for Plugin {}
impl VisibleFrom<PluginInit> for Plugin {}
impl VisibleFrom<ModuleInit> for Plugin {}
impl VisibleFrom<ModuleInit> for Extension {}
