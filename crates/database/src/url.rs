//! A connection to PostgreSQL as a URL, read as `pg-connection-string` reads it.

use std::{borrow::Cow, fs};

use percent_encoding::percent_decode_str;

use crate::{connection::Connection, session, tls::Tls};

/// Reads `postgres://user:password@host:port/database?ssl=true`, `socket:/directory?db=name` or `/directory name`.
///
/// # Errors
/// A sentence that quotes nothing of the text: any part of it may be a password.
pub(crate) fn parse(text: &str) -> Result<Connection, String> {
    if text.starts_with('/') {
        let (directory, database) = text.split_once(' ').unwrap_or((text, ""));
        let database = some(database.to_owned());
        return Ok(Connection { host: Some(directory.to_owned()), database, ..Connection::default() });
    }
    let (before, query) = text.split_once('?').unwrap_or((text, ""));
    let (scheme, rest) =
        before.split_once(':').ok_or("it is no URL: `postgres://user:password@host:5432`")?;
    let mut connection = match scheme {
        "postgres" | "postgresql" => {
            authority(rest.strip_prefix("//").ok_or("`//` is missing after the scheme")?)?
        }
        "socket" => Connection { host: some(decode(rest)?), ..Connection::default() },
        _ => return Err("its scheme is neither postgres nor postgresql".to_owned()),
    };
    parameters(&mut connection, query)?;
    Ok(connection)
}

/// `user:password@host:port/database`. A password may have a `/` or an `@` in it, though it should be encoded.
fn authority(rest: &str) -> Result<Connection, String> {
    let (login, place) = rest.rsplit_once('@').map_or((None, rest), |(login, place)| (Some(login), place));
    let (server, database) = place.split_once('/').unwrap_or((place, ""));
    let (user, password) = login.map_or(("", ""), |login| login.split_once(':').unwrap_or((login, "")));
    // The address of IPv6 is in brackets: its colons are no port's.
    let (host, port) = match server.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
        Some((address, port)) => (address, port.strip_prefix(':').unwrap_or(port)),
        None => server.split_once(':').unwrap_or((server, "")),
    };
    let mut connection = Connection {
        host: some(decode(host)?),
        user: some(decode(user)?),
        password: some(decode(password)?),
        database: some(decode(database)?),
        ..Connection::default()
    };
    if !port.is_empty() {
        connection.port = Some(port_of(port)?);
    }
    Ok(connection)
}

fn parameters(connection: &mut Connection, query: &str) -> Result<(), String> {
    let (mut mode, mut ssl, mut files) = (None, None, [None, None, None]);
    for pair in query.split('&').filter(|pair| !pair.is_empty()) {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        let value = decode(&value.replace('+', " "))?;
        match name {
            "host" => connection.host = Some(value),
            "port" => connection.port = Some(port_of(&value)?),
            "user" => connection.user = Some(value),
            "password" => connection.password = Some(value),
            "db" if connection.database.is_none() => connection.database = Some(value),
            "application_name" => connection.application_name = Some(value),
            "options" => connection.session.options = Some(session::parse(&value)?),
            "ssl" => ssl = Some(value),
            "sslmode" => mode = Some(value),
            "sslrootcert" => files[0] = Some(read(&value, name)?),
            "sslcert" => files[1] = Some(read(&value, name)?),
            "sslkey" => files[2] = Some(read(&value, name)?),
            _ => {}
        }
    }
    let [ca, cert, key] = files;
    let client = match (cert, key) {
        (Some(cert), Some(key)) => Some((cert, key)),
        (None, None) => None,
        _ => return Err("sslcert and sslkey go together".to_owned()),
    };
    connection.ssl = match (mode.as_deref(), ssl.as_deref()) {
        (Some("disable"), _) => Some(Tls::Off),
        (Some("no-verify"), _) => Some(Tls::new(false, ca, client)),
        (Some("prefer" | "require" | "verify-ca" | "verify-full"), _) => Some(Tls::new(true, ca, client)),
        (Some(_), _) => {
            return Err("its sslmode is none of disable, no-verify, require and verify-full".to_owned());
        }
        (None, Some("true" | "1")) => Some(Tls::new(true, ca, client)),
        (None, Some("false" | "0")) => Some(Tls::Off),
        (None, Some("no-verify")) => Some(Tls::new(false, ca, client)),
        (None, Some(_)) => return Err("its ssl is none of true, false and no-verify".to_owned()),
        (None, None) if ca.is_some() || client.is_some() => Some(Tls::new(true, ca, client)),
        (None, None) => None,
    };
    Ok(())
}

fn read(path: &str, name: &str) -> Result<String, String> {
    fs::read_to_string(path).map_err(|error| format!("the file of its {name} cannot be read: {error}"))
}

fn port_of(text: &str) -> Result<u16, String> {
    let port = text.parse().ok().filter(|port| *port > 0);
    port.ok_or_else(|| "its port is no number from 1 to 65535".to_owned())
}

fn decode(text: &str) -> Result<String, String> {
    let decoded = percent_decode_str(text).decode_utf8().map(Cow::into_owned);
    decoded.map_err(|_| "what is percent-encoded in it is no text".to_owned())
}

fn some(text: String) -> Option<String> {
    Some(text).filter(|text| !text.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_may_have_any_character() {
        let read = |text: &str| parse(text).unwrap();
        let encoded = read("postgresql://me:p%40s%2Fs%25@db.example:5433/portal");
        assert_eq!((encoded.password.as_deref(), encoded.port), (Some("p@s/s%"), Some(5433)));
        let bare = read("postgres://me:p@s:/#s@db.example/portal");
        assert_eq!((bare.password.as_deref(), bare.host.as_deref()), (Some("p@s:/#s"), Some("db.example")));
        assert_eq!(bare.database.as_deref(), Some("portal"));
    }

    #[test]
    fn sockets_and_addresses_of_version_6_are_hosts() {
        let host = |text: &str| parse(text).unwrap().host.unwrap();
        assert_eq!(host("postgres://[::1]:5433/x"), "::1");
        assert_eq!(host("/var/run/postgresql portal"), "/var/run/postgresql");
        assert_eq!(host("socket:/var/run/postgresql?db=portal"), "/var/run/postgresql");
        assert_eq!(host("postgres://me@%2Frun%2Fpostgresql/portal"), "/run/postgresql");
        assert_eq!(host("postgres:///portal?host=/run/postgresql"), "/run/postgresql");
    }

    #[test]
    fn what_is_wrong_is_said_without_the_password() {
        for text in [
            "s3cret",
            "mysql://me:s3cret@db",
            "postgres:me:s3cret",
            "postgres://me:s3cret@db:x",
            "postgres://s3cret@db?sslmode=x",
            "postgres://s3cret@db?ssl=x",
            "postgres://me:s3cret@db:0",
            "postgres://me:s3cret@db?port=0",
        ] {
            let error = parse(text).err().unwrap();
            assert!(!error.contains("s3cret") && !error.is_empty(), "{error}");
        }
    }
}
