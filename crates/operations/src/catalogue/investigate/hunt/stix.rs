//! STIX 2.1 patterns, as far as a Docker Engine can answer them. What it cannot is a fault that says so.
//!
//! <https://docs.oasis-open.org/cti/stix/v2.1/os/stix-v2.1-os.html>, section 9.

use super::indicator::{Comparison, Given, Kind, given, shortened};

/// The longest pattern, in bytes; the most alternatives of one.
const LONGEST: usize = 64 * 1024;
const MOST: usize = 1000;
const DEEPEST: usize = 50;

#[derive(Debug, Clone, PartialEq, Eq)]
enum Token {
    Open,
    Close,
    Left,
    Right,
    Comma,
    /// An object's path, or a word such as AND.
    Word(String),
    Text(String),
    Operator(&'static str),
}

/// A comparison: `file:name = 'x'`.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Compared {
    path: String,
    comparison: Comparison,
    value: String,
}

/// The patterns of a text: one on each line, or one over several.
pub(super) fn split(text: &str) -> Vec<&str> {
    let lines: Vec<&str> = text.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
    if lines.iter().all(|line| line.starts_with(['[', '(']) && line.ends_with([']', ')'])) {
        lines
    } else {
        vec![text.trim()]
    }
}

/// Reads a pattern: each alternative is an indicator.
pub(super) fn read(pattern: &str) -> Result<Vec<Given>, String> {
    if pattern.len() > LONGEST {
        return Err(format!("a pattern must have at most {LONGEST} bytes"));
    }
    let mut parser = Parser { tokens: tokens(pattern)?, at: 0, depth: 0 };
    let mut all = parser.observations()?;
    if parser.at < parser.tokens.len() {
        return Err(parser.unexpected("the pattern's end"));
    }
    let mut read = Vec::with_capacity(all.len());
    for group in all.drain(..) {
        let mut one = indicator(&group)?;
        one.shown["stix"] = shortened(pattern).into();
        read.push(one);
    }
    Ok(read)
}

fn tokens(pattern: &str) -> Result<Vec<Token>, String> {
    let mut tokens = Vec::new();
    let mut rest = pattern.trim_start();
    while let Some(first) = rest.chars().next() {
        let (token, length) = match first {
            '[' => (Token::Open, 1),
            ']' => (Token::Close, 1),
            '(' => (Token::Left, 1),
            ')' => (Token::Right, 1),
            ',' => (Token::Comma, 1),
            '=' => (Token::Operator("="), 1),
            '!' | '<' | '>' => {
                let two = ["!=", "<=", ">=", "<>"].into_iter().find(|two| rest.starts_with(two));
                let one = if first == '<' { "<" } else { ">" };
                two.map_or((Token::Operator(one), 1), |two| (Token::Operator(two), two.len()))
            }
            '\'' => text(rest)?,
            _ => {
                let length = word(rest);
                // A time: t'2024-01-02T03:04:05Z'; bytes in other forms are none of ours.
                if length == 1 && first == 't' && rest[1..].starts_with('\'') {
                    let (token, length) = text(&rest[1..])?;
                    (token, length + 1)
                } else if length == 0 {
                    return Err(format!("{:?} is not expected in a STIX pattern", shortened(rest)));
                } else {
                    (Token::Word(rest[..length].to_owned()), length)
                }
            }
        };
        tokens.push(token);
        rest = rest[length..].trim_start();
    }
    Ok(tokens)
}

/// A text within quotes, with its length there.
fn text(rest: &str) -> Result<(Token, usize), String> {
    let (mut text, mut letters) = (String::new(), rest.char_indices().skip(1));
    while let Some((at, letter)) = letters.next() {
        match letter {
            '\'' => return Ok((Token::Text(text), at + 1)),
            '\\' => match letters.next() {
                Some((_, escaped @ ('\'' | '\\'))) => text.push(escaped),
                Some((_, other)) => text.extend(['\\', other]),
                None => break,
            },
            other => text.push(other),
        }
    }
    Err("a text of the STIX pattern has no closing quote".into())
}

