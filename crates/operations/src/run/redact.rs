//! What is secret, kept out of results and errors.
//!
//! Results are the engine's own answer, and so hold what it tells: the parameter `redact` masks the values of environment
//! variables and build arguments, and what signs in somewhere. Errors never repeat what was given in secret, whoever says
//! it: an engine or a proxy may quote the request in its refusal.

use base64::{
    Engine as _,
    engine::general_purpose::{GeneralPurpose, STANDARD_NO_PAD, URL_SAFE_NO_PAD},
};
use engine::{Request, decoded, encoded};
use secrecy::{ExposeSecret, SecretString};
use serde_json::{Map, Value};

use crate::{
    Error, Notation, Output, Param, ValueKind,
    declare::{arguments::Arguments, param::flag},
};

/// What stands in the place of a secret.
const MASK: &str = "[redacted]";

/// For operations whose results may hold secrets.
pub(crate) const REDACT: Param = flag("redact")
    .title("Redact")
    .about("Mask the values of environment variables and build arguments, and what signs in somewhere, in the result.")
    .local();

/// Fields whose values sign in somewhere, in lower case.
const SIGN_INS: [&str; 8] = [
    "auth",
    "password",
    "token",
    "identitytoken",
    "registrytoken",
    "jointokens",
    "unlockkey",
    "x-registry-auth",
];
/// Fields that hold an environment, in lower case.
const ENVIRONMENTS: [&str; 2] = ["env", "environment"];
/// What is shorter, in bytes, is also a word of its own: taken out of a text, it would deface it and say what it was.
const SHORTEST_SECRET: usize = 4;
/// The same of an environment's values and of input, most of which are no secrets.
const SHORTEST_VALUE: usize = 8;

/// The result, with its secrets masked if the call asks for that.
pub(crate) fn result(output: Output, arguments: &Arguments) -> Result<Output, Error> {
    if arguments.if_declared(REDACT.name) != Some(&Value::Bool(true)) {
        return Ok(output);
    }
    let mut value = match output {
        Output::Value(value) => value,
        output => serde_json::from_slice(&output.into_json()?).map_err(|error| {
            engine::Error::new(engine::ErrorKind::Protocol, format!("the answer is not JSON: {error}"))
        })?,
    };
    mask(&mut value);
    Ok(Output::Value(value))
}

/// Secrets that no error may repeat.
#[derive(Debug, Clone, Default)]
pub(crate) struct Secrets(Vec<SecretString>);

impl Secrets {
    /// What was given in secret: as a field or parameter of that kind, in an environment, or as a program's input.
    pub(crate) fn of(arguments: &Arguments) -> Self {
        let (mut secrets, mut values) = (Vec::new(), Vec::new());
        for (param, value) in arguments.iter() {
            match param.kind {
                // Errors name the proxy; how to sign in there is what is secret of it.
                ValueKind::Secret if param.name == "proxy" => {
                    texts(value, &mut |text| secrets.extend(sign_in(text)));
                }
                ValueKind::Secret => match json(value) {
                    Some(json) => within(&json, &mut secrets),
                    None => secrets.extend(value.as_str().map(str::to_owned)),
                },
                ValueKind::Notation(Notation::Environment) => {
                    texts(value, &mut |text| values.extend(assigned(text)));
                }
                ValueKind::Map if matches!(param.name, "buildargs" | "headers") => {
                    texts(value, &mut |text| values.push(text.to_owned()));
                }
                // A program's input, a file's contents: line by line, as only some of it may be told.
                ValueKind::LongText if matches!(param.name, "stdin_text" | "value") => {
                    values.extend(value.as_str().into_iter().flat_map(str::lines).map(str::to_owned));
                }
                ValueKind::Object | ValueKind::Json => within(value, &mut values),
                _ => {}
            }
        }
        secrets.retain(|secret| secret.len() >= SHORTEST_SECRET);
        values.retain(|value| value.len() >= SHORTEST_VALUE);
        secrets.append(&mut values);
        Self(secrets.into_iter().map(SecretString::from).collect())
    }

