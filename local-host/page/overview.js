// The first screen: each engine's health and version, its containers by state, what is unhealthy, its disk, recent calls, and the
// three things one would do next.

import * as api from "./api.js";
import { context } from "./context.js";
import { bytes, fill, h, moment, took } from "./dom.js";
import { inLine, isRecords, number } from "./json.js";
import { s } from "./svg.js";
import { leads, nameOf, state } from "./views/parts.js";

const RECENT = 6;
const TONES = { running: "good", paused: "warn", exited: "", dead: "bad", restarting: "warn", created: "" };

/** The view. */
export function overview(app) {
  const configurations = app.connector.configuration;
  if (configurations.length === 0) return beginning(app);
  const seen = context(app, { operation: "", title: "Overview" }, () => "Overview", {});
  const next = h("section", { class: "part" });
  const engines = h("div", { class: "engines" });
  const recent = h("section", { class: "part" });
  const found = [];
  fill(
    engines,
    configurations.map((one) => engine(app, seen, one, (facts) => (found.push({ ...facts, configuration: one }), suggest(next, app, seen, found)))),
  );
  suggest(next, app, seen, found);
  calls(recent);
  return h("section", { class: "page overview" }, h("h1", {}, "Overview"), next, engines, recent);
}

function beginning(app) {
  return h(
    "section",
    { class: "blank" },
    h("h1", {}, "Add a configuration first"),
    h("p", { class: "dim" }, `It tells ${app.connector.label} what to work with.`),
    h("p", {}, h("a", { class: "button", href: "#/configurations/new" }, "Add a configuration")),
  );
}

/** One engine's card. Each look fails by itself, and a slow engine holds up only its own card. */
function engine(app, seen, configuration, tell) {
  const version = h("p", { class: "dim" }, "Asking the engine");
  const containers = h("div");
  const disk = h("div");
  const call = async (operation, params = {}) => {
    if (!seen.find(operation)) throw new Error(`${operation} is not there`);
    const { data } = await api.execute(app.connector, operation, configuration.config_id, params, { unnoted: true });
    return data.data;
  };
  const card = h(
    "section",
    { class: "card", "aria-label": `Engine ${configuration.name}` },
    h(
      "h2",
      { class: "line" },
      h("a", { href: `#/configurations/${configuration.config_id}` }, configuration.name),
      configuration.default && h("span", { class: "chip" }, "default"),
      configuration.config_id === app.config
        ? h("span", { class: "chip good" }, "in use")
        : h("button", { type: "button", class: "quiet", onclick: () => (app.choose(configuration.config_id), app.go("#/operations")) }, "Use this one"),
    ),
    version,
    containers,
    disk,
  );
  call("get_version").then(
    (one) => {
      fill(
        version,
        state("reachable", "good"),
        ` ${inLine(one.Platform?.Name) || "Docker"} ${inLine(one.Version)}, API ${inLine(one.ApiVersion)}, ${inLine(one.Os)}/${inLine(one.Arch)}`,
      );
      call("list_containers", { all: true }).then(
        (all) => {
          const rows = isRecords(all) ? all : [];
          fill(containers, states(app, seen, configuration, rows));
          tell({ rows });
        },
        (fault) => fill(containers, h("p", { class: "state warn" }, `The containers are not known: ${short(fault)}`)),
      );
      call("system_df").then(
        (all) => fill(disk, use(all)),
        () => fill(disk),
      );
    },
    (fault) => {
      fill(version, state("not reachable", "bad"), ` ${short(fault)}`);
      tell({ fault });
    },
  );
  return card;
}

function short(fault) {
  return fault.message.replace(api.BEFORE, "").split("\n")[0].slice(0, 240);
}