/// The length of a word: an object's path may have parts in quotes and brackets (`hashes.'SHA-256'`, `protocols[*]`).
fn word(rest: &str) -> usize {
    let (mut quoted, mut bracket) = (None, false);
    let mut last = ' ';
    for (at, letter) in rest.char_indices() {
        match quoted {
            Some(quote) if letter == quote => quoted = None,
            Some(_) => {}
            None if (letter == '\'' || letter == '"') && (last == '.' || last == ':') => {
                quoted = Some(letter);
            }
            None if letter == '[' && at > 0 => bracket = true,
            None if letter == ']' && bracket => bracket = false,
            None if bracket && (letter.is_ascii_digit() || letter == '*') => {}
            None if letter.is_alphanumeric() || "-_.:".contains(letter) => {}
            None => return at,
        }
        last = letter;
    }
    rest.len()
}

struct Parser {
    tokens: Vec<Token>,
    at: usize,
    depth: usize,
}

/// Alternatives, each of comparisons that must all hold.
type Groups = Vec<Vec<Compared>>;

impl Parser {
    fn peek(&self) -> Option<&Token> {
        self.tokens.get(self.at)
    }

    fn takes(&mut self, token: &Token) -> bool {
        let is_there = self.peek() == Some(token);
        self.at += usize::from(is_there);
        is_there
    }

    fn takes_word(&mut self, word: &str) -> bool {
        let is_there = matches!(self.peek(), Some(Token::Word(own)) if own.eq_ignore_ascii_case(word));
        self.at += usize::from(is_there);
        is_there
    }

    fn unexpected(&self, wanted: &str) -> String {
        match self.peek() {
            Some(Token::Word(word)) if matches!(word.to_ascii_uppercase().as_str(), "AND" | "FOLLOWEDBY") => {
                format!(
                    "{word} between observations cannot be hunted: give each as an indicator of its own, or join them with OR"
                )
            }
            Some(Token::Word(word))
                if matches!(word.to_ascii_uppercase().as_str(), "WITHIN" | "REPEATS" | "START") =>
            {
                format!("{word} cannot be hunted: an engine tells what is, and not how often or when")
            }
            Some(Token::Word(word) | Token::Text(word)) => {
                format!("the STIX pattern has {:?} where {wanted} should be", shortened(word))
            }
            Some(Token::Operator(operator)) => {
                format!("the STIX pattern has {operator} where {wanted} should be")
            }
            Some(_) => format!("the STIX pattern has a bracket or comma where {wanted} should be"),
            None => format!("the STIX pattern ends where {wanted} should be"),
        }
    }

    fn observations(&mut self) -> Result<Groups, String> {
        let mut all = self.observation()?;
        while self.takes_word("OR") {
            all.extend(self.observation()?);
            bounded(&all)?;
        }
        Ok(all)
    }

    fn observation(&mut self) -> Result<Groups, String> {
        self.deeper()?;
        let groups = if self.takes(&Token::Left) {
            let groups = self.observations()?;
            if !self.takes(&Token::Right) {
                return Err(self.unexpected("a closing parenthesis"));
            }
            groups
        } else {
            if !self.takes(&Token::Open) {
                return Err(self.unexpected("an opening bracket"));
            }
            let groups = self.any()?;
            if !self.takes(&Token::Close) {
                return Err(self.unexpected("a closing bracket"));
            }
            groups
        };
        self.depth -= 1;
        Ok(groups)
    }

    fn deeper(&mut self) -> Result<(), String> {
        self.depth += 1;
        if self.depth > DEEPEST { Err("the STIX pattern is nested too deeply".into()) } else { Ok(()) }
    }

