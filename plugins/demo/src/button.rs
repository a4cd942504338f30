//! The buttons: what each is called, and what it is for.

/// A button of the page, in the order in which they stand there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Button {
    Queue,
    Fail,
    Slow,
    Break,
    Throw,
}

impl Button {
    pub(crate) const ALL: [Self; 5] = [Self::Queue, Self::Fail, Self::Slow, Self::Break, Self::Throw];

    /// Its place on the page, and its path below `/demo`.
    pub(crate) fn id(self) -> &'static str {
        match self {
            Self::Queue => "queue",
            Self::Fail => "fail",
            Self::Slow => "slow",
            Self::Break => "break",
            Self::Throw => "throw",
        }
    }

    /// What stands above it.
    pub(crate) fn title(self) -> &'static str {
        match self {
            Self::Queue => "Queue work",
            Self::Fail => "Fail",
            Self::Slow => "Be slow",
            Self::Break => "Break a dependency",
            Self::Throw => "Throw in the browser",
        }
    }

    /// What it does.
    pub(crate) fn about(self) -> &'static str {
        match self {
            Self::Queue => {
                "Queues a task of the plugin tasks, by the route and with the credentials that any caller needs. Each line of the \
                 task carries the id of this press."
            }
            Self::Fail => {
                "A handler reads a file that is not there. The caller gets a reference and no more; the log has the rest."
            }
            Self::Slow => {
                "A handler needs one of two places in a pool, and other work has both. What takes long is the wait, and the lines \
                 say so."
            }
            Self::Break => {
                "Takes away a server that the backend depends on. A check sees it, and readiness falls: no load balancer would \
                 send requests here. After half a minute it comes back by itself."
            }
            Self::Throw => {
                "An error that no script of this page catches. Datadog's browser SDK tells it to this backend, which keeps it \
                 with the session in which it happened."
            }
        }
    }

    /// What stands on it.
    pub(crate) fn label(self) -> &'static str {
        match self {
            Self::Queue => "Queue a task",
            Self::Fail => "Fail",
            Self::Slow => "Be slow",
            Self::Break => "Break it",
            Self::Throw => "Throw an error",
        }
    }
}
