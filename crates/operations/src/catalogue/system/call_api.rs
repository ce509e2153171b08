//! Any endpoint of the engine's API, for what this release has no operation for. Policy, limits and errors are the same.

mod pieces;
mod query;
mod routes;

use bytes::Bytes;
use engine::{ErrorKind, JsonLines, MOST_OF_A_LOOK, Path, Payload, Reply, Request};
use serde_json::{Map, Value, json};

use self::{pieces::is_version, query::query, routes::reach};
use crate::{
    Category, Error, Kind, Operation, Output, Schema, Secrecy, ValueKind,
    declare::{
        arguments::Arguments,
        param::{OVERRIDE_ISOLATION, TIME_LIMIT, choice, flag, json, map, text},
        result::case,
        target::Touch,
    },
    run::{
        call::{Call, refuse_page},
        collect::LARGEST_AS_DATA,
        files::{ATTACHMENT, MAX_SIZE, Received, Upload},
        oversize::Spill,
        progress::Flow,
        redact::REDACT,
    },
    values::normalise,
};

const METHODS: &[(&str, &str)] =
    &[("GET", "GET"), ("HEAD", "HEAD"), ("POST", "POST"), ("PUT", "PUT"), ("DELETE", "DELETE")];
/// An engine's words that an error repeats, in characters.
const LONGEST_FAILURE: usize = 2000;
/// The methods that take a body.
const SENDING: &[&str] = &["POST", "PUT"];
const OUTPUTS: &[(&str, &str)] = &[("Data", "data"), ("Attachment", "attachment")];
/// The headers that a call may set; the rest are the connector's own.
const HEADERS: [&str; 4] = ["x-registry-auth", "x-registry-config", "content-type", "accept"];

