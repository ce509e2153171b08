//! Techniques of MITRE ATT&CK (Containers, and the few of Linux that results name): one table for every operation of this folder.

/// A technique.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Technique {
    /// Its id, such as `T1611`.
    pub(crate) id: &'static str,
    /// Its name, with its parent's before it.
    pub(crate) name: &'static str,
}

impl Technique {
    /// The form of a result: `{"id": "T1611", "name": "Escape to Host"}`.
    pub(crate) fn shown(self) -> serde_json::Value {
        serde_json::json!({"id": self.id, "name": self.name})
    }
}

/// The technique of this id, if the table has it.
pub(crate) fn technique(id: &str) -> Option<Technique> {
    ALL.iter().copied().find(|technique| technique.id == id)
}

macro_rules! techniques {
    ($($constant:ident = $id:literal $name:literal;)*) => {
        $(
            #[allow(dead_code, reason = "the data of checks name techniques by their ids")]
            pub(crate) const $constant: Technique = Technique { id: $id, name: $name };
        )*
        const ALL: &[Technique] = &[$($constant),*];
    };
}

techniques! {
    SSH = "T1021.004" "Remote Services: SSH";
    MASQUERADING = "T1036.005" "Masquerading: Match Legitimate Resource Name or Location";
    NETWORK_SNIFFING = "T1040" "Network Sniffing";
    NETWORK_SERVICE_DISCOVERY = "T1046" "Network Service Discovery";
    CRON = "T1053.003" "Scheduled Task/Job: Cron";
    ORCHESTRATION_JOB = "T1053.007" "Scheduled Task/Job: Container Orchestration Job";
    PROCESS_DISCOVERY = "T1057" "Process Discovery";
    UNIX_SHELL = "T1059.004" "Command and Scripting Interpreter: Unix Shell";
    EXPLOITATION = "T1068" "Exploitation for Privilege Escalation";
    INDICATOR_REMOVAL = "T1070" "Indicator Removal";
    FILE_DELETION = "T1070.004" "Indicator Removal: File Deletion";
    VALID_ACCOUNTS = "T1078" "Valid Accounts";
    INGRESS_TOOL_TRANSFER = "T1105" "Ingress Tool Transfer";
    EXTERNAL_REMOTE_SERVICES = "T1133" "External Remote Services";
    EXPLOIT_PUBLIC_FACING_APPLICATION = "T1190" "Exploit Public-Facing Application";
    SUPPLY_CHAIN_COMPROMISE = "T1195" "Supply Chain Compromise";
    MALICIOUS_IMAGE = "T1204.003" "User Execution: Malicious Image";
    DATA_DESTRUCTION = "T1485" "Data Destruction";
    INHIBIT_SYSTEM_RECOVERY = "T1490" "Inhibit System Recovery";
    RESOURCE_HIJACKING = "T1496" "Resource Hijacking";
    NETWORK_DENIAL_OF_SERVICE = "T1498" "Network Denial of Service";
    ENDPOINT_DENIAL_OF_SERVICE = "T1499" "Endpoint Denial of Service";
    IMPLANT_INTERNAL_IMAGE = "T1525" "Implant Internal Image";
    CONTAINER_SERVICE = "T1543.005" "Create or Modify System Process: Container Service";
    ABUSE_ELEVATION_CONTROL_MECHANISM = "T1548" "Abuse Elevation Control Mechanism";
    SETUID = "T1548.001" "Abuse Elevation Control Mechanism: Setuid and Setgid";
    UNSECURED_CREDENTIALS = "T1552" "Unsecured Credentials";
    CREDENTIALS_IN_FILES = "T1552.001" "Unsecured Credentials: Credentials In Files";
    CONTAINER_API = "T1552.007" "Unsecured Credentials: Container API";
    COMPROMISE_HOST_SOFTWARE_BINARY = "T1554" "Compromise Host Software Binary";
    IMPAIR_DEFENSES = "T1562" "Impair Defenses";
    DISABLE_TOOLS = "T1562.001" "Impair Defenses: Disable or Modify Tools";
    HIDE_ARTIFACTS = "T1564" "Hide Artifacts";
    CONTAINER_ADMINISTRATION_COMMAND = "T1609" "Container Administration Command";
    DEPLOY_CONTAINER = "T1610" "Deploy Container";
    ESCAPE_TO_HOST = "T1611" "Escape to Host";
    BUILD_IMAGE_ON_HOST = "T1612" "Build Image on Host";
    CONTAINER_AND_RESOURCE_DISCOVERY = "T1613" "Container and Resource Discovery";
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_stands_once_and_in_order() {
        assert!(ALL.is_sorted_by(|one, next| one.id < next.id));
        assert_eq!(technique("T1611"), Some(ESCAPE_TO_HOST));
        assert_eq!(technique("T0000"), None);
    }
}
