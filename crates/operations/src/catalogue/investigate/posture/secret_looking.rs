//! What looks like a secret: by its name, or by its value. Only names leave this file.

/// Parts of names that say so.
const WORDS: [&str; 14] = [
    "PASSWORD",
    "PASSWD",
    "PASSPHRASE",
    "PASS",
    "PWD",
    "SECRET",
    "TOKEN",
    "KEY",
    "APIKEY",
    "CREDENTIAL",
    "CREDENTIALS",
    "CREDS",
    "PRIVATEKEY",
    "AUTH",
];
/// Ends of names that say it without a separator before, such as `dbpassword`.
const ENDS: [&str; 6] = ["PASSWORD", "PASSWD", "SECRET", "TOKEN", "APIKEY", "ACCESSKEY"];
/// Names of official images and shells that hold nothing secret.
const PUBLIC: [&str; 6] = ["GPG_KEY", "GPG_KEYS", "NGINX_GPGKEY", "PWD", "OLDPWD", "SSH_AUTH_SOCK"];
/// Ends of names whose values say where the secret is, or how it is used.
const ELSEWHERE: [&str; 9] =
    ["_FILE", "_PATH", "_DIR", "_URL", "_TYPE", "_ID", "_NAME", "_TTL", "_ALGORITHM"];
/// Beginnings of well-known tokens: AWS, GitHub, GitLab, Slack, Docker Hub, PEM.
const TOKENS: [&str; 9] =
    ["AKIA", "ASIA", "ghp_", "github_pat_", "glpat-", "xoxb-", "xoxp-", "dckr_pat_", "-----BEGIN"];

/// Whether a variable and its value look like a secret.
pub(super) fn is_secret(name: &str, value: &str) -> bool {
    let value = value.trim().trim_matches(['"', '\'']);
    if value.is_empty()
        || value.starts_with('$')
        || ["true", "false", "yes", "no", "none", "null"].contains(&value)
    {
        return false;
    }
    is_token(value) || is_address_with_password(value) || names_a_secret(name)
}

/// Whether a name says that its value is a secret.
pub(in crate::catalogue::investigate) fn names_a_secret(name: &str) -> bool {
    let name = name.to_ascii_uppercase().replace(['-', '.'], "_");
    if PUBLIC.contains(&name.as_str()) || ELSEWHERE.iter().any(|end| name.ends_with(end)) {
        return false;
    }
    name.split('_').any(|part| WORDS.contains(&part)) || ENDS.iter().any(|end| name.ends_with(end))
}

fn is_token(value: &str) -> bool {
    TOKENS.iter().any(|beginning| value.starts_with(beginning) && value.len() >= beginning.len() + 6)
}

/// `scheme://user:password@host`
fn is_address_with_password(value: &str) -> bool {
    let Some((_, rest)) = value.split_once("://") else { return false };
    let authority = rest.split(['/', '?', '#', ' ']).next().unwrap_or_default();
    let password = authority.rsplit_once('@').and_then(|(sign_in, _)| sign_in.split_once(':'));
    password.is_some_and(|(_, password)| !password.is_empty() && !password.starts_with('$'))
}

/// The names of what looks like a secret in the entries of an environment, with their positions.
pub(super) fn in_environment<'v>(
    entries: impl Iterator<Item = &'v str>,
) -> impl Iterator<Item = (usize, &'v str)> {
    entries.enumerate().filter_map(|(at, entry)| {
        let (name, value) = entry.split_once('=')?;
        is_secret(name, value).then_some((at, name))
    })
}

/// Whether a build step assigns what looks like a secret.
pub(super) fn in_step(step: &str) -> bool {
    let assigned = step.split(|c: char| c.is_whitespace() || c == ';' || c == '|' || c == '&');
    assigned
        .filter_map(|word| word.trim_start_matches('-').split_once('='))
        .any(|(name, value)| is_secret(name, value))
        || old_environment(step)
}

/// `ENV NAME value`, as it was once written.
fn old_environment(step: &str) -> bool {
    let words = step.rsplit_once("#(nop)").map_or(step, |(_, words)| words).trim();
    let mut words = words.split_whitespace();
    matches!((words.next(), words.next(), words.next()), (Some("ENV"), Some(name), Some(value)) if !name.contains('=') && is_secret(name, value))
}

/// A text without what signs in within an address.
pub(in crate::catalogue::investigate) fn without_sign_in(text: &str) -> String {
    let Some((scheme, rest)) = text.split_once("://") else { return text.to_owned() };
    let end = rest.find(['/', '?', '#', ' ', '"']).unwrap_or(rest.len());
    let (authority, path) = rest.split_at(end);
    let authority =
        authority.rsplit_once('@').map_or_else(|| authority.to_owned(), |(_, host)| format!("***@{host}"));
    format!("{scheme}://{authority}{}", without_sign_in(path))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_values_tell() {
        for (name, value, secret) in [
            ("DB_PASSWORD", "x", true),
            ("dbpassword", "hunter2", true),
            ("API_KEY", "abc", true),
            ("AWS_SECRET_ACCESS_KEY", "abc", true),
            ("GITHUB_TOKEN", "abc", true),
            ("DATABASE_URL", "postgres://app:hunter2@db/app", true),
            ("ANYTHING", "AKIAIOSFODNN7EXAMPLE", true),
            ("CERT", "-----BEGIN PRIVATE KEY-----", true),
            ("DB_PASSWORD", "", false),
            ("DB_PASSWORD_FILE", "/run/secrets/db", false),
            ("GPG_KEY", "A035C8C19219BA821ECEA86B64E628F8D684696D", false),
            ("KEYBOARD", "us", false),
            ("MONKEY", "yes", false),
            ("PATH", "/bin", false),
            ("DATABASE_URL", "postgres://db/app", false),
            ("PASSWORD", "$FROM_ELSEWHERE", false),
        ] {
            assert_eq!(is_secret(name, value), secret, "{name}={value}");
        }
    }

    #[test]
    fn build_steps_tell() {
        for (step, secret) in [
            ("/bin/sh -c #(nop)  ENV API_TOKEN=abc", true),
            ("ENV API_TOKEN abc", true),
            ("|1 NPM_TOKEN=abc /bin/sh -c npm ci", true),
            ("RUN /bin/sh -c export DB_PASSWORD=abc && run", true),
            ("RUN /bin/sh -c curl --header=x https://e.org", false),
            ("/bin/sh -c #(nop)  ENV PATH=/usr/bin", false),
            ("CMD [\"sh\"]", false),
        ] {
            assert_eq!(in_step(step), secret, "{step}");
        }
    }

    #[test]
    fn addresses_lose_what_signs_in() {
        assert_eq!(without_sign_in("https://u:p@mirror/x"), "https://***@mirror/x");
        assert_eq!(
            without_sign_in("[\"http://a:b@c\", \"http://d:e@f\"]"),
            "[\"http://***@c\", \"http://***@f\"]"
        );
        assert_eq!(without_sign_in("plain"), "plain");
    }
}