    /// The same and this: the value of a header, of which somebody may quote what follows a scheme.
    pub(crate) fn and_text(mut self, secret: Option<&str>) -> Self {
        let whole = secret.filter(|secret| secret.len() >= SHORTEST_SECRET);
        let ends = secret
            .into_iter()
            .flat_map(|secret| secret.match_indices(' ').map(|(at, _)| secret[at..].trim()));
        self.0.extend(
            whole.into_iter().chain(ends.filter(|end| end.len() >= SHORTEST_VALUE)).map(SecretString::from),
        );
        self
    }

    /// Adds what a request carries in secret: in a header, encoded.
    pub(crate) fn add(&mut self, request: &Request) {
        let secrets = request.secrets().filter(|secret| secret.len() >= SHORTEST_SECRET);
        self.0.extend(secrets.map(SecretString::from));
    }

    /// A text without them, whether they stand there as they are or in an encoding in which they are sent.
    pub(crate) fn hidden_in(&self, text: &str) -> String {
        let mut hidden = text.to_owned();
        for secret in self.0.iter().map(ExposeSecret::expose_secret) {
            for form in forms(secret).iter().filter(|form| form.len() >= SHORTEST_SECRET) {
                if hidden.contains(form.as_str()) {
                    hidden = hidden.replace(form.as_str(), MASK);
                }
            }
        }
        hidden
    }
}

/// How a secret may stand in a text: as it is, in a query, in JSON, or encoded in a header.
fn forms(secret: &str) -> Vec<String> {
    let json = Value::from(secret).to_string();
    let query = encoded(secret);
    let mut forms = vec![
        secret.to_owned(),
        lower_digits(&query),
        query.replace("%2F", "/"),
        query,
        json.trim_matches('"').to_owned(),
    ];
    for alphabet in [STANDARD_NO_PAD, URL_SAFE_NO_PAD] {
        forms.push(alphabet.encode(secret));
        forms.extend((0..3).filter_map(|before| within_base64(&alphabet, secret, before)));
    }
    forms.dedup();
    forms
}

/// A secret within a longer text in base64, so many bytes after the beginning of three: the characters that nothing else decides.
fn within_base64(alphabet: &GeneralPurpose, secret: &str, before: usize) -> Option<String> {
    /// What is shorter may stand anywhere by chance.
    const LEAST: usize = 8;
    let bytes: Vec<u8> = [0; 2][..before].iter().copied().chain(secret.bytes()).collect();
    let encoded = alphabet.encode(&bytes);
    let (from, to) = ((before * 8).div_ceil(6), bytes.len() * 8 / 6);
    encoded.get(from..to).filter(|sure| sure.len() >= LEAST).map(str::to_owned)
}

/// Percent-encoding with small digits, as some write it.
fn lower_digits(encoded: &str) -> String {
    let mut pieces = encoded.split('%');
    let begin = pieces.next().unwrap_or_default().to_owned();
    pieces.fold(begin, |text, piece| {
        let (digits, rest) = piece.split_at_checked(2).unwrap_or((piece, ""));
        format!("{text}%{}{rest}", digits.to_ascii_lowercase())
    })
}

/// The user and password within a URL, and the password alone; as they stand there, and decoded, as they are sent.
fn sign_in(url: &str) -> Vec<String> {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    let user = rest.rsplit_once('@').map(|(user, _)| user);
    let password = user.and_then(|user| user.split_once(':')).map(|(_, password)| password);
    let mut texts: Vec<String> = [user, password].into_iter().flatten().map(str::to_owned).collect();
    let sent: Vec<String> =
        texts.iter().filter_map(|text| decoded(text)).filter(|text| !texts.contains(text)).collect();
    texts.extend(sent);
    texts
}

fn mask(value: &mut Value) {
    match value {
        Value::Object(fields) => mask_fields(fields),
        Value::Array(items) => items.iter_mut().for_each(mask),
        Value::String(text) => {
            if let Some(masked) = instruction(text).or_else(|| address(text)) {
                *text = masked;
            }
        }
        _ => {}
    }
}

fn mask_fields(fields: &mut Map<String, Value>) {
    for (name, value) in fields {
        let name = name.to_ascii_lowercase();
        if SIGN_INS.contains(&name.as_str()) {
            all(value);
        } else if ENVIRONMENTS.contains(&name.as_str()) {
            environment(value);
        } else {
            mask(value);
        }
    }
}

/// Masks every text within.
fn all(value: &mut Value) {
    match value {
        Value::Object(fields) => fields.values_mut().for_each(all),
        Value::Array(items) => items.iter_mut().for_each(all),
        Value::String(text) if !text.is_empty() => MASK.clone_into(text),
        _ => {}
    }
}

