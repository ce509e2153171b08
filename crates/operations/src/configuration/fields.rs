//! The configuration's fields, declared as parameters are.

use crate::{
    Param,
    declare::param::{choice, file, flag, integer, list, long_text, secret, text},
    run::guard::AccessLevel,
};

/// A field of the configuration.
#[derive(Debug, Clone, Copy)]
pub struct Field {
    /// Its declaration.
    pub param: Param,
    /// The field and its titles for which a form shows this one; `None` is always.
    pub shown_for: Option<(&'static str, &'static [&'static str])>,
}

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

pub(super) const DECLARED: &[Param] = &[
    choice("protocol", PROTOCOLS)
        .title("Protocol")
        .about("HTTPS for an engine with TLS, HTTP for one without (anyone who reaches it is root there), UNIX for a socket, SSH for a socket on a machine with an SSH server.")
        .default("HTTPS"),
    text("server_address").title("Server Address").about("The engine's host name or IP address, or the socket's path.").required(),
    integer("port").title("Port").about("2376 for HTTPS, 2375 for HTTP and 22 for SSH, if empty."),
    text("base_path")
        .title("Base Path")
        .about("What stands before every path, where a proxy puts the API, such as /api/endpoints/1/docker."),
    choice("authentication_type", SIGN_INS)
        .title("Authentication Type")
        .about("How to sign in: by client certificate; by user and password, bearer token or a header, as a proxy may ask; or not at all.")
        .default("Certificate"),
    text("username").title("Username").about("The user name that signs in to the engine."),
    secret("password").title("Password").about("The password that goes with the user name."),
    secret("access_token").title("Access Token").about("The bearer token, or the header's value."),
    text("header_name").title("Header Name").about("The header that takes the access token.").default("X-API-Key"),
    file("cert_path").title("Client Certificate").about("The client certificate (PEM): a file, a path, or its text."),
    file("key_path").title("Client Key").about("The client certificate's private key (PEM): a file, a path, or its text."),
    secret("key_passphrase").title("Key Passphrase").about("What opens the private key, if it is encrypted."),
    file("ca_cert_path")
        .title("CA Certificate")
        .about("The certificate (PEM) of the authority that signed the engine's; the system's authorities, if empty."),
    text("tls_server_name").title("TLS Server Name").about("The name that the engine's certificate carries, if it is not the address."),
    list("certificate_pin")
        .title("Certificate Pin")
        .about("The only keys (sha256/... as in RFC 7469) or certificates (SHA-256 in hex) to accept; enough without a CA, needed beside one."),
    flag("verify_ssl")
        .title("Verify SSL")
        .about("Verify the engine's certificate. Off, whoever stands between can read and change everything.")
        .default("true"),
    secret("proxy")
        .title("Proxy")
        .about("The HTTP proxy that leads to the engine, such as http://user:password@proxy:3128; none for no proxy; HTTPS_PROXY and NO_PROXY of the environment, if empty."),
    text("ssh_username").title("SSH Username").about("The user to sign in as on the engine's machine."),
    file("ssh_key")
        .title("SSH Key")
        .about("The private key that this user signs in with (OpenSSH's form or PEM): a file, a path, or its text."),
    secret("ssh_passphrase").title("SSH Passphrase").about("What opens the SSH key, if it is encrypted."),
    long_text("ssh_host_key")
        .title("SSH Host Key")
        .about("The server's own key, one or more: lines of known_hosts or of a .pub file, or fingerprints such as SHA256:... Any other is refused."),
    text("ssh_socket").title("SSH Socket").about("The engine's socket on that machine, by its path.").default("/var/run/docker.sock"),
    text("api_version")
        .title("API Version")
        .about("Auto agrees with each engine on the newest version that both know. Or one version, from v1.40 to v1.56, such as v1.41 (Docker 20.10), v1.44 (25), v1.51 (28.5) or v1.56 (29.8).")
        .default("Auto"),
    text("registry_server").title("Registry Server").about("The registry that the next three are for; Docker Hub, if empty."),
    text("registry_username").title("Registry Username").about("The user name with which the engine signs in to the registry."),
    secret("registry_password").title("Registry Password").about("The password or access token that goes with the registry user name."),
    secret("registry_token")
        .title("Registry Identity Token")
        .about("An identity token, which some registries give in place of a password."),
    secret("registries")
        .title("Further Registries")
        .about("Credentials for more registries: JSON such as [{\"server\": \"registry:5000\", \"username\": \"...\", \"password\": \"...\"}], or what docker login writes. What cannot be used is left out, and the health check names it."),
    integer("timeout")
        .title("Timeout (seconds)")
        .about("The longest wait for an answer, and the longest silence within one.")
        .default("60"),
    integer("connect_timeout").title("Connect Timeout (seconds)").about("The longest wait for a connection to the engine, TLS included.").default("10"),
    integer("retry_attempts")
        .title("Retry Attempts")
        .about("Tries after the first, where trying again is safe.")
        .default("3"),
    integer("retry_delay")
        .title("Retry Delay (seconds)")
        .about("The wait before the second try; it doubles with each further one.")
        .default("1"),
    integer("rate_limit")
        .title("Rate Limit")
        .about("The most requests in any 60 seconds to this engine, all worker processes together; 0 is no limit.")
        .default("600"),
    integer("max_connections")
        .title("Connections")
        .about("The most connections at a time, for each worker process. More calls wait their turn.")
        .default("64"),
    choice("access_level", AccessLevel::CHOICES)
        .title("Access Level")
        .about("Full; Respond looks, contains and collects, and neither makes, removes nor executes; Read Only looks and collects.")
        .default("Full"),
    list("allowed_operations")
        .title("Allowed Operations")
        .about("The only operations that this configuration may run, such as list_containers, ping; all, if empty."),
    list("protected_containers")
        .title("Protected Containers")
        .about("Names, ids, or labels such as label=tier=db, of containers that nothing may touch. The label fortisoar.protect=true always protects."),
    integer("max_result_size")
        .title("Largest Result (KiB)")
        .about("A larger result becomes an attachment, with a preview in the playbook's data; 0 is no bound.")
        .default("1024"),
];

const fn shown_for(name: &str) -> Option<(&'static str, &'static [&'static str])> {
    match name.as_bytes() {
        b"server_address" => Some(("protocol", EVERY_PROTOCOL)),
        b"port" => Some(("protocol", &["HTTPS", "HTTP", "SSH"])),
        b"base_path" | b"authentication_type" => Some(("protocol", &["HTTPS", "HTTP"])),
        b"username" | b"password" => Some(("authentication_type", &["Basic"])),
        b"access_token" => Some(("authentication_type", &["Token", "Header"])),
        b"header_name" => Some(("authentication_type", &["Header"])),
        b"ca_cert_path" | b"tls_server_name" | b"certificate_pin" | b"verify_ssl" | b"proxy" => {
            Some(("protocol", &["HTTPS"]))
        }
        b"ssh_username" | b"ssh_key" | b"ssh_passphrase" | b"ssh_host_key" | b"ssh_socket" => {
            Some(("protocol", &["SSH"]))
        }
        b"cert_path" | b"key_path" | b"key_passphrase" => Some(("authentication_type", &["Certificate"])),
        _ => None,
    }
}

/// The fields, in the order in which a form shows them. The published connector's names and values are kept.
pub static FIELDS: &[Field] = &{
    let mut fields = [Field { param: DECLARED[0], shown_for: None }; DECLARED.len()];
    let mut at = 0;
    while at < DECLARED.len() {
        fields[at] = Field { param: DECLARED[at], shown_for: shown_for(DECLARED[at].name) };
        at += 1;
    }
    fields
};
