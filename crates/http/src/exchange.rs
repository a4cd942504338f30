//! One request and its answer, from the first byte to the last: the one place that holds what is known of them.

use std::{
    borrow::Cow,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering::Relaxed},
    },
    time::Instant,
};

use axum::extract::Request;
use bytes::Bytes;
use greenroom_context::{Context, Request as RequestContext};
use greenroom_http_server::{Arrival, InFlight, Remainder, Takeover};
use greenroom_redact as redact;
use http::{HeaderMap, HeaderValue, Method, StatusCode, Uri, Version, uri::PathAndQuery};

use crate::{
    access_line::AccessLine,
    client::Caller,
    envelope::Envelope,
    express::{cors::Grant, headers::both, rate_limit::Hit},
    finished_request::Watch,
    forward::Told,
    limits::Place,
    measured::{LongLived, Measured},
    traced::Traced,
};

/// One request and its answer.
pub(crate) struct Exchange {
    /// What it belongs to before the routes and after them.
    pub(crate) context: Context,
    /// What its body belongs to: the plugin that answers, if one does.
    pub(crate) work: Context,
    pub(crate) request: RequestContext,
    pub(crate) asked: Asked,
    pub(crate) caller: Caller,
    /// Whether code of an author has been called, for those who ask for it.
    pub(crate) has_called_author: Option<Arc<AtomicBool>>,
    /// The path and the query that the routes below a mount see, once one is found.
    pub(crate) below_mount: Option<PathAndQuery>,
    /// No further request is wanted on the connection.
    pub(crate) is_last: bool,
    pub(crate) remainder: Remainder,
    pub(crate) began: Instant,
    /// What the request's origin is granted.
    pub(crate) grant: Option<Grant>,
    /// The limits that it was counted against, the plugin's last.
    pub(crate) hits: Vec<Hit>,
    /// Its places among what may be in flight, where that is limited.
    pub(crate) places: Vec<Place>,
    /// What is written when the last byte has left.
    pub(crate) line: Option<AccessLine>,
    /// What it is, if it is no request that is at work any more: whoever reads it leaves when it likes.
    pub(crate) long_lived: Option<LongLived>,
    /// What is counted when it is over.
    pub(crate) measured: Option<Measured>,
    /// What makes its span when it is over, if it is recorded.
    pub(crate) traced: Option<Traced>,
    /// Whose log tells of an answer that breaks: the innermost router's.
    pub(crate) envelope: Option<Arc<Envelope>>,
    /// What is noted for those who are told when it is over.
    pub(crate) watch: Option<Box<Watch>>,
    /// What the client was answered, once that is known.
    pub(crate) answered: Option<Answered>,
    /// What its line tells of a request that was forwarded.
    pub(crate) told: Option<Arc<Told>>,
    /// For an answer in another protocol.
    pub(crate) takeover: Option<Takeover>,
    /// The connection stays, and a drain waits, as long as this is here.
    pub(crate) in_flight: InFlight,
}

/// What the steps behind the routes need of the request.
pub(crate) struct Asked {
    pub(crate) method: Method,
    /// As it came.
    pub(crate) uri: Uri,
    pub(crate) version: Version,
    pub(crate) connection: Option<HeaderValue>,
    pub(crate) accept_encoding: Option<HeaderValue>,
    pub(crate) cache_control: Option<HeaderValue>,
    /// How long its body is, if it says so.
    pub(crate) content_length: Option<u64>,
    pub(crate) if_modified_since: Option<HeaderValue>,
    pub(crate) if_none_match: Option<HeaderValue>,
    /// The first one that came, as in Node, unless it is empty; so is the next.
    pub(crate) user_agent: Option<HeaderValue>,
    pub(crate) referrer: Option<HeaderValue>,
}

