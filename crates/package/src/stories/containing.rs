//! Stories that contain: a runaway is stopped, a network is cut, what runs from a bad image is ended, a leaked secret is replaced.

use super::{Action, CONTAINER, Story, ask, choose, otherwise, report, run, set, step, when};

pub(super) const STORIES: &[Story] = &[
    Story {
        title: "Stop a Runaway Container",
        about: "Measures a container, and stops it permanently if it uses more CPU or has more processes than allowed. The report lists its processes in any case.",
        asks: &[
            CONTAINER,
            ask("cpu", "Most CPU (percent)", "The container is stopped above this value.").or("90"),
            ask("processes", "Most Processes", "The container is stopped above this number.").or("500"),
        ],
        on_alert: false,
        steps: &[
            run("Measure", "container_stats", &[("id", "{{vars.input.params.container}}"), ("samples", "2")]),
            run("List What Runs", "list_processes", &[("id", "{{vars.input.params.container}}")]),
            choose(
                "Too Much",
                &[
                    when("CPU", "{{(vars.steps.Measure.data.computed.cpu_percent or 0) > (vars.input.params.cpu | float)}}", "Stop It"),
                    when("Processes", "{{(vars.steps.Measure.data.computed.pids or 0) > (vars.input.params.processes | int)}}", "Stop It"),
                    otherwise("No", "All Is Well"),
                ],
            ),
            run("Stop It", "stop_container", &[("id", "{{vars.input.params.container}}"), ("t", "5"), ("disable_restart", "true")]),
            set("It Was Stopped", &[("verdict", "It was stopped, and stays stopped: {{vars.steps.Stop_It.data.result}}.")]).then("Report"),
            set("All Is Well", &[("verdict", "It is within its limits and was left alone.")]),
            report(&[(
                "report",
                "Container {{vars.input.params.container}}: {{(vars.steps.Measure.data.computed.cpu_percent or 0) | round(1)}} % CPU, \
                 {{vars.steps.Measure.data.computed.pids}} processes, {{vars.steps.Measure.data.computed.memory_usage}} bytes of memory. \
                 {{vars.verdict}} It ran: {{vars.steps.List_What_Runs.data.Processes | map('last') | join('; ')}}",
            )]),
        ],
    },
    Story {
        title: "Quarantine a Container",
        about: "Disconnects a running container from all its networks, and verifies that none is left. The container keeps running unless it has another way out: then it is frozen, and the report says why. Release a Container undoes it.",
        asks: &[CONTAINER, ask("reason", "Reason", "The reason. It is kept in the record.").or("a quarantine")],
        on_alert: false,
        steps: &[
            run(
                "Isolate",
                "isolate_container",
                &[("id", "{{vars.input.params.container}}"), ("reason", "{{vars.input.params.reason}}")],
            ),
            report(&[(
                "report",
                "{{vars.steps.Isolate.data.result}}. Method: {{vars.steps.Isolate.data.method}}. It was in: \
                 {{vars.steps.Isolate.data.before.networks | join(', ')}}. \
                 {{vars.steps.Isolate.data.not_cut | map(attribute='why') | join(' ')}} \
                 {{vars.steps.Isolate.data.warnings | join(' ')}}",
            )]),
        ],
    },
    Story {
        title: "Release a Container",
        about: "Restores a quarantined container: its networks, addresses and restart policy. The report lists what could not be restored, with the reason.",
        asks: &[CONTAINER],
        on_alert: false,
        steps: &[
            run("Release", "release_container", &[("id", "{{vars.input.params.container}}")]),
            report(&[(
                "report",
                "{{vars.steps.Release.data.result}}. Restored: {{vars.steps.Release.data.restored | join(', ')}}. \
                 {% for one in vars.steps.Release.data.differs %}{{one.what}}: {{one.why}} {% endfor %}",
            )]),
        ],
    },
    Story {
        title: "Isolate a Crypto Miner with Evidence",
        about: "Freezes the container of an alert, disconnects it from all its networks, attaches the evidence to the alert, and adds a comment that says what was done. Use it if a container runs something that it should not. Release a Container undoes it.",
        asks: &[CONTAINER],
        on_alert: true,
        steps: &[
            run(
                "Isolate",
                "isolate_container",
                &[
                    ("id", "{{vars.input.params.container}}"),
                    ("method", "Freeze"),
                    ("evidence", "Full"),
                    ("case_id", "{{vars.input.records[0].name}}"),
                    ("reason", "{{vars.input.records[0].name}}"),
                ],
            ),
            step("Attach Evidence", Action::Attach("{{[vars.steps.Isolate.data.evidence.attachment['@id']]}}")),
            step(
                "Comment",
                Action::Comment(
                    "<p>{{vars.steps.Isolate.data.result | escape}}. It was in: \
                     {{vars.steps.Isolate.data.before.networks | join(', ') | escape}}.</p>\
                     <p>Evidence is attached, SHA-256 {{vars.steps.Isolate.data.evidence.sha256}}: \
                     {{vars.steps.Isolate.data.evidence.summary | escape}}</p>\
                     <p>{{vars.steps.Isolate.data.warnings | join(' ') | escape}}</p>",
                ),
            ),
            report(&[(
                "report",
                "{{vars.steps.Isolate.data.result}}. Evidence: {{vars.steps.Isolate.data.evidence.summary}}",
            )]),
        ],
    },
    Story {
        title: "Stop All from a Bad Image",
        about: "Finds every running container of an image, and stops each permanently. Use it if an image is malicious or contains a secret.",
        asks: &[ask("image", "Image", "The image's name or id, such as shop/web:1.4.")],
        on_alert: false,
        steps: &[
            run(
                "Find Them",
                "list_containers",
                &[("filters", "{\"ancestor\": [\"{{vars.input.params.image}}\"], \"status\": [\"running\", \"paused\"]}")],
            ),
            choose(
                "Are There Any",
                &[
                    when("Yes", "{{vars.steps.Find_Them.data | length > 0}}", "Stop Each"),
                    otherwise("No", "There Is None"),
                ],
            ),
            run("Stop Each", "stop_container", &[("id", "{{vars.item.Id}}"), ("t", "5"), ("disable_restart", "true")])
                .for_each("{{vars.steps.Find_Them.data}}")
                .may_fail(),
            run(
                "Look Again",
                "list_containers",
                &[("filters", "{\"ancestor\": [\"{{vars.input.params.image}}\"], \"status\": [\"running\", \"paused\"]}")],
            ),
            set(
                "They Were Stopped",
                &[(
                    "verdict",
                    "{{vars.steps.Find_Them.data | length}} ran, {{vars.steps.Look_Again.data | length}} still run. \
                     They were: {{vars.steps.Find_Them.data | map(attribute='Names') | map('first') | join(', ')}}",
                )],
            )
            .then("Report"),
            set("There Is None", &[("verdict", "none ran")]),
            report(&[("report", "Containers from {{vars.input.params.image}}: {{vars.verdict}}.")]),
        ],
    },
    Story {
        title: "Hunt an Image Digest and Isolate It",
        about: "Looks on all containers of the engine for an image digest of a threat list, and isolates each running container that \
                was made from it. Images and stopped containers that match are in the report. Release a Container undoes it.",
        asks: &[
            ask("digest", "Image Digest", "The digest, such as sha256:..., or its first 12 digits or more."),
            ask("case", "Case", "The case that this is for. It is kept in the records of the isolation.").or("none"),
        ],
        on_alert: false,
        steps: &[
            run("Hunt", "hunt", &[("indicators", "[{\"image_digest\": \"{{vars.input.params.digest}}\"}]")]),
            choose(
                "Does It Run",
                &[
                    when(
                        "Yes",
                        "{{vars.steps.Hunt.data.hits | selectattr('state', 'equalto', 'running') | list | length > 0}}",
                        "Isolate Each",
                    ),
                    otherwise("No", "None Runs"),
                ],
            ),
            run(
                "Isolate Each",
                "isolate_container",
                &[
                    ("id", "{{vars.item}}"),
                    ("case_id", "{{vars.input.params.case}}"),
                    ("reason", "image digest {{vars.input.params.digest}}"),
                ],
            )
            .for_each(
                "{{vars.steps.Hunt.data.hits | selectattr('state', 'equalto', 'running') | map(attribute='id') | unique | list}}",
            )
            .may_fail(),
            set(
                "They Were Isolated",
                &[(
                    "verdict",
                    "Isolated: {{vars.steps.Isolate_Each | selectattr('data.result', 'defined') | map(attribute='data.result') | join('; ')}}.",
                )],
            )
            .then("Report"),
            set("None Runs", &[("verdict", "No container of it runs, so none was isolated.")]),
            report(&[(
                "report",
                "Image digest {{vars.input.params.digest}}: {{vars.steps.Hunt.data.count}} hits in {{vars.steps.Hunt.data.examined}} \
                 containers. {{vars.verdict}} Hits: {% for hit in vars.steps.Hunt.data.hits %}{{hit.container or 'no container'}} \
                 ({{hit.state or 'image only'}}, {{hit.image}}, by {{hit.field}}); {% endfor %}\
                 not looked at: {{vars.steps.Hunt.data.skipped_count}}.",
            )]),
        ],
    },
    Story {
        title: "Stop a Compromised Service",
        about: "Collects the evidence of each container of a service that runs on this engine, and then stops the service on all \
                nodes. The service keeps its settings; Resume Service starts its tasks again. For containers on other nodes, first collect their evidence with a configuration of their engine.",
        asks: &[
            ask("service", "Service", "The name or id of the service."),
            ask("case", "Case", "The case that this belongs to. It is recorded in the evidence.").or("none"),
        ],
        on_alert: false,
        steps: &[
            run("Find Its Containers", "list_service_containers", &[("id", "{{vars.input.params.service}}")]),
            run(
                "Collect Evidence",
                "collect_evidence",
                &[("id", "{{vars.item.container_id}}"), ("case_id", "{{vars.input.params.case}}")],
            )
            .for_each("{{vars.steps.Find_Its_Containers.data | selectattr('is_here') | list}}")
            .may_fail(),
            run("Stop It", "stop_service", &[("id", "{{vars.input.params.service}}"), ("timeout", "120")]),
            report(&[(
                "report",
                "{{vars.steps.Stop_It.data.result}}. It ran in {{vars.steps.Find_Its_Containers.data | length}} containers, \
                 {{vars.steps.Find_Its_Containers.data | rejectattr('is_here') | list | length}} of them on other nodes: \
                 {{vars.steps.Find_Its_Containers.data | map(attribute='node') | join(', ')}}. Resume Service brings it back.",
            )]),
        ],
    },
    Story {
        title: "Drain a Host",
        about: "Moves all tasks of a swarm from a host to other hosts, for example before maintenance or if the host is compromised, and waits until they run there. Activate Node undoes it.",
        asks: &[ask("node", "Node", "The host's name or id in the swarm.")],
        on_alert: false,
        steps: &[
            run("Drain", "drain_node", &[("id", "{{vars.input.params.node}}")]),
            run("See What Is Left", "list_tasks", &[("filters", "{\"node\": [\"{{vars.input.params.node}}\"], \"desired-state\": [\"running\"]}")]),
            report(&[(
                "report",
                "{{vars.steps.Drain.data.result}}: {{vars.steps.Drain.data.tasks_moved}} tasks moved, \
                 {{vars.steps.See_What_Is_Left.data | length}} are left. {{vars.steps.Drain.data.note}}",
            )]),
        ],
    },
    Story {
        title: "Rotate a Leaked Secret",
        about: "Replaces a secret of a swarm that has leaked: finds the services that use it, gives all of them the new data in the \
                same file, and removes the old secret when they run with the new one. The report names the services, and says what to do if one of them does not start.",
        asks: &[
            ask("secret", "Secret", "The name or id of the secret that has leaked."),
            ask("data", "New Data", "The new data, as text. The system that the secret signs in to must know it already."),
        ],
        on_alert: false,
        steps: &[
            run("Find Who Uses It", "rotate_secret", &[("id", "{{vars.input.params.secret}}"), ("dry_run", "true")]),
            run(
                "Replace It",
                "rotate_secret",
                &[("id", "{{vars.input.params.secret}}"), ("data", "{{vars.input.params.data}}")],
            )
            .may_fail(),
            choose(
                "Is It Replaced",
                &[
                    when("Yes", "{{vars.steps.Replace_It.status == 'Success'}}", "It Is Replaced"),
                    otherwise("No", "It Is Not"),
                ],
            ),
            set(
                "It Is Replaced",
                &[("verdict", "was removed; {{vars.steps.Replace_It.data.new_name}} replaces it. Revoke its old data at the system that it signs in to")],
            )
            .then("Report"),
            set("It Is Not", &[("verdict", "IS NOT REPLACED EVERYWHERE: {{vars.steps.Replace_It.message}}")]),
            report(&[(
                "report",
                "Secret {{vars.input.params.secret}} {{vars.verdict}}. Services that used it: \
                 {{vars.steps.Find_Who_Uses_It.data.services | map(attribute='name') | join(', ') or 'none'}}",
            )]),
        ],
    },
];
