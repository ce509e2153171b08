//! Any endpoint of the engine's API, for what this release has no operation for. Policy, limits and errors are the same.

use bytes::Bytes;
use engine::{ErrorKind, JsonLines, Path, Payload, Request};
use serde_json::{Map, Value, json};

use crate::{
    Category, Effect, Error, Kind, Method, Operation, Output, Schema, ValueKind,
    declare::{
        arguments::{Aim, Arguments},
        param::{TIME_LIMIT, choice, flag, json, map, text},
        result::case,
    },
    run::{
        call::Call,
        files::{ATTACHMENT, MAX_SIZE, Received, Upload},
        guard::{self, Named, Reach, Target},
        progress::Flow,
        redact::REDACT,
    },
    values::{normalise, scalar},
};

const METHODS: &[(&str, &str)] =
    &[("GET", "GET"), ("HEAD", "HEAD"), ("POST", "POST"), ("PUT", "PUT"), ("DELETE", "DELETE")];
/// The methods that take a body.
const SENDING: &[&str] = &["POST", "PUT"];
const OUTPUTS: &[(&str, &str)] = &[("Data", "data"), ("Attachment", "attachment")];
/// The headers that a call may set; the rest are the connector's own.
const HEADERS: [&str; 4] = ["x-registry-auth", "x-registry-config", "content-type", "accept"];

/// The operations of this file.
pub(crate) static OPERATIONS: &[Operation] = &[Operation::post("call_api", "/")
    .title("Call API")
    .about("Calls any endpoint of the Docker Engine API, for what has no operation of its own.")
    .category_is(Category::Miscellaneous)
    .params(&[
        choice("method", METHODS)
            .title("Method")
            .about("GET and HEAD look, DELETE takes away, the others change.")
            .required()
            .local(),
        text("path")
            .title("Path")
            .about("The endpoint's path without the version, such as /containers/web/json.")
            .required()
            .local(),
        json("query")
            .title("Query")
            .about("Query parameters: JSON, where a list repeats a name and an object stays JSON, or lines of name=value.")
            .local(),
        json("body")
            .title("Body")
            .about("The body: JSON, or text.")
            .shown_for("method", SENDING)
            .local(),
        text("body_file")
            .title("Body File")
            .about("The id of an attachment, or the IRI of a file, to send as the body instead.")
            .shown_for("method", SENDING)
            .local(),
        map("headers")
            .title("Headers")
            .about("X-Registry-Auth, X-Registry-Config, Content-Type or Accept.")
            .local(),
        choice("output", OUTPUTS)
            .title("Output")
            .about("The answer as data, or as an attachment.")
            .default("Data")
            .local(),
        flag("unversioned")
            .title("Without Version")
            .about("Send the path as it is, as /_ping wants it.")
            .local(),
        TIME_LIMIT,
        MAX_SIZE.shown_for("output", &["Attachment"]),
        text("filename")
            .title("File Name")
            .about("The name of an attached answer.")
            .shown_for("output", &["Attachment"])
            .default("answer")
            .local(),
        REDACT,
    ])
    .reach(reach)
    .aim(aim)
    .gives(Schema::All(&[
        Schema::Fields(&["status_code", "content_type"]),
        Schema::Field("body", &Schema::Object),
        Schema::Fields(&["timed_out"]),
    ]))
    .gives_for(&[case(
        "output",
        "Attachment",
        Schema::All(&[ATTACHMENT, Schema::Fields(&["status_code", "content_type"])]),
    )])
    .run(call_api)];

