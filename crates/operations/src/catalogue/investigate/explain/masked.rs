//! Command lines without the secrets in them: values of the environment, and what follows a word such as `--password`.

use serde_json::Value;

use crate::{
    catalogue::investigate::posture::secret_looking::{names_a_secret, without_sign_in},
    run::{objects::items, secrets::MASK},
};

/// A value of the environment that is shorter may stand in any text.
const SHORTEST: usize = 6;

/// What must not be shown of a container's texts.
pub(crate) struct Masked {
    values: Vec<String>,
}

impl Masked {
    /// Of a container's inspection.
    pub(crate) fn of(container: &Value) -> Self {
        let entries = items(&container["Config"]["Env"]).filter_map(Value::as_str);
        let mut values: Vec<String> = entries
            .filter_map(|entry| entry.split_once('='))
            // What a program is found by is no secret, and stands in many commands.
            .filter(|(name, value)| value.len() >= SHORTEST && !matches!(*name, "PATH" | "HOME" | "HOSTNAME"))
            .map(|(_, value)| value.to_owned())
            .collect();
        // The longest first: one may hold another.
        values.sort_by_key(|value| std::cmp::Reverse(value.len()));
        Self { values }
    }

    /// A command line as it may be shown.
    pub(crate) fn command(&self, line: &str) -> String {
        let mut line = line.to_owned();
        for value in &self.values {
            line = line.replace(value.as_str(), MASK);
        }
        let mut is_next = false;
        let words: Vec<String> = line
            .split(' ')
            .map(|word| {
                if std::mem::take(&mut is_next) && !word.starts_with('-') && !word.is_empty() {
                    return MASK.to_owned();
                }
                if let Some((name, value)) = word.split_once('=').filter(|(name, _)| names_a_secret(name)) {
                    return if value.is_empty() { word.to_owned() } else { format!("{name}={MASK}") };
                }
                is_next = word.starts_with("--") && names_a_secret(word);
                without_sign_in(word)
            })
            .collect();
        words.join(" ")
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn no_secret_stays_in_a_command() {
        let container = json!({"Config": {"Env": ["PATH=/usr/local/bin", "A=s3cr3t-value", "B=x"]}});
        let masked = Masked::of(&container);
        for (line, shown) in [
            ("run s3cr3t-value/x /usr/local/bin", "run [redacted]/x /usr/local/bin"),
            ("login --password abc --user x", "login --password [redacted] --user x"),
            ("login --password=abc DB_PASSWORD=def", "login --password=[redacted] DB_PASSWORD=[redacted]"),
            ("curl https://me:pw@host/x?y", "curl https://***@host/x?y"),
            ("sleep 600", "sleep 600"),
        ] {
            assert_eq!(masked.command(line), shown);
        }
    }
}
