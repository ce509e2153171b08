//! From `DOCKER_HOST` and its like to the connector's configuration.

use std::{
    env,
    path::{Path, PathBuf},
};

use engine::{Address, DockerHost};
use operations::{Error, Kind};
use serde_json::{Map, Value};

use crate::{
    connection::{Connection, TlsFlags},
    contexts::{DockerConfig, Tls},
    wording::Flags,
};

/// The configuration that a connection stands for, in a shell.
pub(crate) fn configuration(
    connection: &Connection<'_>,
    config: &DockerConfig,
) -> Result<Map<String, Value>, Error> {
    let mut fields = fields(connection, config)?;
    // A terminal takes a result of any size, and a person who types needs no limit.
    for limit in ["max_result_size", "rate_limit"] {
        fields.insert(limit.to_owned(), "0".into());
    }
    Ok(fields)
}

/// The fields of a configuration that a connection sets.
pub(crate) fn fields(
    connection: &Connection<'_>,
    config: &DockerConfig,
) -> Result<Map<String, Value>, Error> {
    of(connection, config, env::home_dir().as_deref())
}

fn of(
    connection: &Connection<'_>,
    config: &DockerConfig,
    home: Option<&Path>,
) -> Result<Map<String, Value>, Error> {
    let fault = |text: String| Error::new(Kind::InvalidConfiguration, text);
    let context = config.context(connection.choice)?;
    let (host, tls) = match &context {
        Some(context) => (context.host.as_str(), context.tls.as_ref()),
        None => (connection.host, None),
    };
    let own = own_tls(&connection.tls, config)?;
    let wants_tls = if context.is_some() { tls.is_some() } else { connection.tls.on };
    let DockerHost { address, tls: has_tls, base_path } =
        DockerHost::read(host, wants_tls).map_err(|error| fault(error.worded(&Flags)))?;
    let mut fields = Map::new();
    let mut set = |name: &str, value: &str| {
        fields.insert(name.to_owned(), value.into());
    };
    set("authentication_type", "None");
    match address {
        Address::Unix(path) => {
            set("protocol", "UNIX");
            set("server_address", &path.to_string_lossy());
        }
        Address::Tcp { host, port } => {
            set("protocol", if has_tls { "HTTPS" } else { "HTTP" });
            set("server_address", &host);
            set("port", &port.to_string());
            set("base_path", &base_path);
            let own = context.is_none().then_some(&own);
            if let Some(tls) = tls.or(own).filter(|_| has_tls) {
                let files = [("ca_cert_path", &tls.ca), ("cert_path", &tls.cert), ("key_path", &tls.key)];
                for (name, file) in files {
                    if let Some(file) = file {
                        set(name, &file.to_string_lossy());
                    }
                }
                set("verify_ssl", if tls.verify { "true" } else { "false" });
                if tls.cert.is_some() || tls.key.is_some() {
                    set("authentication_type", "Certificate");
                }
            }
        }
        Address::Ssh { user, host, port, socket } => {
            let user = if user.is_empty() { env::var("USER").unwrap_or_default() } else { user };
            set("protocol", "SSH");
            set("server_address", &host);
            set("port", &port.to_string());
            set("ssh_username", &user);
            set("ssh_socket", &socket);
            set("ssh_key", &ssh_key(connection.ssh_key, home)?);
            set("ssh_passphrase", &env::var("FSR_DOCKER_SSH_PASSPHRASE").unwrap_or_default());
            set("ssh_host_key", &known_hosts(home)?);
        }
    }
    let headers = config.headers();
    if !headers.is_empty() {
        set("http_headers", &Value::Object(headers).to_string());
    }
    for (name, value) in [("api_version", connection.api_version), ("timeout", connection.timeout)] {
        if let Some(value) = value {
            set(name, value);
        }
    }
    Ok(fields)
}

/// The files that flags name, else those of `DOCKER_CERT_PATH`, else those of docker's own folder, as far as they are there. As
/// for docker, the CA must be where a folder is named, and a client certificate need not.
fn own_tls(flags: &TlsFlags<'_>, config: &DockerConfig) -> Result<Tls, Error> {
    let absolute = |path: &str| {
        std::path::absolute(path)
            .map_err(|error| Error::new(Kind::InvalidConfiguration, format!("{path}: {error}.")))
    };
    let folder = match flags.folder {
        Some(folder) => absolute(folder)?,
        None => config.certificates().to_owned(),
    };
    let file = |named: Option<&str>, name: &str| match named {
        Some(path) => absolute(path).map(Some),
        None => Ok(Some(folder.join(name)).filter(|path| path.is_file())),
    };
    let ca = match (flags.ca, flags.folder) {
        (None, Some(_)) => Some(folder.join("ca.pem")),
        (named, _) => file(named, "ca.pem")?,
    };
    let (cert, key) = (file(flags.cert, "cert.pem")?, file(flags.key, "key.pem")?);
    // Where one of the pair is there, the other is missed by its name.
    let signs_in = cert.is_some() || key.is_some();
    let of_pair =
        |file: Option<PathBuf>, name: &str| signs_in.then(|| file.unwrap_or_else(|| folder.join(name)));
    // A port that only https:// says to speak TLS is verified.
    let verify = flags.verify || !flags.on;
    Ok(Tls {
        ca: ca.filter(|_| verify),
        cert: of_pair(cert, "cert.pem"),
        key: of_pair(key, "key.pem"),
        verify,
    })
}

