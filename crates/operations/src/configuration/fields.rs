//! The fields of a configuration, declared as an operation's parameters are, in the order in which a form shows them. The
//! published connector's names and values are kept.

use crate::{
    Param, Secrecy,
    declare::param::{choice, file, flag, integer, list, long_text, positive, secret, text},
    run::policy::AccessLevel,
};

const PROTOCOLS: &[(&str, &str)] = &[("HTTPS", "https"), ("HTTP", "http"), ("UNIX", "unix"), ("SSH", "ssh")];
/// The titles of all protocols: what every one of them needs stands with it in the form, and not after all that it has besides.
const EVERY_PROTOCOL: &[&str] = &{
    let mut titles = [""; PROTOCOLS.len()];
    let mut at = 0;
    while at < PROTOCOLS.len() {
        titles[at] = PROTOCOLS[at].0;
        at += 1;
    }
    titles
};
const SIGN_INS: &[(&str, &str)] = &[
    ("None", "none"),
    ("Certificate", "certificate"),
    ("Basic", "basic"),
    ("Token", "token"),
    ("Header", "header"),
];

pub(super) const PROTOCOL: Param = choice("protocol", PROTOCOLS)
    .title("Protocol")
    .about("HTTPS for an engine with TLS. HTTP for an engine without TLS: anyone who reaches it is root there. UNIX for a socket. SSH for a socket on a machine with an SSH server.")
    .default("HTTPS");
pub(super) const SERVER_ADDRESS: Param = text("server_address")
    .secret(Secrecy::SignIn)
    .title("Server Address")
    .about("The engine's host name or IP address, or the path of its socket.")
    .placeholder("engine.example.com")
    .pattern(
        r"^((unix://)?/\S+|[^\s/@?#]+)$",
        "A host name or IP address alone, without https:// and port; or the absolute path of a socket.",
    )
    .shown_for(PROTOCOL.name, EVERY_PROTOCOL)
    .form_defaults(&[("UNIX", "/var/run/docker.sock")])
    .required();
pub(super) const PORT: Param = integer("port")
    .title("Port")
    .about("The port. If empty, 2376 for HTTPS, 2375 for HTTP and 22 for SSH.")
    .placeholder("2376")
    .pattern(
        r"^([1-9][0-9]{0,3}|[1-5][0-9]{4}|6[0-4][0-9]{3}|65[0-4][0-9]{2}|655[0-2][0-9]|6553[0-5])$",
        "A whole number from 1 to 65535.",
    )
    .shown_for(PROTOCOL.name, &["HTTPS", "HTTP", "SSH"])
    .form_defaults(&[("HTTPS", "2376"), ("HTTP", "2375"), ("SSH", "22")]);
pub(super) const BASE_PATH: Param = text("base_path")
    .title("Base Path")
    .about("The path prefix of the API behind a proxy, such as /api/endpoints/1/docker.")
    .placeholder("/api/endpoints/1/docker")
    .pattern(r"^/?[A-Za-z0-9._~-]+(/[A-Za-z0-9._~-]+)*/?$", "A path such as /api/endpoints/1/docker.")
    .shown_for(PROTOCOL.name, &["HTTPS", "HTTP"]);

pub(super) const AUTHENTICATION_TYPE: Param = choice("authentication_type", SIGN_INS)
    .title("Authentication Type")
    .about("How to sign in: by client certificate, by user and password, by bearer token or header (as a proxy may require), or not at all.")
    .default("Certificate")
    .shown_for(PROTOCOL.name, &["HTTPS", "HTTP"])
    // A certificate proves nothing where there is no TLS.
    .form_defaults(&[("HTTP", "None")]);
pub(super) const USERNAME: Param = text("username")
    .title("Username")
    .about("The user name that signs in to the engine.")
    .placeholder("fortisoar")
    .needed_for(AUTHENTICATION_TYPE.name, &["Basic"]);
