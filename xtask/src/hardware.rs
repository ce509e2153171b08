//! What machine this is, in a line: for what is measured and tested on it.

use std::fs;
use std::process::Command;

use anyhow::Result;

use crate::command::capture;

/// The processor, how many there are, the memory and the kernel.
pub(crate) fn description() -> Result<String> {
    let of = |path: &str, name: &str| -> Result<Option<String>> {
        let text = fs::read_to_string(path)?;
        let line = text.lines().find(|line| line.starts_with(name));
        Ok(line.and_then(|line| Some(line.split_once(':')?.1.trim().to_owned())))
    };
    let processors = std::thread::available_parallelism()?;
    let model = of("/proc/cpuinfo", "model name")?.unwrap_or_else(|| "unknown processor".into());
    let memory = of("/proc/meminfo", "MemTotal")?.unwrap_or_default();
    let kernel = capture(Command::new("uname").args(["-s", "-r"]))?;
    Ok(format!("{model}, {processors} processors, {memory}, {}", kernel.trim()))
}
