//! Prints a container's logs, stderr marked: `cargo run -p engine --example logs -- unix:///var/run/docker.sock web`.
#![allow(clippy::print_stdout, reason = "an example prints")]

use engine::{Engine, Error, ErrorKind, FrameDecoder, Path, Request, Segment, Settings, StreamName};

fn main() -> Result<(), Error> {
    let mut words = std::env::args().skip(1);
    let (Some(address), Some(container)) = (words.next(), words.next()) else {
        return Err(Error::new(ErrorKind::InvalidRequest, "give an engine's address and a container's name"));
    };
    let engine = Engine::new(Settings::new(address.parse()?))?;
    let path = Path::fill("/containers/{id}/logs", |_| Segment::name(&container))?;
    let mut body =
        engine.stream(Request::get(path).query("stdout", "true").query("stderr", "true"))?.into_body();
    let mut frames = FrameDecoder::default();
    while let Some(chunk) = body.chunk()? {
        frames.push(chunk);
        while let Some(frame) = frames.next_frame()? {
            let mark = if frame.stream == StreamName::Stderr { "! " } else { "  " };
            println!("{mark}{}", String::from_utf8_lossy(&frame.data).trim_end());
        }
    }
    Ok(())
}