/// What a call does follows from its method, and what it touches from its path, whatever version that names.
fn reach(arguments: &Arguments) -> Reach {
    let method = match arguments.text("method") {
        Some("GET") => Method::Get,
        Some("HEAD") => Method::Head,
        Some("PUT") => Method::Put,
        Some("DELETE") => Method::Delete,
        _ => Method::Post,
    };
    let effect = match method {
        Method::Get | Method::Head => Effect::Read,
        Method::Delete => Effect::Destroy,
        // What prunes takes away, though it is a POST.
        Method::Post
            if arguments.text("path").is_some_and(|path| path.trim_end_matches('/').ends_with("/prune")) =>
        {
            Effect::Destroy
        }
        Method::Post | Method::Put => Effect::Change,
    };
    let segments: Vec<String> = arguments
        .text("path")
        .and_then(|path| Path::checked(path).ok())
        .map_or(Vec::new(), |path| path.segments().collect());
    let mut path: Vec<&str> = segments.iter().map(String::as_str).collect();
    // What Podman has of its own beside Docker's API goes by the same names.
    while path.first().is_some_and(|first| is_prefix(first)) {
        path.remove(0);
    }
    let targets = match path[..] {
        ["containers", named, "start"] if !is_plain_start(arguments) => {
            vec![Target::Container(Named::by("path", named))]
        }
        _ => guard::targets(method, &path, "path", members(arguments)),
    };
    Reach { effect, targets }
}

/// Whether a start only starts. Before API 1.24 its body could change how the container runs, and it can begin from a
/// checkpoint.
fn is_plain_start(arguments: &Arguments) -> bool {
    let has_body =
        arguments.text("body_file").is_some() || arguments.get("body").is_some_and(|body| !is_empty(body));
    let has_more = query(arguments).is_ok_and(|query| query.iter().any(|(name, _)| name != "detachKeys"));
    !(has_body || has_more)
}

/// The containers that the body or the query names. The engine reads the names of a body's fields without regard to case,
/// and so does this.
fn members(arguments: &Arguments) -> Vec<Named> {
    let body = arguments.get("body").and_then(Value::as_object).into_iter().flatten();
    let of_body = body.filter(|(name, _)| is_container(name)).filter_map(|(_, value)| value.as_str());
    let mut members: Vec<Named> = of_body.map(|named| Named::by("body", named)).collect();
    // A query that cannot be read is refused before anything is sent.
    let query = query(arguments).unwrap_or_default();
    let of_query = query.iter().filter(|(name, _)| name == "container");
    members.extend(of_query.map(|(_, named)| Named::by("query", named)));
    members
}

fn is_container(field: &str) -> bool {
    field.eq_ignore_ascii_case("container")
}

/// Puts a full id in the place of a container's name: in the path, the query or the body.
fn aim(arguments: &mut Arguments, aim: &Aim) {
    let aimed = match aim.param {
        "path" => arguments.text("path").and_then(|path| aimed_path(path, aim)).map(Value::from),
        "query" => query(arguments).ok().map(|query| aimed_query(query, aim)),
        _ => arguments.get("body").cloned().map(|body| aimed_body(body, aim)),
    };
    if let Some(aimed) = aimed {
        arguments.set(aim.param, aimed);
    }
}

fn aimed_path(path: &str, aim: &Aim) -> Option<String> {
    let path = Path::checked(path).ok()?;
    let named = path.segments().skip_while(|segment| is_prefix(segment)).nth(1)?;
    let at = path.segments().take_while(|segment| is_prefix(segment)).count() + 1;
    let encoded = path.to_string();
    let segments = encoded.split('/').skip(1).enumerate();
    let segments = segments.map(|(i, segment)| if i == at && named == aim.named { &aim.id } else { segment });
    Some(segments.fold(String::new(), |path, segment| format!("{path}/{segment}")))
}

fn aimed_query(query: Vec<(String, String)>, aim: &Aim) -> Value {
    let mut aimed = Map::new();
    for (name, value) in query {
        let value = if name == "container" && value == aim.named { aim.id.clone() } else { value };
        if let Value::Array(values) = aimed.entry(name).or_insert_with(|| json!([])) {
            values.push(value.into());
        }
    }
    Value::Object(aimed)
}

