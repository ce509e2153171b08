//! Stories that keep house: a nightly clean-up that looks before it removes, and what is unhealthy started again.

use super::{Story, ask, choose, otherwise, report, run, set, when};

pub(super) const STORIES: &[Story] = &[
    Story {
        title: "Clean Up at Night",
        about: "Says what stopped containers and unused images could go, and removes them only if that is asked for. Only what \
                is older than an age goes, so that what somebody works with stays. Schedule it.",
        asks: &[
            ask("older_than", "Older than", "How old something must be, such as 24h.").or("24h"),
            ask("apply", "Apply", "true removes; anything else only says what would go.").or("false"),
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
                "Containers that could go: {{vars.steps.Try_Containers.data.count}}; images: {{vars.steps.Try_Images.data.count}}. \
                 {{vars.verdict}}",
            )]),
        ],
    },
    Story {
        title: "Restart What Is Unhealthy",
        about: "Finds the containers whose own health check fails, restarts each, and reports which of them run again and \
                which need a person.",
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
            set("There Is None", &[("verdict", "All containers with a health check are well.")]),
            report(&[("report", "{{vars.verdict}}")]),
        ],
    },
];
