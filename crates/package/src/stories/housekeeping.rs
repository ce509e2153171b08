//! Stories that keep house: a nightly clean-up that looks before it removes, what is unhealthy started again, and a weekly look at how everything
//! is configured.

use super::{Story, ask, choose, otherwise, report, run, set, when};

pub(super) const STORIES: &[Story] = &[
    Story {
        title: "Clean Up at Night",
        about: "Reports which stopped containers and unused images could be removed, and removes them only if you ask for it. Only objects of a minimum age are removed, so that recent work stays. Schedule it.",
        asks: &[
            ask("older_than", "Older than", "The minimum age of an object, such as 24h.").or("24h"),
            ask("apply", "Apply", "true removes the objects. Any other value only reports them.").or("false"),
        ],
        on_alert: false,
        steps: &[
            run("Measure Before", "system_df", &[]),
            run(
                "Try Containers",
                "prune_containers",
                &[("filters", "{\"until\": [\"{{vars.input.params.older_than}}\"]}"), ("dry_run", "true")],
            ),
            run(
                "Try Images",
                "prune_images",
                &[("filters", "{\"until\": [\"{{vars.input.params.older_than}}\"]}"), ("dry_run", "true")],
            ),
            choose(
                "Shall It Be Done",
                &[
                    when("Yes", "{{vars.input.params.apply | string | lower == 'true'}}", "Remove Containers"),
                    otherwise("No", "Only Tried"),
                ],
            ),
            run("Remove Containers", "prune_containers", &[("filters", "{\"until\": [\"{{vars.input.params.older_than}}\"]}")]),
            run("Remove Images", "prune_images", &[("filters", "{\"until\": [\"{{vars.input.params.older_than}}\"]}")]),
            set(
                "It Was Done",
                &[(
                    "verdict",
                    "{{vars.steps.Remove_Containers.data.ContainersDeleted | default([], true) | length}} containers were removed, \
                     {{vars.steps.Remove_Containers.data.SpaceReclaimed + vars.steps.Remove_Images.data.SpaceReclaimed}} bytes freed.",
                )],
            )
            .then("Report"),
            set("Only Tried", &[("verdict", "Nothing was removed: apply is not true.")]),
            report(&[(
                "report",
                "Containers that could be removed: {{vars.steps.Try_Containers.data.count}}; images: {{vars.steps.Try_Images.data.count}}. \
                 {{vars.verdict}}",
            )]),
        ],
    },
    Story {
        title: "Restart What Is Unhealthy",
        about: "Finds the containers whose own health check fails, restarts each, and reports which of them run again and which need attention.",
        asks: &[],
        on_alert: false,
        steps: &[
            run("Find Them", "list_containers", &[("filters", "{\"health\": [\"unhealthy\"]}")]),
            choose(
                "Are There Any",
                &[
                    when("Yes", "{{vars.steps.Find_Them.data | length > 0}}", "Restart Each"),
                    otherwise("No", "There Is None"),
                ],
            ),
            run("Restart Each", "restart_container", &[("id", "{{vars.item.Id}}"), ("t", "5")])
                .for_each("{{vars.steps.Find_Them.data}}")
                .may_fail(),
            set(
                "They Were Restarted",
                &[(
                    "verdict",
                    "Restarted: {{vars.steps.Restart_Each | selectattr('status', 'equalto', 'Success') | map(attribute='data') \
                     | map(attribute='result') | join('; ')}}. \
                     Failed: {{vars.steps.Restart_Each | rejectattr('status', 'equalto', 'Success') | map(attribute='message') \
                     | join('; ') or 'none'}}",
                )],
            )
            .then("Report"),
            set("There Is None", &[("verdict", "All containers with a health check are healthy.")]),
            report(&[("report", "{{vars.verdict}}")]),
        ],
    },
    Story {
        title: "Weekly Posture Report",
        about: "Audits the engine, its containers and images, compares the result with last week's, and reports what is new, \
                which containers lead out to the host, and where the report for people and for the next comparison is. \
                Schedule it, and give it the JSON attachment that the last run names.",
        asks: &[ask(
            "earlier",
            "Earlier Report",
            "The JSON attachment of the last report: its id or address. Empty for the first.",
        )
        .or("")],
        on_alert: false,
        steps: &[
            run(
                "Audit",
                "audit_posture",
                &[("format", "HTML, CSV, JSON"), ("compare_with", "{{vars.input.params.earlier}}")],
            ),
            choose(
                "What Is New",
                &[
                    when("First", "{{vars.steps.Audit.data.comparison is none}}", "It Is the First"),
                    when("Something", "{{vars.steps.Audit.data.comparison is not none and vars.steps.Audit.data.comparison.new_count > 0}}", "Something Is New"),
                    otherwise("Nothing", "Nothing Is New"),
                ],
            ),
            set("It Is the First", &[("verdict", "This is the first report.")]).then("Report"),
            set(
                "Something Is New",
                &[(
                    "verdict",
                    "{{vars.steps.Audit.data.comparison.summary}}. New: \
                     {% for finding in vars.steps.Audit.data.comparison.new[:20] %}{{finding.severity}}: {{finding.title}} \
                     ({{finding.subject}}); {% endfor %}",
                )],
            )
            .then("Report"),
            set("Nothing Is New", &[("verdict", "{{vars.steps.Audit.data.comparison.summary}}. Nothing is new.")]),
            report(&[(
                "report",
                "{{vars.steps.Audit.data.summary}} {{vars.verdict}} \
                 Page: {{vars.steps.Audit.data.attachments.html['@id']}}; table: {{vars.steps.Audit.data.attachments.csv['@id']}}; \
                 for the next comparison: {{vars.steps.Audit.data.attachments.json['@id']}}.",
            )]),
        ],
    },
];
