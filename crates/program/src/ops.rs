//! `ops link`: a link by which a browser signs in on `/.greenroom/`.
//!
//! The command asks the backend that runs with this config, as a program with the ops token. The token is read from the
//! environment, the config or the data directory: it is never an argument, which others on the machine could see.

use greenroom::{
    config::RootConfig,
    data_dir::DataDirEnvironment,
    errors::{Error, Result},
    http::{Https, Listen, SELF_SIGNED_FILE},
    http_client::{Call, ClientEnvironment, ClientSettings, HttpClient},
    ops::{OpsSettings, OpsToken, ROOT},
};

use crate::{Answer, CommandContext, prepare};

/// Print a link that is good for one sign-in on the pages of the running backend, within ten minutes.
///
/// Whoever opens it is an operator: hand it to nobody else. The backend is asked where this config says that it listens; the
/// token is that of GREENROOM_OPS_TOKEN, of the config, or of the file in the data directory.
#[derive(clap::Args)]
pub(crate) struct Link {}

pub(crate) fn link(_: Link, context: &CommandContext<'_>) -> Result<Answer> {
    let (config, options) = (context.config()?, context.options());
    let data_dir = DataDirEnvironment::of(options).data_dir(&config).map_err(Error::from)?;
    let token = OpsToken::known_to_programs(&prepare::ops(options), &config, &data_dir)?;
    let place = Place::of(&config)?;
    let own_certificate = data_dir.join(SELF_SIGNED_FILE);
    let calls = match &place.https {
        Some(Https::SelfSigned { .. }) => ClientEnvironment::from_variables(|name| match name {
            "NODE_EXTRA_CA_CERTS" => Some(own_certificate.clone().into_os_string()),
            _ => options.env.get(name).map(Into::into),
        }),
        _ => prepare::calls(options),
    };
    let settings = ClientSettings::from_config(&config).map_err(Error::from)?;
    let client = HttpClient::builder(calls).settings(settings).build();
    let path = context.wait_for(ask(&client, &place.url, &token))??;
    Ok(Answer::from(format!("{}{path}", place.shown)))
}

/// Where the surface is.
struct Place {
    https: Option<Https>,
    /// In front of its paths, as this machine reaches it.
    url: String,
    /// The same for whoever reads the link.
    shown: String,
}

impl Place {
    fn of(config: &RootConfig) -> Result<Self> {
        let own = OpsSettings::from_config(config).map_err(Error::from)?.listen;
        let listen = match &own {
            Some(listen) => listen.clone(),
            None => Listen::from_config(config).map_err(Error::from)?,
        };
        let https = Https::from_config(config).map_err(Error::from)?;
        let scheme = if https.is_some() { "https" } else { "http" };
        let url = match &listen {
            Listen::Unix(path) => {
                let text = format!(
                    "The backend listens on {}, which no browser reaches; set greenroom.ops.listen to a port of this machine",
                    path.display()
                );
                return Err(Error::new(text).into());
            }
            Listen::Tcp { port: 0, .. } => {
                let text = "The config has the system choose the port, which nobody here knows; set greenroom.ops.listen to one";
                return Err(Error::new(text).into());
            }
            Listen::Tcp { host, port } => format!("{scheme}://{}:{port}", reached(host)),
        };
        // Browsers come by the public name, unless the surface listens elsewhere.
        let public = config.optional_string("backend.baseUrl").ok().flatten().filter(|_| own.is_none());
        let public = public.map(|url| origin(&url).to_owned());
        Ok(Self { https, shown: public.unwrap_or_else(|| url.clone()), url })
    }
}

/// All addresses are this machine, too.
pub(crate) fn reached(host: &str) -> String {
    match host.parse::<std::net::IpAddr>() {
        Ok(ip) if ip.is_unspecified() => "localhost".to_owned(),
        Ok(std::net::IpAddr::V6(ip)) => format!("[{ip}]"),
        Ok(ip) => ip.to_string(),
        Err(_) if host.is_empty() => "localhost".to_owned(),
        Err(_) => host.to_owned(),
    }
}

/// A URL up to its path.
fn origin(url: &str) -> &str {
    let from = url.find("://").map_or(0, |at| at + 3);
    let end = url[from..].find('/').map_or(url.len(), |at| from + at);
    &url[..end]
}

/// The path with the code of a new link.
async fn ask(client: &HttpClient, url: &str, token: &str) -> Result<String> {
    use http::{HeaderValue, header};
    let mut bearer = HeaderValue::try_from(format!("Bearer {token}")).map_err(Error::from_any)?;
    bearer.set_sensitive(true);
    let call = Call::post(&format!("{url}{ROOT}/v1/links"), "{}")?
        .header(header::AUTHORIZATION, bearer)
        .header(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    let answer = client.send(call).await.map_err(|why| {
        Error::new(format!("No backend of this config answers at {url}; start it first")).caused_by(why)
    })?;
    let body: serde_json::Value = serde_json::from_slice(answer.body()).unwrap_or_default();
    match (answer.status().as_u16(), body["path"].as_str()) {
        (200, Some(path)) => Ok(path.to_owned()),
        (status, _) => Err(Error::new(refused(url, status, body["error"]["message"].as_str())).into()),
    }
}

/// Why there is no link, by what the backend has answered.
fn refused(url: &str, status: u16, said: Option<&str>) -> String {
    match status {
        401 => format!("The backend at {url} has another ops token; run this with its config, as its user"),
        404 => format!(
            "The backend at {url} has no pages for operators there: its greenroom.ops.listen may name another address, so run this \
             with its config; or it runs in production, where it needs GREENROOM_OPS_TOKEN"
        ),
        _ => {
            let said = said.unwrap_or("it is no Greenroom");
            format!("The backend at {url} answers {status}: {said}")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place(yaml: &str) -> Result<(String, String), String> {
        let place = Place::of(&RootConfig::from_yaml(yaml).unwrap()).map_err(|error| error.to_string())?;
        Ok((place.url, place.shown))
    }

    #[test]
    fn the_backend_is_asked_where_it_listens_and_the_link_has_the_name_that_browsers_know() {
        for (yaml, url, shown) in [
            ("backend: {listen: ':7007'}", "http://localhost:7007", "http://localhost:7007"),
            (
                "backend: {listen: '0.0.0.0:7007', baseUrl: 'https://portal.example.com/backstage'}",
                "http://localhost:7007",
                "https://portal.example.com",
            ),
            (
                "{backend: {baseUrl: 'https://portal.example.com'}, greenroom: {ops: {listen: '127.0.0.1:7010'}}}",
                "http://127.0.0.1:7010",
                "http://127.0.0.1:7010",
            ),
        ] {
            assert_eq!(place(yaml), Ok((url.to_owned(), shown.to_owned())), "{yaml}");
        }
        for (yaml, why) in
            [("backend: {listen: ':0'}", "choose the port"), ("backend: {listen: 'unix:/x'}", "no browser")]
        {
            let told = place(yaml).unwrap_err();
            assert!(told.contains(why), "{told}");
        }
    }

    #[test]
    fn a_backend_without_pages_at_that_address_may_have_them_at_another_or_lack_a_token() {
        let told = refused("http://localhost:7007", 404, None);
        for reason in ["greenroom.ops.listen", "in production", "GREENROOM_OPS_TOKEN"] {
            assert!(told.contains(reason), "{told}");
        }
        assert!(refused("http://localhost:7007", 401, None).contains("another ops token"));
        assert!(refused("http://localhost:7007", 502, None).ends_with("answers 502: it is no Greenroom"));
    }
}