fn aimed_body(mut body: Value, aim: &Aim) -> Value {
    for (name, value) in body.as_object_mut().into_iter().flatten() {
        if is_container(name) && *value == aim.named.as_str() {
            *value = aim.id.as_str().into();
        }
    }
    body
}

fn call_api(call: &Call<'_>) -> Result<Output, Error> {
    let arguments = &call.arguments;
    let path = Path::checked(arguments.text("path").unwrap_or_default())?;
    let segments: Vec<String> = path.segments().collect();
    let has_version = path.segments().next().is_some_and(|first| is_version(&first));
    let method = engine::Method::from_bytes(arguments.text("method").unwrap_or_default().as_bytes())
        .map_err(|_| Error::new(Kind::Internal, "The method is none of HTTP's."))?;
    let looks = method.is_safe();
    let limit = call.time_limit();
    let mut request = Request::new(method, path).silence(limit).deadline(limit);
    if has_version || arguments.is_on("unversioned") {
        request = request.unversioned();
    }
    let query = query(arguments)?;
    refuse_empty(&segments, &query)?;
    for (name, value) in query {
        request = request.query(&name, &value);
    }
    let mut content_type = None;
    for (name, value) in headers(arguments) {
        match HEADERS.into_iter().find(|header| header.eq_ignore_ascii_case(name)) {
            Some("content-type") => content_type = Some(value),
            Some(header) => request = request.header(header, value)?,
            None => return Err(fault(format!("headers may hold {}, and not {name:?}", HEADERS.join(", ")))),
        }
    }
    request = with_body(call, request, content_type)?;
    match arguments.text("output") {
        Some("attachment") if arguments.is_on(REDACT.name) => {
            Err(fault("redact masks data, and what is attached is the engine's answer as it is".into()))
        }
        Some("attachment") => attach(call, request),
        _ if looks => look(call, request),
        _ => {
            let answer = call.send(request)?;
            let content_type = answer.headers.get("content-type").and_then(|value| value.to_str().ok());
            let (body, streamed) = read(&answer.body);
            // A stream of one line is an object.
            let lines =
                body.as_array().filter(|_| streamed).map_or(std::slice::from_ref(&body), Vec::as_slice);
            if let Some(error) = lines.iter().find_map(|value| value["error"].as_str()) {
                let error = error.trim_end_matches('.');
                return Err(Error::new(Kind::Failed, format!("The engine says: {error}.")));
            }
            Ok(data(answer.status, content_type.unwrap_or_default(), body, false))
        }
    }
}

/// Where the engine takes an empty value for everything, it is refused, as in the operations: a tag, and a filter of a prune.
fn refuse_empty(path: &[String], query: &[(String, String)]) -> Result<(), Error> {
    let action = path.iter().rev().find(|segment| !segment.is_empty()).map_or("", String::as_str);
    for (name, value) in query {
        let refused = match (action, name.as_str()) {
            ("prune", "filters") => normalise(ValueKind::PruneFilters, &value.as_str().into()).err(),
            ("create", "fromImage") => normalise(ValueKind::Reference, &value.as_str().into()).err(),
            ("create" | "push", "tag") if value.trim().is_empty() => {
                Some("must not be empty: it means every tag".into())
            }
            _ => None,
        };
        if let Some(refused) = refused {
            return Err(fault(format!("{name} in query {refused}")));
        }
    }
    Ok(())
}

