//! Lists the containers of an engine: `cargo run -p engine --example list_containers -- unix:///var/run/docker.sock`.
#![allow(clippy::print_stdout, reason = "an example prints")]

use engine::{Engine, Error, Path, Request, Settings};

fn main() -> Result<(), Error> {
    let address = std::env::args().nth(1).unwrap_or_else(|| "unix:///var/run/docker.sock".into());
    let engine = Engine::new(Settings::new(address.parse()?))?;
    println!("{} speaks API {}", address, engine.api_version()?);
    let answer = engine.call(Request::get(Path::fixed("/containers/json")).query("all", "true"))?.json()?;
    for container in answer.as_array().into_iter().flatten() {
        println!("{} {} {}", container["Id"], container["Names"][0], container["Status"]);
    }
    Ok(())
}
