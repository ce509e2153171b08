// What a package says of its operations beyond info.json (page.json): their views, effects, groups and further words. A
// connector without it is shown as well, with plain views.

/** What each effect is called, and the class that colors it. */
export const EFFECTS = {
  read: { word: "reads", tone: "good", about: "It looks, and changes nothing." },
  contain: { word: "contains", tone: "warn", about: "It restrains something that runs, in a way that can be undone." },
  change: { word: "changes", tone: "warn", about: "It makes or changes something." },
  destroy: { word: "destroys", tone: "bad", about: "It deletes something permanently." },
};

const CATEGORIES = { investigation: "read", containment: "contain", remediation: "change" };

/** What is known of an operation.
 * @param {any} connector @param {any} operation */
export function presentation(connector, operation) {
  const said = connector?.page?.operations?.[operation?.operation];
  if (said) return said;
  const warns = /cannot be undone/.test(operation?.description ?? "");
  return {
    view: "plain",
    effect: warns ? "destroy" : (CATEGORIES[operation?.category] ?? "read"),
    group: "",
    rare: [],
    words: [],
  };
}

/** The operation's object: the field that names what it works on, and what kind of thing that is.
 * @param {any} operation @returns {{field: string, kind: string} | null} */
export function objectOf(operation) {
  for (const field of operation.parameters ?? []) {
    const [, kind] = /^pick_(\w+)$/.exec(field.apiOperation ?? "") ?? [];
    if (kind && field.required) return { field: field.name, kind: kind.replaceAll("_", " ") };
  }
  return null;
}

/** Why the configuration does not allow an operation; empty where it does.
 * @param {any} app @param {any} operation */
export function forbidden(app, operation) {
  const access = app.connector?.page?.access;
  const config = app.connector?.configuration.find((one) => one.config_id === app.config)?.config;
  if (!access || !config) return "";
  const level = config[access.field];
  const allowed = access.allows[level];
  const { effect } = presentation(app.connector, operation);
  if (allowed && !allowed.includes(effect))
    return `The access level ${level} of this configuration does not allow what ${EFFECTS[effect].word}.`;
  const only = listed(config[access.only]);
  if (only.length > 0 && !only.includes(operation.operation))
    return "This configuration allows only some operations, and this one is not among them.";
  return "";
}

function listed(value) {
  if (Array.isArray(value)) return value.map(String);
  return typeof value === "string" ? value.split(/[\s,]+/).filter(Boolean) : [];
}