/// What only looks may never end (events, logs that are followed): at the time limit, what had come is the answer.
fn look(call: &Call<'_>, request: Request) -> Result<Output, Error> {
    let reply = call.stream(request)?;
    let (status, content_type) =
        (reply.status(), reply.header("content-type").unwrap_or_default().to_owned());
    let mut body = reply.into_body();
    let most = call.arguments.integer("max_size").unwrap_or_default().saturating_mul(1024 * 1024);
    let mut whole = Vec::new();
    let mut timed_out = false;
    loop {
        match body.chunk() {
            Ok(None) => break,
            Ok(Some(chunk)) if (whole.len() + chunk.len()) as u64 > most => {
                let message =
                    "The answer is larger than max_size. Raise it, or choose an attachment as output.";
                return Err(Error::new(Kind::Failed, message));
            }
            Ok(Some(chunk)) => whole.extend_from_slice(&chunk),
            Err(error) if error.kind() == ErrorKind::TimedOut => {
                timed_out = true;
                break;
            }
            Err(error) => return Err(error.into()),
        }
    }
    Ok(data(status, &content_type, read(&whole).0, timed_out))
}

fn data(status: u16, content_type: &str, body: Value, timed_out: bool) -> Output {
    json!({"status_code": status, "content_type": content_type, "body": body, "timed_out": timed_out}).into()
}

/// A body's JSON, the list of what a stream of JSON holds, or text; and whether it was a stream.
fn read(body: &[u8]) -> (Value, bool) {
    match serde_json::from_slice(body) {
        Ok(value) => (value, false),
        Err(_) => match stream_of_json(body) {
            Some(values) => (values.into(), true),
            None => (String::from_utf8_lossy(body).into(), false),
        },
    }
}

/// The objects of a stream, one a line, as far as they are whole; `None` where it is something else.
fn stream_of_json(body: &[u8]) -> Option<Vec<Value>> {
    let mut lines = JsonLines::default();
    lines.push(&Bytes::copy_from_slice(body.trim_ascii_start()));
    let mut values = Vec::new();
    while let Some(value) = lines.next_value().ok()? {
        values.push(value);
    }
    // The last one may have been cut by the time limit.
    values.extend(lines.finish().unwrap_or_default());
    (!values.is_empty() && values.iter().all(Value::is_object)).then_some(values)
}

/// The request with its body: JSON unless the headers say otherwise, or a file, streamed.
fn with_body(call: &Call<'_>, request: Request, content_type: Option<&str>) -> Result<Request, Error> {
    let most = call.arguments.integer("max_size").unwrap_or_default();
    let is = |kind| content_type.is_some_and(|given| given.to_ascii_lowercase().contains(kind));
    let file = call.arguments.text("body_file");
    // `{}` is what a create without wishes wants; but it may also be a form's way to say nothing.
    let takes_any = file.is_none() && matches!(call.arguments.text("method"), Some("POST" | "PUT"));
    let body = call.arguments.get("body").filter(|body| takes_any || !is_empty(body));
    let (payload, usual) = match (body, file) {
        // What a body names is checked against what is protected, so JSON must be seen, and a form is none of the API's.
        _ if is("form") => return Err(fault("the API takes no forms".into())),
        (_, Some(_)) if is("json") => return Err(fault("JSON is given in body, not in body_file".into())),
        (None, None) => return Ok(request),
        (None, Some(reference)) => {
            let flow = Flow::of(call, "Sending the body");
            (Upload::fetch(call.services, reference)?.payload(most, flow)?.0, "application/x-tar")
        }
        (Some(Value::String(text)), None) => (Payload::Bytes(Bytes::from(text.clone())), "text/plain"),
        (Some(body), None) => (Payload::Bytes(Bytes::from(body.to_string())), "application/json"),
        (Some(_), Some(_)) => return Err(fault("one of body and body_file may be given".into())),
    };
    Ok(match content_type {
        Some(given) => request.payload(payload).header("content-type", given)?,
        None => request.body(usual, payload),
    })
}

fn is_empty(body: &Value) -> bool {
    *body == json!({}) || *body == json!([])
}