    fn any(&mut self) -> Result<Groups, String> {
        let mut all = self.every()?;
        while self.takes_word("OR") {
            all.extend(self.every()?);
            bounded(&all)?;
        }
        Ok(all)
    }

    fn every(&mut self) -> Result<Groups, String> {
        let mut all = self.comparison()?;
        while self.takes_word("AND") {
            let further = self.comparison()?;
            if all.len().saturating_mul(further.len()) > MOST {
                return Err(format!("the STIX pattern has more than {MOST} alternatives"));
            }
            all = all
                .iter()
                .flat_map(|one| further.iter().map(move |other| [one.as_slice(), other.as_slice()].concat()))
                .collect();
        }
        Ok(all)
    }

    fn comparison(&mut self) -> Result<Groups, String> {
        if self.takes(&Token::Left) {
            self.deeper()?;
            let groups = self.any()?;
            self.depth -= 1;
            return if self.takes(&Token::Right) {
                Ok(groups)
            } else {
                Err(self.unexpected("a closing parenthesis"))
            };
        }
        let Some(Token::Word(path)) = self.peek().cloned() else {
            return Err(self.unexpected("an object's path, such as file:name"));
        };
        self.at += 1;
        if self.takes_word("NOT") {
            return Err(format!("NOT cannot be hunted ({})", shortened(&path)));
        }
        let one = |comparison, value| vec![vec![Compared { path: path.clone(), comparison, value }]];
        match self.tokens.get(self.at).cloned() {
            Some(Token::Operator("=")) => {
                self.at += 1;
                Ok(one(Comparison::Same, self.value()?))
            }
            Some(Token::Operator(">" | ">="))
                if path == "process:created" || path == "process:created_time" =>
            {
                self.at += 1;
                Ok(one(Comparison::Usual, self.value()?))
            }
            Some(Token::Operator(operator)) => Err(format!(
                "{operator} cannot be hunted with {}: use =, IN, LIKE or MATCHES",
                shortened(&path)
            )),
            Some(Token::Word(word)) => {
                self.at += 1;
                match word.to_ascii_uppercase().as_str() {
                    "LIKE" => Ok(one(Comparison::Like, self.value()?)),
                    "MATCHES" => Ok(one(Comparison::Matches, self.value()?)),
                    "ISSUBSET" => Ok(one(Comparison::Same, self.value()?)),
                    "IN" => self.values().map(|values| {
                        values.into_iter().flat_map(|value| one(Comparison::Same, value)).collect()
                    }),
                    _ => Err(format!(
                        "{:?} is no operator that can be hunted: use =, IN, LIKE or MATCHES",
                        shortened(&word)
                    )),
                }
            }
            _ => Err(self.unexpected("an operator")),
        }
    }

    fn values(&mut self) -> Result<Vec<String>, String> {
        if !self.takes(&Token::Left) {
            return Err(self.unexpected("an opening parenthesis"));
        }
        let mut values = vec![self.value()?];
        while self.takes(&Token::Comma) {
            values.push(self.value()?);
        }
        if self.takes(&Token::Right) { Ok(values) } else { Err(self.unexpected("a closing parenthesis")) }
    }

    fn value(&mut self) -> Result<String, String> {
        match self.peek().cloned() {
            Some(Token::Text(text) | Token::Word(text)) => {
                self.at += 1;
                Ok(text)
            }
            _ => Err(self.unexpected("a value")),
        }
    }
}

fn bounded(all: &Groups) -> Result<(), String> {
    if all.len() > MOST { Err(format!("the STIX pattern has more than {MOST} alternatives")) } else { Ok(()) }
}