/// Masks the values of an environment: `NAME=value`, an object of names, or objects with a `Value` (as plugins have).
fn environment(value: &mut Value) {
    match value {
        Value::Array(items) => {
            for item in items {
                match item {
                    Value::String(text) => {
                        if let Some((name, _)) = text.split_once('=') {
                            *text = format!("{name}={MASK}");
                        }
                    }
                    Value::Object(variable) => {
                        if let Some(value) = variable.get_mut("Value") {
                            all(value);
                        }
                    }
                    other => all(other),
                }
            }
        }
        other => all(other),
    }
}

/// An instruction of a Dockerfile in an image's history, without the values that it sets: `ENV A=1`, and a `RUN` with build
/// arguments, `|1 A=1 /bin/sh -c ...`. Values stand there without quotes, so all that follows goes too.
fn instruction(text: &str) -> Option<String> {
    let begun = text.rsplit_once("#(nop)").map_or(text, |(_, instruction)| instruction).trim_start();
    let begun = begun.strip_prefix("RUN ").unwrap_or(begun);
    let with_arguments =
        begun.strip_prefix('|').is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_digit()));
    if !(with_arguments || begun.starts_with("ENV ") || begun.starts_with("ARG ")) {
        return None;
    }
    let kept = text.len() - begun.len() + begun.find('=')? + 1;
    let command = if with_arguments { begun.rfind(" /bin/sh -c ").map_or("", |at| &begun[at..]) } else { "" };
    Some(format!("{}{MASK}{command}", &text[..kept]))
}

/// An address without the password in it, as of a proxy: `http://user:password@host`.
fn address(text: &str) -> Option<String> {
    let (scheme, rest) = text.split_once("://")?;
    let (user, host) = rest.split(['/', '?', ' ']).next()?.rsplit_once('@')?;
    let (name, _) = user.split_once(':')?;
    let after = &rest[user.len() + 1 + host.len()..];
    Some(format!("{scheme}://{name}:{MASK}@{host}{after}"))
}

fn assigned(variable: &str) -> Option<String> {
    variable.split_once('=').map(|(_, value)| value.to_owned())
}

/// Collects the values of environments and of what signs in, wherever in JSON they are.
fn within(value: &Value, secrets: &mut Vec<String>) {
    for item in value.as_array().into_iter().flatten() {
        within(item, secrets);
    }
    for (name, field) in value.as_object().into_iter().flatten() {
        let name = name.to_ascii_lowercase();
        if ENVIRONMENTS.contains(&name.as_str()) {
            texts(field, &mut |text| secrets.push(assigned(text).unwrap_or_else(|| text.to_owned())));
        } else if SIGN_INS.contains(&name.as_str()) {
            texts(field, &mut |text| secrets.push(text.to_owned()));
        } else {
            within(field, secrets);
        }
    }
}

/// JSON that is given as text.
fn json(value: &Value) -> Option<Value> {
    serde_json::from_str(value.as_str()?).ok().filter(|json: &Value| json.is_object() || json.is_array())
}