fn attach(call: &Call<'_>, request: Request) -> Result<Output, Error> {
    let reply = call.stream(request)?;
    let (status, content_type) =
        (reply.status(), reply.header("content-type").unwrap_or_default().to_owned());
    let most = call.arguments.integer("max_size").unwrap_or_default();
    let received = Received::read(reply.into_body(), most, Flow::of(call, "Receiving the answer"))?;
    let filename = call.arguments.text("filename").unwrap_or("answer");
    let mut record = received.save(call.services, filename, "Answer of the Docker Engine API")?;
    record.insert("status_code".into(), status.into());
    record.insert("content_type".into(), content_type.into());
    Ok(Value::Object(record).into())
}

/// The query's names and values: a list repeats its name, an object (filters) is JSON.
fn query(arguments: &Arguments) -> Result<Vec<(String, String)>, Error> {
    let mut fields = arguments.get("query").cloned().unwrap_or_default();
    if !fields.is_object() && !fields.is_null() {
        fields = normalise(ValueKind::Map, &fields)
            .map_err(|expected| fault(format!("query {expected}")))?
            .unwrap_or_default();
    }
    let mut query = Vec::new();
    for (name, value) in fields.as_object().into_iter().flatten() {
        let values = match value {
            Value::Array(values) => values.as_slice(),
            Value::Null => &[],
            value => std::slice::from_ref(value),
        };
        let text = |value: &Value| scalar(value).unwrap_or_else(|_| value.to_string());
        query.extend(values.iter().map(|value| (name.clone(), text(value))));
    }
    Ok(query)
}

fn headers(arguments: &Arguments) -> impl Iterator<Item = (&str, &str)> {
    let headers: Option<&Map<String, Value>> = arguments.get("headers").and_then(Value::as_object);
    headers.into_iter().flatten().filter_map(|(name, value)| Some((name.as_str(), value.as_str()?)))
}

fn fault(fault: String) -> Error {
    Error::faults(Kind::InvalidParameters, &[fault])
}

/// Whether a segment only leads to an endpoint: a version, and what Podman has of its own beside Docker's API.
fn is_prefix(segment: &str) -> bool {
    is_version(segment) || segment == "libpod"
}