/// What comparisons that must all hold ask of an engine.
fn indicator(group: &[Compared]) -> Result<Given, String> {
    let is = |names: &[&str]| {
        let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
        group.iter().find(move |one| names.contains(&plain(&one.path)))
    };
    let hash = is(&["file:hashes.sha-256", "file:hashes.sha256"]);
    let name = is(&["file:name"]);
    let folder = is(&["file:parent_directory_ref.path"]);
    let known = [hash, name, folder].iter().flatten().count();
    if known > 0 && known == group.len() {
        if [hash, folder].iter().flatten().any(|one| one.comparison != Comparison::Same) {
            return Err("a file's hash and folder can be compared with = or IN only".into());
        }
        let is_same = name.is_none_or(|name| name.comparison == Comparison::Same);
        let name_of = name.map_or("", |name| name.value.as_str());
        let path = match folder {
            Some(folder) if name_of.is_empty() => folder.value.clone(),
            Some(folder) => format!("{}/{name_of}", folder.value.trim_end_matches('/')),
            None => name_of.to_owned(),
        };
        return match (hash, name) {
            (Some(_), Some(_)) if !is_same => {
                Err("beside a hash, a file's name can be compared with = only".into())
            }
            (Some(hash), _) => Ok(given(Kind::Sha256, &hash.value, &path, Comparison::Usual)),
            (None, Some(name)) if !is_same => Ok(given(Kind::ChangedPath, &name.value, "", name.comparison)),
            (None, _) if path.starts_with('/') => Ok(given(Kind::Path, &path, "", Comparison::Usual)),
            (None, _) => Ok(given(Kind::ChangedPath, &format!("*/{path}"), "", Comparison::Usual)),
        };
    }
    let [one] = group else {
        let paths: Vec<&str> = group.iter().map(|one| one.path.as_str()).collect();
        return Err(format!(
            "AND of {} cannot be hunted: only a file's hash, name and folder go together. Give each as an indicator of its own",
            shortened(&paths.join(", "))
        ));
    };
    let path = plain(&one.path);
    let text = |kind, comparison| Ok(given(kind, &one.value, "", comparison));
    match path.as_str() {
        "process:command_line" => text(Kind::Process, one.comparison),
        "process:name" | "process:image_ref.name" | "process:binary_ref.name" => match one.comparison {
            // Engines give command lines only; a program's name stands within.
            Comparison::Same => text(Kind::Process, Comparison::Usual),
            other => text(Kind::Process, other),
        },
        "process:created" | "process:created_time" => text(Kind::StartedAfter, Comparison::Usual),
        "directory:path" if one.comparison == Comparison::Same => text(Kind::Path, Comparison::Usual),
        "ipv4-addr:value"
        | "ipv6-addr:value"
        | "domain-name:value"
        | "network-traffic:dst_ref.value"
        | "network-traffic:src_ref.value"
            if one.comparison == Comparison::Same =>
        {
            text(Kind::Address, Comparison::Usual)
        }
        "network-traffic:dst_port" | "network-traffic:src_port" if one.comparison == Comparison::Same => {
            text(Kind::Port, Comparison::Usual)
        }
        path if path.starts_with("process:environment_variables.") && one.comparison == Comparison::Same => {
            let name = one.path.rsplit('.').next().unwrap_or_default().trim_matches(['\'', '"']);
            Ok(given(Kind::Environment, &format!("{name}={}", one.value), "", Comparison::Usual))
        }
        path if path.starts_with("file:hashes.") => {
            Err(format!("{} cannot be hunted: only SHA-256 of a file can", shortened(&one.path)))
        }
        _ => Err(format!(
            "{} cannot be hunted so. Docker Engines can answer file:hashes.'SHA-256', file:name, directory:path, \
             process:command_line, process:name, process:created, ipv4-addr:value, ipv6-addr:value, domain-name:value and \
             network-traffic:dst_port",
            shortened(&one.path)
        )),
    }
}