/// The operations of this file.
pub(crate) static OPERATIONS: &[Operation] = &[Operation::post("call_api", "/")
    .title("Call API")
    .about("Calls any endpoint of the Docker Engine API. Use it for endpoints that have no operation of their own.")
    .category_is(Category::Miscellaneous)
    .params(&[
        choice("method", METHODS)
            .title("Method")
            .about("GET and HEAD read, DELETE deletes, the others change something.")
            .required()
            .local(),
        text("path")
            .title("Path")
            .about("The endpoint's path without the version, such as /containers/web/json.")
            .required()
            .local(),
        json("query").secret(Secrecy::Within)
            .title("Query")
            .about("Query parameters: a JSON object, or one name=value on each line. In JSON, a list sends its name once for each item, and an object is sent as JSON.")
            .local(),
        json("body").secret(Secrecy::Within)
            .title("Body")
            .about("The body: JSON, or text.")
            .shown_for("method", SENDING)
            .local(),
        text("body_file")
            .title("Body File")
            .about("The id of an attachment, or the IRI of a file, to send as the body instead.")
            .names_a_file()
            .shown_for("method", SENDING)
            .local(),
        map("headers").secret(Secrecy::Within)
            .title("Headers")
            .about("X-Registry-Auth, X-Registry-Config, Content-Type or Accept.")
            .local(),
        choice("output", OUTPUTS)
            .title("Output")
            .about("Return the answer as data, or save it as an attachment.")
            .default("Data")
            .local(),
        flag("unversioned")
            .title("Without Version")
            .about("Send the path without the API version, as /_ping needs it.")
            .local(),
        TIME_LIMIT,
        MAX_SIZE.shown_for("output", &["Attachment"]),
        text("filename")
            .title("File Name")
            .about("The file name of the attachment, if the answer is saved as one.")
            .shown_for("output", &["Attachment"])
            .default("answer")
            .local(),
        REDACT,
        OVERRIDE_ISOLATION,
    ])
    .upsets_isolation(may_upset)
    .touches(&[Touch::Decided(reach)])
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

/// Whether the request is of a kind that can undo an isolation, whatever it names.
fn may_upset(arguments: &Arguments) -> bool {
    let path = arguments.text("path").unwrap_or_default();
    let verb = path.trim_end_matches('/').rsplit('/').next().unwrap_or_default();
    let verbs = [
        "start",
        "stop",
        "restart",
        "kill",
        "unpause",
        "update",
        "connect",
        "disconnect",
        "prune",
        "restore",
        "leave",
    ];
    arguments.text("method") == Some("DELETE") || verbs.contains(&verb)
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
        _ => change(call, request),
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
    let mut reply = call.stream(request)?;
    let mut gathering = Gathering::begun(call, &reply);
    let timed_out = loop {
        match reply.chunk() {
            Ok(None) => break false,
            Ok(Some(chunk)) => gathering.add(&chunk)?,
            Err(error) if error.kind() == ErrorKind::TimedOut => break true,
            Err(error) => return Err(error.into()),
        }
    };
    gathering.finish(timed_out)
}

/// What changes something is answered to its end, and may say in its answer that it failed.
fn change(call: &Call<'_>, request: Request) -> Result<Output, Error> {
    call.receive(request, |reply| {
        let mut gathering = Gathering::begun(call, reply);
        while let Some(chunk) = reply.chunk()? {
            if let Err(error) = gathering.add(&chunk) {
                return Ok(Err(error));
            }
        }
        Ok(gathering.changed())
    })
}

/// An answer on its way: in memory as far as a result may be that large, and in a file beyond.
struct Gathering {
    status: u16,
    content_type: String,
    spill: Spill,
    size: u64,
    /// The most bytes of all, of what is in memory, and of what its JSON takes there.
    most: u64,
    most_of_json: usize,
    /// What the lines of a stream say, as far as they are JSON.
    lines: Option<JsonLines>,
    begins_with: Option<u8>,
    failure: Option<String>,
}

impl Gathering {
    fn begun(call: &Call<'_>, reply: &Reply) -> Self {
        let most_in_memory = call.configuration.max_result_size();
        let most = call.arguments.integer("max_size").unwrap_or_default();
        Self {
            status: reply.status(),
            content_type: reply.header("content-type").unwrap_or_default().to_owned(),
            spill: Spill::new(most_in_memory.unwrap_or(LARGEST_AS_DATA)),
            size: 0,
            most: most.saturating_mul(1024 * 1024).min(LARGEST_AS_DATA as u64),
            most_of_json: most_in_memory.map_or(usize::MAX, |most| most.saturating_mul(3) + MOST_OF_A_LOOK),
            lines: Some(JsonLines::default()),
            begins_with: None,
            failure: None,
        }
    }

    fn add(&mut self, chunk: &Bytes) -> Result<(), Error> {
        self.size += chunk.len() as u64;
        if self.size > self.most {
            let message =
                "The answer is larger than max_size, or than 256 MiB. Choose an attachment as output.";
            return Err(Error::new(Kind::Failed, message));
        }
        self.begins_with = self.begins_with.or_else(|| chunk.trim_ascii_start().first().copied());
        self.listen(chunk);
        self.spill.add(chunk)
    }

    /// Looks for an error in the lines of a stream. A stream of one line is an object.
    fn listen(&mut self, chunk: &Bytes) {
        let Some(lines) = self.lines.as_mut().filter(|_| self.begins_with == Some(b'{')) else { return };
        lines.push(chunk);
        loop {
            match lines.next_value() {
                Ok(Some(value)) => {
                    if let Some(error) = value["error"].as_str() {
                        self.failure.get_or_insert_with(|| error.chars().take(LONGEST_FAILURE).collect());
                    }
                }
                Ok(None) => break,
                Err(_) => {
                    self.lines = None;
                    break;
                }
            }
        }
    }

    fn changed(self) -> Result<Output, Error> {
        refuse_page(self.status, Some(&self.content_type), self.begins_with.as_slice())?;
        match &self.failure {
            Some(error) => {
                Err(Error::new(Kind::Failed, format!("The engine says: {}.", error.trim_end_matches('.'))))
            }
            None => self.finish(false),
        }
    }

    fn finish(self, timed_out: bool) -> Result<Output, Error> {
        let Self { status, content_type, spill, most_of_json, .. } = self;
        let body = match spill.finish()? {
            Output::Raw(body) => body,
            large => return Ok(large),
        };
        let Some(body) = read(&body, most_of_json) else {
            // JSON that would take far more memory than its text: it is attached as it is.
            let mut spill = Spill::new(0);
            spill.add(&body)?;
            return spill.finish();
        };
        Ok(json!({"status_code": status, "content_type": content_type, "body": body, "timed_out": timed_out})
            .into())
    }
}

/// A body's JSON, the list of what a stream of JSON holds, or text. `None` where it would take more than `most` bytes of memory.
fn read(body: &[u8], most: usize) -> Option<Value> {
    match engine::parse(body, most) {
        Ok(value) => return Some(value),
        Err(error) if error.is_too_much() => return None,
        Err(_) => {}
    }
    match stream_of_json(body, most) {
        Ok(Some(values)) => Some(values.into()),
        Ok(None) => Some(String::from_utf8_lossy(body).into()),
        Err(()) => None,
    }
}

/// The objects of a stream, one a line, as far as they are whole; `None` where it is something else, and an error where they
/// take more than `most` bytes of memory.
fn stream_of_json(body: &[u8], most: usize) -> Result<Option<Vec<Value>>, ()> {
    let mut lines = JsonLines::default();
    lines.push(&Bytes::copy_from_slice(body.trim_ascii_start()));
    let mut values = Vec::new();
    loop {
        match lines.next_value() {
            Ok(Some(value)) => values.push(value),
            Ok(None) => break,
            Err(error) if error.is_too_much() => return Err(()),
            Err(_) => return Ok(None),
        }
        if lines.taken() > most {
            return Err(());
        }
    }
    // The last one may have been cut by the time limit.
    values.extend(lines.finish().unwrap_or_default());
    Ok((!values.is_empty() && values.iter().all(Value::is_object)).then_some(values))
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
        (Some(_), Some(_)) => return Err(fault("only one of body and body_file can be given".into())),
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

fn headers(arguments: &Arguments) -> impl Iterator<Item = (&str, &str)> {
    let headers: Option<&Map<String, Value>> = arguments.get("headers").and_then(Value::as_object);
    headers.into_iter().flatten().filter_map(|(name, value)| Some((name.as_str(), value.as_str()?)))
}

fn fault(fault: String) -> Error {
    Error::faults(Kind::InvalidParameters, &[fault])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_body_is_json_a_stream_of_json_or_text() {
        for (text, expected) in [
            ("{\"a\":1}", json!({"a": 1})),
            ("{\"a\":1}\r\n{\"a\":2}\r\n", json!([{"a": 1}, {"a": 2}])),
            ("{\"a\":1}\n{\"a\":2}\n{\"a", json!([{"a": 1}, {"a": 2}])),
            ("OK", json!("OK")),
            ("", json!("")),
        ] {
            assert_eq!(read(text.as_bytes(), MOST_OF_A_LOOK), Some(expected), "{text}");
        }
        for heavy in [format!("[{}0]", "{},".repeat(100)), "{}\n".repeat(100)] {
            assert_eq!(read(heavy.as_bytes(), 1000), None);
        }
    }
}
