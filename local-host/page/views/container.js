// One container: what it is and how it stands, its networks and mounts, its environment (masked until asked), and what it may do.

import * as api from "../api.js";
import { bytes, fill, h } from "../dom.js";
import { inLine, isRecord, number } from "../json.js";
import { table } from "../table.js";
import { date, since } from "../times.js";
import { facts, idOf, leads, nameOf, part, state } from "./parts.js";
import { processes } from "./processes.js";

/** @param {any} data @param {any} context */
export function container(data, context) {
  if (!isRecord(data) || !isRecord(data.State) || !data.Id) return null;
  return [["Container", () => view(data, context)]];
}

function view(data, context) {
  const config = isRecord(data.Config) ? data.Config : {};
  const host = isRecord(data.HostConfig) ? data.HostConfig : {};
  const id = nameOf(data);
  return [
    h(
      "div",
      { class: "line tools" },
      h("strong", {}, id),
      state(data.State.Status),
      data.State.Health ? state(data.State.Health.Status) : null,
      data.State.OOMKilled ? state("out of memory", "bad") : null,
    ),
    h(
      "div",
      { class: "line tools" },
      leads(context, "container_logs", "Logs", { id }),
      leads(context, "container_stats", "Statistics", { id }),
      leads(context, "list_processes", "Processes", { id }),
      leads(context, "container_changes", "Changed files", { id }),
      leads(context, "explain_container", "Explain", { id }),
      leads(context, "container_timeline", "Timeline", { id }),
      leads(context, "exec_container", "Exec", { id }),
      data.State.Running ? leads(context, "stop_container", "Stop", { id }) : leads(context, "start_container", "Start", { id }),
      leads(context, "isolate_container", "Isolate", { id }),
      leads(context, "remove_container", "Remove", { id }),
    ),
    part(
      "Summary",
      facts([
        ["Id", idOf(data.Id)],
        ["Image", [inLine(config.Image), " ", h("span", { class: "dim" }, idOf(data.Image))]],
        ["Command", h("code", {}, [data.Path, ...(Array.isArray(data.Args) ? data.Args : [])].map(inLine).join(" "))],
        ["Folder", inLine(config.WorkingDir)],
        ["Created", since(data.Created)],
        ["Restarts", [inLine(host.RestartPolicy?.Name) || "no", number(data.RestartCount) > 0 ? `, ${inLine(data.RestartCount)} so far` : ""]],
      ]),
    ),
    part("State", facts(standing(data.State)), health(data.State.Health)),
    data.State.Running ? part("Processes", running(id, context)) : null,
    part("Networks", networks(data.NetworkSettings)),
    part("Mounts", mounts(data.Mounts)),
    part("Environment", environment(config.Env)),
    part("Rights and risks", rights(data, config, host)),
    part("Limits", facts(limits(host))),
    isRecord(config.Labels) && Object.keys(config.Labels).length > 0 ? part("Labels", facts(Object.entries(config.Labels))) : null,
  ];
}

/** @returns {[string, any][]} */
function standing(it) {
  const when = (value) => (date(value) ? since(value) : "");
  return [
    ["Started", when(it.StartedAt)],
    ["Ended", it.Running ? "" : when(it.FinishedAt)],
    ["Exit code", it.Running || !date(it.FinishedAt) ? "" : state(inLine(it.ExitCode), number(it.ExitCode) === 0 ? "good" : "bad")],
    ["Error", inLine(it.Error)],
    ["Process", number(it.Pid) > 0 ? inLine(it.Pid) : ""],
  ];
}

function health(it) {
  const last = Array.isArray(it?.Log) ? it.Log[it.Log.length - 1] : null;
  if (!last) return null;
  return h(
    "details",
    {},
    h("summary", {}, `Last health check: exit code ${inLine(last.ExitCode)}`),
    h("pre", { class: "output", tabindex: "0" }, inLine(last.Output) || "It wrote nothing."),
  );
}

/** Processes are asked for on demand: it is a call of its own. */
function running(id, context) {
  const operation = context.find("list_processes");
  if (!operation) return null;
  const place = h("div");
  const show = async () => {
    fill(place, h("p", { class: "busy" }, "Asking for the processes"));
    try {
      const { app } = context;
      const { data } = await api.execute(app.connector, "list_processes", app.config, { id }, { unnoted: true });
      const [found] = processes(data.data) ?? [];
      fill(place, typeof found?.[1] === "function" ? found[1]() : "");
    } catch (fault) {
      fill(place, h("p", { class: "state bad" }, fault.message));
    }
  };
  fill(place, h("button", { type: "button", class: "quiet", onclick: show }, "Show the processes"));
  return place;
}