pub(super) const PASSWORD: Param = secret("password")
    .title("Password")
    .about("The password that goes with the user name.")
    .needed_for(AUTHENTICATION_TYPE.name, &["Basic"]);
pub(super) const ACCESS_TOKEN: Param = secret("access_token")
    .title("Access Token")
    .about("The bearer token, or the header's value.")
    .needed_for(AUTHENTICATION_TYPE.name, &["Token", "Header"]);
pub(super) const HEADER_NAME: Param = text("header_name")
    .title("Header Name")
    .about("The header that takes the access token.")
    .default("X-API-Key")
    .placeholder("X-API-Key")
    .needed_for(AUTHENTICATION_TYPE.name, &["Header"]);
pub(super) const CERT_PATH: Param = file("cert_path")
    .secret(Secrecy::Key)
    .title("Client Certificate")
    .about("The client certificate (PEM): a file, a path, or its text.")
    .placeholder("cert.pem")
    .needed_for(AUTHENTICATION_TYPE.name, &["Certificate"]);
pub(super) const KEY_PATH: Param = file("key_path")
    .secret(Secrecy::Key)
    .title("Client Key")
    .about("The client certificate's private key (PEM): a file, a path, or its text.")
    .placeholder("key.pem")
    .needed_for(AUTHENTICATION_TYPE.name, &["Certificate"]);
pub(super) const KEY_PASSPHRASE: Param = secret("key_passphrase")
    .title("Key Passphrase")
    .about("The passphrase of the private key, if the key is encrypted.")
    .shown_for(AUTHENTICATION_TYPE.name, &["Certificate"]);

pub(super) const CA_CERT_PATH: Param = file("ca_cert_path").open()
    .title("CA Certificate")
    .about("The certificate (PEM) of the CA that signed the engine's certificate. If empty, the system's CAs are trusted.")
    .placeholder("ca.pem")
    .shown_for(PROTOCOL.name, &["HTTPS"]);
pub(super) const TLS_SERVER_NAME: Param = text("tls_server_name")
    .title("TLS Server Name")
    .about("The name in the engine's certificate, if it is not the address.")
    .placeholder("engine.example.com")
    .shown_for(PROTOCOL.name, &["HTTPS"]);
pub(super) const CERTIFICATE_PIN: Param = list("certificate_pin")
    .title("Certificate Pin")
    .about("The only keys (sha256/... as in RFC 7469) or certificates (SHA-256 in hex) to accept. Without a CA certificate, a pin is enough. With one, both must match.")
    .placeholder("sha256/r/mIkG3eEpVdm+u/ko/cwxzOMo1bk4TyHIlByibiA5E=")
    .shown_for(PROTOCOL.name, &["HTTPS"]);
pub(super) const VERIFY_SSL: Param = flag("verify_ssl")
    .title("Verify SSL")
    .about("Verify the engine's certificate. When off, anyone on the network path can read and change all traffic.")
    .default("true")
    .shown_for(PROTOCOL.name, &["HTTPS"]);
pub(super) const PROXY: Param = secret("proxy").secret(Secrecy::SignIn)
    .title("Proxy")
    .about("The HTTP proxy to the engine, such as http://user:password@proxy:3128. Use none for no proxy. If empty, HTTPS_PROXY and NO_PROXY of the environment apply.")
    .placeholder("http://proxy.example.com:3128")
    .shown_for(PROTOCOL.name, &["HTTPS"]);

pub(super) const SSH_USERNAME: Param = text("ssh_username")
    .title("SSH Username")
    .about("The user name on the engine's machine.")
    .placeholder("fortisoar")
    .needed_for(PROTOCOL.name, &["SSH"]);
pub(super) const SSH_KEY: Param = file("ssh_key")
    .secret(Secrecy::Key)
    .title("SSH Key")
    .about("The user's private key (OpenSSH format or PEM): a file, a path, or its text.")
    .placeholder("id_ed25519")
    .needed_for(PROTOCOL.name, &["SSH"]);
