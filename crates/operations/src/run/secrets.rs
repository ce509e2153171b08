//! What was given in secret, kept out of every text that leaves: errors, progress, the health check, the debug log. An engine,
//! or a proxy, may quote the request in its answer, in any encoding.

pub(crate) mod fields;
mod given;
mod hidden;

use std::{fmt, sync::OnceLock};

use base64::{Engine as _, prelude::BASE64_STANDARD};
use engine::Request;
use secrecy::{ExposeSecret, SecretString};
use serde_json::{Map, Value};

pub(crate) use self::given::after_the_program;
use self::{given::Given, hidden::Index};
use crate::{Param, declare::arguments::Arguments, values::normalise};

/// What stands in the place of a secret.
pub(crate) const MASK: &str = "[redacted]";

/// Secrets that no text may repeat.
#[derive(Default)]
pub(crate) struct Secrets {
    known: Vec<SecretString>,
    /// Made when the first text is looked at. Most calls have none.
    index: OnceLock<Index>,
}

impl Secrets {
    /// What checked parameters hold.
    pub(crate) fn of(arguments: &Arguments) -> Self {
        let mut given = Given::default();
        for (param, value) in arguments.iter() {
            given.take(param.secrecy(), value);
        }
        Self::from(given)
    }

    /// What parameters hold as they were given, readable or not.
    pub(crate) fn given(params: &[Param], values: &Map<String, Value>) -> Self {
        let mut given = Given::default();
        for param in params.iter().filter(|param| param.secrecy() != crate::Secrecy::Open) {
            let Some(value) = values.get(param.name) else { continue };
            match normalise(param.kind, value) {
                Ok(Some(read)) => given.take(param.secrecy(), &read),
                Ok(None) => {}
                Err(_) => given.take_unread(value),
            }
        }
        Self::from(given)
    }

    /// The same and this: the value of a header, of which somebody may quote a part.
    pub(crate) fn and_text(mut self, secret: Option<&str>) -> Self {
        let mut given = Given::default();
        if let Some(secret) = secret {
            given.whole(secret);
            secret.split_whitespace().for_each(|word| given.value(word));
            secret.match_indices(' ').for_each(|(at, _)| given.value(&secret[at..]));
        }
        self.extend(Self::from(given));
        self
    }

    /// The same and these contents of a file: in base64, and as text where they are text.
    pub(crate) fn and_data(mut self, data: &[u8]) -> Self {
        let mut given = Given::default();
        given.whole(&BASE64_STANDARD.encode(data));
        if let Ok(text) = std::str::from_utf8(data) {
            given.whole(text);
        }
        self.extend(Self::from(given));
        self
    }

    /// The same and all of these.
    pub(crate) fn and(mut self, others: &Self) -> Self {
        self.extend(others.clone());
        self
    }

    /// Adds what a request carries in secret: in a header, encoded.
    pub(crate) fn add(&mut self, request: &Request) {
        let mut given = Given::default();
        request.secrets().for_each(|secret| given.whole(secret));
        self.extend(Self::from(given));
    }

    /// A text without them, in whatever encoding they stand there.
    pub(crate) fn hidden_in(&self, text: &str) -> String {
        self.hidden(text, false)
    }

    /// The same of a text that was cut: a secret at its end may have lost the rest.
    pub(crate) fn hidden_in_cut(&self, text: &str) -> String {
        self.hidden(text, true)
    }

    fn hidden(&self, text: &str, is_cut: bool) -> String {
        let index = self.index.get_or_init(|| Index::of(self.known.iter().map(ExposeSecret::expose_secret)));
        let mut hidden = String::with_capacity(text.len());
        let mut end = 0;
        for found in index.found_in(text, is_cut) {
            hidden.push_str(&text[end..found.start]);
            hidden.push_str(MASK);
            end = found.end;
        }
        hidden + &text[end..]
    }

