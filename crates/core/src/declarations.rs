//! What features declare of themselves, for a floor above to interpret.
//!
//! A declaration is a value of any type that travels with its feature. It is there before anything of the feature runs,
//! register functions included; this crate neither looks into it nor knows what types there are.

use std::{any::Any, collections::HashSet, fmt, sync::Arc};

use parking_lot::RwLock;

use crate::{Feature, Service, ServiceFactory, owner::Owner, scope};

type Value = Arc<dyn Any + Send + Sync>;

/// A feature that can carry declarations: plugins, modules, service factories and feature loaders.
///
/// ```
/// use greenroom_core::{Backend, Declare, plugin};
///
/// struct Motto(&'static str);
///
/// let hello = plugin("hello", |env| env.register_init(async || Ok(()))).declare(Motto("be kind"));
/// let declared = Backend::new([]).add(hello).declarations().of::<Motto>();
/// assert_eq!((declared[0].0.to_string().as_str(), declared[0].1.0), ("Plugin 'hello'", "be kind"));
/// ```
///
/// What types mean something is said where they are: `greenroom_config::DeclareConfig` has the one for config.
pub trait Declare: Sized {
    /// What it carries so far.
    #[doc(hidden)]
    fn declarations(&mut self) -> &mut DeclarationList;

    /// Adds a declaration. A feature may have any number, of one type too.
    #[must_use]
    fn declare<T: Any + Send + Sync>(mut self, what: T) -> Self {
        self.declarations().0.push(Arc::new(what));
        self
    }
}

/// What [`Declare`] adds to; of no use elsewhere.
#[doc(hidden)]
#[derive(Clone, Default)]
pub struct DeclarationList(Vec<Value>);

/// Who declared something.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FeatureId {
    /// A plugin or a module.
    Owner(Owner),
    /// The factory of a service, by the service's id.
    Service(&'static str),
    /// A feature loader, by where it was made.
    Loader(String),
}

impl FeatureId {
    /// The plugin or module that it is.
    pub fn owner(&self) -> Option<&Owner> {
        match self {
            Self::Owner(owner) => Some(owner),
            Self::Service(_) | Self::Loader(_) => None,
        }
    }
}

impl fmt::Display for FeatureId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Owner(owner) => owner.fmt(f),
            Self::Service(id) => write!(f, "Service '{id}'"),
            Self::Loader(description) => write!(f, "Feature loader {description}"),
        }
    }
}

/// All that a backend's features declare, and those of its default factories that nothing replaces: a root service that
/// the backend itself provides.
///
/// It grows while feature loaders bring more; once anything but a loader's own services is made, it is complete.
#[derive(Clone, Default)]
pub struct Declarations(Arc<RwLock<Known>>);

#[derive(Default)]
struct Known {
    declarations: Vec<Declaration>,
    /// The services whose default factory is replaced: what that one declares is nobody's.
    replaced: HashSet<&'static str>,
}

struct Declaration {
    by: FeatureId,
    what: Value,
    is_by_default_factory: bool,
}

impl Service for Declarations {
    const ID: &'static str = "greenroom.declarations";
    type Scope = scope::Root;
}

impl Known {
    fn in_force(&self) -> impl Iterator<Item = &Declaration> {
        self.declarations.iter().filter(|declaration| match declaration.by {
            FeatureId::Service(id) if declaration.is_by_default_factory => !self.replaced.contains(id),
            _ => true,
        })
    }

    fn extend(&mut self, by: &FeatureId, list: &DeclarationList, is_by_default_factory: bool) {
        let each = list.0.iter().cloned();
        self.declarations.extend(each.map(|what| Declaration {
            by: by.clone(),
            what,
            is_by_default_factory,
        }));
    }
}

impl Declarations {
    /// What was declared of this type, in the order of adding, by whom; default factories come first.
    pub fn of<T: Any + Send + Sync>(&self) -> Vec<(FeatureId, Arc<T>)> {
        let known = self.0.read();
        let typed = |d: &Declaration| Some((d.by.clone(), d.what.clone().downcast::<T>().ok()?));
        known.in_force().filter_map(typed).collect()
    }

    pub(crate) fn take_in_default(&self, factory: &ServiceFactory) {
        self.0.write().extend(&FeatureId::Service(factory.id), &factory.declarations, true);
    }

    pub(crate) fn take_in(&self, feature: &Feature) {
        let mut known = self.0.write();
        let (by, declarations) = match feature {
            Feature::Plugin(plugin) => {
                (FeatureId::Owner(Owner { plugin: plugin.id.clone(), module: None }), &plugin.declarations)
            }
            Feature::Module(module) => {
                let owner = Owner { plugin: module.plugin.clone(), module: Some(module.id.clone()) };
                (FeatureId::Owner(owner), &module.declarations)
            }
            Feature::Service(factory) => {
                if !factory.many {
                    known.replaced.insert(factory.id);
                }
                (FeatureId::Service(factory.id), &factory.declarations)
            }
            Feature::Loader(loader) => (FeatureId::Loader(loader.description.clone()), &loader.declarations),
            Feature::Decorator(_) | Feature::Middleware(_) => return,
        };
        known.extend(&by, declarations, false);
    }
}

impl fmt::Debug for Declarations {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let known = self.0.read();
        f.debug_list().entries(known.in_force().map(|declaration| &declaration.by)).finish()
    }
}