/// Whether the engine takes a path's first segment for an API version: `v1.41`, and `v1.41.0` or `v1.041` as well.
fn is_version(segment: &str) -> bool {
    segment.strip_prefix('v').is_some_and(|rest| {
        !rest.is_empty() && rest.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.')
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::run::validate::check;

    fn reached(given: Value) -> Reach {
        reach(&check(&OPERATIONS[0], given.as_object().unwrap()).unwrap())
    }

    #[test]
    fn a_call_counts_as_what_it_does() {
        assert_eq!(
            reached(json!({"method": "GET", "path": "/containers/web/json"})),
            Reach { effect: Effect::Read, targets: vec![] }
        );
        for path in [
            "/containers/web/stop",
            "/v1.41/containers/web/stop",
            "/v1.99/containers/%77eb/stop",
            "/v1.41.0/containers/web/stop",
            "/v1.041/containers/web/stop",
            "/v4.0.0/libpod/containers/web/stop",
            "/libpod/containers/web/stop",
        ] {
            let stopped = reached(json!({"method": "post", "path": path}));
            assert_eq!(
                stopped,
                Reach { effect: Effect::Change, targets: vec![Target::Container(Named::by("path", "web"))] },
                "{path}"
            );
        }
        assert_eq!(reached(json!({"method": "POST", "path": "/containers/prune"})).effect, Effect::Destroy);
        let left = reached(
            json!({"method": "POST", "path": "/networks/n/disconnect", "body": {"Container": "web"}}),
        );
        assert_eq!(left.targets, [Target::Member(Named::by("body", "web"))]);
        // Go takes the last of them, and any spelling.
        let spelt = json!({"Container": "other", "container": "web", "CONTAINER": "db"});
        let left = reached(json!({"method": "POST", "path": "/networks/n/disconnect", "body": spelt}));
        assert_eq!(
            left.targets,
            ["other", "web", "db"].map(|name| Target::Member(Named::by("body", name))),
            "{:?}",
            left.targets
        );
        let commit = reached(json!({"method": "POST", "path": "/commit", "query": {"container": "web"}}));
        assert_eq!(commit.targets, [Target::Container(Named::by("query", "web"))]);
        let commit = reached(json!({"method": "POST", "path": "/commit", "query": "repo=x\ncontainer=web"}));
        assert_eq!(commit.targets, [Target::Container(Named::by("query", "web"))]);
    }

    #[test]
    fn a_start_touches_nothing_that_is_protected_unless_it_does_more() {
        let touches = |query: Value, body: Value| {
            let given = json!({"method": "POST", "path": "/v1.23/containers/web/start", "query": query, "body": body});
            !reached(given).targets.is_empty()
        };
        assert!(!touches(Value::Null, Value::Null) && !touches(json!({"detachKeys": "ctrl-p"}), json!({})));
        assert!(touches(Value::Null, json!({"Privileged": true})));
        assert!(touches(json!({"checkpoint": "c"}), Value::Null));
    }

    #[test]
    fn a_full_id_takes_the_place_of_each_name() {
        let aimed = |given: Value, param: &'static str, named: &str| {
            let mut arguments = check(&OPERATIONS[0], given.as_object().unwrap()).unwrap();
            aim(&mut arguments, &Aim { param, named: named.into(), id: "f00d".into() });
            arguments
        };
        for (path, expected) in [
            ("/containers/web/stop", "/containers/f00d/stop"),
            ("/v1.41/libpod/containers/%77eb/stop", "/v1.41/libpod/containers/f00d/stop"),
            ("/containers/a b/checkpoints/a%20b", "/containers/a%20b/checkpoints/a%20b"),
            ("/containers/containers/stop", "/containers/containers/stop"),
        ] {
            let given = json!({"method": "POST", "path": path});
            assert_eq!(aimed(given, "path", "web").text("path"), Some(expected));
        }
        let body = json!({"Container": "web", "container": "db", "Force": true});
        let given = json!({"method": "POST", "path": "/networks/n/disconnect", "body": body});
        assert_eq!(
            aimed(given, "body", "web").get("body"),
            Some(&json!({"Container": "f00d", "container": "db", "Force": true}))
        );
        let query = json!({"repo": "web", "container": ["web", "db"]});
        let given = json!({"method": "POST", "path": "/commit", "query": query});
        let arguments = aimed(given, "query", "web");
        let query: Vec<String> =
            super::query(&arguments).unwrap().iter().map(|(name, value)| format!("{name}={value}")).collect();
        assert_eq!(query.iter().filter(|pair| pair.starts_with("repo")).collect::<Vec<_>>(), ["repo=web"]);
        assert!(query.contains(&"container=f00d".to_owned()), "{query:?}");
    }

    #[test]
    fn a_query_may_repeat_and_nest() {
        let given = json!({"method": "GET", "path": "/x", "query": {"all": true, "t": ["a", 2], "none": null, "filters": {"status": ["exited"]}}});
        let arguments = check(&OPERATIONS[0], given.as_object().unwrap()).unwrap();
        let query = query(&arguments).unwrap();
        let query: Vec<String> = query.iter().map(|(name, value)| format!("{name}={value}")).collect();
        assert_eq!(query, ["all=true", "t=a", "t=2", "filters={\"status\":[\"exited\"]}"]);
    }

    #[test]
    fn a_body_is_json_a_stream_of_json_or_text() {
        for (text, expected) in [
            ("{\"a\":1}", (json!({"a": 1}), false)),
            ("{\"a\":1}\r\n{\"a\":2}\r\n", (json!([{"a": 1}, {"a": 2}]), true)),
            ("{\"a\":1}\n{\"a\":2}\n{\"a", (json!([{"a": 1}, {"a": 2}]), true)),
            ("OK", (json!("OK"), false)),
            ("", (json!(""), false)),
        ] {
            assert_eq!(read(text.as_bytes()), expected, "{text}");
        }
    }
}