/// Shows every text within.
fn texts(value: &Value, show: &mut dyn FnMut(&str)) {
    match value {
        Value::Object(fields) => fields.values().for_each(|value| texts(value, show)),
        Value::Array(items) => items.iter().for_each(|value| texts(value, show)),
        Value::String(text) => show(text),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::{catalogue::find, run::validate::check};

    fn masked(mut value: Value) -> Value {
        mask(&mut value);
        value
    }

    #[test]
    fn names_stay_and_values_go() {
        assert_eq!(
            masked(
                json!({"Config": {"Env": ["A=s3cret", "B=", "C"], "Image": "app", "Labels": {"a": "b"}}, "Id": "1"})
            ),
            json!({"Config": {"Env": ["A=[redacted]", "B=[redacted]", "C"], "Image": "app", "Labels": {"a": "b"}}, "Id": "1"})
        );
        assert_eq!(
            masked(json!([{"Spec": {"TaskTemplate": {"ContainerSpec": {"Env": ["A=b"]}}}}])),
            json!([{"Spec": {"TaskTemplate": {"ContainerSpec": {"Env": ["A=[redacted]"]}}}}])
        );
        assert_eq!(
            masked(json!({"Env": [{"Name": "DEBUG", "Value": "s3cret", "Settable": ["value"]}]})),
            json!({"Env": [{"Name": "DEBUG", "Value": "[redacted]", "Settable": ["value"]}]})
        );
        assert_eq!(masked(json!({"env": {"A": "b"}})), json!({"env": {"A": "[redacted]"}}));
    }

    #[test]
    fn of_a_proxy_the_sign_in_is_secret() {
        assert_eq!(sign_in("http://me:s3cret@proxy:3128"), ["me:s3cret", "s3cret"]);
        assert_eq!(sign_in("http://me:s%26w@proxy"), ["me:s%26w", "s%26w", "me:s&w", "s&w"]);
        assert_eq!(sign_in("http://me@proxy"), ["me"]);
        assert!(sign_in("http://proxy:3128").is_empty() && sign_in("none").is_empty());
    }

    #[test]
    fn no_error_repeats_what_was_given_in_secret() {
        let given = json!({
            "fromImage": "x", "registry_username": "user", "registry_password": "p&w1",
        });
        let arguments = check(find("pull_image").unwrap(), given.as_object().unwrap()).unwrap();
        let secrets = Secrets::of(&arguments);
        assert_eq!(secrets.hidden_in("user p&w1 ?p=p%26w1"), "user [redacted] ?p=[redacted]");
        let given = json!({"image": "x", "Env": ["A=s3cret-value", "DEBUG=true"]});
        let arguments = check(find("create_container").unwrap(), given.as_object().unwrap()).unwrap();
        assert_eq!(Secrets::of(&arguments).hidden_in("A=s3cret-value true"), "A=[redacted] true");
    }

    #[test]
    fn a_secret_is_known_in_every_encoding_that_is_sent() {
        let secrets = Secrets::default().and_text(Some("p\"w/1 é"));
        for text in [
            "p\"w/1 é",
            "p%22w%2F1%20%C3%A9",
            "p%22w%2f1%20%c3%a9",
            "p\\\"w/1 é",
            "cCJ3LzEgw6k=",
            "cCJ3LzEgw6k",
        ] {
            assert!(!secrets.hidden_in(&format!("a {text} b")).contains(text), "{text}");
        }
        let secrets = Secrets::default().and_text(Some("a-longer-secret"));
        for before in ["", "u", "u:", "Basic "] {
            let encoded = STANDARD_NO_PAD.encode(format!("{before}a-longer-secret!"));
            let hidden = secrets.hidden_in(&encoded);
            assert!(hidden.len() <= MASK.len() + before.len() * 2 + 4, "{encoded}: {hidden}");
        }
    }

    #[test]
    fn what_signs_in_goes() {
        assert_eq!(
            masked(
                json!({"IdentityToken": "s3cret", "JoinTokens": {"Worker": "SWMTKN"}, "Status": "Login Succeeded"})
            ),
            json!({"IdentityToken": "[redacted]", "JoinTokens": {"Worker": "[redacted]"}, "Status": "Login Succeeded"})
        );
        assert_eq!(
            masked(json!({"HttpProxy": "http://me:s3cret@proxy:3128/x", "Name": "a@b", "Url": "http://a/b"})),
            json!({"HttpProxy": "http://me:[redacted]@proxy:3128/x", "Name": "a@b", "Url": "http://a/b"})
        );
    }

    #[test]
    fn instructions_lose_their_values() {
        for (text, expected) in [
            ("/bin/sh -c #(nop)  ENV A=s3cret B=two words", "/bin/sh -c #(nop)  ENV A=[redacted]"),
            ("ENV A=s3cret", "ENV A=[redacted]"),
            ("|1 A=s3cret /bin/sh -c echo $A", "|1 A=[redacted] /bin/sh -c echo $A"),
            ("RUN |1 A=s3cret /bin/sh -c echo # buildkit", "RUN |1 A=[redacted] /bin/sh -c echo # buildkit"),
            ("RUN |1 A=s3cret /bin/bash -c echo", "RUN |1 A=[redacted]"),
            ("ARG A", "ARG A"),
            ("RUN make A=1", "RUN make A=1"),
        ] {
            assert_eq!(masked(json!([{"CreatedBy": text}])), json!([{"CreatedBy": expected}]), "{text}");
        }
    }
}