/** Containers by state as one bar with words, and those that are not well by name. */
function states(app, seen, configuration, rows) {
  const counts = new Map();
  for (const row of rows) counts.set(inLine(row.State) || "unknown", (counts.get(inLine(row.State) || "unknown") ?? 0) + 1);
  const ill = rows.filter(isIll);
  let at = 0;
  const bar = s(
    "svg",
    { class: "strip", viewBox: "0 0 100 10", preserveAspectRatio: "none", "aria-hidden": "true" },
    [...counts].map(([name, count]) => {
      const width = (count / rows.length) * 100;
      at += width;
      return s("rect", { class: `fill tone-${TONES[name] || "none"}`, x: at - width, y: 0, width, height: 10 });
    }),
  );
  return [
    h("p", {}, h("strong", {}, `${rows.length}`), rows.length === 1 ? " container" : " containers"),
    rows.length > 0 && bar,
    h("div", { class: "tags" }, [...counts].map(([name, count]) => state(`${count} ${name}`, TONES[name] ?? ""))),
    ill.length > 0 &&
      h(
        "ul",
        { class: "plain" },
        ill.slice(0, 5).map((row) =>
          h(
            "li",
            { class: "line" },
            state(/unhealthy/.test(inLine(row.Status)) ? "unhealthy" : inLine(row.State), "bad"),
            h("strong", {}, nameOf(row)),
            h("span", { class: "dim small" }, inLine(row.Status)),
            configuration.config_id === app.config && leads(seen, "container_logs", "Logs", { id: nameOf(row) }),
          ),
        ),
        ill.length > 5 && h("li", { class: "dim" }, `${ill.length - 5} more`),
      ),
  ];
}

function isIll(row) {
  const status = inLine(row.Status);
  return /unhealthy/.test(status) || ["dead", "restarting"].includes(inLine(row.State)) || /^Exited \((?!0\)|143\)|137\))/.test(status);
}

function use(all) {
  const size = number(all?.LayersSize);
  const volumes = isRecords(all?.Volumes) ? all.Volumes.reduce((sum, one) => sum + Math.max(0, number(one.UsageData?.Size) || 0), 0) : 0;
  if (!Number.isFinite(size)) return null;
  return h("p", {}, h("strong", {}, bytes(size)), h("span", { class: "dim" }, ` of images, ${bytes(volumes)} of volumes`));
}

/** What one would do next: what is broken first, then what is usual. */
function suggest(place, app, seen, found) {
  const here = found.filter((one) => one.configuration.config_id === app.config);
  const ill = here.flatMap((one) => one.rows ?? []).filter(isIll);
  const lost = found.find((one) => one.fault);
  const all = [
    lost && h("a", { class: "button", href: `#/configurations/${lost.configuration.config_id}` }, `See why ${lost.configuration.name} is not reachable`),
    ill[0] && leads(seen, "explain_container", `Explain ${nameOf(ill[0])}`, { id: nameOf(ill[0]) }),
    ill[0] && leads(seen, "container_logs", `Read the logs of ${nameOf(ill[0])}`, { id: nameOf(ill[0]) }),
    leads(seen, "list_containers", "List all containers", { all: true }),
    leads(seen, "audit_posture", "Look for risky settings", {}),
    leads(seen, "list_isolated", "See what is isolated", {}),
    leads(seen, "system_events", "See what has happened", { since: "1h" }),
  ].filter(Boolean);
  fill(place, h("h2", {}, "Next"), h("div", { class: "line next" }, all.slice(0, 3)));
}

async function calls(place) {
  const all = await api.history().catch(() => []);
  fill(
    place,
    h("h2", {}, "Recent calls"),
    all.length === 0
      ? h("p", { class: "dim" }, "Nothing was run yet. / goes to the search.")
      : h(
          "ul",
          { class: "plain" },
          all.slice(0, RECENT).map((call) =>
            h(
              "li",
              { class: "line" },
              h("span", { class: `badge ${call.status}` }, call.status),
              h("a", { href: `#/history/${call.id}` }, call.title),
              h("span", { class: "dim" }, [moment(call.began), call.configuration, call.seconds === null ? "" : took(call.seconds)].filter(Boolean).join(", ")),
            ),
          ),
        ),
  );
}
