// Services and tasks of a swarm, and volumes: tables with what can be done to each.

import { bytes, h } from "../dom.js";
import { inLine, isRecord, isRecords, number } from "../json.js";
import { table } from "../table.js";
import { since } from "../times.js";
import { idOf, leads, short, state } from "./parts.js";

/** @param {any} data @param {any} context */
export function services(data, context) {
  if (!isRecords(data)) return null;
  const name = (row) => inLine(row.Spec?.Name) || short(row.ID);
  const mode = (row) => Object.keys(isRecord(row.Spec?.Mode) ? row.Spec.Mode : {})[0] ?? "";
  const wanted = (row) => number(row.ServiceStatus?.DesiredTasks ?? row.Spec?.Mode?.Replicated?.Replicas);
  const runs = (row) => number(row.ServiceStatus?.RunningTasks);
  const ports = (row) =>
    (row.Endpoint?.Ports ?? []).map((one) => `${inLine(one.PublishedPort)} \u2192 ${inLine(one.TargetPort)}/${inLine(one.Protocol)}`).join(", ");
  const columns = [
    { title: "Name", value: name, cell: (row) => [h("strong", {}, name(row)), h("div", { class: "small" }, idOf(row.ID))] },
    { title: "Mode", value: mode },
    {
      title: "Tasks",
      value: (row) => `${Number.isFinite(runs(row)) ? runs(row) : "?"} of ${Number.isFinite(wanted(row)) ? wanted(row) : "all"}`,
      cell: (row) => state(`${Number.isFinite(runs(row)) ? `${runs(row)} of ` : ""}${Number.isFinite(wanted(row)) ? wanted(row) : "all"}`, !Number.isFinite(runs(row)) ? "" : runs(row) >= wanted(row) ? "good" : "bad"),
    },
    { title: "Image", value: (row) => inLine(row.Spec?.TaskTemplate?.ContainerSpec?.Image).split("@")[0] },
    { title: "Ports", value: ports },
    { title: "Update", value: (row) => inLine(row.UpdateStatus?.State), cell: (row) => state(row.UpdateStatus?.State) },
    { title: "Changed", value: (row) => inLine(row.UpdatedAt), cell: (row) => since(row.UpdatedAt) },
  ];
  const actions = (row) => [
    leads(context, "list_service_containers", "Tasks", { id: name(row) }),
    leads(context, "service_logs", "Logs", { id: name(row) }),
    leads(context, "inspect_service", "Inspect", { id: name(row) }),
    leads(context, "scale_service", "Scale", { id: name(row) }),
    leads(context, "stop_service", "Stop", { id: name(row) }),
  ];
  return [[`Services (${data.length})`, () => table(data, columns, { name: "services", actions, empty: "The swarm has no such service." })]];
}

/** @param {any} data @param {any} context */
export function tasks(data, context) {
  const rows = Array.isArray(data) ? data : (data?.containers ?? data?.tasks);
  if (!isRecords(rows) || !rows.every((row) => row.Status || row.State || row.state)) return null;
  const stateOf = (row) => inLine(row.Status?.State ?? row.State ?? row.state);
  const columns = [
    { title: "Task", value: (row) => inLine(row.Slot ?? row.slot ?? row.Name ?? row.name) || short(row.ID ?? row.task ?? row.id), cell: (row) => [inLine(row.Slot ?? row.slot ?? row.Name ?? row.name), h("div", { class: "small" }, idOf(row.ID ?? row.task_id ?? row.task ?? row.id))] },
    { title: "State", value: stateOf, cell: (row) => [state(stateOf(row)), h("div", { class: "small dim" }, inLine(row.Status?.Err ?? row.error ?? row.Status?.Message))] },
    { title: "Wanted", value: (row) => inLine(row.DesiredState ?? row.desired_state) },
    { title: "Node", value: (row) => inLine(row.node ?? row.NodeID), cell: (row) => idOf(row.node ?? row.NodeID) },
    { title: "Container", value: (row) => inLine(row.Status?.ContainerStatus?.ContainerID ?? row.container_id ?? row.container), cell: (row) => idOf(row.Status?.ContainerStatus?.ContainerID ?? row.container_id ?? row.container) },
    { title: "Changed", value: (row) => inLine(row.Status?.Timestamp ?? row.UpdatedAt), cell: (row) => since(row.Status?.Timestamp ?? row.UpdatedAt) },
  ];
  const actions = (row) => [leads(context, "task_logs", "Logs", { id: row.ID ?? row.task_id ?? row.task }), leads(context, "inspect_task", "Inspect", { id: row.ID ?? row.task_id ?? row.task })];
  return [[`Tasks (${rows.length})`, () => table(rows, columns, { name: "tasks", actions, empty: "There is no such task." })]];
}

/** @param {any} data @param {any} context */
export function volumes(data, context) {
  const rows = Array.isArray(data) ? data : data?.Volumes;
  if (!isRecords(rows)) return null;
  const columns = [
    { title: "Name", value: (row) => inLine(row.Name), cell: (row) => h("strong", {}, /^[0-9a-f]{64}$/.test(inLine(row.Name)) ? idOf(row.Name) : inLine(row.Name)) },
    { title: "Driver", value: (row) => inLine(row.Driver) },
    { title: "Size", value: (row) => number(row.UsageData?.Size), numeric: true, cell: (row) => (number(row.UsageData?.Size) >= 0 ? bytes(number(row.UsageData.Size)) : "") },
    { title: "Used by", value: (row) => (number(row.UsageData?.RefCount) >= 0 ? number(row.UsageData.RefCount) : ""), numeric: true },
    { title: "On the host", value: (row) => inLine(row.Mountpoint), cell: (row) => h("code", {}, inLine(row.Mountpoint)) },
    { title: "Created", value: (row) => inLine(row.CreatedAt), cell: (row) => since(row.CreatedAt) },
  ];
  const actions = (row) => [leads(context, "inspect_volume", "Inspect", { name: row.Name }), leads(context, "remove_volume", "Remove", { name: row.Name })];
  return [[`Volumes (${rows.length})`, () => table(rows, columns, { name: "volumes", actions, empty: "There is no volume." })]];
}