pub(super) const SSH_PASSPHRASE: Param = secret("ssh_passphrase")
    .title("SSH Passphrase")
    .about("The passphrase of the SSH key, if the key is encrypted.")
    .shown_for(PROTOCOL.name, &["SSH"]);
pub(super) const SSH_HOST_KEY: Param = long_text("ssh_host_key").open()
    .title("SSH Host Key")
    .about("The host keys of the SSH server to accept: lines of known_hosts or of a .pub file, or fingerprints such as SHA256:... Any other key is refused.")
    .placeholder("ssh-ed25519 AAAAC3Nz..., or SHA256:...")
    .needed_for(PROTOCOL.name, &["SSH"]);
pub(super) const SSH_SOCKET: Param = text("ssh_socket")
    .title("SSH Socket")
    .about("The path of the engine's socket on that machine.")
    .default("/var/run/docker.sock")
    .placeholder("/var/run/docker.sock")
    .pattern(r"^/\S*$", "The absolute path of a socket.")
    .shown_for(PROTOCOL.name, &["SSH"]);

pub(super) const API_VERSION: Param = text("api_version")
    .title("API Version")
    .about("Auto uses the newest version that the engine and the connector both support. Or set one version, from v1.40 to v1.56, such as v1.41 (Docker 20.10), v1.44 (25), v1.51 (28.5) or v1.56 (29.8).")
    .default("Auto")
    .placeholder("Auto")
    .pattern(
        r"^([Aa][Uu][Tt][Oo]|v?[1-9][0-9]?\.[0-9]{1,3})$",
        "Auto, or a version from v1.40 to v1.56, such as v1.41.",
    );

pub(super) const HTTP_HEADERS: Param = secret("http_headers").secret(Secrecy::Values)
    .title("Further Headers")
    .about("Headers for every request, as a proxy in front of the engine may ask for: JSON such as {\"X-Tenant\": \"blue\"}, as HttpHeaders in docker's config.json.");

pub(crate) const REGISTRY_SERVER: Param = text("registry_server")
    .title("Registry Server")
    .about("The registry for the next three fields. If empty, Docker Hub.")
    .placeholder("registry.example.com:5000");
const REGISTRY_USERNAME: Param = text("registry_username")
    .title("Registry Username")
    .about("The user name with which the engine signs in to the registry.");
const REGISTRY_PASSWORD: Param = secret("registry_password")
    .title("Registry Password")
    .about("The password or access token that goes with the registry user name.");
const REGISTRY_TOKEN: Param = secret("registry_token")
    .title("Registry Identity Token")
    .about("An identity token, which some registries issue instead of a password.");
pub(crate) const REGISTRIES: Param = secret("registries").secret(Secrecy::Within)
    .title("Further Registries")
    .about("Credentials for more registries: JSON such as [{\"server\": \"registry:5000\", \"username\": \"...\", \"password\": \"...\"}], or the contents of docker's config.json. Entries that cannot be used are ignored, and the health check names them.");

pub(super) const TIMEOUT: Param = from_one("timeout")
    .title("Timeout (seconds)")
    .about("The maximum time to wait for an answer, and for the next part of one.")
    .default("60")
    .placeholder("60");
pub(super) const CONNECT_TIMEOUT: Param = from_one("connect_timeout")
    .title("Connect Timeout (seconds)")
    .about("The maximum time to connect to the engine, including TLS.")
    .default("10")
    .placeholder("10");
pub(super) const RETRY_ATTEMPTS: Param = from_zero("retry_attempts")
    .title("Retry Attempts")
    .about("How often to try again after the first try. Only requests that are safe to repeat are repeated.")
    .default("3")
    .placeholder("3");
pub(super) const RETRY_DELAY: Param = from_zero("retry_delay")
    .title("Retry Delay (seconds)")
    .about("The wait before the second try. It doubles with each further try.")
    .default("1")
    .placeholder("1");
