//! Takes the secrets out of what was given, as the declaration says where they are.

use base64::{
    Engine as _, alphabet,
    engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig},
};
use engine::decoded;
use serde_json::Value;

use super::fields::of_field;
use crate::Secrecy;

/// What is shorter, in bytes, is also a word of its own: taken out of a text, it would deface it and say what it was.
const SHORTEST_SECRET: usize = 4;
/// The same of an environment's values and of input, most of which are no secrets.
const SHORTEST_VALUE: usize = 8;
/// No path of a file is longer.
const LONGEST_PATH: usize = 255;

/// The secrets that were found, each as a text of its own: an engine may quote a part of what it was given.
#[derive(Default)]
pub(super) struct Given(pub(super) Vec<String>);

impl Given {
    /// Takes what is secret out of a value in its one form.
    pub(super) fn take(&mut self, secrecy: Secrecy, value: &Value) {
        match secrecy {
            Secrecy::Open => {}
            Secrecy::Whole => texts(value, &mut |text| self.whole(text)),
            Secrecy::SignIn => texts(value, &mut |text| self.sign_in(text)),
            Secrecy::Values => self.values(value),
            Secrecy::Words => self.words(value),
            Secrecy::Lines => texts(value, &mut |text| self.value(text)),
            Secrecy::Instructions => texts(value, &mut |text| self.instructions(text)),
            Secrecy::Key => texts(value, &mut |text| {
                if !text.starts_with('/') || text.contains('\n') || text.len() > LONGEST_PATH {
                    self.value(text);
                }
            }),
            Secrecy::Within => match value {
                Value::String(text) => match json(text) {
                    Some(json) => self.within("", &json),
                    None => self.named(text),
                },
                value => self.within("", value),
            },
        }
    }

    /// Takes all of a value that could not be read: where the secret is, nobody knows.
    pub(super) fn take_unread(&mut self, value: &Value) {
        texts(value, &mut |text| {
            self.whole(text);
            text.split(|c: char| c.is_whitespace() || "\"'`,;:={}[]()".contains(c))
                .for_each(|word| self.value(word));
        });
    }

    /// A text that is a secret for certain.
    pub(super) fn whole(&mut self, text: &str) {
        self.add(text, SHORTEST_SECRET);
        self.value(text);
        if let Some(text) = from_base64(text) {
            self.add(&text, SHORTEST_SECRET);
            match (json(&text), text.split_once(':')) {
                (Some(json), _) => self.within("", &json),
                (None, Some((_, password))) => self.add(password, SHORTEST_SECRET),
                (None, None) => {}
            }
        }
    }

    /// A text that may be one: all of it, its lines, what it sets to a value, and how its URL signs in.
    pub(super) fn value(&mut self, text: &str) {
        self.add(text, SHORTEST_VALUE);
        let lines = text.lines().map(str::trim).filter(|line| !line.starts_with("-----"));
        for line in lines {
            self.add(line, SHORTEST_VALUE);
            for (name, value) in line.split(',').filter_map(|part| part.split_once('=')) {
                let is_password =
                    ["pass", "token", "secret"].iter().any(|word| name.to_ascii_lowercase().contains(word));
                self.add(value, if is_password { SHORTEST_SECRET } else { SHORTEST_VALUE });
            }
        }
        self.urls(text);
        if let Some(json) = json(text) {
            self.within("", &json);
        }
    }

    /// The user and password within a URL, and the password alone; as they stand there, and decoded, as they are sent.
    pub(super) fn sign_in(&mut self, url: &str) {
        let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
        let Some((user, _)) = rest.rsplit_once('@') else { return };
        // An @ in a path ends no user.
        if user.contains('/') && !user.contains(':') {
            return;
        }
        let password = user.split_once(':').map(|(_, password)| password);
        for text in [Some(user), password].into_iter().flatten() {
            self.add(text, SHORTEST_SECRET);
            if let Some(sent) = decoded(text) {
                self.add(&sent, SHORTEST_SECRET);
            }
        }
    }

    fn add(&mut self, text: &str, shortest: usize) {
        let text = text.trim();
        if text.len() >= shortest {
            self.0.push(text.to_owned());
        }
    }

    fn values(&mut self, value: &Value) {
        match value {
            Value::Array(items) => items.iter().for_each(|item| match item {
                Value::String(text) => self.assigned(text),
                item => texts(item, &mut |text| self.value(text)),
            }),
            Value::String(text) => match json(text) {
                Some(json) => self.values(&json),
                None => text.lines().for_each(|line| self.assigned(line)),
            },
            value => texts(value, &mut |text| self.value(text)),
        }
    }

