//! `package`: writes the FortiSOAR package, or the documents that are generated.
#![allow(clippy::print_stdout, reason = "what was written goes to standard output")]

use std::{
    error::Error,
    fs,
    path::{Path, PathBuf},
    process::{Command, ExitCode},
};

use clap::Parser;
use package::{Identity, build, build_info, check_documents, paths, sbom, write_documents};
use serde_json::Value;

/// Derives from the catalogue the package that FortiSOAR installs, or the documents that describe it.
#[derive(Parser)]
#[command(version)]
struct Options {
    /// The native module, as cargo built it.
    #[arg(long, value_name = "FILE", required_unless_present_any = ["documents", "paths"])]
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
    /// The https address that FortiSOAR's link to the documentation leads to, if not Fortinet's repository for Docker.
    #[arg(long, value_name = "URL")]
    help_online: Option<String>,
    /// The folder for the .tgz.
    #[arg(long, value_name = "FOLDER", default_value = "dist")]
    out: PathBuf,
    /// How the module was built, such as profile=release; may be given several times. It is in the package's build.json.
    #[arg(long = "build", value_name = "KEY=VALUE", value_parser = fact)]
    facts: Vec<(String, String)>,
    /// Write the generated documents into this folder (docs), and no package.
    #[arg(long, value_name = "FOLDER", conflicts_with = "module")]
    documents: Option<PathBuf>,
    /// Only check that the documents are up to date.
    #[arg(long, requires = "documents")]
    check: bool,
    /// Only print the paths of every operation's result, as JSON.
    #[arg(long, conflicts_with_all = ["module", "documents"])]
    paths: bool,
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
    if options.paths {
        println!("{:#}", paths());
        return Ok(());
    }
    if let Some(folder) = &options.documents {
        let act = if options.check { check_documents } else { write_documents };
        return Ok(act(folder)?);
    }
    let Some(module) = &options.module else { return Err("Which native module? Give --module FILE.".into()) };
    let mut identity = Identity::new(&options.name, options.label.as_deref())?;
    if let Some(help) = &options.help_online {
        identity = identity.documented_at(help)?;
    }
    let repository = options.connector.join("..");
    let bill = bill_of_materials(&identity, &repository)?;
    let rustc = said(&repository, "rustc", &["--version"])?;
    let how = build_info(&options.facts, rustc.trim(), commit(&repository).as_deref());
    let package = build(&identity, module, &bill, &how, &options.connector)?;
    let path = options.out.join(&package.file_name);
    fs::create_dir_all(&options.out)
        .and_then(|()| fs::write(&path, &package.contents))
        .map_err(|error| format!("Cannot write {}: {error}.", path.display()))?;
    for (name, contents) in package.companions(&bill) {
        let path = options.out.join(name);
        fs::write(&path, contents).map_err(|error| format!("Cannot write {}: {error}.", path.display()))?;
    }
    println!("{}\n{} bytes, sha256 {}", path.display(), package.contents.len(), package.sha256());
    Ok(())
}

/// What the native module is made of, as Cargo says.
fn bill_of_materials(identity: &Identity, repository: &Path) -> Result<Value, Box<dyn Error>> {
    let target = ["--filter-platform", "x86_64-unknown-linux-gnu"];
    let cargo = std::env::var("CARGO").unwrap_or_else(|_| "cargo".into());
    let metadata = said(
        repository,
        &cargo,
        &[&["metadata", "--format-version", "1", "--locked"][..], &target].concat(),
    )?;
    let lock = fs::read_to_string(repository.join("Cargo.lock"))?;
    let bill =
        sbom(identity, &serde_json::from_str(&metadata)?, &lock, &said(repository, "rustc", &["--version"])?);
    bill.ok_or_else(|| "Cargo does not know the native module: is this the connector's repository?".into())
}

/// The commit that the files are those of, where they are of one.
fn commit(repository: &Path) -> Option<String> {
    let changes = said(repository, "git", &["status", "--porcelain"]).ok()?;
    let commit = said(repository, "git", &["rev-parse", "HEAD"]).ok()?;
    changes.is_empty().then(|| commit.trim().to_owned())
}

/// What a program says.
fn said(folder: &Path, program: &str, arguments: &[&str]) -> Result<String, Box<dyn Error>> {
    let output = Command::new(program).args(arguments).current_dir(folder).output()?;
    if !output.status.success() {
        let complaint = String::from_utf8_lossy(&output.stderr);
        return Err(format!("{program} {}: {complaint}", arguments.join(" ")).into());
    }
    Ok(String::from_utf8(output.stdout)?)
}

/// A key and its value.
fn fact(text: &str) -> Result<(String, String), String> {
    let (key, value) = text.split_once('=').ok_or("a fact is KEY=VALUE")?;
    Ok((key.to_owned(), value.to_owned()))
}