/// The path of the key that signs in by SSH: the one that is named, or the first of ssh's own that is there.
fn ssh_key(named: Option<&str>, home: Option<&Path>) -> Result<String, Error> {
    let key = match named {
        Some(path) => std::path::absolute(path).ok(),
        None => ["id_ed25519", "id_ecdsa", "id_rsa"]
            .iter()
            .filter_map(|name| Some(home?.join(".ssh").join(name)))
            .find(|path| path.is_file()),
    };
    key.and_then(|path| path.into_os_string().into_string().ok()).ok_or_else(|| {
        Error::new(
            Kind::InvalidConfiguration,
            "There is no key to sign in by SSH: no id_ed25519, id_ecdsa or id_rsa in ~/.ssh. Name one with --ssh-key.",
        )
    })
}

/// What `~/.ssh/known_hosts` says; only the host's own lines count.
fn known_hosts(home: Option<&Path>) -> Result<String, Error> {
    let read = home.and_then(|home| std::fs::read_to_string(home.join(".ssh/known_hosts")).ok());
    // Authorities are not understood here; without them less is trusted, not more.
    let ours = |text: String| {
        text.lines().filter(|line| !line.starts_with("@cert-authority")).collect::<Vec<_>>().join("\n")
    };
    read.map(ours).filter(|text| !text.trim().is_empty()).ok_or_else(|| {
        Error::new(
            Kind::InvalidConfiguration,
            "The host's key is not known: there is nothing in ~/.ssh/known_hosts. Connect once with ssh, and compare the fingerprint.",
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::contexts::Choice;

    fn config() -> DockerConfig {
        DockerConfig { folder: PathBuf::from("/no/such/folder"), file: Map::new() }
    }

    fn fields(host: &str, tls_verify: bool, cert_path: Option<&str>) -> Map<String, Value> {
        let connection = Connection {
            host,
            choice: Choice::default(),
            config: None,
            tls: TlsFlags { on: tls_verify, verify: tls_verify, folder: cert_path, ..TlsFlags::default() },
            ssh_key: None,
            api_version: None,
            timeout: None,
        };
        configuration(&connection, &config()).unwrap()
    }

    #[test]
    fn by_ssh_it_takes_what_ssh_has() {
        let home = env::temp_dir().join(format!("fsr-docker-home-{}", std::process::id()));
        let connection = |ssh_key| Connection {
            host: "ssh://me@engine:2222/run/d.sock",
            choice: Choice::default(),
            config: None,
            tls: TlsFlags::default(),
            ssh_key,
            api_version: None,
            timeout: None,
        };
        let fault = |ssh_key| of(&connection(ssh_key), &config(), Some(&home)).unwrap_err().to_string();
        assert!(fault(None).contains("--ssh-key") && fault(Some("/k")).contains("known_hosts"));
        std::fs::create_dir_all(home.join(".ssh")).unwrap();
        std::fs::write(home.join(".ssh/id_rsa"), "").unwrap();
        std::fs::write(home.join(".ssh/known_hosts"), "@cert-authority * a\nengine b\n").unwrap();
        let fields = of(&connection(None), &config(), Some(&home)).unwrap();
        for (name, value) in [
            ("protocol", "SSH"),
            ("server_address", "engine"),
            ("port", "2222"),
            ("ssh_username", "me"),
            ("ssh_socket", "/run/d.sock"),
            ("ssh_host_key", "engine b"),
        ] {
            assert_eq!(fields[name], value, "{name}");
        }
        assert!(fields["ssh_key"].as_str().unwrap().ends_with("/.ssh/id_rsa"));
        assert_eq!(of(&connection(Some("/k")), &config(), Some(&home)).unwrap()["ssh_key"], "/k");
        std::fs::remove_dir_all(home).unwrap();
    }

    #[test]
    fn reads_docker_host() {
        let unix = fields("unix:///run/d.sock", false, None);
        assert_eq!(
            (unix["protocol"].as_str(), unix["server_address"].as_str()),
            (Some("UNIX"), Some("/run/d.sock"))
        );
        let tls = fields("tcp://[::1]:2376", true, Some("/certs"));
        assert_eq!(
            (tls["protocol"].as_str(), tls["server_address"].as_str(), tls["port"].as_str()),
            (Some("HTTPS"), Some("::1"), Some("2376"))
        );
        assert_eq!(tls["ca_cert_path"], "/certs/ca.pem");
        assert_eq!(fields("tcp://engine", false, Some("/certs"))["protocol"], "HTTP");
    }
}