/// What a client was answered.
#[derive(Clone, Copy)]
pub(crate) struct Answered {
    pub(crate) status: StatusCode,
    /// What `Content-Length` says.
    pub(crate) length: Option<u64>,
    /// The body is not sent, whatever it is.
    pub(crate) is_bodiless: bool,
}

impl Exchange {
    pub(crate) fn begin(request: &Request, named: RequestContext, arrival: Arrival, caller: Caller) -> Self {
        let context = Context::current().with_request(named.clone());
        Self {
            work: context.clone(),
            context,
            request: named,
            asked: Asked::from_request(request),
            caller,
            has_called_author: None,
            below_mount: None,
            is_last: arrival.is_last,
            remainder: arrival.remainder,
            began: Instant::now(),
            grant: None,
            hits: Vec::new(),
            places: Vec::new(),
            line: None,
            long_lived: None,
            measured: None,
            traced: None,
            envelope: None,
            watch: None,
            answered: None,
            told: None,
            takeover: Some(arrival.takeover),
            in_flight: arrival.in_flight,
        }
    }

    /// Notes that code of an author is called from here on: something may change.
    pub(crate) fn calls_author(&mut self) {
        if let Some(watch) = &mut self.watch {
            watch.call();
        }
        if let Some(noted) = &self.has_called_author {
            noted.store(true, Relaxed);
        }
    }

    /// The path and the query relative to the mount.
    pub(crate) fn url_below_mount(&self) -> &str {
        self.below_mount.as_ref().map_or_else(|| self.asked.url(), PathAndQuery::as_str)
    }

    /// Notes what is answered.
    pub(crate) fn answer(&mut self, answered: Answered) {
        self.answered = Some(answered);
        if let Some(watch) = &mut self.watch {
            watch.answer();
        }
    }

    /// Notes that it is no request that is at work any more, but something that stays. What has left HTTP has no span, here as where
    /// a plugin answers.
    pub(crate) fn lasts(&mut self, as_what: LongLived) {
        self.places.clear();
        if self.long_lived.is_some() {
            return;
        }
        self.long_lived = Some(as_what);
        if as_what == LongLived::Tunnel {
            self.traced = None;
        }
        if let Some(measured) = &self.measured {
            measured.lasts(as_what);
        }
    }

    /// Writes the access line, counts, makes the span, and tells who observes, unless that is done. `sent` is how much of the body has left.
    pub(crate) fn end(&mut self, sent: u64, aborted: bool) {
        self.places.clear();
        let (line, watch, measured) = (self.line.take(), self.watch.take(), self.measured.take());
        let traced = self.traced.take();
        if line.is_none() && watch.is_none() && measured.is_none() && traced.is_none() {
            return;
        }
        let took = self.began.elapsed();
        let exchange = &*self;
        if let Some(measured) = measured {
            measured.end(exchange, sent, aborted, took);
        }
        if let Some(traced) = traced {
            traced.end(exchange, sent, aborted, took);
        }
        if line.is_none() && watch.is_none() {
            return;
        }
        exchange.context.clone().sync_scope(|| {
            if let Some(line) = line {
                line.write(exchange, sent, aborted, took);
            }
            if let Some(watch) = watch {
                watch.tell(exchange, sent, aborted);
            }
        });
    }
}

impl Drop for Exchange {
    /// The client has left before there was an answer, or the work on it was ended.
    fn drop(&mut self) {
        self.end(0, true);
    }
}

/// The request's name: its id, its trace and its session, as far as the client gave them.
pub(crate) fn request_context(headers: &HeaderMap) -> RequestContext {
    RequestContext::from_headers(headers.iter().map(|(name, value)| (name.as_str(), value)))
}

