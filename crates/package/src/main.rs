//! `package`: writes the FortiSOAR package, or the operation reference.
#![allow(clippy::print_stdout, reason = "what was written goes to standard output")]

use std::{error::Error, fs, path::PathBuf, process::ExitCode};

use clap::Parser;
use package::{Coverage, Identity, build, reference};

/// Derives from the catalogue the package that FortiSOAR installs, or the reference of its operations.
#[derive(Parser)]
#[command(version)]
struct Options {
    /// The native module, as cargo built it.
    #[arg(long, value_name = "FILE", required_unless_present = "reference")]
    module: Option<PathBuf>,
    /// The folder with the connector's Python; licence and documents are looked for around it.
    #[arg(long, value_name = "FOLDER", default_value = "connector")]
    connector: PathBuf,
    /// The connector's name; `docker` makes a replacement for the published connector.
    #[arg(long, default_value = "docker-engine")]
    name: String,
    /// The name that FortiSOAR shows, if not Docker Engine (or Docker, for the name docker).
    #[arg(long)]
    label: Option<String>,
    /// The folder for the .tgz.
    #[arg(long, value_name = "FOLDER", default_value = "dist")]
    out: PathBuf,
    /// Write the operation reference to this file, and no package.
    #[arg(long, value_name = "FILE", conflicts_with = "module")]
    reference: Option<PathBuf>,
    /// Only see whether the reference is what would be written.
    #[arg(long, requires = "reference")]
    check: bool,
}

fn main() -> ExitCode {
    match run(&Options::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

fn run(options: &Options) -> Result<(), Box<dyn Error>> {
    if let Some(path) = &options.reference {
        let page = reference(&Coverage::read(&options.connector.join(".."))?);
        if !options.check {
            return fs::write(path, page)
                .map_err(|error| format!("Cannot write {}: {error}.", path.display()).into());
        }
        return match fs::read_to_string(path) {
            Ok(current) if current == page => Ok(()),
            _ => {
                let path = path.display();
                Err(format!("{path} is stale. Make it anew: cargo run -p package -- --reference {path}")
                    .into())
            }
        };
    }
    let Some(module) = &options.module else { return Err("Which native module? Give --module FILE.".into()) };
    let identity = Identity::new(&options.name, options.label.as_deref())?;
    let package = build(&identity, module, &options.connector)?;
    let path = options.out.join(&package.file_name);
    fs::create_dir_all(&options.out)
        .and_then(|()| fs::write(&path, &package.contents))
        .map_err(|error| format!("Cannot write {}: {error}.", path.display()))?;
    println!("{}\n{} bytes, sha256 {}", path.display(), package.contents.len(), package.sha256());
    Ok(())
}
