//! Stories that deploy: a container that must come up, and one that is replaced when its image has changed.

use super::{CONTAINER, Story, ask, choose, otherwise, report, run, set, when};

pub(super) const STORIES: &[Story] = &[
    Story {
        title: "Deploy and Verify",
        about: "Pulls an image, starts a container from it and waits until it is running or healthy. If it does not start, it is removed, and the report contains its log.",
        asks: &[
            ask("image", "Image", "The image, such as registry.example.com/shop/web:1.4."),
            ask("name", "Name", "The new container's name."),
            ask("command", "Command", "The command to run. If empty, the image's own command.").or(""),
            ask("ports", "Ports", "Ports to publish, such as 8080:80.").or(""),
            ask("state", "State", "What to wait for: running or healthy.").or("running"),
        ],
        on_alert: false,
        steps: &[
            run("Pull", "pull_image", &[("fromImage", "{{vars.input.params.image}}")]),
            run(
                "Create",
                "create_container",
                &[
                    ("name", "{{vars.input.params.name}}"),
                    ("image", "{{vars.input.params.image}}"),
                    ("Cmd", "{{vars.input.params.command}}"),
                    ("ports", "{{vars.input.params.ports}}"),
                    ("Labels", "deployed-by=fortisoar"),
                    ("RestartPolicy", "unless-stopped"),
                ],
            ),
            run("Start It", "start_container", &[("id", "{{vars.steps.Create.data.Id}}")]).may_fail(),
            run(
                "Wait",
                "wait_for_state",
                &[
                    ("id", "{{vars.steps.Create.data.Id}}"),
                    ("state", "{{vars.input.params.state}}"),
                    ("timeout", "60"),
                ],
            )
            .may_fail(),
            run("Inspect", "inspect_container", &[("id", "{{vars.steps.Create.data.Id}}")]),
            choose(
                "Did It Come Up",
                &[
                    when(
                        "Yes",
                        "{{vars.steps.Wait.status == 'Success' and vars.steps.Inspect.data.State.Status == 'running' \
                         and vars.steps.Inspect.data.RestartCount == 0}}",
                        "It Runs",
                    ),
                    otherwise("No", "Read Log"),
                ],
            ),
            set(
                "It Runs",
                &[("verdict", "runs from {{vars.steps.Pull.data.digest or vars.steps.Pull.data.id}}")],
            )
            .then("Report"),
            run("Read Log", "container_logs", &[("id", "{{vars.steps.Create.data.Id}}"), ("tail", "50")]),
            run(
                "Remove",
                "remove_container",
                &[("id", "{{vars.steps.Create.data.Id}}"), ("force", "true"), ("v", "true")],
            ),
            set(
                "It Failed",
                &[(
                    "verdict",
                    "DID NOT START and was removed. Its log ended with: {{vars.steps.Read_Log.data.output}}",
                )],
            ),
            report(&[("report", "Container {{vars.input.params.name}} {{vars.verdict}}")]),
        ],
    },
    Story {
        title: "Replace When the Image Has Changed",
        about: "Pulls a container's image again. If its tag now refers to another image, the container is replaced by one with the same settings and networks. The old container is kept under another name until the new one runs, and then removed. If the new one does not run, the old one is started again.",
        asks: &[CONTAINER],
        on_alert: false,
        steps: &[
            run("Inspect", "inspect_container", &[("id", "{{vars.input.params.container}}")]),
            // What a container has from its image is for the new image to say.
            run("Inspect Image", "inspect_image", &[("name", "{{vars.steps.Inspect.data.Image}}")]),
            run("Pull", "pull_image", &[("fromImage", "{{vars.steps.Inspect.data.Config.Image}}")]),
            choose(
                "Has It Changed",
                &[
                    when("Yes", "{{vars.steps.Pull.data.id != vars.steps.Inspect.data.Image}}", "Stop Old"),
                    otherwise("No", "It Is the Same"),
                ],
            ),
            run("Stop Old", "stop_container", &[("id", "{{vars.steps.Inspect.data.Id}}"), ("t", "10")]),
            run(
                "Put Old Aside",
                "rename_container",
                &[
                    ("id", "{{vars.steps.Inspect.data.Id}}"),
                    ("name", "{{vars.steps.Inspect.data.Name.strip('/')}}-old"),
                ],
            ),
            run(
                "Create New",
                "create_container",
                &[
                    ("name", "{{vars.steps.Inspect.data.Name.strip('/')}}"),
                    ("image", "{{vars.steps.Inspect.data.Config.Image}}"),
                    (
                        "Cmd",
                        "{{vars.steps.Inspect.data.Config.Cmd if vars.steps.Inspect.data.Config.Cmd != vars.steps.Inspect_Image.data.Config.Cmd else ''}}",
                    ),
                    (
                        "Entrypoint",
                        "{{vars.steps.Inspect.data.Config.Entrypoint if vars.steps.Inspect.data.Config.Entrypoint != vars.steps.Inspect_Image.data.Config.Entrypoint else ''}}",
                    ),
                    (
                        "Env",
                        "{{vars.steps.Inspect.data.Config.Env | reject('in', vars.steps.Inspect_Image.data.Config.Env or []) | list}}",
                    ),
                    (
                        "Labels",
                        "{% for name in vars.steps.Inspect.data.Config.Labels if (vars.steps.Inspect_Image.data.Config.Labels or {}).get(name) != vars.steps.Inspect.data.Config.Labels[name] %}{{name}}={{vars.steps.Inspect.data.Config.Labels[name]}}\n{% endfor %}",
                    ),
                    ("HostConfig", "{{vars.steps.Inspect.data.HostConfig}}"),
                ],
            ),
            run(
                "Connect New",
                "connect_network",
                &[("id", "{{vars.item}}"), ("Container", "{{vars.steps.Create_New.data.Id}}")],
            )
            .for_each(
                "{{vars.steps.Inspect.data.NetworkSettings.Networks.keys() \
                     | reject('in', ['bridge', vars.steps.Inspect.data.HostConfig.NetworkMode]) | list}}",
            ),
            run("Start New", "start_container", &[("id", "{{vars.steps.Create_New.data.Id}}")]).may_fail(),
            choose(
                "Did It Start",
                &[
                    when("Yes", "{{vars.steps.Start_New.status == 'Success'}}", "Wait"),
                    otherwise("No", "Remove New"),
                ],
            ),
            run(
                "Wait",
                "wait_for_state",
                &[("id", "{{vars.steps.Create_New.data.Id}}"), ("state", "running"), ("timeout", "30")],
            )
            .may_fail(),
            choose(
                "Does It Run",
                &[
                    when(
                        "Yes",
                        "{{vars.steps.Wait.status == 'Success' and vars.steps.Wait.data.state == 'running'}}",
                        "Remove Old",
                    ),
                    otherwise("No", "Remove New"),
                ],
            ),
            run(
                "Remove Old",
                "remove_container",
                &[("id", "{{vars.steps.Inspect.data.Id}}"), ("force", "true")],
            ),
            set(
                "It Was Replaced",
                &[(
                    "verdict",
                    "was replaced: {{vars.steps.Inspect.data.Image}} by {{vars.steps.Pull.data.id}}",
                )],
            )
            .then("Report"),
            run(
                "Remove New",
                "remove_container",
                &[("id", "{{vars.steps.Create_New.data.Id}}"), ("force", "true")],
            ),
            run(
                "Bring Old Back",
                "rename_container",
                &[
                    ("id", "{{vars.steps.Inspect.data.Id}}"),
                    ("name", "{{vars.steps.Inspect.data.Name.strip('/')}}"),
                ],
            ),
            run("Start Old", "start_container", &[("id", "{{vars.steps.Inspect.data.Id}}")]),
            set(
                "It Was Kept",
                &[("verdict", "WAS NOT REPLACED: the new one did not run, and the old one runs again")],
            )
            .then("Report"),
            set("It Is the Same", &[("verdict", "has the newest image already")]),
            report(&[("report", "Container {{vars.input.params.container}} {{vars.verdict}}")]),
        ],
    },
];