/// A path without quotes, in lower case.
fn plain(path: &str) -> String {
    path.replace(['\'', '"'], "").to_ascii_lowercase()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn shown(pattern: &str) -> Vec<(Kind, String, String, Comparison)> {
        let read = read(pattern).unwrap();
        read.into_iter().map(|one| (one.kind, one.value, one.path, one.comparison)).collect()
    }

    #[test]
    fn patterns_of_these_kinds_are_read() {
        use Comparison::{Like, Usual};
        for (pattern, kind, value, path, comparison) in [
            ("[file:hashes.'SHA-256' = 'ab']", Kind::Sha256, "ab", "", Usual),
            (
                "[file:hashes.\"SHA-256\" = 'ab' AND file:name = '/tmp/x']",
                Kind::Sha256,
                "ab",
                "/tmp/x",
                Usual,
            ),
            (
                "[ file:name='x' AND file:hashes.SHA256='ab' AND file:parent_directory_ref.path = '/tmp/' ]",
                Kind::Sha256,
                "ab",
                "/tmp/x",
                Usual,
            ),
            ("[file:name = 'x']", Kind::ChangedPath, "*/x", "", Usual),
            ("[file:name = '/etc/x']", Kind::Path, "/etc/x", "", Usual),
            ("[process:command_line LIKE '%it\\'s%']", Kind::Process, "%it's%", "", Like),
            ("[process:name = 'xmrig']", Kind::Process, "xmrig", "", Usual),
            ("[ipv4-addr:value = '198.51.100.7']", Kind::Address, "198.51.100.7", "", Usual),
            ("[ipv4-addr:value ISSUBSET '198.51.100.0/24']", Kind::Address, "198.51.100.0/24", "", Usual),
            ("([network-traffic:dst_port = 4444])", Kind::Port, "4444", "", Usual),
            (
                "[process:created > t'2024-01-02T03:04:05Z']",
                Kind::StartedAfter,
                "2024-01-02T03:04:05Z",
                "",
                Usual,
            ),
        ] {
            assert_eq!(shown(pattern), [(kind, value.into(), path.into(), comparison)], "{pattern}");
        }
        let several = "[ipv4-addr:value IN ('198.51.100.7', '198.51.100.8') OR domain-name:value = 'evil.test'] OR [process:name = 'x']";
        assert_eq!(shown(several).len(), 4);
        let both = "[(file:name = '/a' OR file:name = '/b') AND file:hashes.'SHA-256' = 'ab']";
        assert_eq!(shown(both).iter().map(|one| one.2.as_str()).collect::<Vec<_>>(), ["/a", "/b"]);
    }

    #[test]
    fn what_cannot_be_hunted_says_so() {
        for (pattern, said) in [
            ("[file:hashes.MD5 = 'ab']", "only SHA-256"),
            ("[process:name = 'a'] AND [process:name = 'b']", "AND between observations"),
            ("[process:name = 'a'] REPEATS 5 TIMES", "REPEATS cannot be hunted"),
            (
                "[process:name = 'a' AND network-traffic:dst_port = 1]",
                "AND of process:name, network-traffic:dst_port",
            ),
            ("[process:name NOT = 'a']", "NOT cannot be hunted"),
            ("[process:name != 'a']", "!= cannot be hunted"),
            ("[windows-registry-key:key = 'a']", "windows-registry-key:key cannot be hunted"),
            ("[process:name = 'a", "no closing quote"),
            ("[process:name = 'a'", "ends where a closing bracket"),
            ("[process:name]", "where an operator"),
            ("nonsense", "where an opening bracket"),
        ] {
            let fault = read(pattern).unwrap_err();
            assert!(fault.contains(said), "{pattern}: {fault}");
        }
        assert!(read(&"(".repeat(10_000)).unwrap_err().contains("nested"));
        let all = format!("[{}]", vec!["(process:name = 'a' OR process:name = 'b')"; 40].join(" AND "));
        assert!(read(&all).unwrap_err().contains("more than 1000"));
    }

    proptest! {
        #[test]
        fn nothing_panics(text in "[\\[\\]()'=,a-z:. é\\\\]*") {
            let _either = read(&text);
            let _either = read(&format!("[process:name = '{text}']"));
        }
    }
}
