//! Checks of the connection, as data: what the health check finds, and what FortiSOAR does not show of it.

use std::time::Duration;

use engine::{Engine, ErrorKind, Path, Request};
use serde_json::{Map, Value, json};

use crate::{
    Check, Error, Finding, Kind, Level, Operation, Output, Schema,
    run::{
        call::Call,
        health::{
            Seen,
            flaws::{Flaw, flaws},
            see,
        },
    },
};

/// What the credential may read is asked for in this time each.
const PATIENCE: Duration = Duration::from_secs(10);

/// What a credential may read: a name for it, and a request with a small answer.
const READS: [(&str, &str, Query); 6] = [
    ("containers", "/containers/json", &[("limit", "1")]),
    ("images", "/images/json", NOTHING),
    ("networks", "/networks", NOTHING),
    ("volumes", "/volumes", NOTHING),
    ("information", "/info", &[]),
    ("events", "/events", &[("since", "1"), ("until", "1")]),
];
type Query = &'static [(&'static str, &'static str)];
/// A label that nothing has, so that the answer is short.
const NOTHING: Query = &[("filters", r#"{"label":["fortisoar.check"]}"#)];

/// The operations of this file.
pub(crate) static OPERATIONS: &[Operation] = &[Operation::get("check_connection", "/version")
    .title("Check Connection")
    .about("Checks the connection to the engine and returns each finding as data: whether the engine answers, sign-in, encryption, verification, API version, clocks, known flaws of the engine's version, and what the credential may read. An engine that does not answer is a finding, not an error.")
    .gives(Schema::All(&[
        Schema::Fields(&["result", "level", "engine_version", "api_version", "round_trip_milliseconds"]),
        Schema::Field(
            "findings",
            &Schema::List(&Schema::Fields(&["check", "level", "what", "to_do"])),
        ),
        Schema::Field("known_flaws", &Schema::List(&Schema::Fields(&["id", "what", "fixed_in"]))),
        Schema::Field(
            "may_read",
            &Schema::Fields(&["containers", "images", "networks", "volumes", "information", "events"]),
        ),
    ]))
    .table("findings", &["check", "level", "what", "to_do"])
    .run(check_connection)];

fn check_connection(call: &Call<'_>) -> Result<Output, Error> {
    let engine = call.engine.without_retries();
    let mut findings = call.configuration.warnings().to_vec();
    let mut result = Map::new();
    let mut may_read: Map<String, Value> =
        READS.iter().map(|(name, ..)| ((*name).to_owned(), Value::Null)).collect();
    let mut known = Vec::new();
    match see(&engine) {
        Ok(seen) => {
            call.note(Some(200), 2);
            findings.extend(seen.warnings());
            if is_docker(&seen.version) {
                known = flaws(seen.engine_version());
            }
            findings.extend((!known.is_empty()).then(|| of_flaws(&seen, &known)));
            findings.extend(permissions(call, &engine, &mut may_read)?);
            let fine = good(call, &seen);
            findings.extend(
                fine.filter(|one| findings.iter().all(|other| other.check != one.check)).collect::<Vec<_>>(),
            );
            let version = call.configuration.secrets().hidden_in(seen.engine_version());
            result.insert("engine_version".into(), version.into());
            result.insert("api_version".into(), seen.spoken.to_string().into());
            result.insert("round_trip_milliseconds".into(), milliseconds(seen.round_trip).into());
        }
        Err(error) if error.kind() == Kind::Engine(ErrorKind::Interrupted) => return Err(error),
        Err(error) => {
            call.note(error.status(), 1);
            for name in ["engine_version", "api_version", "round_trip_milliseconds"] {
                result.insert(name.into(), Value::Null);
            }
            findings.push(of_error(&error));
        }
    }
    findings.sort_by_key(|finding| finding.check);
    let level = findings.iter().map(|finding| finding.level).max().unwrap_or(Level::Ok);
    let mut fields = Map::from_iter([
        ("result".to_owned(), sentence(&findings, level).into()),
        ("level".to_owned(), level.as_str().into()),
    ]);
    fields.extend(result);
    let hidden = |text: &str| call.configuration.secrets().hidden_in(text);
    let findings = findings.iter().map(|one| {
        json!({"check": one.check.as_str(), "level": one.level.as_str(), "what": hidden(&one.what), "to_do": hidden(&one.to_do)})
    });
    fields.insert("findings".into(), findings.collect());
    let known =
        known.iter().map(|flaw| json!({"id": flaw.id, "what": flaw.what, "fixed_in": flaw.fixed_in()}));
    fields.insert("known_flaws".into(), known.collect());
    fields.insert("may_read".into(), may_read.into());
    Ok(Value::Object(fields).into())
}

fn sentence(findings: &[Finding], level: Level) -> String {
    let count = |level| findings.iter().filter(|finding| finding.level == level).count();
    match (level, count(Level::Warning)) {
        (Level::Error, _) => "The connection does not work".to_owned(),
        (_, 0) => "The connection works".to_owned(),
        (_, 1) => "The connection works, with 1 warning".to_owned(),
        (_, warnings) => format!("The connection works, with {warnings} warnings"),
    }
}

/// What works, for each check that was looked at.
fn good(call: &Call<'_>, seen: &Seen) -> impl Iterator<Item = Finding> {
    let settings = call.configuration.settings();
    let sign_in = match (&settings.sign_in, &settings.ssh, &settings.tls) {
        (Some(_), ..) => "The engine, or a proxy before it, accepts the sign-in.",
        (None, Some(_), _) => "The SSH server accepts the key.",
        (None, None, Some(tls)) if tls.identity.is_some() => "The engine accepts the client certificate.",
        _ => "The configuration signs in with nothing, and the engine asks for nothing.",
    };
    let (encryption, verification) = match (&settings.ssh, &settings.tls) {
        (Some(_), _) => (
            "SSH encrypts the connection.",
            Some("The server's host key is the one that the configuration names."),
        ),
        (_, Some(_)) => ("TLS encrypts the connection.", Some("The engine's certificate is verified.")),
        // Over plain HTTP a warning stands in place of both.
        _ => ("The connection is a socket of this machine.", None),
    };
    let clock = match seen.clock_ahead {
        Some(_) => "The engine's clock agrees with this machine's.",
        None => "The engine does not tell its time.",
    };
    let reach = format!("The engine answers in {:.1} ms.", milliseconds(seen.round_trip));
    [
        Some(Finding::ok(Check::Reach, reach)),
        Some(Finding::ok(Check::SignIn, sign_in)),
        Some(Finding::ok(Check::Encryption, encryption)),
        verification.map(|what| Finding::ok(Check::Verification, what)),
        Some(Finding::ok(Check::ApiVersion, format!("Both sides speak API {}.", seen.spoken))),
        Some(Finding::ok(Check::Clock, clock)),
        is_docker(&seen.version).then(|| {
            let what = format!("The connector knows of no flaw of Docker Engine {}.", seen.engine_version());
            Finding::ok(Check::KnownFlaws, what)
        }),
        Some(Finding::ok(Check::Permissions, "The credential may read all that operations read.")),
    ]
    .into_iter()
    .flatten()
}

fn of_flaws(seen: &Seen, known: &[&Flaw]) -> Finding {
    let ids: Vec<&str> = known.iter().map(|flaw| flaw.id.as_str()).collect();
    Finding::warning(
        Check::KnownFlaws,
        format!("Docker Engine {} has known flaws: {}.", seen.engine_version(), ids.join(", ")),
        "Upgrade the engine, or see whether its distribution has fixed them under the same version.",
    )
}

/// Which of the reads the engine, or a proxy before it, refuses to this credential.
fn permissions(
    call: &Call<'_>,
    engine: &Engine,
    may_read: &mut Map<String, Value>,
) -> Result<Option<Finding>, Error> {
    let (mut refused, mut unknown) = (Vec::new(), Vec::new());
    let bound = PATIENCE.min(call.configuration.timeout());
    for (name, path, query) in READS {
        let request = Request::get(Path::fixed(path)).silence(bound).deadline(bound);
        let request = query.iter().fold(request, |request, (name, value)| request.query(name, value));
        let is_allowed = match engine.call(request) {
            Ok(answer) => {
                call.note(Some(answer.status), answer.tries);
                Value::Bool(true)
            }
            Err(error) => match error.kind() {
                ErrorKind::Interrupted => return Err(error.into()),
                ErrorKind::Unauthorized | ErrorKind::Forbidden => {
                    refused.push(name);
                    Value::Bool(false)
                }
                // It was not refused, and it did not work: nobody knows.
                _ => {
                    unknown.push(name);
                    Value::Null
                }
            },
        };
        may_read.insert(name.to_owned(), is_allowed);
    }
    let warning = |what: String, to_do| Some(Finding::warning(Check::Permissions, what, to_do));
    Ok(match (refused.as_slice(), unknown.as_slice()) {
        ([], []) => None,
        ([], unknown) => warning(
            format!(
                "The engine did not give these, though it does not refuse the credential: {}.",
                unknown.join(", ")
            ),
            "Look at the engine's log, and run the check again.",
        ),
        (refused, _) => warning(
            format!("The engine, or a proxy before it, refuses this credential: {}.", refused.join(", ")),
            "Allow these reads, or leave out the operations that need them.",
        ),
    })
}

/// Why nothing works.
fn of_error(error: &Error) -> Finding {
    let check = match error.kind() {
        Kind::Engine(ErrorKind::Unauthorized | ErrorKind::Forbidden | ErrorKind::Ssh) => Check::SignIn,
        Kind::Engine(ErrorKind::Tls) => Check::Verification,
        Kind::Engine(ErrorKind::Unsupported) => Check::ApiVersion,
        _ => Check::Reach,
    };
    let what = error.came_back();
    let to_do = error.message().strip_prefix(what).unwrap_or_default().trim_start_matches(['.', ' ']);
    Finding { check, level: Level::Error, what: format!("{what}."), to_do: to_do.to_owned() }
}

/// Podman answers too, and has versions of its own.
fn is_docker(version: &Value) -> bool {
    let components = version["Components"].as_array().into_iter().flatten();
    !components.filter_map(|component| component["Name"].as_str()).any(|name| name.contains("Podman"))
}

/// In tenths of a millisecond: more would only be noise.
fn milliseconds(time: Duration) -> f64 {
    (time.as_secs_f64() * 1e4).round() / 10.0
}