    fn extend(&mut self, more: Self) {
        if !more.known.is_empty() {
            self.known.extend(more.known);
            self.index = OnceLock::new();
        }
    }
}

impl From<Given> for Secrets {
    fn from(Given(texts): Given) -> Self {
        Self { known: texts.into_iter().map(SecretString::from).collect(), index: OnceLock::new() }
    }
}

impl Clone for Secrets {
    fn clone(&self) -> Self {
        Self { known: self.known.clone(), index: OnceLock::new() }
    }
}

impl fmt::Debug for Secrets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Secrets").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use base64::prelude::{BASE64_STANDARD_NO_PAD, BASE64_URL_SAFE};
    use engine::encoded;
    use serde_json::json;

    use super::*;
    use crate::{
        Configuration,
        catalogue::{find, operations},
        run::validate::validated,
    };

    fn secrets(operation: &str, given: Value) -> Secrets {
        Secrets::of(&validated(find(operation).unwrap(), given.as_object().unwrap()).unwrap())
    }

    fn known(secret: &str) -> Secrets {
        Secrets::default().and_text(Some(secret))
    }

    /// What may carry a secret says whether it does: a new parameter that says nothing fails here.
    #[test]
    fn every_parameter_that_may_carry_a_secret_says_whether_it_does() {
        let params =
            operations().flat_map(|operation| operation.params.iter().map(|param| (operation.name, param)));
        for (whose, param) in
            params.chain(Configuration::fields().iter().map(|field| ("configuration", field)))
        {
            assert!(
                param.declared_secrecy().is_some(),
                "{whose}.{}: declare .secret(...) or .open(), since its kind may carry a secret",
                param.name
            );
        }
    }

    #[test]
    fn no_text_repeats_what_was_given_in_secret() {
        let pull = secrets(
            "pull_image",
            json!({"fromImage": "x", "registry_username": "user", "registry_password": "p&w1"}),
        );
        assert_eq!(pull.hidden_in("user p&w1 ?p=p%26w1"), "user [redacted] ?p=[redacted]");
        let create = secrets(
            "create_container",
            json!({
                "image": "x", "Env": ["A=s3cret-value", "DEBUG=true"], "Cmd": ["login", "--key=the-key-word"],
                "Labels": {"note": "label-value"}, "Healthcheck": "curl -u me:health-word", "log_options": {"t": "log-token-1"},
                "HostConfig": {"Mounts": [{"VolumeOptions": {"DriverConfig": {"Options": {"o": "user=me,password=cifs1"}}}}]},
                "additional_fields": {"OnBuild": [], "Env2": "open-to-all"},
            }),
        );
        for (text, hidden) in [
            ("A=s3cret-value true", "A=[redacted] true"),
            ("login the-key-word", "login [redacted]"),
            ("label-value", "[redacted]"),
            ("curl -u me:health-word", "[redacted]"),
            ("log-token-1", "[redacted]"),
            ("user=me,password=cifs1", "[redacted]"),
            ("data: addr=10.0.0.1,password=cifs1", "data: addr=10.0.0.1,password=[redacted]"),
            ("open-to-all", "open-to-all"),
        ] {
            assert_eq!(create.hidden_in(text), hidden, "{text}");
        }
        let call = secrets(
            "call_api",
            json!({
                "method": "POST", "path": "/build", "query": {"buildargs": "{\"A\": \"args-value\"}"},
                "body": {"password": 12_345_678, "Name": "open-name"}, "headers": {"X-Registry-Auth": "eyJwYXNzd29yZCI6ICJkZWVwIn0="},
            }),
        );
        assert_eq!(
            call.hidden_in("args-value 12345678 open-name deep eyJwYXNzd29yZCI6ICJkZWVwIn0"),
            "[redacted] [redacted] open-name [redacted] [redacted]"
        );
        let build = secrets(
            "build_image",
            json!({"dockerfile_content": "FROM alpine-image\nENV A=env-value1 B='two words'\nARG C some-value"}),
        );
        assert_eq!(
            build.hidden_in("alpine-image env-value1 two words"),
            "alpine-image [redacted] [redacted]"
        );
        let start = secrets("build_image", json!({"remote": "https://me:t0ken@host/repo.git"}));
        assert_eq!(
            start.hidden_in("cannot clone https://me:t0ken@host/repo.git"),
            "cannot clone https://[redacted]@host/repo.git"
        );
    }

    #[test]
    fn what_cannot_be_read_is_secret_altogether() {
        let given = json!({"additional_fields": "{broken s3cret-word"});
        let secrets = Secrets::given(find("create_container").unwrap().params, given.as_object().unwrap());
        assert_eq!(secrets.hidden_in("no JSON: broken s3cret-word"), "no JSON: broken [redacted]");
    }

    #[test]
    fn of_a_proxy_the_sign_in_is_secret() {
        let of = |url: &str| {
            let mut given = Given::default();
            given.sign_in(url);
            given.0.sort();
            given.0.dedup();
            given.0
        };
        assert_eq!(of("http://me:s3cret@proxy:3128"), ["me:s3cret", "s3cret"]);
        assert_eq!(of("http://me:s%26w@proxy"), ["me:s%26w", "me:s&w", "s%26w"]);
        assert!(
            of("http://me@proxy").is_empty() && of("http://proxy:3128").is_empty() && of("none").is_empty()
        );
    }

    type Encoding = (&'static str, fn(&str) -> String);

    /// Everything that we, an engine or a proxy write a text in.
    fn encodings() -> Vec<Encoding> {
        fn json(text: &str) -> String {
            Value::from(text).to_string()
        }
        /// As Go's encoder does for HTML, with these characters escaped as well.
        fn go(text: &str) -> String {
            json(text).replace('<', "\\u003c").replace('>', "\\u003e").replace('&', "\\u0026")
        }
        fn ascii(text: &str) -> String {
            let mut units = [0; 2];
            json(text).chars().fold(String::new(), |all, c| match c.is_ascii() {
                true => format!("{all}{c}"),
                false => {
                    c.encode_utf16(&mut units).iter().fold(all, |all, unit| format!("{all}\\u{unit:04x}"))
                }
            })
        }
        fn small_digits(text: &str) -> String {
            let encoded = encoded(text);
            let mut pieces = encoded.split('%');
            let first = pieces.next().unwrap_or_default().to_owned();
            pieces.fold(first, |all, piece| format!("{all}%{}{}", piece[..2].to_lowercase(), &piece[2..]))
        }
        fn every_unit(text: &str) -> String {
            text.encode_utf16().fold(String::new(), |all, unit| format!("{all}\\u{unit:04X}"))
        }
        vec![
            ("plain", |text| text.to_owned()),
            ("JSON", json),
            ("JSON of Go", go),
            ("JSON in ASCII", ascii),
            ("JSON, all escaped", every_unit),
            ("JSON in JSON", |text| json(&go(text))),
            ("JSON in JSON in JSON", |text| json(&json(&ascii(text)))),
            ("Rust's and Go's quotes", |text| format!("{text:?}")),
            ("a query", |text| encoded(text)),
            ("a query in small digits", small_digits),
            ("a form", |text| encoded(text).replace("%20", "+")),
            ("a path", |text| encoded(text).replace("%2F", "/")),
            ("a query twice", |text| encoded(&encoded(text))),
            ("a query in JSON", |text| json(&encoded(text))),
            ("JSON in a query", |text| encoded(&go(text))),
            ("base64", |text| BASE64_STANDARD.encode(text)),
            ("base64 without padding", |text| BASE64_STANDARD_NO_PAD.encode(text)),
            ("base64 for URLs", |text| BASE64_URL_SAFE.encode(text)),
            ("base64 in a query", |text| encoded(&BASE64_STANDARD.encode(text))),
            ("base64, one byte on", |text| BASE64_STANDARD.encode(format!("u{text}!"))),
            ("base64, two bytes on", |text| BASE64_URL_SAFE.encode(format!("u:{text}!"))),
            ("base64 of JSON", |text| BASE64_URL_SAFE.encode(json(text))),
            ("base64 of JSON with base64", |text| {
                BASE64_URL_SAFE.encode(
                    serde_json::json!({"auth": BASE64_STANDARD.encode(format!("u:{text}"))}).to_string(),
                )
            }),
            ("base64 of a query with JSON", |text| {
                BASE64_STANDARD.encode(format!("GET /x?a={} HTTP/1.1", encoded(&ascii(text))))
            }),
            ("HTML", |text| text.replace('&', "&amp;").replace('<', "&lt;").replace('"', "&#34;")),
        ]
    }

    #[test]
    fn a_secret_is_known_in_every_encoding() {
        for secret in [
            "p\"w/1 é",
            "a+b c&d=<e>%41\\n",
            "C:\\new\\table",
            "plain-word",
            "tab\there\u{1b}[31m",
            "-----BEGIN PRIVATE KEY-----\nMIIE/vQ+BAD==\n-----END PRIVATE KEY-----\n",
            "ümläut-😀",
            "\\\"\\\\\"x-and-more",
            "%25%41%zz",
        ] {
            let secrets = known(secret);
            for (name, encode) in encodings() {
                for (before, after) in
                    [("", ""), ("a ", " b"), ("{\"A\":\"", "\"}"), ("user=", "&x=1"), ("\\", "n")]
                {
                    let hidden = secrets.hidden_in(&format!("{before}{}{after}", encode(secret)));
                    assert!(hidden.contains(MASK), "{name} of {secret:?}: {hidden}");
                    let left = hidden.replace(MASK, "").len();
                    assert!(left <= before.len() + after.len() + 40, "{name} of {secret:?}: {hidden}");
                    let bare: String = secret.chars().filter(char::is_ascii_alphanumeric).take(8).collect();
                    assert!(bare.len() < 4 || !hidden.contains(&bare), "{name} of {secret:?}: {hidden}");
                }
            }
        }
    }

    #[test]
    fn a_cut_leaves_no_beginning_of_a_secret() {
        let secret = "MIIEvQ/\"quoted\"+and-more-of-the-key";
        let secrets = known(secret);
        for (name, encode) in encodings() {
            let whole = encode(secret);
            let cut = format!("key: {}", &whole[..whole.floor_char_boundary(whole.len() * 2 / 3)]);
            let hidden = secrets.hidden_in_cut(&cut);
            assert!(hidden.contains(MASK) && hidden.len() < MASK.len() + 30, "{name}: {hidden}");
        }
        assert_eq!(secrets.hidden_in("key: MIIEvQ"), "key: MIIEvQ");
    }

    #[test]
    fn other_texts_stay_as_they_are() {
        let secrets = known("s3cret-word").and(&known("a-longer secret value"));
        for text in [
            "",
            "No such container: web",
            "100% \\n &amp; %zz \\u12 \\",
            "s3cret",
            "é😀",
            "/v1.41/images/json?x=%7B%7D",
        ] {
            assert_eq!(secrets.hidden_in(text), text);
        }
        assert_eq!(secrets.hidden_in("the a-longer secret value ends"), "the [redacted] ends");
    }

    proptest::proptest! {
        #[test]
        fn any_text_is_read(text in ".{0,200}", secret in ".{4,20}") {
            let _any = known(&secret).hidden_in_cut(&text);
        }

        #[test]
        fn any_secret_is_found_in_json(secret in "[!-~ä\n\t\u{1F600}]{4,40}") {
            let hidden = known(&secret).hidden_in(&Value::from(secret.as_str()).to_string());
            proptest::prop_assert!(secret.trim().len() < 4 || hidden.contains(MASK), "{hidden}");
        }
    }
}
