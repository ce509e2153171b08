// Steps as FortiSOAR imports them: a collection with a playbook that runs them one after the other.

const START = "/api/3/workflow_step_types/f414d039-bb0d-4e59-9c39-a8f1e880b18a";
const CONNECTOR = "/api/3/workflow_step_types/0bfed618-0316-11e7-93ae-92361f002671";

/** A connector step's arguments. The configuration is left to be the default one: ids differ from host to host. */
export function stepArguments(connector, operation, params) {
  return {
    name: connector.label,
    config: "",
    params,
    version: connector.version,
    connector: connector.name,
    operation: operation.operation,
    operationTitle: operation.title,
    step_variables: [],
  };
}

/** The file to import. `steps` are `{name, arguments}`, in order; names are made unique. */
export function collection(title, steps) {
  const start = step("Start", START, startArguments(title), 20);
  const seen = new Set(["Start"]);
  const placed = steps.map((one, index) => {
    let name = one.name;
    for (let number = 2; seen.has(name); number += 1) name = `${one.name} ${number}`;
    seen.add(name);
    return step(name, CONNECTOR, one.arguments, 120 + 100 * index);
  });
  const all = [start, ...placed];
  const routes = placed.map((target, index) => ({
    "@type": "WorkflowRoute",
    name: `${all[index].name} -> ${target.name}`,
    uuid: crypto.randomUUID(),
    sourceStep: reference(all[index]),
    targetStep: reference(target),
    label: null,
    isExecuted: false,
  }));
  const workflow = {
    "@type": "Workflow",
    name: title,
    uuid: crypto.randomUUID(),
    aliasName: null,
    tag: "",
    description: "Tried and exported from the local host.",
    isActive: false,
    isPrivate: false,
    debug: false,
    synchronous: false,
    singleRecordExecution: false,
    remoteExecutableFlag: false,
    priority: null,
    triggerLimit: null,
    parameters: [],
    versions: [],
    recordTags: [],
    triggerStep: reference(start),
    steps: all,
    routes,
  };
  return {
    type: "workflow_collections",
    data: [
      {
        "@context": "/api/3/contexts/WorkflowCollection",
        "@type": "WorkflowCollection",
        name: "From the local host",
        description: "Playbooks that were tried on the local host.",
        uuid: crypto.randomUUID(),
        visible: true,
        image: null,
        recordTags: [],
        workflows: [workflow],
      },
    ],
    exported_tags: [],
  };
}

function step(name, stepType, stepArguments, top) {
  return {
    "@type": "WorkflowStep",
    name,
    uuid: crypto.randomUUID(),
    description: null,
    status: null,
    top: String(top),
    left: "20",
    stepType,
    arguments: stepArguments,
  };
}

function startArguments(title) {
  return {
    route: crypto.randomUUID(),
    title,
    resources: ["alerts"],
    inputVariables: [],
    step_variables: { input: { params: {}, records: "{{vars.input.records}}" } },
    displayConditions: { alerts: { sort: [], limit: 30, logic: "AND", filters: [] } },
    executeButtonText: "Execute",
    noRecordExecution: true,
    singleRecordExecution: false,
  };
}

function reference(step) {
  return `/api/3/workflow_steps/${step.uuid}`;
}
