//! `package`: writes the FortiSOAR package, or the documents that are generated.
#![allow(clippy::print_stdout, reason = "what was written goes to standard output")]

use std::{
    error::Error,
    fs,
    path::{Path, PathBuf},
    process::{Command, ExitCode},
};

use clap::Parser;
use package::{
    Identity, Package, build, build_info, build_program, check_documents, notices, paths, sbom,
    write_documents,
};
use serde_json::Value;

/// Derives from the catalogue the package that FortiSOAR installs, or the documents that describe it.
#[derive(Parser)]
#[command(version)]
struct Options {
    /// The native module, as cargo built it.
    #[arg(long, value_name = "FILE", required_unless_present_any = ["documents", "paths", "program"])]
    module: Option<PathBuf>,
    /// `fsr-docker`, as cargo built it: makes the .tgz of this program instead, to be given out beside the package.
    #[arg(long, value_name = "FILE", conflicts_with = "module")]
    program: Option<PathBuf>,
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
    /// What the module or the program was built for.
    #[arg(long, value_name = "TRIPLE", default_value_t = format!("{}-unknown-linux-gnu", std::env::consts::ARCH))]
    target: String,
    /// Sign the digests with this private key: Ed25519, PEM (PKCS#8).
    #[arg(long, value_name = "KEYFILE")]
    sign: Option<PathBuf>,
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
    // A key that cannot be used is said before anything is written.
    let key = options.sign.as_ref().map(|path| Key::read(path)).transpose()?;
    let repository = options.connector.join("..");
    let metadata = metadata(&repository, &options.target)?;
    if let Some(program) = &options.program {
        let notices = notices(&metadata, "cli", options.target.ends_with("musl"))?.ok_or(NOT_OURS)?;
        let package = build_program(program, machine(options), &notices, &repository)?;
        return write(&package, &package.companions(None), options, key.as_ref());
    }
    let Some(module) = &options.module else { return Err("Which native module? Give --module FILE.".into()) };
    let mut identity = Identity::new(&options.name, options.label.as_deref())?;
    if let Some(help) = &options.help_online {
        identity = identity.documented_at(help)?;
    }
    let rustc = said(&repository, "rustc", &["--version"])?;
    let lock = fs::read_to_string(repository.join("Cargo.lock"))?;
    let bill = sbom(&identity, &metadata, &lock, &rustc).ok_or(NOT_OURS)?;
    let notices = notices(&metadata, "python", false)?.ok_or(NOT_OURS)?;
    let facts = [&[("machine".to_owned(), machine(options).to_owned())], options.facts.as_slice()].concat();
    let how = build_info(&facts, rustc.trim(), commit(&repository).as_deref());
    let mut package = build(&identity, module, &bill, &notices, &how, &options.connector)?;
    // The appliance's machine needs no mark.
    if machine(options) != "x86_64" {
        package.file_name =
            format!("{}-{}.tgz", package.file_name.trim_end_matches(".tgz"), machine(options));
    }
    write(&package, &package.companions(Some(&bill)), options, key.as_ref())
}

const NOT_OURS: &str = "Cargo does not know the native module: is this the connector's repository?";

/// Writes a package and what lies beside it, signed where a key is given. A signature of another package does not stay.
fn write(
    package: &Package,
    companions: &[(String, Vec<u8>)],
    options: &Options,
    key: Option<&Key>,
) -> Result<(), Box<dyn Error>> {
    let file = |name: &str| options.out.join(name);
    let write = |path: &Path, contents: &[u8]| {
        fs::write(path, contents).map_err(|error| format!("Cannot write {}: {error}.", path.display()))
    };
    fs::create_dir_all(&options.out)
        .map_err(|error| format!("Cannot make {}: {error}.", options.out.display()))?;
    let path = file(&package.file_name);
    write(&path, &package.contents)?;
    for (name, contents) in companions {
        write(&file(name), contents)?;
        if !name.ends_with(".sha256") {
            continue;
        }
        let signature = file(&format!("{name}.sig"));
        match key {
            Some(key) => write(&signature, &key.sign(contents)?)?,
            None if signature.exists() => fs::remove_file(&signature)?,
            None => {}
        }
    }
    println!("{}\n{} bytes, sha256 {}", path.display(), package.contents.len(), package.sha256());
    println!("{}", if key.is_some() { "signed" } else { "not signed: --sign KEYFILE signs it" });
    Ok(())
}

/// The private key that signs. It prints nothing of itself.
struct Key {
    path: PathBuf,
    contents: Vec<u8>,
}

impl Key {
    fn read(path: &Path) -> Result<Self, Box<dyn Error>> {
        let contents = fs::read(path).map_err(|error| format!("Cannot read {}: {error}.", path.display()))?;
        let key = Self { path: path.to_owned(), contents };
        key.sign(b"")?;
        Ok(key)
    }

    fn sign(&self, bytes: &[u8]) -> Result<[u8; 64], Box<dyn Error>> {
        operations::sign(&self.contents, bytes)
            .map_err(|why| format!("{} {why}.", self.path.display()).into())
    }
}

/// The processor that a target is for, in the words of `uname`.
fn machine(options: &Options) -> &str {
    options.target.split('-').next().unwrap_or_default()
}

/// What Cargo says of the workspace, for a target.
fn metadata(repository: &Path, target: &str) -> Result<Value, Box<dyn Error>> {
    let cargo = std::env::var("CARGO").unwrap_or_else(|_| "cargo".into());
    let arguments = ["metadata", "--format-version", "1", "--locked", "--filter-platform", target];
    Ok(serde_json::from_str(&said(repository, &cargo, &arguments)?)?)
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
