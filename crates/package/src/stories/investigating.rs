//! Stories that look: evidence for an alert, a snapshot for forensics, a timeline, what has too many rights.

use super::{Action, Ask, CONTAINER, Story, ask, report, run, set, step};

const HOURS: Ask = ask("since", "Since", "How far back, such as 30m or 24h, or a time.").or("1h");

pub(super) const STORIES: &[Story] = &[
    Story {
        title: "Collect Logs and Files into an Alert",
        about: "Collects what an investigation needs from a container without changing it: its configuration, processes, changed files, log, and a file or folder. The files become attachments of the alert, with their SHA-256.",
        asks: &[
            CONTAINER,
            ask("path", "Path", "A file or folder in the container to collect.").or("/etc/passwd"),
            HOURS,
        ],
        on_alert: true,
        steps: &[
            run("Inspect", "inspect_container", &[("id", "{{vars.input.params.container}}")]),
            run("List What Runs", "list_processes", &[("id", "{{vars.input.params.container}}")]).may_fail(),
            run("List Changed Files", "container_changes", &[("id", "{{vars.input.params.container}}")]),
            run(
                "Read Log",
                "container_logs",
                &[
                    ("id", "{{vars.input.params.container}}"),
                    ("since", "{{vars.input.params.since}}"),
                    ("tail", "2000"),
                    ("timestamps", "true"),
                ],
            ),
            run(
                "Copy Files",
                "copy_from_container",
                &[("id", "{{vars.input.params.container}}"), ("path", "{{vars.input.params.path}}")],
            ),
            step("Attach Files", Action::Attach("{{[vars.steps.Copy_Files.data['@id']]}}")),
            step(
                "Comment",
                Action::Comment(
                    "<p>Container {{vars.input.params.container}} ({{vars.steps.Inspect.data.Config.Image}}) is \
                     {{vars.steps.Inspect.data.State.Status}} since {{vars.steps.Inspect.data.State.StartedAt}}.</p>\
                     <p>{{vars.input.params.path}} is attached, SHA-256 {{vars.steps.Copy_Files.data.sha256}}. \
                     {{vars.steps.List_Changed_Files.data | length}} files were changed.</p>\
                     <pre>{{vars.steps.Read_Log.data.output | escape}}</pre>",
                ),
            ),
            report(&[(
                "report",
                "{{vars.steps.Read_Log.data.lines | length}} lines of log, \
                 {{vars.steps.Read_Log.data.lines | selectattr('stream', 'equalto', 'stderr') | list | length}} of them errors; \
                 {{vars.steps.Copy_Files.data.size}} bytes of files, SHA-256 {{vars.steps.Copy_Files.data.sha256}}.",
            )]),
        ],
    },
    Story {
        title: "Freeze and Preserve",
        about: "Pauses a container so that nothing in it changes, saves its filesystem as an image and as an attachment with its SHA-256, and leaves it paused for forensics. unpause_container or remove_container ends this.",
        asks: &[
            CONTAINER,
            ask("tag", "Evidence Tag", "The tag of the image evidence/<container>.").or("evidence"),
        ],
        on_alert: false,
        steps: &[
            run("Freeze", "pause_container", &[("id", "{{vars.input.params.container}}")]),
            run("List What Runs", "list_processes", &[("id", "{{vars.input.params.container}}")]).may_fail(),
            run(
                "Keep as Image",
                "container_commit",
                &[
                    ("id", "{{vars.input.params.container}}"),
                    ("repo", "evidence/{{vars.input.params.container | lower}}"),
                    ("tag", "{{vars.input.params.tag}}"),
                    ("comment", "Kept by a playbook"),
                    ("pause", "false"),
                ],
            ),
            run("Keep as File", "container_export", &[("id", "{{vars.input.params.container}}")]),
            report(&[(
                "report",
                "Container {{vars.input.params.container}} is {{vars.steps.Freeze.data.state}}. Image {{vars.steps.Keep_as_Image.data.Id}}; \
                 attachment {{vars.steps.Keep_as_File.data['@id']}}, {{vars.steps.Keep_as_File.data.size}} bytes, \
                 SHA-256 {{vars.steps.Keep_as_File.data.sha256}}.",
            )]),
        ],
    },
    Story {
        title: "What Happened Here",
        about: "Lists the events of a container, including each command that was executed in it, and the errors in its log: what happened? The engine remembers only its last 256 events.",
        asks: &[CONTAINER, HOURS],
        on_alert: false,
        steps: &[
            run("Inspect", "inspect_container", &[("id", "{{vars.input.params.container}}")]),
            run(
                "Read Events",
                "system_events",
                &[
                    ("filters", "{\"container\": [\"{{vars.steps.Inspect.data.Id}}\"]}"),
                    ("since", "{{vars.input.params.since}}"),
                ],
            ),
            run(
                "Read Log",
                "container_logs",
                &[
                    ("id", "{{vars.input.params.container}}"),
                    ("since", "{{vars.input.params.since}}"),
                    ("stderr", "true"),
                    ("tail", "200"),
                ],
            ),
            set(
                "Put Together",
                &[("timeline", "{{vars.steps.Read_Events.data.events | map(attribute='Action') | list}}")],
            ),
            report(&[(
                "report",
                "Container {{vars.steps.Inspect.data.Name}} was created {{vars.steps.Inspect.data.Created}} and is \
                 {{vars.steps.Inspect.data.State.Status}}. Events: {{vars.timeline | join(', ')}}\
                 {{' (older ones may be forgotten)' if vars.steps.Read_Events.data.may_be_incomplete else ''}}. \
                 Errors: {{vars.steps.Read_Log.data.stderr}}",
            )]),
        ],
    },
    Story {
        title: "Suspicious Exec",
        about: "For an alert that a command was run in a container: what happened there, in order, as a table; what to think of the \
                container, on one page; and evidence, without stopping it. All of it is attached to the alert.",
        asks: &[CONTAINER, HOURS, ask("case", "Case", "The incident's number, for the evidence.").or("none")],
        on_alert: true,
        steps: &[
            // First: the engine remembers few events, and evidence adds to them.
            run(
                "Timeline",
                "container_timeline",
                &[
                    ("id", "{{vars.input.params.container}}"),
                    ("since", "{{vars.input.params.since}}"),
                    ("format", "CSV"),
                ],
            ),
            run("Explain", "explain_container", &[("id", "{{vars.input.params.container}}")]),
            run(
                "Collect Evidence",
                "collect_evidence",
                &[("id", "{{vars.input.params.container}}"), ("case_id", "{{vars.input.params.case}}")],
            ),
            step(
                "Attach",
                Action::Attach(
                    "{{[vars.steps.Timeline.data.attachment['@id'], vars.steps.Collect_Evidence.data.attachment['@id']]}}",
                ),
            ),
            step(
                "Comment",
                Action::Comment(
                    "<p>{{vars.steps.Explain.data.summary | escape}}</p>\
                     <p>Commands that somebody ran in it:</p>\
                     <pre>{% for entry in vars.steps.Timeline.data.entries if entry.kind == 'exec' %}{{entry.time}} {{entry.what | escape}}\n{% endfor %}</pre>\
                     <pre>{{vars.steps.Explain.data.markdown | escape}}</pre>",
                ),
            ),
            report(&[(
                "report",
                "{{vars.input.params.container}} is {{vars.steps.Explain.data.assessment}}. \
                 {{vars.steps.Timeline.data.entries | selectattr('kind', 'equalto', 'exec') | list | length}} of \
                 {{vars.steps.Timeline.data.count}} entries are of commands that somebody ran in it. Evidence: \
                 {{vars.steps.Collect_Evidence.data.summary}} Next: \
                 {{vars.steps.Explain.data.next | map(attribute='operation') | join(', ')}}.",
            )]),
        ],
    },
    Story {
        title: "Find Containers with Too Many Rights",
        about: "Inspects every container, running or not, and reports those that are privileged, share the host's network or \
                processes, or hold the engine's socket: anyone in one of these is root on the host.",
        asks: &[],
        on_alert: false,
        steps: &[
            run("List Them", "list_containers", &[("all", "true")]),
            run("Inspect Each", "inspect_container", &[("id", "{{vars.item.Id}}")])
                .for_each("{{vars.steps.List_Them.data}}")
                .may_fail(),
            set(
                "Sort Out",
                &[
                    (
                        "privileged",
                        "{{vars.steps.Inspect_Each | map(attribute='data') | selectattr('HostConfig.Privileged', 'equalto', true) | map(attribute='Name') | list}}",
                    ),
                    (
                        "on_host_network",
                        "{{vars.steps.Inspect_Each | map(attribute='data') | selectattr('HostConfig.NetworkMode', 'equalto', 'host') | map(attribute='Name') | list}}",
                    ),
                    (
                        "see_host_processes",
                        "{{vars.steps.Inspect_Each | map(attribute='data') | selectattr('HostConfig.PidMode', 'equalto', 'host') | map(attribute='Name') | list}}",
                    ),
                    (
                        "hold_the_socket",
                        "{% set found = [] %}{% for each in vars.steps.Inspect_Each %}{% for mount in each.data.Mounts if mount.Source.endswith('docker.sock') %}{% set _ = found.append(each.data.Name) %}{% endfor %}{% endfor %}{{found | join(', ')}}",
                    ),
                ],
            ),
            report(&[(
                "report",
                "Of {{vars.steps.List_Them.data | length}} containers: privileged {{vars.privileged | join(', ') or 'none'}}; \
                 on the host's network {{vars.on_host_network | join(', ') or 'none'}}; see the host's processes \
                 {{vars.see_host_processes | join(', ') or 'none'}}; hold the engine's socket {{vars.hold_the_socket or 'none'}}.",
            )]),
        ],
    },
    Story {
        title: "Run a Tool in a Clean Room",
        about: "Runs a command on your text in a new container without a network, privileges or writable storage, and removes the container. Use it for a tool that should see only the sample.",
        asks: &[
            ask("image", "Image", "The image with the tool."),
            ask("command", "Command", "The tool's command line; the text is its standard input."),
            ask("text", "Text", "What the tool is given."),
        ],
        on_alert: false,
        steps: &[
            run(
                "Run Tool",
                "run_container",
                &[
                    ("image", "{{vars.input.params.image}}"),
                    ("Cmd", "{{vars.input.params.command}}"),
                    ("stdin_text", "{{vars.input.params.text}}"),
                    ("NetworkMode", "none"),
                    ("ReadonlyRootfs", "true"),
                    ("CapDrop", "ALL"),
                    ("SecurityOpt", "no-new-privileges"),
                    ("PidsLimit", "100"),
                    ("timeout", "60"),
                ],
            ),
            report(&[(
                "report",
                "Exit code {{vars.steps.Run_Tool.data.exit_code}}. {{vars.steps.Run_Tool.data.stdout}}{{vars.steps.Run_Tool.data.stderr}}",
            )]),
        ],
    },
];