pub(super) const RATE_LIMIT: Param = from_zero("rate_limit")
    .title("Rate Limit")
    .about(
        "The maximum number of requests to this engine in any 60 seconds, over all worker processes. 0 is no limit.",
    )
    .default("600")
    .placeholder("600");
pub(super) const MAX_CONNECTIONS: Param = from_one("max_connections")
    .title("Connections")
    .about("The maximum number of connections at a time for each worker process. Further calls wait.")
    .default("64")
    .placeholder("64");

pub(crate) const ACCESS_LEVEL: Param = choice("access_level", AccessLevel::CHOICES)
    .title("Access Level")
    .about("Full allows all operations. Respond allows operations that read, collect or contain, but not those that create, remove or execute. Read Only allows operations that read or collect.")
    .default("Full");
pub(crate) const ALLOWED_OPERATIONS: Param = list("allowed_operations")
    .title("Allowed Operations")
    .about(
        "The only operations that this configuration may run, such as list_containers, ping. If empty, all.",
    )
    .placeholder("list_containers, stop_container");
pub(crate) const PROTECTED_CONTAINERS: Param = list("protected_containers")
    .title("Protected Containers")
    .about("Containers that no operation can change: names, ids of at least 12 digits, or labels such as label=tier=db. Patterns are not supported. A label does not count if the image has it, too. If empty, nothing is protected.")
    .placeholder("web, label=tier=db")
    // Only in a new form: an empty field means that nothing is protected.
    .form_defaults(&[("", "label=fortisoar.protect=true")]);
pub(super) const SIGNING_KEY: Param = file("signing_key")
    .secret(Secrecy::Key)
    .title("Signing Key")
    .about("The private key (Ed25519, PKCS#8 PEM) that signs evidence manifests and isolation records: a file, a path, or its text. If empty, nothing is signed.")
    .placeholder("signing-key.pem");
pub(super) const MAX_RESULT_SIZE: Param = from_zero("max_result_size")
    .title("Largest Result (KiB)")
    .about("The maximum size of a result. A larger one becomes an attachment, with a preview in the result. The default holds 1 MiB of output in all its forms. 0 is no limit.")
    .default("8192")
    .placeholder("8192");

/// All of them, in the form's order.
pub(super) const ALL: &[Param] = &[
    PROTOCOL,
    SERVER_ADDRESS,
    PORT,
    BASE_PATH,
    AUTHENTICATION_TYPE,
    USERNAME,
    PASSWORD,
    ACCESS_TOKEN,
    HEADER_NAME,
    CERT_PATH,
    KEY_PATH,
    KEY_PASSPHRASE,
    CA_CERT_PATH,
    TLS_SERVER_NAME,
    CERTIFICATE_PIN,
    VERIFY_SSL,
    PROXY,
    SSH_USERNAME,
    SSH_KEY,
    SSH_PASSPHRASE,
    SSH_HOST_KEY,
    SSH_SOCKET,
    API_VERSION,
    HTTP_HEADERS,
    REGISTRY_SERVER,
    REGISTRY_USERNAME,
    REGISTRY_PASSWORD,
    REGISTRY_TOKEN,
    REGISTRIES,
    TIMEOUT,
    CONNECT_TIMEOUT,
    RETRY_ATTEMPTS,
    RETRY_DELAY,
    RATE_LIMIT,
    MAX_CONNECTIONS,
    ACCESS_LEVEL,
    ALLOWED_OPERATIONS,
    PROTECTED_CONTAINERS,
    SIGNING_KEY,
    MAX_RESULT_SIZE,
];

const fn from_zero(name: &'static str) -> Param {
    integer(name).pattern(r"^[0-9]{1,9}$", "A whole number; 0 is none.")
}

const fn from_one(name: &'static str) -> Param {
    positive(name).pattern(r"^[1-9][0-9]{0,8}$", "A whole number from 1.")
}