impl Asked {
    pub(crate) fn from_request(request: &Request) -> Self {
        let mut asked = Self {
            method: request.method().clone(),
            uri: request.uri().clone(),
            version: request.version(),
            connection: None,
            accept_encoding: None,
            cache_control: None,
            content_length: None,
            if_modified_since: None,
            if_none_match: None,
            user_agent: None,
            referrer: None,
        };
        let mut misspelt = None;
        for (name, value) in request.headers() {
            let (kept, is_list) = match name.as_str() {
                "connection" => (&mut asked.connection, true),
                "accept-encoding" => (&mut asked.accept_encoding, true),
                "cache-control" => (&mut asked.cache_control, true),
                "content-length" => {
                    asked.content_length = value.to_str().ok().and_then(|length| length.parse().ok());
                    continue;
                }
                "if-modified-since" => (&mut asked.if_modified_since, true),
                "if-none-match" => (&mut asked.if_none_match, true),
                "user-agent" => (&mut asked.user_agent, false),
                "referer" => (&mut asked.referrer, false),
                "referrer" => (&mut misspelt, false),
                _ => continue,
            };
            *kept = Some(match kept.take() {
                None => value.clone(),
                Some(first) if is_list => both(first, value),
                Some(first) => first,
            });
        }
        let said = |value: &HeaderValue| !value.is_empty();
        asked.user_agent = asked.user_agent.filter(said);
        asked.referrer = asked.referrer.filter(said).or(misspelt.filter(said));
        asked
    }

    /// Copies what it keeps of the request's head, for an answer that goes on for long: a part of the head keeps all of the buffer
    /// into which the connection has read it.
    pub(crate) fn detach(&mut self) {
        if let Ok(uri) = Uri::from_maybe_shared(Bytes::from(self.uri.to_string())) {
            self.uri = uri;
        }
        let values = [
            &mut self.connection,
            &mut self.accept_encoding,
            &mut self.cache_control,
            &mut self.if_modified_since,
            &mut self.if_none_match,
            &mut self.user_agent,
            &mut self.referrer,
        ];
        for value in values.into_iter().flatten() {
            if let Ok(copy) = HeaderValue::from_bytes(value.as_bytes()) {
                *value = copy;
            }
        }
    }

    /// The path and the query.
    pub(crate) fn url(&self) -> &str {
        self.uri.path_and_query().map_or("/", PathAndQuery::as_str)
    }

    /// What every line tells of the URL: all that was asked for, without the credentials in it.
    pub(crate) fn told_url(&self) -> Cow<'_, str> {
        match self.uri.scheme() {
            Some(_) => redact::url(&self.uri.to_string()).into_owned().into(),
            None => redact::url(self.uri.path_and_query().map_or("*", PathAndQuery::as_str)),
        }
    }

    /// Whether the client wants the connection kept.
    pub(crate) fn keeps_alive(&self) -> bool {
        let connection = self.connection.as_ref().and_then(|value| value.to_str().ok());
        let says = |word: &str| {
            connection.is_some_and(|all| all.split(',').any(|token| token.trim().eq_ignore_ascii_case(word)))
        };
        if self.version == Version::HTTP_10 { says("keep-alive") } else { !says("close") }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_kept_for_long_reads_as_it_came_and_holds_nothing_of_the_head() {
        for target in ["/api/events?a=b|c^%zz", "*", "http://host:1/x?y", "http://host?b"] {
            let head = Bytes::from(format!("{target} curl/8"));
            let uri = Uri::from_maybe_shared(head.slice(..target.len())).unwrap();
            let agent = HeaderValue::from_maybe_shared(head.slice(target.len() + 1..)).unwrap();
            let request = http::Request::builder().uri(uri).header("user-agent", agent);
            let request = request.body(axum::body::Body::empty()).unwrap();
            let mut asked = Asked::from_request(&request);
            let (uri, told) = (asked.uri.clone(), asked.told_url().into_owned());
            drop(request);
            asked.detach();
            assert_eq!((&asked.uri, &*asked.told_url()), (&uri, &*told));
            assert_eq!(asked.user_agent.as_ref().unwrap(), "curl/8");
            drop(uri);
            assert!(head.is_unique(), "{target}");
        }
    }
}