function networks(settings) {
  const rows = Object.entries(isRecord(settings?.Networks) ? settings.Networks : {}).filter(([, one]) => isRecord(one));
  const ports = Object.entries(isRecord(settings?.Ports) ? settings.Ports : {});
  return [
    rows.length === 0
      ? h("p", { class: "dim" }, "It is in no network.")
      : table(
          rows,
          [
            { title: "Network", value: ([name]) => name },
            { title: "Address", value: ([, one]) => [one.IPAddress, one.GlobalIPv6Address].filter(Boolean).map(inLine).join(", ") },
            { title: "Gateway", value: ([, one]) => inLine(one.Gateway) },
            { title: "Names", value: ([, one]) => inLine(one.Aliases) },
            { title: "MAC", value: ([, one]) => inLine(one.MacAddress) },
          ],
          { name: "networks" },
        ),
    ports.length > 0 &&
      facts(
        ports.map(([inner, outer]) => [
          inner,
          Array.isArray(outer) && outer.length > 0
            ? outer.map((one) => `${inLine(one.HostIp) || "0.0.0.0"}:${inLine(one.HostPort)}`).join(", ")
            : "not published",
        ]),
      ),
  ];
}

function mounts(all) {
  const rows = Array.isArray(all) ? all.filter(isRecord) : [];
  if (rows.length === 0) return h("p", { class: "dim" }, "None.");
  return table(
    rows,
    [
      { title: "In the container", value: (row) => inLine(row.Destination), cell: (row) => h("code", {}, inLine(row.Destination)) },
      { title: "Kind", value: (row) => inLine(row.Type) },
      { title: "From", value: (row) => inLine(row.Name ?? row.Source), cell: (row) => h("code", { title: inLine(row.Source) }, inLine(row.Name ?? row.Source)) },
      { title: "Access", value: (row) => (row.RW ? "read and write" : "read only"), cell: (row) => state(row.RW ? "read and write" : "read only", row.RW ? "warn" : "good") },
    ],
    { name: "mounts" },
  );
}

/** Names, with each value behind dots until one asks for it. */
function environment(all) {
  const lines = Array.isArray(all) ? all.map(inLine) : [];
  if (lines.length === 0) return h("p", { class: "dim" }, "None.");
  const place = h("div");
  let isShown = false;
  const show = () =>
    fill(
      place,
      h("button", { type: "button", "aria-pressed": String(isShown), onclick: () => ((isShown = !isShown), show()) }, isShown ? "Hide the values" : "Show the values"),
      facts(
        lines.map((line) => {
          const at = line.indexOf("=");
          const [name, value] = at < 0 ? [line, ""] : [line.slice(0, at), line.slice(at + 1)];
          return [name, h("code", {}, isShown ? value || "\u00a0" : "\u2022\u2022\u2022\u2022\u2022\u2022")];
        }),
      ),
    );
  show();
  return place;
}

/** What the container may do beyond an ordinary one, each with why it matters. */
function rights(data, config, host) {
  const socket = (Array.isArray(data.Mounts) ? data.Mounts : []).filter((one) => /docker\.sock$|podman\.sock$/.test(inLine(one?.Source)));
  const risks = [
    [host.Privileged === true, "bad", "Privileged", "It has every right of the host's root."],
    [socket.length > 0, "bad", "Engine's socket", "Anyone in it controls the engine, and so the host."],
    [host.PidMode === "host", "bad", "Processes of the host", "It sees the host's processes, and may signal them."],
    [host.NetworkMode === "host", "warn", "Network of the host", "It is not apart from the host's network."],
    [host.IpcMode === "host", "warn", "Shared memory of the host", "It reads what the host's processes share."],
    [host.UsernsMode === "host", "warn", "No user namespace", "Its root is the host's root."],
    [host.CapAdd?.length > 0, "warn", "Added capabilities", inLine(host.CapAdd)],
    [/(apparmor|seccomp)[=:]unconfined|label[=:]disable/.test(inLine(host.SecurityOpt)), "bad", "Unconfined", inLine(host.SecurityOpt)],
    [host.Devices?.length > 0, "warn", "Devices", (host.Devices ?? []).map((one) => inLine(one?.PathOnHost)).join(", ")],
    [(data.Mounts ?? []).some((one) => one?.Type === "bind" && one.RW && /^\/(etc|root|home|usr|bin|sbin|lib\w*|boot|proc|sys|var\/run|run|var\/lib\/docker)?(\/|$)/.test(inLine(one.Source))), "warn", "Writes to folders of the host", "A folder of the host's system is mounted to be written."],
    [!config.User || /^(0|root)(:|$)/.test(inLine(config.User)), "", "Runs as root", "Inside it, processes are root unless they change that."],
    [host.ReadonlyRootfs === true, "good", "Read-only file system", "Its own files cannot be changed."],
    [inLine(host.CapDrop).toUpperCase().includes("ALL"), "good", "Capabilities dropped", inLine(host.CapDrop)],
    [inLine(host.SecurityOpt).includes("no-new-privileges"), "good", "No new privileges", "A program cannot gain rights."],
  ].filter(([holds]) => holds);
  return h("ul", { class: "risks" }, risks.map(([, tone, title, why]) => h("li", {}, state(title, tone), " ", why)));
}

/** @returns {[string, any][]} */
function limits(host) {
  const memory = number(host.Memory);
  return [
    ["Memory", memory > 0 ? bytes(memory) : "no limit"],
    ["CPUs", number(host.NanoCpus) > 0 ? String(number(host.NanoCpus) / 1e9) : number(host.CpuQuota) > 0 ? String(number(host.CpuQuota) / (number(host.CpuPeriod) || 100_000)) : "no limit"],
    ["Processes", number(host.PidsLimit) > 0 ? inLine(host.PidsLimit) : "no limit"],
  ];
}