    fn assigned(&mut self, variable: &str) {
        if let Some((_, value)) = variable.split_once('=') {
            self.value(value);
        }
    }

    /// What follows the first word of a command. A first word that is itself an argument, such as `--password=...`, is none.
    fn words(&mut self, value: &Value) {
        match value {
            Value::Array(words) => {
                let mut words = words.iter().filter_map(Value::as_str);
                words.next().into_iter().for_each(|first| self.command(first));
                words.for_each(|word| self.value(word));
            }
            Value::String(line) => self.command(line),
            value => texts(value, &mut |text| self.value(text)),
        }
    }

    fn command(&mut self, line: &str) {
        match after_the_program(line) {
            Some(0) => self.value(line),
            Some(at) => self.value(&line[at..]),
            None => {}
        }
    }

    fn instructions(&mut self, text: &str) {
        for line in text.lines().map(str::trim) {
            let line = line.strip_prefix("ONBUILD ").unwrap_or(line).trim_start();
            self.urls(line);
            let Some((instruction, rest)) = line.split_once(char::is_whitespace) else { continue };
            let rest = rest.trim();
            let is_one = |words: &[&str]| words.iter().any(|one| instruction.eq_ignore_ascii_case(one));
            if is_one(&["CMD", "ENTRYPOINT", "HEALTHCHECK"]) {
                self.words(&json(rest).unwrap_or_else(|| rest.into()));
            }
            if !is_one(&["ENV", "ARG", "LABEL"]) {
                continue;
            }
            match shell_words::split(rest) {
                Ok(words) if words.first().is_some_and(|word| word.contains('=')) => {
                    for word in &words {
                        self.assigned(word);
                    }
                }
                _ => rest.split_once([' ', '=']).into_iter().for_each(|(_, value)| self.value(value)),
            }
        }
    }

    /// The fields that hold secrets, wherever in JSON they are.
    fn within(&mut self, parent: &str, value: &Value) {
        match value {
            Value::Array(items) => items.iter().for_each(|item| self.within(parent, item)),
            Value::Object(fields) => {
                for (name, field) in fields {
                    match of_field(parent, name) {
                        Some(secrecy) => self.take(secrecy, field),
                        None => self.within(name, field),
                    }
                }
            }
            Value::String(text) => match json(text) {
                Some(json) => self.within(parent, &json),
                None => self.urls(text),
            },
            _ => {}
        }
    }

    fn urls(&mut self, text: &str) {
        text.split_whitespace().filter(|word| word.contains("://")).for_each(|url| self.sign_in(url));
    }

    /// Lines of `name=value` by their names; other lines as they are.
    fn named(&mut self, text: &str) {
        for line in text.lines() {
            match line.split_once('=') {
                Some((name, value)) => {
                    if let Some(secrecy) = of_field("", name.trim()) {
                        self.take(secrecy, &value.trim().into());
                    }
                }
                None => self.value(line),
            }
        }
    }
}

/// Where in a command's line that begins what may be secret: after the program, or at once where the line begins with an
/// argument, as `Cmd` does beside an `Entrypoint`. `None` where there is the program alone.
pub(crate) fn after_the_program(line: &str) -> Option<usize> {
    let begun = line.trim_start();
    let first = begun.split_whitespace().next()?;
    let start = line.len() - begun.len();
    if first.starts_with('-') || first.contains('=') {
        return Some(start);
    }
    let rest = begun[first.len()..].trim_start();
    (!rest.is_empty()).then(|| line.len() - rest.len())
}

/// JSON that is given as text.
fn json(text: &str) -> Option<Value> {
    text.trim_start().starts_with(['{', '[']).then(|| serde_json::from_str(text).ok()).flatten()
}

/// Text that is given in base64, of either alphabet.
fn from_base64(text: &str) -> Option<String> {
    const LENIENT: GeneralPurposeConfig =
        GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent);
    const READER: GeneralPurpose = GeneralPurpose::new(&alphabet::STANDARD, LENIENT);
    let text = text.trim().replace('-', "+").replace('_', "/");
    let decoded = String::from_utf8(READER.decode(text).ok()?).ok()?;
    (!decoded.contains(char::is_control)).then_some(decoded)
}

/// Shows every text within, and every number: a password may be one.
fn texts(value: &Value, show: &mut dyn FnMut(&str)) {
    match value {
        Value::Object(fields) => fields.values().for_each(|value| texts(value, show)),
        Value::Array(items) => items.iter().for_each(|value| texts(value, show)),
        Value::String(text) => show(text),
        Value::Number(number) => show(&number.to_string()),
        _ => {}
    }
}
