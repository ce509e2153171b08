//! Certificates for an engine over mutual TLS, made afresh for each: its own, a client's, those of a stranger, and those
//! of servers that a client must refuse.

use std::fs::{self, OpenOptions};
use std::io::Write;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::Path;

use anyhow::Result;
use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DistinguishedName, DnType, ExtendedKeyUsagePurpose,
    IsCa, KeyPair, KeyUsagePurpose, date_time_ymd,
};

/// Writes `ca`, `server`, `cert` and `key` (a client), `other-ca`, `other-cert` and `other-key`, which the engine does
/// not know, and the pairs of `refused`, as PEM files into a new private folder.
pub(crate) fn write(folder: &Path) -> Result<()> {
    fs::DirBuilder::new().mode(0o700).create(folder)?;
    let authority = authority("Private engine's CA")?;
    save(folder, "ca.pem", &authority.pem())?;
    save_pair(folder, "server", &server(LOCAL)?, Some(&authority))?;
    refused(folder, &authority)?;
    let client = issue(&client("Client")?, Some(&authority))?;
    save(folder, "cert.pem", &client.certificate)?;
    save(folder, "key.pem", &client.key)?;

    let stranger = self::authority("A CA that the engine does not know")?;
    save(folder, "other-ca.pem", &stranger.pem())?;
    let client = issue(&self::client("Stranger")?, Some(&stranger))?;
    save(folder, "other-cert.pem", &client.certificate)?;
    save(folder, "other-key.pem", &client.key)
}

/// A server's names here.
const LOCAL: &[&str] = &["127.0.0.1", "localhost"];

/// Pairs of servers that a client of `authority` must refuse: `expired`, `not-yet-valid`, `other-name`, `self-signed`.
fn refused(folder: &Path, authority: &CertifiedIssuer<'_, KeyPair>) -> Result<()> {
    let mut expired = server(LOCAL)?;
    (expired.not_before, expired.not_after) = (date_time_ymd(2001, 1, 1), date_time_ymd(2002, 1, 1));
    save_pair(folder, "expired", &expired, Some(authority))?;
    let mut early = server(LOCAL)?;
    (early.not_before, early.not_after) = (date_time_ymd(2101, 1, 1), date_time_ymd(2102, 1, 1));
    save_pair(folder, "not-yet-valid", &early, Some(authority))?;
    save_pair(folder, "other-name", &server(&["engine.example"])?, Some(authority))?;
    save_pair(folder, "self-signed", &server(LOCAL)?, None)
}

struct Issued {
    certificate: String,
    key: String,
}

fn authority(name: &str) -> Result<CertifiedIssuer<'static, KeyPair>> {
    let mut params = CertificateParams::default();
    params.distinguished_name = named(name);
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    Ok(CertifiedIssuer::self_signed(params, KeyPair::generate()?)?)
}

fn server(names: &[&str]) -> Result<CertificateParams> {
    let mut params = CertificateParams::new(names.iter().copied().map(str::to_owned).collect::<Vec<_>>())?;
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    params.distinguished_name = named("Private engine");
    Ok(params)
}

fn client(name: &str) -> Result<CertificateParams> {
    let mut params = CertificateParams::new(Vec::new())?;
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
    params.distinguished_name = named(name);
    Ok(params)
}

/// Signed by the authority, or by itself.
fn issue(params: &CertificateParams, authority: Option<&CertifiedIssuer<'_, KeyPair>>) -> Result<Issued> {
    let mut params = params.clone();
    params.use_authority_key_identifier_extension = authority.is_some();
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    let key = KeyPair::generate()?;
    let certificate = match authority {
        Some(authority) => params.signed_by(&key, authority)?,
        None => params.self_signed(&key)?,
    };
    Ok(Issued { certificate: certificate.pem(), key: key.serialize_pem() })
}

/// A certificate and its key: `name` and `name-key`.
fn save_pair(
    folder: &Path,
    name: &str,
    params: &CertificateParams,
    authority: Option<&CertifiedIssuer<'_, KeyPair>>,
) -> Result<()> {
    let pair = issue(params, authority)?;
    save(folder, &format!("{name}.pem"), &pair.certificate)?;
    save(folder, &format!("{name}-key.pem"), &pair.key)
}

fn named(name: &str) -> DistinguishedName {
    let mut distinguished = DistinguishedName::new();
    distinguished.push(DnType::CommonName, name);
    distinguished
}

fn save(folder: &Path, name: &str, contents: &str) -> Result<()> {
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(folder.join(name))?;
    file.write_all(contents.as_bytes())?;
    Ok(())
}
